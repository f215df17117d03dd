// @ts-check
// The editor of workflows: a stack of steps made of what the components declare about themselves, and a live preview.

import { ask, Refused, toast } from "../base.js";
import { words } from "./words.js";

/**
 * @typedef {{ key: string, label: string, meaning: string, kind: "number" | "whole" | "switch" | "choice" | "colour" | "text" | "asset",
 *   min?: number, max?: number, default?: any, options?: string[], longest?: number }} Setting
 * @typedef {{ type: string, label: string, about: string, never: string, settings: Setting[] }} Declaration
 * @typedef {{ type: string, label: string, settings: Record<string, any>, id: number, open: boolean }} Step
 * @typedef {{ index: number | null, key: string | null, message: string }} Problem
 */

/** Pause after the last change before a preview is asked for, in milliseconds. */
const PAUSE = 250;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const find = (id) => /** @type {T} */ (document.getElementById(id));
/** @param {string} id */
const data = (id) => JSON.parse(find(id).textContent ?? "null");

/** @type {Map<string, Declaration>} */
const declarations = new Map(data("declarations").map((/** @type {Declaration} */ one) => [one.type, one]));
let count = 0;
/** @type {Step[]} */
let steps = data("components").map((/** @type {any} */ one) => ({ ...one, settings: { ...one.settings }, id: ++count, open: false }));

const form = /** @type {HTMLFormElement} */ (find("editor"));
const list = find("steps");
const palette = /** @type {HTMLDialogElement} */ (find("palette"));
const problemLine = find("problem");
let isChanged = false;
/** The button stays as it is meanwhile: one that is disabled loses the focus of whoever pressed it. */
let isSaving = false;

/** @template {keyof HTMLElementTagNameMap} K @param {K} name @param {Partial<HTMLElementTagNameMap[K]> & Record<string, any>} [properties] @param {(Node | string)[]} [children] @returns {HTMLElementTagNameMap[K]} */
function make(name, properties = {}, children = []) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-")) element.setAttribute(key, value);
    else /** @type {any} */ (element)[key] = value;
  }
  element.append(...children);
  return element;
}

/** @param {string} text */
function say(text) {
  find("said").textContent = text;
}

/** @param {Step} step */
const declared = (step) => declarations.get(step.type);
/** @param {Step} step */
const title = (step) => (step.label && step.label !== step.type ? step.label : declared(step)?.label ?? step.type);
/** @param {Step} step */
const isFixed = (step) => step.type === "input" || step.type === "export";

/** The steps as they are now: what changes afterwards is not in it. */
function wire() {
  return steps.map(({ type, label, settings }) => ({ type, label, settings: { ...settings } }));
}

/** @param {number} from @param {number} to */
function move(from, to) {
  const target = Math.max(1, Math.min(steps.length - 2, to));
  if (target === from) return;
  const [step] = steps.splice(from, 1);
  if (!step) return;
  steps.splice(target, 0, step);
  draw();
  changed();
  say(words.moved(title(step), target + 1, steps.length));
}

/** @param {string} kind */
function add(kind) {
  const declaration = declarations.get(kind);
  if (!declaration) return;
  const settings = Object.fromEntries(declaration.settings.map((one) => [one.key, one.kind === "asset" ? null : one.default]));
  const step = { type: kind, label: kind, settings, id: ++count, open: true };
  steps.splice(steps.length - 1, 0, step);
  draw();
  changed();
  say(words.added(title(step)));
  list.querySelector(`[data-id="${step.id}"]`)?.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${step.id}"] summary`))?.focus();
}

/** A second step like this one, behind it. @param {number} index */
function duplicate(index) {
  const step = steps[index];
  if (!step) return;
  const copy = { ...step, settings: { ...step.settings }, id: ++count, open: true };
  steps.splice(index + 1, 0, copy);
  draw();
  changed();
  say(words.duplicated(title(step), index + 2));
  /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${copy.id}"] summary`))?.focus();
}

/** @param {number} index */
function remove(index) {
  const [step] = steps.splice(index, 1);
  draw();
  changed();
  if (step) say(words.removed(title(step)));
  const next = list.children[Math.min(index, steps.length - 1)];
  /** @type {HTMLElement | null | undefined} */ (next?.querySelector("summary"))?.focus();
}

function draw() {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  const place = focused?.closest("li")?.dataset.id;
  const deed = focused?.dataset.deed;
  list.replaceChildren(...steps.map(card));
  if (place && deed) {
    const card = list.querySelector(`[data-id="${place}"]`);
    const same = /** @type {HTMLButtonElement | null} */ (card?.querySelector(`[data-deed="${deed}"]`));
    if (same && !same.disabled) same.focus();
    else /** @type {HTMLElement | null | undefined} */ (card?.querySelector("[data-deed]:not(:disabled)"))?.focus();
  }
}

/** @param {Step} step @param {number} index */
function card(step, index) {
  const declaration = declared(step);
  const name = make("span", { className: "step-name", textContent: title(step) });
  const summary = make("summary", {}, [make("span", { className: "step-number", textContent: `${index + 1}` }), name]);
  const label = make("input", { value: step.label, maxLength: 100, autocomplete: "off" });
  label.addEventListener("input", () => {
    step.label = label.value;
    name.textContent = title(step);
    changed();
  });
  const fields = (declaration?.settings ?? []).map((setting) => field(step, setting));
  const body = make("div", { className: "step-body stack" }, [
    make("p", { className: "soft", textContent: declaration?.about ?? "" }),
    ...fields,
    make("label", {}, [words.label, label]),
    make("p", { className: "bad problem", hidden: true }),
  ]);
  const details = make("details", { open: step.open }, [summary, body]);
  details.addEventListener("toggle", () => (step.open = details.open));
  const item = make("li", { className: "step panel", "data-id": `${step.id}` }, [details]);
  if (!isFixed(step)) {
    item.append(controls(step, index));
    item.draggable = false;
    const grip = /** @type {HTMLElement} */ (item.querySelector(".grip"));
    grip.addEventListener("pointerdown", () => (item.draggable = true));
    grip.addEventListener("pointerup", () => (item.draggable = false));
  }
  drag(item, step);
  item.addEventListener("keydown", (event) => {
    if (!event.altKey || isFixed(step) || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    move(steps.indexOf(step), steps.indexOf(step) + (event.key === "ArrowUp" ? -1 : 1));
  });
  return item;
}

/** @param {Step} step @param {number} index */
function controls(step, index) {
  /** @param {string} deed @param {string} sign @param {string} word @param {() => void} act @param {boolean} [isOff] */
  const button = (deed, sign, word, act, isOff = false) => {
    const one = make("button", { type: "button", className: "quiet small", disabled: isOff, title: word, "aria-label": `${word}: ${title(step)}`, "data-deed": deed, textContent: sign });
    one.addEventListener("click", act);
    return one;
  };
  return make("div", { className: "step-controls" }, [
    make("span", { className: "grip", "aria-hidden": "true", textContent: "⠿" }),
    button("up", "↑", words.up, () => move(index, index - 1), index <= 1),
    button("down", "↓", words.down, () => move(index, index + 1), index >= steps.length - 2),
    button("duplicate", "+", words.duplicate, () => duplicate(index)),
    button("remove", "✕", words.remove, () => remove(index)),
  ]);
}

/** @type {Step | undefined} */
let dragged;

/** @param {HTMLElement} item @param {Step} step */
function drag(item, step) {
  item.addEventListener("dragstart", (event) => {
    dragged = step;
    item.classList.add("dragged");
    event.dataTransfer?.setData("text/plain", title(step));
  });
  item.addEventListener("dragend", () => {
    dragged = undefined;
    item.draggable = false;
    for (const one of list.children) one.classList.remove("dragged", "over");
  });
  item.addEventListener("dragover", (event) => {
    if (!dragged || dragged === step || isFixed(step)) return;
    event.preventDefault();
    item.classList.add("over");
  });
  item.addEventListener("dragleave", () => item.classList.remove("over"));
  item.addEventListener("drop", (event) => {
    if (!dragged || dragged === step) return;
    event.preventDefault();
    move(steps.indexOf(dragged), steps.indexOf(step));
  });
}

/** A field made of a setting's declaration. @param {Step} step @param {Setting} setting @returns {HTMLElement} */
function field(step, setting) {
  const id = `s${step.id}-${setting.key}`;
  const hint = make("span", { className: "hint", id: `${id}-hint`, textContent: setting.meaning });
  /** @param {any} value */
  const set = (value) => {
    step.settings[setting.key] = value;
    changed();
  };
  const value = step.settings[setting.key] ?? setting.default;
  const caption = make("label", { htmlFor: id, textContent: setting.label });
  /** @type {(Node | string)[]} */
  let inputs;
  switch (setting.kind) {
    case "switch": {
      const box = make("input", { type: "checkbox", id, checked: Boolean(value), "aria-describedby": hint.id });
      box.addEventListener("change", () => set(box.checked));
      return make("div", { className: "field", "data-key": setting.key }, [make("div", { className: "check" }, [box, " ", caption]), hint]);
    }
    case "choice": {
      const select = make("select", { id, "aria-describedby": hint.id }, (setting.options ?? []).map((one) => make("option", { value: one, textContent: one, selected: one === value })));
      select.addEventListener("change", () => set(select.value));
      inputs = [select];
      break;
    }
    case "colour": {
      const well = make("input", { type: "color", value: `${value}`, "aria-label": words.picker(setting.label) });
      const text = make("input", { id, value: `${value}`, maxLength: 7, className: "code", "aria-describedby": hint.id, autocomplete: "off" });
      well.addEventListener("input", () => ((text.value = well.value), set(well.value)));
      text.addEventListener("input", () => {
        if (/^#[0-9a-f]{6}$/i.test(text.value)) well.value = text.value;
        set(text.value);
      });
      inputs = [well, text];
      break;
    }
    case "asset":
      inputs = asset(id, value, set, hint.id);
      break;
    case "text": {
      const text = make("input", { id, value: `${value ?? ""}`, maxLength: setting.longest ?? 200, "aria-describedby": hint.id, autocomplete: "off" });
      text.addEventListener("input", () => set(text.value));
      inputs = [text];
      break;
    }
    default:
      inputs = number(id, setting, value, set, hint.id);
  }
  return make("div", { className: "field", "data-key": setting.key }, [caption, make("div", { className: "inputs" }, inputs), hint]);
}

/** A number with a slider beside it. @param {string} id @param {Setting} setting @param {any} value @param {(value: any) => void} set @param {string} hint */
function number(id, setting, value, set, hint) {
  const { min = 0, max = 1 } = setting;
  const step = setting.kind === "whole" ? 1 : max - min <= 3 ? 0.01 : 0.1;
  const exact = make("input", { type: "number", id, min: `${min}`, max: `${max}`, step: setting.kind === "whole" ? "1" : "any", value: `${value}`, "aria-describedby": hint });
  // Whole numbers of pixels span too much for a slider.
  const isWide = setting.kind === "whole" && max - min > 2_500;
  exact.addEventListener("input", () => {
    if (exact.value === "" || Number.isNaN(exact.valueAsNumber)) return;
    slider.value = exact.value;
    set(exact.valueAsNumber);
  });
  exact.addEventListener("change", () => {
    const bounded = Math.min(max, Math.max(min, Number.isNaN(exact.valueAsNumber) ? Number(setting.default) : exact.valueAsNumber));
    exact.value = `${bounded}`;
    slider.value = exact.value;
    set(bounded);
  });
  const slider = make("input", { type: "range", min: `${min}`, max: `${max}`, step: `${step}`, value: `${value}`, "aria-label": setting.label });
  slider.addEventListener("input", () => {
    exact.value = slider.value;
    set(slider.valueAsNumber);
  });
  return isWide ? [exact] : [slider, exact];
}

/** A picture by the hash of its content, with a button to upload it. @param {string} id @param {any} value @param {(value: any) => void} set @param {string} hint */
function asset(id, value, set, hint) {
  const text = make("input", { id, value: value ?? "", className: "code", placeholder: words.none, "aria-describedby": hint, autocomplete: "off", spellcheck: false });
  text.addEventListener("input", () => set(text.value.trim() || null));
  const file = make("input", { type: "file", accept: "image/*", className: "out-of-sight", tabIndex: -1, "aria-label": words.upload });
  const button = make("button", { type: "button", className: "small", textContent: words.upload });
  button.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    button.textContent = words.uploading;
    try {
      const answer = await ask(`/studio/workflows/pictures?name=${encodeURIComponent(chosen.name)}`, { body: chosen });
      const kept = await answer.json();
      text.value = kept.hash;
      set(kept.hash);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
    button.textContent = words.upload;
    file.value = "";
  });
  return [text, button, file];
}

// What is wrong, and where.

/** What the last saving was refused for. A check of the components, which may end later, knows nothing of it. */
let refusal = "";

/** @param {Problem[]} problems */
const ofTheWhole = (problems) => problems.filter((one) => one.index === null).map((one) => one.message);

/** @param {Problem[]} problems */
function show(problems) {
  problemLine.textContent = [...new Set([refusal, ...ofTheWhole(problems)])].filter(Boolean).join(" ");
  [...list.children].forEach((item, index) => {
    const own = problems.filter((one) => one.index === index);
    const line = /** @type {HTMLElement} */ (item.querySelector(".problem"));
    line.textContent = own.map((one) => one.message).join(" ");
    line.hidden = own.length === 0;
    item.classList.toggle("wrong", own.length > 0);
    for (const one of item.querySelectorAll(".field")) {
      const isWrong = own.some((problem) => problem.key === /** @type {HTMLElement} */ (one).dataset.key);
      for (const input of one.querySelectorAll("input, select")) input.setAttribute("aria-invalid", `${isWrong}`);
    }
    const details = item.querySelector("details");
    if (own.length && details) details.open = true;
  });
}

// The preview.

const sample = /** @type {HTMLSelectElement} */ (find("sample"));
const own = /** @type {HTMLInputElement} */ (find("own"));
const before = /** @type {HTMLImageElement} */ (find("before"));
const after = /** @type {HTMLImageElement} */ (find("after"));
const previewSaid = find("preview-said");
let ownKey = "";
/** @type {AbortController | undefined} */
let underWay;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

function changed() {
  isChanged = true;
  refusal = "";
  soon();
}

function soon() {
  clearTimeout(timer);
  document.body.dataset.preview = "waiting";
  timer = setTimeout(() => void preview(), PAUSE);
}

/** How a preview ended; what has changed meanwhile goes on waiting. @param {"done" | "failed"} end */
function ended(end) {
  if (document.body.dataset.preview === "working") document.body.dataset.preview = end;
}

const sampleKey = () => (sample.value === "own" ? ownKey : sample.value);

async function preview() {
  underWay?.abort();
  const control = new AbortController();
  underWay = control;
  const { signal } = control;
  const key = sampleKey();
  // What is drawn is what was checked, however the form goes on changing.
  const components = wire();
  const began = performance.now();
  previewSaid.textContent = words.working;
  document.body.dataset.preview = "working";
  try {
    const checked = await ask("/studio/workflows/check", { body: components, signal });
    /** @type {{problems: Problem[]}} */
    const { problems } = await checked.json();
    if (signal.aborted) return;
    show(problems);
    if (problems.length) {
      previewSaid.textContent = words.notRunnable;
      ended("failed");
      return;
    }
    if (!key) return;
    const answer = await ask("/studio/workflows/preview", { body: { components, sample: key }, signal });
    const picture = await answer.blob();
    if (signal.aborted) return;
    URL.revokeObjectURL(after.src);
    after.src = URL.createObjectURL(picture);
    find("took").textContent = words.took((performance.now() - began) / 1000);
    previewSaid.textContent = "";
    ended("done");
  } catch (error) {
    if (signal.aborted) return;
    previewSaid.textContent = error instanceof Error ? error.message : String(error);
    ended("failed");
  }
}

function showSample() {
  find("choose-own").hidden = sample.value !== "own";
  before.src = `/studio/workflows/samples/${encodeURIComponent(sampleKey())}`;
  soon();
}

let lastSample = sample.value;
sample.addEventListener("change", () => {
  if (sample.value === "own" && !ownKey) {
    // It is shown when there is one.
    sample.value = lastSample;
    chooseOwn();
    return;
  }
  lastSample = sample.value;
  showSample();
});
find("choose-own").addEventListener("click", chooseOwn);

function chooseOwn() {
  own.value = "";
  own.click();
}

own.addEventListener("change", async () => {
  const file = own.files?.[0];
  if (!file) return;
  previewSaid.textContent = words.uploading;
  try {
    const answer = await ask("/studio/workflows/samples", { body: file });
    ownKey = (await answer.json()).key;
    sample.value = "own";
    lastSample = "own";
    showSample();
  } catch (error) {
    // The line below the pictures belongs to the preview, which goes on.
    previewSaid.textContent = "";
    toast(error instanceof Error ? error.message : String(error), "bad");
  }
});

// The whole.

find("add").addEventListener("click", () => palette.showModal());
find("palette-close").addEventListener("click", () => palette.close());
palette.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-kind]");
  if (!(button instanceof HTMLElement) || !button.dataset.kind) return;
  palette.close();
  add(button.dataset.kind);
});
form.addEventListener("input", (event) => {
  if (/** @type {Element} */ (event.target).closest(".editor-head")) isChanged = true;
});
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  if (isSaving) return;
  isSaving = true;
  refusal = "";
  const price = /** @type {HTMLInputElement} */ (form.elements.namedItem("price"));
  try {
    const answer = await ask("/studio/workflows/save", {
      body: {
        id: form.dataset.id ?? null,
        edited: form.dataset.edited ?? null,
        name: fields.get("name"),
        price: price.validity.badInput ? null : Number(price.value),
        review: fields.has("review"),
        components: wire(),
      },
    });
    /** @type {{problems?: Problem[], path?: string}} */
    const told = await answer.json();
    if (told.path) {
      isChanged = false;
      location.assign(told.path);
      return;
    }
    const problems = told.problems ?? [];
    refusal = ofTheWhole(problems).join(" ");
    show(problems);
  } catch (error) {
    refusal = error instanceof Refused ? error.message : String(error);
    problemLine.textContent = refusal;
  }
  isSaving = false;
});
window.addEventListener("beforeunload", (event) => {
  if (isChanged) event.preventDefault();
});

draw();
showSample();
