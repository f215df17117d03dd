// @ts-check
// A job's page: before and after in the viewer, its state while it is under way.

import { ask } from "../base.js";
import { Viewer, storedSource } from "../viewer/viewer.js";
import { follow } from "./live.js";

const page = /** @type {HTMLElement} */ (document.querySelector(".job-page"));
const job = page.dataset.job ?? "";

const open = [...document.querySelectorAll("[data-job]:not([data-ended])")].map((one) => /** @type {HTMLElement} */ (one).dataset.job ?? "");
follow(open, (state) => {
  const item = document.querySelector(`[data-job="${CSS.escape(state.id)}"]`);
  const standing = item?.querySelector(":scope > [data-standing], :scope > .job-panel > [data-standing]");
  // Made by the server from its own words, escaped there.
  if (standing) standing.innerHTML = state.html;
  // What can be done with it has changed.
  if (state.ended) location.reload();
});

async function show() {
  const source = async (/** @type {"input" | "result"} */ which) => storedSource(job, which, await (await ask(`/studio/pictures/${job}/${which}/info`)).json());
  const before = await source("input");
  const after = page.dataset.result === undefined ? null : await source("result");
  new Viewer(/** @type {HTMLElement} */ (document.querySelector("[data-viewer]")), { before, after, label: page.dataset.name });
}

if (page.dataset.shows !== undefined) void show();
