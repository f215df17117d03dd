// @ts-check
// The stack of plugins: their order, their sliders, which are shown.

import { make } from "../viewer/viewer.js";
import { sign } from "../viewer/bar.js";
import { words } from "./words.js";

/** @typedef {"Scale" | "Alpha1" | "Alpha2" | "Automask"} Key */
/** @typedef {{ key: Key, label: string, meaning: string, min: number, max: number, default: number }} Param */
/** @typedef {{ name: string, about: string, never: string, blend: string, params: Param[] }} Spec */
/** A task of a payload. @typedef {{ Plugin: string, Scale?: number, Alpha1?: number, Alpha2?: number, Automask?: number, Layer?: number }} Task */
/** @typedef {{ spec: Spec, values: Record<string, number>, isOn: boolean, id: number }} Entry */
/** @typedef {{ empty: boolean, findings: { what: string, value: number }[] }} Found */

const EYE = "M1.500 10S4.500 4.500 10 4.500 18.500 10 18.500 10 15.500 15.500 10 15.500 1.500 10 1.500 10zM10 7.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z";
const CROSS = "M5 5l10 10M15 5L5 15";
const CHEVRON = "M6 8l4 4 4-4";
const GRIP = "M7.500 5h.01M12.500 5h.01M7.500 10h.01M12.500 10h.01M7.500 15h.01M12.500 15h.01";
/** Fires "change" ({detail: {moving}}) when the picture must follow, "layer" when only layers are shown or hidden. */
export class Stack extends EventTarget {
  /** @type {Entry[]} */
  entries = [];
  #ids = 0;
  /** @type {Set<string>} plugins whose other sliders are shown */
  #open = new Set();

  /**
   * @param {HTMLElement} list @param {HTMLElement} said @param {HTMLSelectElement} adder
   * @param {Spec[]} specs
   */
  constructor(list, said, adder, specs) {
    super();
    this.list = list;
    this.said = said;
    this.specs = specs;
    for (const spec of specs) {
      const option = new Option(spec.name, spec.name);
      option.title = spec.about;
      adder.append(option);
    }
    adder.addEventListener("change", () => {
      const spec = specs.find((one) => one.name === adder.value);
      adder.value = "";
      if (spec) this.add(spec);
    });
    handleDrag(this);
  }

  /** The tasks of the plugins that are shown. @returns {Task[]} */
  get tasks() {
    return this.entries.filter((entry) => entry.isOn).map(task);
  }

  /** All of them, for keeping. @returns {{task: Task, isOn: boolean}[]} */
  get all() {
    return this.entries.map((entry) => ({ task: task(entry), isOn: entry.isOn }));
  }

  /** Takes other tasks; says nothing. @param {{task: Task, isOn: boolean}[]} tasks */
  load(tasks) {
    this.entries = tasks.flatMap(({ task, isOn }) => {
      const spec = this.specs.find((one) => one.name === task.Plugin);
      return spec ? [this.#entry(spec, task, isOn)] : [];
    });
    this.render();
  }

  /** @param {Spec} spec @param {Task} [given] @param {boolean} [isOn] @returns {Entry} */
  #entry(spec, given, isOn = true) {
    const values = Object.fromEntries(spec.params.map((param) => [param.key, given?.[param.key] ?? param.default]));
    this.#ids += 1;
    return { spec, values, isOn, id: this.#ids };
  }

  /** Puts a plugin where a retoucher would. @param {Spec} spec */
  add(spec) {
    const place = (/** @type {Spec} */ one) => this.specs.indexOf(one);
    const at = this.entries.findIndex((entry) => place(entry.spec) > place(spec));
    const entry = this.#entry(spec);
    this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
    this.render();
    this.#say(words.added(spec.name));
    this.#item(entry)?.querySelector("input")?.focus();
    this.#changed(false);
  }

  /** @param {Entry} entry */
  remove(entry) {
    const at = this.entries.indexOf(entry);
    this.entries.splice(at, 1);
    this.render();
    this.#say(words.removed(entry.spec.name));
    const next = this.entries[Math.min(at, this.entries.length - 1)];
    /** @type {HTMLElement | null | undefined} */ (next ? this.#item(next)?.querySelector(".stack-remove") : document.querySelector("#add"))?.focus();
    this.#changed(false);
  }

  /** @param {Entry} entry @param {number} to */
  move(entry, to) {
    const from = this.entries.indexOf(entry);
    const order = this.entries.filter((one) => one !== entry);
    order.splice(Math.min(Math.max(to, 0), order.length), 0, entry);
    // The wire takes Face Detection in front only.
    if (order.some((one, index) => one.spec.blend === "metadata" && index > 0)) {
      this.#say(words.firstOnly);
      return;
    }
    if (order.indexOf(entry) === from) return;
    this.entries = order;
    this.render();
    this.#say(words.moved(entry.spec.name, order.indexOf(entry) + 1, order.length));
    /** @type {HTMLElement | null | undefined} */ (this.#item(entry)?.querySelector(".stack-grip"))?.focus();
    this.#changed(false);
  }

  /** What the plugins that are shown have found, in their order. @param {Found[]} layers */
  tell(layers) {
    const shown = this.entries.filter((entry) => entry.isOn);
    shown.forEach((entry, index) => {
      const line = this.#item(entry)?.querySelector(".stack-found");
      const text = layers[index] ? found(layers[index], entry.spec) : "";
      if (!line) return;
      line.textContent = text;
      line.setAttribute("title", text);
    });
  }

  /** @param {string} text */
  #say(text) {
    this.said.textContent = text;
  }

  /** @param {boolean} moving */
  #changed(moving) {
    this.dispatchEvent(new CustomEvent("change", { detail: { moving } }));
  }

  /** @param {Entry} entry @returns {HTMLElement | null} */
  #item(entry) {
    return this.list.querySelector(`[data-entry="${entry.id}"]`);
  }

  render() {
    this.list.replaceChildren(...this.entries.map((entry) => this.#build(entry)));
  }

  /** @param {Entry} entry */
  #build(entry) {
    const { spec } = entry;
    const item = make("li", "stack-item", { "data-entry": String(entry.id) });
    item.toggleAttribute("data-off", !entry.isOn);
    const head = make("div", "stack-head");
    const grip = make("button", "stack-grip quiet small", { type: "button", "aria-label": words.move(spec.name) });
    grip.append(sign(GRIP));
    grip.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
      if (step === 0) return;
      event.preventDefault();
      this.move(entry, this.entries.indexOf(entry) + step);
    });
    const eye = make("button", "stack-eye quiet small", { type: "button", "aria-label": words.shown(spec.name), "aria-pressed": String(entry.isOn) });
    eye.append(sign(EYE));
    eye.addEventListener("click", () => {
      entry.isOn = !entry.isOn;
      eye.setAttribute("aria-pressed", String(entry.isOn));
      item.toggleAttribute("data-off", !entry.isOn);
      this.dispatchEvent(new CustomEvent("layer", { detail: { entry } }));
    });
    const title = make("span", "stack-name", { title: `${spec.about}\n${words.never}${spec.never}` });
    title.textContent = spec.name;
    const line = make("span", "stack-found");
    const remove = make("button", "stack-remove quiet small", { type: "button", "aria-label": words.remove(spec.name) });
    remove.append(sign(CROSS));
    remove.addEventListener("click", () => this.remove(entry));
    head.append(grip, eye, title, line, remove);
    item.append(head);

    const main = spec.params.find((param) => param.key === "Alpha1");
    const others = spec.params.filter((param) => param !== main);
    if (main) item.append(this.#slider(entry, main));
    if (others.length > 0) {
      const id = `stack-more-${entry.id}`;
      const more = make("div", "stack-more", { id });
      const about = make("p", "stack-about");
      about.textContent = spec.about;
      more.append(...others.map((param) => this.#slider(entry, param)), about);
      const toggle = make("button", "stack-toggle quiet small", { type: "button", "aria-label": words.more(spec.name), "aria-controls": id, title: others.map((param) => param.label).join(", ") });
      toggle.append(sign(CHEVRON));
      const show = () => {
        const isOpen = this.#open.has(spec.name);
        more.hidden = !isOpen;
        toggle.setAttribute("aria-expanded", String(isOpen));
      };
      toggle.addEventListener("click", () => {
        if (!this.#open.delete(spec.name)) this.#open.add(spec.name);
        show();
      });
      show();
      remove.before(toggle);
      item.append(more);
    }
    return item;
  }

  /** @param {Entry} entry @param {Param} param */
  #slider(entry, param) {
    const { spec, values } = entry;
    const name = words.slider(spec.name, param.label);
    const row = make("div", "stack-slider", { title: param.meaning });
    const label = make("span", "stack-label");
    label.textContent = param.label;
    if (param.key === "Automask") {
      const box = /** @type {HTMLInputElement} */ (make("input", "", { type: "checkbox", "aria-label": name }));
      box.checked = (values[param.key] ?? 0) > 0.5;
      box.addEventListener("change", () => {
        values[param.key] = box.checked ? 1 : 0;
        this.#changed(false);
      });
      row.append(label, box);
      return row;
    }
    const step = param.key === "Scale" ? "1" : "0.01";
    const bounds = { min: String(param.min), max: String(param.max), step, "aria-label": name };
    const range = /** @type {HTMLInputElement} */ (make("input", "", { type: "range", ...bounds }));
    const number = /** @type {HTMLInputElement} */ (make("input", "stack-number", { type: "number", ...bounds, "aria-label": `${name}, ${param.min} – ${param.max}` }));
    const show = () => {
      range.value = String(values[param.key]);
      number.value = String(values[param.key]);
      range.style.setProperty("--share", String((Number(range.value) - param.min) / (param.max - param.min || 1)));
    };
    const take = (/** @type {string} */ text, /** @type {boolean} */ moving) => {
      const value = Number(text);
      if (text === "" || Number.isNaN(value)) return void show();
      values[param.key] = Math.min(Math.max(value, param.min), param.max);
      show();
      this.#changed(moving);
    };
    range.addEventListener("input", () => take(range.value, true));
    range.addEventListener("change", () => take(range.value, false));
    range.addEventListener("dblclick", () => take(String(param.default), false));
    number.addEventListener("change", () => take(number.value, false));
    show();
    row.append(label, range, number);
    return row;
  }
}

/** @param {Entry} entry @returns {Task} */
function task({ spec, values }) {
  const fields = Object.fromEntries(spec.params.map((param) => [param.key, Math.round((values[param.key] ?? param.default) * 1000) / 1000]));
  return /** @type {Task} */ ({ Plugin: spec.name, ...fields });
}

/** @param {Found} layer @param {Spec} spec */
function found({ empty, findings }, spec) {
  const counts = findings.filter((one) => Number.isInteger(one.value)).map((one) => `${one.value} ${one.what}`);
  if (counts.length > 0) return counts.join(", ");
  return empty && spec.blend !== "metadata" ? words.changesNothing : "";
}

/** Dragging an item by its grip. @param {Stack} stack */
function handleDrag(stack) {
  /** @type {{ entry: Entry, item: HTMLElement } | undefined} */
  let dragged;
  const items = () => /** @type {HTMLElement[]} */ ([...stack.list.children]);
  stack.list.addEventListener("pointerdown", (event) => {
    const grip = event.target instanceof Element ? event.target.closest(".stack-grip") : null;
    const item = /** @type {HTMLElement | null} */ (grip?.closest("[data-entry]") ?? null);
    const entry = stack.entries.find((one) => String(one.id) === item?.dataset.entry);
    if (!item || !entry || event.button !== 0) return;
    dragged = { entry, item };
    stack.list.setPointerCapture(event.pointerId);
    item.dataset.dragged = "";
  });
  stack.list.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const { item } = dragged;
    const over = items().find((one) => {
      const box = one.getBoundingClientRect();
      return event.clientY >= box.top && event.clientY < box.bottom;
    });
    if (!over || over === item) return;
    const isBelow = items().indexOf(over) > items().indexOf(item);
    const box = over.getBoundingClientRect();
    const passed = isBelow ? event.clientY > box.top + box.height / 2 : event.clientY < box.top + box.height / 2;
    if (passed) over[isBelow ? "after" : "before"](item);
  });
  const drop = () => {
    if (!dragged) return;
    const { entry, item } = dragged;
    dragged = undefined;
    delete item.dataset.dragged;
    const to = items().indexOf(item);
    if (to === stack.entries.indexOf(entry)) return;
    stack.move(entry, to);
    stack.render();
  };
  stack.list.addEventListener("pointerup", drop);
  stack.list.addEventListener("pointercancel", drop);
}
