// @ts-check
// Keeps lists of orders and executions as they are just now, over one event stream a page.

import { words } from "./words.js";

/**
 * @typedef {{ id: string, state: string, progress: number, plugin: string, reason: string, round: number, price: number, may: Record<string, boolean> }} Execution
 * @typedef {{ id: string, total: number, waiting: number, active: number, completed: number, failed: number, in_review: number, unpaid: number, price: number }} Order
 */

/** The order in which counts are told. @type {(keyof Order)[]} */
const COUNTS = ["completed", "in_review", "failed", "unpaid", "active", "waiting"];

/** @param {string} name @param {string} value @returns {HTMLElement[]} */
const named = (name, value) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(`[data-${name}]`)]).filter((one) => one.dataset[name] === value);

/** @param {HTMLElement} root @param {string} what @param {boolean} isPossible */
function allow(root, what, isPossible) {
  for (const one of root.querySelectorAll(`[data-may="${what}"]`)) /** @type {HTMLElement} */ (one).hidden = !isPossible;
}

/** @param {HTMLElement} root @param {Execution} now */
function showExecution(root, now) {
  const was = root.dataset.state;
  const [kind, word] = words.states[now.state] ?? ["", now.state];
  const badge = document.createElement("span");
  badge.className = `badge ${kind}`;
  badge.textContent = word;
  if (was !== now.state) root.querySelector("[data-badge]")?.replaceChildren(badge);
  root.dataset.state = now.state;
  const progress = /** @type {HTMLProgressElement | null} */ (root.querySelector("[data-progress]"));
  if (progress) {
    progress.value = now.progress;
    progress.hidden = now.state !== "active";
  }
  const reason = root.querySelector("[data-reason]");
  const text = now.state === "active" ? now.plugin : now.reason;
  if (reason && reason.textContent !== text) reason.textContent = text;
  const price = root.querySelector("[data-price]");
  if (price) price.textContent = `${now.price}`;
  for (const [what, isPossible] of Object.entries(now.may)) allow(root, what, isPossible);
  const thumb = /** @type {HTMLImageElement | null} */ (root.querySelector("[data-thumb]"));
  const which = now.state === "completed" || now.state === "in_review" ? "result" : "input";
  if (thumb && thumb.dataset.thumb !== which) {
    thumb.dataset.thumb = which;
    thumb.src = `/studio/pictures/${now.id}/${which}/thumb?edge=96&round=${now.round}`;
  }
  const hasEnded = !["waiting", "active", "delayed"].includes(now.state);
  if (root.dataset.reload && was !== now.state && hasEnded) location.reload();
}

/** @param {HTMLElement} root @param {Order} now */
function showOrder(root, now) {
  const progress = root.querySelector("progress");
  if (progress) {
    progress.max = Math.max(1, now.total);
    progress.value = now.total - now.waiting - now.active;
  }
  const counts = COUNTS.filter((key) => Number(now[key]) > 0).map((key) => `${now[key]} ${key === "failed" ? words.notDone : words.states[key]?.[1]}`);
  const text = [...counts, `${now.total} ${words.pictures}`].join(" · ");
  const line = root.querySelector("[data-counts]");
  if (line && line.textContent !== text) line.textContent = text;
  const price = root.querySelector("[data-price]");
  if (price) price.textContent = `${now.price}`;
  allow(root, "zip", now.completed > 0);
  allow(root, "review", now.in_review > 0);
  allow(root, "retry-all", now.failed + now.unpaid > 0);
  allow(root, "cancel-all", now.waiting + now.active > 0);
}

/** Pictures that cannot be made small give way to a plain field. @param {Event} event */
function giveWay(event) {
  const image = event.target;
  if (image instanceof HTMLImageElement && image.classList.contains("thumb")) image.classList.add("gone");
}
document.addEventListener("error", giveWay, true);
document.addEventListener("load", (event) => event.target instanceof HTMLImageElement && event.target.classList.remove("gone"), true);

const query = new URLSearchParams();
for (const name of ["execution", "order"]) {
  for (const one of document.querySelectorAll(`[data-${name}]`)) query.append(name, /** @type {HTMLElement} */ (one).dataset[name] ?? "");
}
if (query.size > 0) {
  const stream = new EventSource(`/studio/live?${query}`);
  stream.addEventListener("execution", (event) => {
    /** @type {Execution} */
    const now = JSON.parse(event.data);
    for (const one of named("execution", now.id)) showExecution(one, now);
  });
  stream.addEventListener("order", (event) => {
    /** @type {Order} */
    const now = JSON.parse(event.data);
    for (const one of named("order", now.id)) showOrder(one, now);
  });
  stream.addEventListener("open", () => (document.body.dataset.live = "on"));
  window.addEventListener("pagehide", () => stream.close());
}
