// @ts-check
// Trying photos: taking them in, settings, the picture that follows them.

import { ask, copy, toast } from "../base.js";
import { Viewer } from "../viewer/viewer.js";
import { Drawing, after, before, payload } from "./drawing.js";
import { Overlays } from "./overlays.js";
import { run } from "./runs.js";
import { Stack } from "./stack.js";
import { Strip } from "./strip.js";
import { words } from "./words.js";

/** @typedef {import("./drawing.js").Photo} Photo */
/** @typedef {import("./stack.js").Task} Task */
/** @typedef {{ plugins: import("./stack.js").Spec[], presets: Record<string, Task[]>, proofs: Photo[], start: string }} Data */

/** Milliseconds after the last change of the view before another level is drawn. */
const SETTLE = 120;
/** Milliseconds that the first version gets the processor for itself, before fine tiles of the upload are asked for. */
const PATIENCE = 2_000;

/** @template {HTMLElement} T @param {string} selector @returns {T} */
const find = (selector) => /** @type {T} */ (document.querySelector(selector));
/** @type {Data} */
const data = JSON.parse(find("#try-data").textContent ?? "{}");

const room = find("#try");
const status = find("#status");
const bar = /** @type {HTMLProgressElement} */ (find("#drawing"));
const chooser = /** @type {HTMLInputElement} */ (find("#files"));
const viewer = new Viewer(find("#viewer"));
const stack = new Stack(find("#stack"), find("#stack-said"), find("#add"), data.plugins);
const strip = new Strip(find("#strip"));
const drawing = new Drawing(viewer);
const overlays = new Overlays(viewer);
/** @typedef {{task: Task, isOn: boolean}[]} Settings */
/** Settings of each photo. @type {Map<Photo, Settings>} */
const settings = new Map();
/** The photo that was looked at last, in this window. */
const CHOSEN = "try chosen";
let form = "flat";
let settling = 0;

/** Settings of a preset. @param {string} name */
const preset = (name) => (data.presets[name] ?? []).map((task) => ({ task, isOn: true }));

/** Settings outlive the page being loaded again. @param {Photo} photo @param {Settings} list */
function keep(photo, list) {
  settings.set(photo, list);
  sessionStorage.setItem(`try ${photo.id}`, JSON.stringify(list));
}

/** What was kept of a photo before the page was loaded. @param {Photo} photo @returns {Settings | undefined} */
function kept(photo) {
  return JSON.parse(sessionStorage.getItem(`try ${photo.id}`) ?? "null") ?? undefined;
}

// Photos

/** @param {Photo} photo */
function take(photo) {
  settings.set(photo, strip.chosen ? stack.all : preset("balanced"));
  strip.add(photo);
  strip.choose(photo);
}

/** @param {Iterable<File>} files */
async function upload(files) {
  for (const file of files) {
    const before = status.textContent ?? "";
    say(words.uploading(file.name));
    room.dataset.uploading = "";
    try {
      const response = await ask("/studio/try", { body: file, headers: { "x-file-name": encodeURIComponent(file.name) } });
      take(await response.json());
    } catch (error) {
      say(before);
      toast(words.notUploaded(file.name, error instanceof Error ? error.message : String(error)), "bad");
    }
    delete room.dataset.uploading;
  }
}

chooser.addEventListener("change", () => {
  void upload([...(chooser.files ?? [])]).then(() => (chooser.value = ""));
});
find("#add-photos").addEventListener("click", () => chooser.click());
for (const button of document.querySelectorAll("[data-sample]")) {
  button.addEventListener("click", async () => {
    const name = /** @type {HTMLElement} */ (button).dataset.sample ?? "";
    // A double click wants one photo.
    if (room.dataset.uploading !== undefined) return;
    room.dataset.uploading = "";
    try {
      take(await (await ask(`/studio/try/sample/${name}`, { method: "POST" })).json());
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
    delete room.dataset.uploading;
  });
}
document.addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  room.dataset.dropping = "";
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) delete room.dataset.dropping;
});
document.addEventListener("drop", (event) => {
  delete room.dataset.dropping;
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  void upload([...event.dataTransfer.files]);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) void upload([...event.clipboardData.files]);
});

strip.addEventListener("choose", (event) => {
  const photo = /** @type {CustomEvent<Photo | undefined>} */ (event).detail;
  drawing.reset();
  for (const name of ["version", "level", "exact"]) delete room.dataset[name];
  room.toggleAttribute("data-empty", !photo);
  if (!photo) return;
  sessionStorage.setItem(CHOSEN, photo.id);
  viewer.show({ before: before(photo), after: null, label: photo.name, patience: PATIENCE });
  stack.load(settings.get(photo) ?? preset("balanced"));
  overlays.show(photo);
  changed(false);
});
strip.addEventListener("forget", (event) => {
  const photo = /** @type {CustomEvent<Photo>} */ (event).detail;
  settings.delete(photo);
  sessionStorage.removeItem(`try ${photo.id}`);
  ask(`/studio/try/${photo.id}`, { method: "DELETE" }).catch(() => {});
});

// Settings

/** The picture must follow. @param {boolean} moving */
function changed(moving) {
  const photo = strip.chosen;
  if (!photo) return;
  keep(photo, stack.all);
  showPreset();
  find("#stack-empty").hidden = stack.entries.length > 0;
  const { tasks } = stack;
  if (tasks.length === 0) {
    drawing.stop();
    viewer.setAfter(null);
    stack.tell([]);
    say(words.original);
    return;
  }
  drawing.want({ photo, tasks, level: viewer.level, moving });
}

stack.addEventListener("change", (event) => changed(/** @type {CustomEvent} */ (event).detail.moving));
stack.addEventListener("layer", (event) => {
  const { entry } = /** @type {CustomEvent<{entry: import("./stack.js").Entry}>} */ (event).detail;
  const { shown } = drawing;
  const photo = strip.chosen;
  if (shown && photo && !entry.isOn) {
    // The layer goes at once; then the picture is drawn as it is without it.
    const ons = stack.entries.filter((one) => one.isOn || one === entry);
    if (ons.length === shown.wish.tasks.length) viewer.setAfter(after(photo, shown.version, [ons.indexOf(entry)]));
  }
  changed(false);
});
for (const button of document.querySelectorAll("[data-preset]")) {
  button.addEventListener("click", () => {
    stack.load(preset(/** @type {HTMLElement} */ (button).dataset.preset ?? ""));
    changed(false);
  });
}
find("#reset").addEventListener("click", () => {
  // Every plugin of the stack back to its declared values.
  stack.load(stack.entries.map(({ spec }) => ({ task: /** @type {Task} */ ({ Plugin: spec.name }), isOn: true })));
  changed(false);
});

/** Marks the preset whose settings these are. */
function showPreset() {
  const same = (/** @type {Task[]} */ tasks) => JSON.stringify(tasks.map(plain)) === JSON.stringify(stack.entries.every((entry) => entry.isOn) ? stack.tasks.map(plain) : null);
  const found = Object.keys(data.presets).find((name) => same(data.presets[name] ?? [])) ?? (stack.entries.length === 0 ? "none" : "");
  for (const button of document.querySelectorAll("[data-preset]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.preset === found));
  }
}

/** @param {Task} task */
const plain = (task) => Object.entries(task).sort(([a], [b]) => (a < b ? -1 : 1));

// The picture

viewer.addEventListener("view", () => {
  clearTimeout(settling);
  settling = window.setTimeout(() => {
    const { shown } = drawing;
    const photo = strip.chosen;
    if (!photo || !shown || shown.wish.photo !== photo) return;
    if (Math.max(viewer.level, photo.finest) !== shown.version.level) changed(false);
  }, SETTLE);
});
viewer.addEventListener("gone", () => drawing.shown && changed(false));

drawing.addEventListener("busy", () => {
  room.dataset.busy = "";
  bar.value = 0;
  bar.hidden = false;
});
drawing.addEventListener("idle", () => {
  delete room.dataset.busy;
  bar.hidden = true;
});
drawing.addEventListener("step", (event) => {
  // Quick drawings would only make the line flicker.
  const { text, share } = /** @type {CustomEvent<{text: string, share: number}>} */ (event).detail;
  bar.value = share;
  if (performance.now() - lastDrawn > 600) say(text);
});
let lastDrawn = 0;
drawing.addEventListener("drawn", (event) => {
  const { version, wish } = /** @type {CustomEvent} */ (event).detail;
  if (wish.photo !== strip.chosen) return;
  lastDrawn = performance.now();
  stack.tell(version.layers);
  const reduced = viewer.level < version.level && version.level === wish.photo.finest && wish.photo.finest > 0;
  say(words.drawn(version.ms, [words.faces(version.faces), reduced ? words.coarse : words.atSize(version.level)].join(" · ")));
  room.dataset.version = String(version.version);
  room.dataset.level = String(version.level);
  room.dataset.exact = String(version.exact);
});
drawing.addEventListener("trouble", (event) => {
  const { message, status: code } = /** @type {CustomEvent} */ (event).detail;
  say(message);
  if (code === 404 && strip.chosen) {
    toast(words.gone, "bad");
    strip.drop(strip.chosen);
  } else {
    toast(message, "bad");
  }
});

/** @param {string} text */
function say(text) {
  status.textContent = text;
}

// What to do with it

for (const button of document.querySelectorAll("[data-form]")) {
  button.addEventListener("click", () => {
    form = /** @type {HTMLElement} */ (button).dataset.form ?? "flat";
    for (const other of document.querySelectorAll("[data-form]")) other.setAttribute("aria-pressed", String(other === button));
  });
}
find("#run").addEventListener("click", () => {
  const photo = strip.chosen;
  if (photo && stack.tasks.length > 0) void run(photo, stack.tasks, form);
  else toast(words.nothingToRun, "bad");
});
find("#copy-payload").addEventListener("click", () => {
  if (stack.tasks.length > 0) void copy(JSON.stringify(payload(stack.tasks, form), null, 2));
  else toast(words.nothingToRun, "bad");
});
find("#copy-curl").addEventListener("click", () => {
  if (stack.tasks.length > 0) void copy(curl());
  else toast(words.nothingToRun, "bad");
});

/** A line for a shell that sends this photo with these settings. */
function curl() {
  const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const name = (strip.chosen?.name ?? "photo.jpg").replaceAll(/["\\]/g, "\\$&");
  return [
    `curl -sS ${quoted(new URL(data.start, location.href).href)}`,
    `-F ${quoted(`file=@"${name}"`)}`,
    `--form-string "token=$ATELIER_TOKEN"`,
    `--form-string ${quoted(`payload=${JSON.stringify(payload(stack.tasks, form))}`)}`,
  ].join(" \\\n  ");
}

for (const photo of data.proofs) {
  settings.set(photo, kept(photo) ?? preset("balanced"));
  strip.add(photo);
}
const last = data.proofs.find((photo) => photo.id === sessionStorage.getItem(CHOSEN)) ?? data.proofs.at(-1);
if (last) strip.choose(last);
