// @ts-check
// Markings on the picture: numbered pins and rectangles.

import { make } from "./viewer.js";
import { words } from "./words.js";

/** @typedef {{ id: string, x: number, y: number, width?: number, height?: number, text?: string }} Mark in picture coordinates, 0 to 1 */
/** @typedef {{ onAdd?: (at: {x: number, y: number, width: number, height: number}) => void, onSelect?: (mark: Mark) => void, onRemove?: (mark: Mark) => void }} Handlers */
/** @typedef {{ x: number, y: number }} Point */

export class Marks {
  element = make("div", "viewer-marks");
  #sketch = make("div", "viewer-sketch");
  /** @type {Mark[]} */
  #list = [];
  /** @type {Handlers} */
  #handlers = {};
  /** @type {HTMLElement[]} */
  #buttons = [];
  /** @type {{from: Point, to: Point} | undefined} */
  #drawn;

  /** @param {import("./viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.#sketch.hidden = true;
    this.element.append(this.#sketch);
  }

  /** @param {Mark[]} list @param {Handlers} [handlers] */
  set(list, handlers) {
    this.#list = list;
    if (handlers) this.#handlers = handlers;
    const focused = this.#buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    for (const button of this.#buttons) button.remove();
    this.#buttons = list.map((mark, index) => this.#button(mark, index));
    this.element.append(...this.#buttons);
    if (focused >= 0) this.#buttons.at(Math.min(focused, this.#buttons.length - 1))?.focus();
  }

  /** @param {Mark} mark @param {number} index */
  #button(mark, index) {
    const name = words.mark(index + 1, mark.text ?? "");
    const button = make("button", (mark.width ?? 0) > 0 ? "viewer-mark area" : "viewer-mark", { type: "button", "aria-label": name, title: name });
    const number = make("span", "viewer-mark-number");
    number.textContent = String(index + 1);
    button.append(number);
    button.addEventListener("click", () => this.#handlers.onSelect?.(mark));
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Delete" || !this.#handlers.onRemove) return;
      event.preventDefault();
      this.#handlers.onRemove(mark);
    });
    return button;
  }

  /** A rectangle that is being drawn. @param {Point} from @param {Point} to */
  sketch(from, to) {
    this.#drawn = { from, to };
    this.viewer.redraw();
  }

  /** Asks the page to add a mark: a point, or a rectangle when it is large enough to be meant. @param {Point} from @param {Point} to */
  add(from, to) {
    this.#drawn = undefined;
    this.viewer.redraw();
    const within = (/** @type {number} */ at) => Math.min(Math.max(at, 0), 1);
    const [x, y] = [within(Math.min(from.x, to.x)), within(Math.min(from.y, to.y))];
    const [width, height] = [within(Math.max(from.x, to.x)) - x, within(Math.max(from.y, to.y)) - y];
    const isPoint = width < 0.004 || height < 0.004;
    const outside = isPoint && (from.x < 0 || from.x > 1 || from.y < 0 || from.y > 1);
    if (!outside) this.#handlers.onAdd?.({ x, y, width: isPoint ? 0 : width, height: isPoint ? 0 : height });
  }

  /** Puts everything where the picture is. @param {{left: number, top: number, width: number, height: number}} box */
  layOut(box) {
    const put = (/** @type {HTMLElement} */ element, /** @type {Point} */ at, /** @type {number} */ width, /** @type {number} */ height) => {
      element.style.left = `${box.left + at.x * box.width}px`;
      element.style.top = `${box.top + at.y * box.height}px`;
      if (width > 0) {
        element.style.width = `${width * box.width}px`;
        element.style.height = `${height * box.height}px`;
      }
    };
    this.#list.forEach((mark, index) => {
      const button = this.#buttons[index];
      if (button) put(button, mark, mark.width ?? 0, mark.height ?? 0);
    });
    this.#sketch.hidden = !this.#drawn;
    if (this.#drawn) {
      const { from, to } = this.#drawn;
      put(this.#sketch, { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y) }, Math.abs(from.x - to.x), Math.abs(from.y - to.y));
    }
  }
}
