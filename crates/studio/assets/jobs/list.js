// @ts-check
// The list of jobs, kept up to date.

import { follow } from "./live.js";

/** @param {string} id */
const item = (id) => /** @type {HTMLElement | null} */ (document.querySelector(`[data-job="${CSS.escape(id)}"]`));
const open = [...document.querySelectorAll("[data-job]:not([data-ended])")].map((one) => /** @type {HTMLElement} */ (one).dataset.job ?? "");

follow(open, (state) => {
  const standing = item(state.id)?.querySelector("[data-standing]");
  // Made by the server from its own words, escaped there.
  if (standing) standing.innerHTML = state.html;
  if (state.ended) void renew(state.id);
});

/** Thumbnail and buttons of a job that has ended. @param {string} id */
async function renew(id) {
  const response = await fetch(location.href, { credentials: "same-origin" });
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.querySelector(`[data-job="${CSS.escape(id)}"]`);
  const old = item(id);
  if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(fresh);
}
