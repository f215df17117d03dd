// @ts-check
// Running a workflow on photos: files and folders are picked or dropped, then sent side by side, each streamed.

import { formToken, renewToken, toast } from "../base.js";
import { words } from "./words.js";

/** Files sent at a time. */
const AT_A_TIME = 3;

/** @typedef {{ file: File, folder: string, state: "waiting" | "sending" | "done" | "failed", row: HTMLLIElement, bar: HTMLProgressElement, said: HTMLElement, again: HTMLButtonElement, request?: XMLHttpRequest }} Item */

/** @template {HTMLElement} T @param {string} id @returns {T} */
const find = (id) => /** @type {T} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (find("run"));
const drop = find("drop");
const files = /** @type {HTMLInputElement} */ (find("files"));
const folder = /** @type {HTMLInputElement} */ (find("folder"));
const orderName = /** @type {HTMLInputElement} */ (find("order-name"));
const start = /** @type {HTMLButtonElement} */ (find("start"));
const stop = /** @type {HTMLButtonElement} */ (find("stop"));
const clear = /** @type {HTMLButtonElement} */ (find("clear"));
const list = find("list");
const total = find("total");
const accepted = new Set(files.accept.split(","));
const endings = /\.(jpe?g|png|tiff?|webp)$/i;

/** @type {Item[]} */
const items = [];
let isRunning = false;

orderName.value = `${form.dataset.workflowName} ${new Date().toLocaleDateString()}`;

/** @param {File} file @param {string} path its folder, without a slash at the end */
function take(file, path) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.className = "file-name";
  name.textContent = path ? `${path}/${file.name}` : file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", name.textContent);
  const said = document.createElement("span");
  said.className = "soft";
  said.textContent = words.waiting;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "small";
  again.textContent = words.again;
  again.hidden = true;
  row.append(name, bar, said, again);
  list.append(row);
  /** @type {Item} */
  const item = { file, folder: path, state: "waiting", row, bar, said, again };
  again.addEventListener("click", () => {
    mark(item, "waiting", words.waiting);
    run();
  });
  items.push(item);
}

/** @param {{file: File, path: string}[]} given */
function takeAll(given) {
  const fit = given.filter(({ file }) => (accepted.has(file.type) || endings.test(file.name)) && !file.name.startsWith("."));
  for (const { file, path } of fit) take(file, path);
  const left = given.length - fit.length;
  if (left) toast(words.left(left));
  update();
}

/** @param {Item} item @param {Item["state"]} state @param {string} said */
function mark(item, state, said) {
  item.state = state;
  item.said.textContent = said;
  item.row.dataset.state = state;
  item.again.hidden = state !== "failed";
  update();
}

function update() {
  const done = items.filter((item) => item.state === "done").length;
  const failed = items.filter((item) => item.state === "failed").length;
  const waiting = items.filter((item) => item.state === "waiting").length;
  start.disabled = isRunning || waiting === 0;
  stop.hidden = !isRunning;
  clear.hidden = isRunning || items.length === 0;
  total.hidden = items.length === 0;
  const bar = /** @type {HTMLProgressElement} */ (find("total-bar"));
  bar.max = Math.max(1, items.length);
  bar.value = done + failed;
  const said = find("total-said");
  const text = words.total(done, items.length, failed);
  if (said.dataset.text !== text) {
    said.dataset.text = text;
    said.textContent = text;
    if (done) {
      const link = document.createElement("a");
      link.href = `/studio/orders/${encodeURIComponent(form.dataset.order ?? "")}`;
      link.textContent = words.toOrder;
      said.append(" · ", link);
    }
  }
  const cost = find("cost");
  cost.textContent = `${(items.length - failed) * Number(cost.dataset.price)}`;
}

function run() {
  isRunning = true;
  let busy = items.filter((item) => item.state === "sending").length;
  while (busy < AT_A_TIME) {
    const next = items.find((item) => item.state === "waiting");
    if (!next) break;
    busy += 1;
    send(next);
  }
  if (busy === 0) {
    isRunning = false;
    form.dataset.finished = "yes";
    if (items.length && items.every((item) => item.state === "done")) location.assign(`/studio/orders/${encodeURIComponent(form.dataset.order ?? "")}`);
  }
  update();
}

/** @param {Item} item @param {boolean} [isAgain] true with a token that was renewed */
function send(item, isAgain = false) {
  const query = new URLSearchParams({ order: form.dataset.order ?? "", order_name: orderName.value, name: item.file.name });
  if (item.folder) query.set("folder", item.folder);
  const request = new XMLHttpRequest();
  item.request = request;
  mark(item, "sending", words.sending(0));
  request.open("POST", `/studio/workflows/${form.dataset.workflow}/executions?${query}`);
  request.setRequestHeader("x-form-token", formToken());
  request.setRequestHeader("content-type", item.file.type || "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable || item.state !== "sending") return;
    item.bar.value = event.loaded / event.total;
    item.said.textContent = words.sending(Math.round((100 * event.loaded) / event.total));
  });
  request.addEventListener("load", async () => {
    if (request.status === 403 && !isAgain && (await renewToken().catch(() => false))) return void send(item, true);
    item.bar.value = 1;
    if (request.status === 201) mark(item, "done", JSON.parse(request.responseText).state === "unpaid" ? words.unpaid : words.done);
    else mark(item, "failed", reason(request));
    run();
  });
  request.addEventListener("error", () => (mark(item, "failed", words.offline), run()));
  request.addEventListener("abort", () => (mark(item, "failed", words.stopped), run()));
  request.send(item.file);
}

/** @param {XMLHttpRequest} request */
function reason(request) {
  if (request.responseURL.includes("/studio/sign-in")) return words.signedOut;
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  return page.querySelector("[role=alert]")?.textContent ?? words.failed;
}

// Picking and dropping.

find("pick").addEventListener("click", () => files.click());
find("pick-folder").addEventListener("click", () => folder.click());
for (const input of [files, folder]) {
  input.addEventListener("change", () => {
    takeAll([...(input.files ?? [])].map((file) => ({ file, path: file.webkitRelativePath.split("/").slice(0, -1).join("/") })));
    input.value = "";
  });
}
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => walk(entry, "")));
  takeAll(found.flat());
});

/** All files of a dropped entry. @param {FileSystemEntry} entry @param {string} path @returns {Promise<{file: File, path: string}[]>} */
async function walk(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((/** @type {(file: File) => void} */ resolve, reject) => /** @type {FileSystemFileEntry} */ (entry).file(resolve, reject));
    return [{ file, path }];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const inside = path ? `${path}/${entry.name}` : entry.name;
  /** @type {FileSystemEntry[]} */
  const entries = [];
  for (;;) {
    // A reader gives its entries in portions.
    const portion = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ resolve, reject) => reader.readEntries(resolve, reject));
    if (portion.length === 0) break;
    entries.push(...portion);
  }
  return (await Promise.all(entries.map((one) => walk(one, inside)))).flat();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
stop.addEventListener("click", () => {
  for (const item of items) {
    if (item.state === "waiting") mark(item, "failed", words.stopped);
    if (item.state === "sending") item.request?.abort();
  }
});
clear.addEventListener("click", () => {
  items.length = 0;
  list.replaceChildren();
  update();
});
window.addEventListener("beforeunload", (event) => {
  if (isRunning) event.preventDefault();
});
