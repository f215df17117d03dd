// @ts-check
// Running at full size: jobs that were sent from this page, followed until they end.

import { ask, toast } from "../base.js";
import { follow } from "../jobs/live.js";
import { make } from "../viewer/viewer.js";
import { payload } from "./drawing.js";
import { words } from "./words.js";

/** What is being run: pressing twice must not cost twice. @type {Set<string>} */
const underWay = new Set();

/** @param {import("./drawing.js").Photo} photo @param {import("./stack.js").Task[]} tasks @param {string} form */
export async function run(photo, tasks, form) {
  const order = JSON.stringify([photo.id, tasks, form]);
  if (underWay.has(order)) {
    toast(words.alreadyRunning);
    return;
  }
  underWay.add(order);
  const list = /** @type {HTMLElement} */ (document.querySelector("#runs"));
  const item = make("li", "run");
  const name = make("strong", "");
  name.textContent = `${photo.name}, ${words.forms[form] ?? form}`;
  const standing = make("div", "", { "aria-live": "polite" });
  standing.textContent = words.running;
  item.append(name, standing);
  list.prepend(item);
  try {
    const response = await ask(`/studio/try/${photo.id}/run`, { body: { payload: payload(tasks), form } });
    const { job } = await response.json();
    item.dataset.job = job;
    follow([job], (state) => {
      if (state.ended) underWay.delete(order);
      show(item, standing, state, form);
    });
  } catch (error) {
    underWay.delete(order);
    item.remove();
    toast(words.runFailed + (error instanceof Error ? error.message : String(error)), "bad");
  }
}

/** @param {HTMLElement} item @param {HTMLElement} standing @param {import("../jobs/live.js").State} state @param {string} form */
function show(item, standing, state, form) {
  // Made by the server from its own words, escaped there.
  standing.innerHTML = state.html;
  item.dataset.state = state.state;
  item.querySelector(".row")?.remove();
  if (!state.ended) return;
  const row = make("div", "row");
  const page = make("a", "button small", { href: `/studio/jobs/${state.id}` });
  // There is no picture to be compared in an archive of layers, and none that failed.
  page.textContent = form === "flat" && state.state === "completed" ? words.open : words.details;
  row.append(page);
  if (state.state === "completed") {
    const file = make("a", "button small main", { href: `/studio/jobs/${state.id}/file`, download: "" });
    file.textContent = words.download;
    row.prepend(file);
  }
  item.append(row);
}
