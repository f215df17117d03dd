// @ts-check
// The picture viewer: before and after as tiles, compared with a divider, side by side, in turn or as their difference.

import { handleGestures } from "./gestures.js";
import { Marks } from "./marks.js";
import { Loader, Pyramid } from "./pyramid.js";
import { buildBar } from "./bar.js";
import { sayWhenSlow } from "./waiting.js";
import { words } from "./words.js";

/**
 * A picture to look at, upright. `tile` gives the address of a 512 x 512 tile; level 0 is full size, each further level
 * half of it, rounded up; `finest` is the finest level there is.
 * @typedef {{ width: number, height: number, tile: (level: number, column: number, row: number) => string, finest?: number, version?: number }} Source
 */
/** @typedef {"divider" | "side" | "before" | "after" | "difference"} Mode */
/** @typedef {{ x: number, y: number, width: number, height: number }} Rect */
/** @typedef {import("./pyramid.js").Place} Place */
/** @typedef {import("./pyramid.js").Area} Area */
/** @typedef {{ area: Area, shows: "before" | "after" | "divider" | "difference" }} Pane */

/** @type {Mode[]} */
export const MODES = ["divider", "side", "before", "after", "difference"];
/** Largest scale: a picture pixel as so many device pixels. */
const LARGEST = 16;
/** Milliseconds a step of the zoom takes. */
const GLIDE = 140;

/** A stored picture of a job: its upload or its result. @param {string} job @param {"input" | "result"} which @param {{width: number, height: number, version?: string}} info @returns {Source} */
export function storedSource(job, which, info) {
  const base = `/studio/pictures/${encodeURIComponent(job)}/${which}`;
  const version = info.version ? `?v=${info.version}` : "";
  return { width: info.width, height: info.height, tile: (level, column, row) => `${base}/${level}/${column}/${row}${version}` };
}

/** Makes an element with a class. @param {string} name @param {string} kind @param {Record<string, string>} [attributes] */
export function make(name, kind, attributes = {}) {
  const element = document.createElement(name);
  element.className = kind;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export class Viewer extends EventTarget {
  /** @type {Mode} */
  mode = "divider";
  /** True while a click makes a mark. */
  marking = false;

  #loader = new Loader();
  /** @type {Pyramid | undefined} */
  #before;
  /** @type {Pyramid | undefined} */
  #after;
  /** A newer version of the result whose visible tiles are not all there yet. @type {Pyramid | undefined} */
  #next;
  /** @type {Pyramid | undefined} */
  #over;
  /** @type {HTMLElement | SVGElement | null} */
  #overElement = null;
  #scale = 1;
  #x = 0.5;
  #y = 0.5;
  #isFitted = true;
  #held = false;
  #divider = 0.5;
  #amplify = 8;
  #ratio = 1;
  #glide = 0;
  #frame = 0;
  #isShown = false;
  /** True when what is on the canvas is not what should be there. */
  #isStale = true;
  #patience = 0;
  #label = "";
  #ending = new AbortController();

  /**
   * @param {HTMLElement} element filled by the viewer
   * @param {{ before?: Source, after?: Source | null, mode?: Mode, label?: string, toolbar?: boolean }} [options]
   */
  constructor(element, options = {}) {
    super();
    this.element = element;
    element.classList.add("viewer");
    this.stage = make("div", "viewer-stage", { tabindex: "0", role: "group", "aria-label": words.stage });
    this.canvas = /** @type {HTMLCanvasElement} */ (make("canvas", "viewer-canvas", { role: "img" }));
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.over = make("div", "viewer-over");
    this.tags = [make("span", "viewer-tag left"), make("span", "viewer-tag right")];
    this.handle = make("div", "viewer-divider", { role: "slider", tabindex: "0", "aria-label": words.divider, "aria-valuemin": "0", "aria-valuemax": "100" });
    this.said = make("p", "viewer-said", { role: "status" });
    this.pins = new Marks(this);
    this.stage.append(this.canvas, this.over, this.pins.element, ...this.tags, this.handle, this.said);
    element.append(this.stage);
    if (options.mode) this.mode = options.mode;
    if (options.toolbar !== false) element.append(buildBar(this));
    handleGestures(this, this.#ending.signal);
    sayWhenSlow(this, this.#ending.signal);
    this.#watchSize();
    this.divider = 0.5;
    this.setMode(this.mode);
    if (options.before) this.show({ before: options.before, after: options.after ?? null, label: options.label });
  }

  // What is shown

  /**
   * Shows another picture. For `patience` milliseconds, or until a result is on the screen, coarser tiles of the picture
   * before will do.
   * @param {{ before: Source, after: Source | null, label?: string, keepView?: boolean, patience?: number }} what
   */
  show({ before, after, label = "", keepView = false, patience = 0 }) {
    for (const pyramid of [this.#before, this.#after, this.#next]) pyramid?.drop();
    this.said.textContent = "";
    this.#next = undefined;
    this.#before = this.#pyramid(before);
    this.#after = after ? this.#pyramid(after) : undefined;
    this.#label = label;
    this.#before.isRough = patience > 0;
    clearTimeout(this.#patience);
    if (patience > 0) this.#patience = window.setTimeout(() => this.#refine(), patience);
    this.overlay(null);
    if (!keepView) this.#fit();
    this.#modeChanged();
  }

  /**
   * Shows a new version of the result as soon as all of it that is visible has come.
   * @param {Source | null} source
   * @param {(level: number, column: number, row: number) => boolean} [isSame] tells tiles that are as in the version before
   */
  setAfter(source, isSame) {
    this.#next?.drop();
    this.#next = undefined;
    if (!source) {
      this.#after?.drop();
      this.#after = undefined;
    } else if (!this.#after) {
      this.#after = this.#pyramid(source);
    } else {
      this.#next = this.#pyramid(source);
      if (isSame) this.#next.adopt(this.#after, isSame);
    }
    this.#modeChanged();
  }

  /** The result that is shown now; a newer one may be on its way. */
  get after() {
    return this.#after?.source;
  }

  /** True when there is a result. */
  get hasAfter() {
    return this.#after !== undefined;
  }

  /** Loads what another picture needs when it is fitted. @param {{ before: Source, after: Source | null }} what */
  prefetch({ before, after }) {
    for (const source of [after, before]) {
      if (!source) continue;
      const pyramid = new Pyramid(source, () => {}, () => {});
      const { width, height } = this.canvas;
      const level = pyramid.levelFor(Math.min(width / source.width, height / source.height, 1));
      const [across, down] = pyramid.size(level);
      for (let row = 0; row * 512 < down; row += 1) {
        for (let column = 0; column * 512 < across; column += 1) {
          // The answers stay in the browser's cache.
          fetch(source.tile(level, column, row), { credentials: "same-origin", priority: "low" }).catch(() => {});
        }
      }
    }
  }

  /** @param {Mode} mode */
  setMode(mode) {
    this.mode = mode;
    this.#modeChanged();
  }

  /** Before and after in turn, as whole pictures. */
  toggle() {
    this.setMode(this.mode === "before" ? "after" : "before");
  }

  /** Shows how it was before, as long as `on`. @param {boolean} on */
  hold(on) {
    if (this.#held === on) return;
    this.#held = on;
    this.#modeChanged();
  }

  get held() {
    return this.#held;
  }

  /** Lays an element, or tiles, over the picture. @param {HTMLElement | SVGElement | Source | null} what */
  overlay(what) {
    this.#over?.drop();
    this.#over = undefined;
    this.#overElement = null;
    this.over.replaceChildren();
    if (what instanceof Element) {
      this.#overElement = what;
      this.over.append(what);
    } else if (what) {
      this.#over = this.#pyramid(what);
    }
    this.redraw();
  }

  /**
   * Shows marks, in picture coordinates from 0 to 1.
   * @param {import("./marks.js").Mark[]} list
   * @param {import("./marks.js").Handlers} [handlers]
   */
  marks(list, handlers) {
    this.pins.set(list, handlers);
    this.redraw();
  }

  /** Share of the window that shows before, 0 to 1. */
  get divider() {
    return this.#divider;
  }

  set divider(share) {
    this.#divider = Math.min(Math.max(share, 0), 1);
    const percent = Math.round(this.#divider * 100);
    this.handle.style.left = `${this.#divider * 100}%`;
    this.handle.setAttribute("aria-valuenow", String(percent));
    this.handle.setAttribute("aria-valuetext", words.dividerAt(percent));
    this.redraw();
  }

  /** How much stronger the difference is shown: a power of two. */
  get amplify() {
    return this.#amplify;
  }

  set amplify(times) {
    this.#amplify = times;
    this.#modeChanged();
  }

  // Where we look

  /** Device pixels a picture pixel, and the middle of the view in picture coordinates. */
  get view() {
    return { scale: this.#scale, x: this.#x, y: this.#y };
  }

  set view({ scale, x, y }) {
    this.#isFitted = false;
    cancelAnimationFrame(this.#glide);
    this.#look(scale, x, y);
  }

  /** Size of the picture whose pixels count: the result's, if there is one. */
  get size() {
    const { width = 1, height = 1 } = this.#after ?? this.#before ?? {};
    return { width, height };
  }

  /** Device pixels a CSS pixel. */
  get ratio() {
    return this.#ratio;
  }

  /** The level that fits the zoom. */
  get level() {
    return (this.#before ?? this.#after)?.levelFor(this.#scale) ?? 0;
  }

  /** The visible part in picture coordinates. @returns {Rect} */
  get visible() {
    const { area } = this.#panes()[0] ?? { area: { x: 0, y: 0, width: 1, height: 1 } };
    const { width, height } = this.size;
    const [w, h] = [area.width / (width * this.#scale), area.height / (height * this.#scale)];
    const [left, top] = [Math.max(0, this.#x - w / 2), Math.max(0, this.#y - h / 2)];
    return { x: left, y: top, width: Math.min(1, this.#x + w / 2) - left, height: Math.min(1, this.#y + h / 2) - top };
  }

  /** Where a point of the page lies on the picture, 0 to 1. @param {number} clientX @param {number} clientY */
  pointAt(clientX, clientY) {
    const pane = this.#paneAt(clientX, clientY);
    const box = this.canvas.getBoundingClientRect();
    const { left, top } = this.#place(pane.area, this.size);
    const { width, height } = this.size;
    const across = (clientX - box.left) * this.#ratio - left;
    const down = (clientY - box.top) * this.#ratio - top;
    return { x: across / (width * this.#scale), y: down / (height * this.#scale) };
  }

  /** The scale at which all of it is seen. */
  get fitScale() {
    const { area } = this.#panes()[0] ?? { area: { width: 1, height: 1 } };
    const { width, height } = this.size;
    return Math.min(area.width / width, area.height / height, 1);
  }

  /** 1 is one picture pixel a device pixel. @param {"fit" | number} to @param {number} [clientX] @param {number} [clientY] */
  zoom(to, clientX, clientY) {
    const scale = to === "fit" ? this.fitScale : to;
    this.#zoomTo(scale, clientX, clientY, to === "fit");
  }

  /** @param {number} factor @param {number} [clientX] @param {number} [clientY] */
  zoomBy(factor, clientX, clientY) {
    const { scale, x, y } = this.#zoomed(this.#scale * factor, clientX, clientY);
    this.#isFitted = false;
    cancelAnimationFrame(this.#glide);
    this.#look(scale, x, y);
  }

  /** To the next round zoom. @param {1 | -1} direction */
  zoomStep(direction) {
    const round = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16, this.fitScale].sort((a, b) => a - b);
    const next = direction > 0 ? round.find((scale) => scale > this.#scale * 1.01) : round.findLast((scale) => scale < this.#scale * 0.99);
    if (next) this.#zoomTo(next, undefined, undefined, next === this.fitScale);
  }

  /** True when all of it is seen at once. */
  get isFitted() {
    return this.#isFitted;
  }

  /** Moves the picture by CSS pixels. @param {number} dx @param {number} dy */
  panBy(dx, dy) {
    const { width, height } = this.size;
    const { x, y } = { x: (dx * this.#ratio) / (width * this.#scale), y: (dy * this.#ratio) / (height * this.#scale) };
    cancelAnimationFrame(this.#glide);
    this.#look(this.#scale, this.#x - x, this.#y - y);
  }

  focus() {
    this.stage.focus({ preventScroll: true });
  }

  destroy() {
    this.#ending.abort();
    cancelAnimationFrame(this.#frame);
    cancelAnimationFrame(this.#glide);
    clearTimeout(this.#patience);
    for (const pyramid of [this.#before, this.#after, this.#next, this.#over]) pyramid?.drop();
    this.element.replaceChildren();
    this.element.classList.remove("viewer");
  }

  // Inside

  /** @param {Source} source */
  #pyramid(source) {
    const troubled = (/** @type {number} */ status) => {
      // A version that was replaced is gone, and so is its wish.
      if (status === 410) return void this.#tell("gone", {});
      this.said.textContent = words.trouble;
      this.#tell("trouble", { message: words.trouble, status });
    };
    const arrived = () => (pyramid === this.#next ? this.#soon() : this.redraw());
    const pyramid = new Pyramid(source, arrived, troubled);
    return pyramid;
  }

  /** From now on the picture before is as fine as the zoom. */
  #refine() {
    clearTimeout(this.#patience);
    if (!this.#before?.isRough) return;
    this.#before.isRough = false;
    this.redraw();
  }

  /** @param {string} name @param {unknown} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #modeChanged() {
    const panes = this.#panes();
    const shows = panes.map((pane) => pane.shows);
    this.handle.hidden = shows[0] !== "divider";
    this.stage.dataset.mode = this.#held ? "before" : this.mode;
    this.stage.dataset.split = panes.length < 2 ? "" : (panes[1]?.area.x ?? 0) > 0 ? "across" : "down";
    const [left, right] = shows[0] === "divider" ? [words.before, words.after] : shows.length === 2 ? [words.before, words.after] : [shows[0] === "difference" ? words.difference(this.#amplify) : shows[0] === "after" ? words.after : words.before, ""];
    for (const [tag, text] of /** @type {[HTMLElement, string][]} */ ([[this.tags[0], left], [this.tags[1], right]])) {
      tag.textContent = text;
      tag.hidden = !text || !this.#after;
    }
    this.canvas.setAttribute("aria-label", [this.#label, left, right].filter(Boolean).join(", "));
    if (this.#isFitted) this.#fit();
    else this.#look(this.#scale, this.#x, this.#y);
    this.#tell("mode", { mode: this.mode });
  }

  #fit() {
    this.#isFitted = true;
    cancelAnimationFrame(this.#glide);
    this.#look(this.fitScale, 0.5, 0.5);
  }

  /** Looks there, as far as there is something. @param {number} scale @param {number} x @param {number} y */
  #look(scale, x, y) {
    const { width, height } = this.size;
    const area = this.#panes()[0]?.area;
    if (!area) return;
    this.#scale = Math.min(Math.max(scale, Math.min(this.fitScale, 1)), LARGEST);
    const within = (/** @type {number} */ at, /** @type {number} */ shown) => (shown >= 1 ? 0.5 : Math.min(Math.max(at, shown / 2), 1 - shown / 2));
    this.#x = within(x, area.width / (width * this.#scale));
    this.#y = within(y, area.height / (height * this.#scale));
    this.redraw();
    this.#tell("view", { scale: this.#scale, level: this.level, visible: this.visible });
  }

  /** The view at another scale with the same point under the pointer. @param {number} scale @param {number} [clientX] @param {number} [clientY] */
  #zoomed(scale, clientX, clientY) {
    const wanted = Math.min(Math.max(scale, Math.min(this.fitScale, 1)), LARGEST);
    if (clientX === undefined || clientY === undefined) return { scale: wanted, x: this.#x, y: this.#y };
    const at = this.pointAt(clientX, clientY);
    const share = this.#scale / wanted;
    return { scale: wanted, x: at.x + (this.#x - at.x) * share, y: at.y + (this.#y - at.y) * share };
  }

  /** @param {number} scale @param {number | undefined} clientX @param {number | undefined} clientY @param {boolean} fitted */
  #zoomTo(scale, clientX, clientY, fitted) {
    cancelAnimationFrame(this.#glide);
    const from = this.view;
    const to = fitted ? { scale, x: 0.5, y: 0.5 } : this.#zoomed(scale, clientX, clientY);
    const began = performance.now();
    this.#isFitted = false;
    const step = (/** @type {number} */ now) => {
      const done = Math.min(Math.max((now - began) / GLIDE, 0), 1);
      const eased = 1 - (1 - done) ** 3;
      // The point that stays where it is divides the way of the middle as the scales do.
      const scaleNow = done === 1 ? to.scale : from.scale * (to.scale / from.scale) ** eased;
      const way = to.scale === from.scale ? eased : (1 / from.scale - 1 / scaleNow) / (1 / from.scale - 1 / to.scale);
      this.#look(scaleNow, from.x + (to.x - from.x) * way, from.y + (to.y - from.y) * way);
      if (done < 1) {
        this.#glide = requestAnimationFrame(step);
      } else if (fitted) {
        this.#isFitted = true;
        this.#tell("view", { scale: this.#scale, level: this.level, visible: this.visible });
      }
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) step(began + GLIDE);
    else this.#glide = requestAnimationFrame(step);
  }

  #watchSize() {
    const resize = () => {
      this.#ratio = window.devicePixelRatio || 1;
      const box = this.stage.getBoundingClientRect();
      const [width, height] = [Math.max(1, Math.round(box.width * this.#ratio)), Math.max(1, Math.round(box.height * this.#ratio))];
      if (this.canvas.width === width && this.canvas.height === height) return;
      [this.canvas.width, this.canvas.height] = [width, height];
      this.#modeChanged();
    };
    const observer = new ResizeObserver(resize);
    observer.observe(this.stage);
    // Another screen may have other pixels at the same size.
    window.addEventListener("resize", resize, { signal: this.#ending.signal });
    this.#ending.signal.addEventListener("abort", () => observer.disconnect());
    resize();
  }

  /** @returns {Pane[]} */
  #panes() {
    const { width, height } = this.canvas;
    const all = { x: 0, y: 0, width, height };
    if (!this.#after || this.#held) return [{ area: all, shows: "before" }];
    if (this.mode !== "side") return [{ area: all, shows: this.mode }];
    const gap = Math.round(2 * this.#ratio);
    if (width >= height) {
      const half = Math.floor((width - gap) / 2);
      return [{ area: { ...all, width: half }, shows: "before" }, { area: { ...all, x: width - half, width: half }, shows: "after" }];
    }
    const half = Math.floor((height - gap) / 2);
    return [{ area: { ...all, height: half }, shows: "before" }, { area: { ...all, y: height - half, height: half }, shows: "after" }];
  }

  /** @param {number} clientX @param {number} clientY */
  #paneAt(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [(clientX - box.left) * this.#ratio, (clientY - box.top) * this.#ratio];
    const panes = this.#panes();
    const holds = (/** @type {Pane} */ { area }) => x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height;
    return /** @type {Pane} */ (panes.find(holds) ?? panes[0]);
  }

  /** Where a picture lies in a pane: all lie in the same frame, whatever their own size. @param {Area} area @param {{width: number, height: number}} picture @returns {Place} */
  #place(area, picture) {
    const frame = this.size;
    const scale = this.#scale * Math.min(frame.width / picture.width, frame.height / picture.height);
    const middle = (/** @type {number} */ from, /** @type {number} */ length, /** @type {number} */ at, /** @type {number} */ whole, /** @type {number} */ own) =>
      Math.round(from + length / 2 - at * whole * this.#scale + (whole * this.#scale - own * scale) / 2);
    return {
      scale,
      left: middle(area.x, area.width, this.#x, frame.width, picture.width),
      top: middle(area.y, area.height, this.#y, frame.height, picture.height),
    };
  }

  /** Draws soon. */
  redraw() {
    this.#isStale = true;
    this.#soon();
  }

  /** Looks soon whether there is something to draw. */
  #soon() {
    this.#isShown = false;
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#frame = 0;
    const panes = this.#panes();
    this.#ask(panes);
    if (this.#isStale) this.#draw(panes);
    this.#isStale = false;
    this.#loader.pump();
  }

  /** @param {Pane[]} panes */
  #draw(panes) {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const pane of panes) this.#paintPane(pane);
    const first = panes[0];
    if (first) {
      const { width, height } = this.size;
      const { left, top } = this.#place(first.area, this.size);
      const css = (/** @type {number} */ value) => value / this.#ratio;
      const box = { left: css(left), top: css(top), width: css(width * this.#scale), height: css(height * this.#scale) };
      this.pins.layOut(box);
      for (const element of this.#overElement ? [this.#overElement] : []) {
        for (const [key, value] of Object.entries(box)) element.style.setProperty(key, `${value}px`);
      }
    }
  }

  /** Tells the loader what is wanted, and takes the new version when it is whole. @param {Pane[]} panes */
  #ask(panes) {
    const isWhole = (/** @type {Pyramid} */ pyramid) => panes.every((pane) => pyramid.isWhole(this.#place(pane.area, pyramid), pane.area));
    if (this.#next && isWhole(this.#next)) {
      this.#after?.drop();
      [this.#after, this.#next] = [this.#next, undefined];
      this.#isStale = true;
    }
    const shows = new Set(panes.map((pane) => pane.shows));
    const needsBefore = shows.has("before") || shows.has("divider") || shows.has("difference") || this.#held;
    // What a key brings forth at once should be there; the visible comes first.
    const result = this.#next ?? this.#after;
    const order = [needsBefore ? this.#before : result, needsBefore ? result : this.#before, this.#over];
    this.#loader.pyramids = order.filter((pyramid) => pyramid !== undefined);
    for (const pyramid of this.#loader.pyramids) {
      const pane = panes.at(pyramid === this.#before || panes.length < 2 ? 0 : 1) ?? panes[0];
      if (pane) pyramid.want(this.#place(pane.area, pyramid), pane.area, pyramid === this.#before || (pyramid === this.#after && !this.#next));
    }
    const all = this.#loader.pyramids.every((pyramid) => pyramid === this.#over || isWhole(pyramid));
    if (all && !this.#isShown) {
      this.#isShown = true;
      // The picture is on the screen with the next frame.
      requestAnimationFrame(() => {
        if (!this.#isShown) return;
        this.#tell("shown", {});
        if (this.#after) this.#refine();
      });
    }
  }

  /** @param {Pane} pane */
  #paintPane({ area, shows }) {
    const { context } = this;
    const clipped = (/** @type {Area} */ part, /** @type {() => void} */ paint) => {
      context.save();
      context.beginPath();
      context.rect(part.x, part.y, part.width, part.height);
      context.clip();
      paint();
      context.restore();
    };
    const draw = (/** @type {Pyramid | undefined} */ pyramid) => pyramid?.draw(context, this.#place(area, pyramid), area);
    if (shows === "divider") {
      const edge = Math.round(area.width * this.#divider);
      clipped({ ...area, x: edge, width: area.width - edge }, () => draw(this.#after));
      clipped({ ...area, width: edge }, () => draw(this.#before));
    } else if (shows === "difference") {
      clipped(area, () => {
        draw(this.#before);
        context.globalCompositeOperation = "difference";
        draw(this.#after);
        context.globalCompositeOperation = "lighter";
        for (let times = 1; times < this.#amplify; times *= 2) context.drawImage(this.canvas, area.x, area.y, area.width, area.height, area.x, area.y, area.width, area.height);
      });
    } else {
      clipped(area, () => draw(shows === "after" ? this.#after : this.#before));
    }
    if (this.#over) clipped(area, () => draw(this.#over));
  }
}
