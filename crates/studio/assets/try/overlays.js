// @ts-check
// What is seen on the photo, drawn over it: faces with their landmarks, regions as tints.

import { ask } from "../base.js";
import { make } from "../viewer/viewer.js";
import { words } from "./words.js";

/** @typedef {{ bounds: [number, number, number, number], score: number, landmarks: [number, number][] }} Face */
/** @typedef {{ name: string, colour: [number, number, number], share: number }} RegionSeen */
/** @typedef {{ faces: Face[], regions: RegionSeen[] }} Seen */

const SPACE = "http://www.w3.org/2000/svg";
/** Shares below are noise. */
const NOTABLE = 1e-5;

export class Overlays {
  /** @type {Map<string, Promise<Seen>>} by photo */
  #seen = new Map();
  /** @type {import("./drawing.js").Photo | undefined} */
  #photo;
  /** @type {Set<string>} */
  #chosen = new Set();

  /** @param {import("../viewer/viewer.js").Viewer} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    this.details = /** @type {HTMLDetailsElement} */ (document.querySelector("#overlays"));
    this.faces = /** @type {HTMLInputElement} */ (document.querySelector("#faces"));
    this.regions = /** @type {HTMLElement} */ (document.querySelector("#regions"));
    this.said = /** @type {HTMLElement} */ (document.querySelector("#overlays-said"));
    this.details.addEventListener("toggle", () => void this.#update());
    this.faces.addEventListener("change", () => void this.#update());
  }

  /** @param {import("./drawing.js").Photo} photo */
  show(photo) {
    this.#photo = photo;
    void this.#update();
  }

  async #update() {
    const photo = this.#photo;
    if (!photo || !this.details.open) {
      this.viewer.overlay(null);
      return;
    }
    let seen;
    try {
      this.said.textContent = words.looking;
      seen = await this.#look(photo);
    } catch (error) {
      this.said.textContent = error instanceof Error ? error.message : String(error);
      return;
    }
    if (photo !== this.#photo) return;
    this.said.textContent = words.faces(seen.faces.length);
    this.#list(seen);
    this.#draw(photo, seen);
  }

  /** @param {import("./drawing.js").Photo} photo */
  #look({ id }) {
    const known = this.#seen.get(id);
    if (known) return known;
    /** @type {Promise<Seen>} */
    const asked = ask(`/studio/try/${id}/seen`).then((response) => response.json());
    asked.catch(() => this.#seen.delete(id));
    this.#seen.set(id, asked);
    return asked;
  }

  /** @param {Seen} seen */
  #list({ regions }) {
    const focused = /** @type {HTMLInputElement | null} */ (document.activeElement)?.value;
    this.regions.replaceChildren(...regions.filter((region) => region.share > NOTABLE).map((region) => {
      const label = make("label", "try-check");
      const box = /** @type {HTMLInputElement} */ (make("input", "", { type: "checkbox", value: region.name }));
      box.checked = this.#chosen.has(region.name);
      box.addEventListener("change", () => {
        if (box.checked) this.#chosen.add(region.name);
        else this.#chosen.delete(region.name);
        void this.#update();
      });
      const swatch = make("span", "try-swatch");
      swatch.style.backgroundColor = `rgb(${region.colour.join(" ")})`;
      const share = make("span", "soft");
      share.textContent = words.shares(region.share * 100);
      label.append(box, swatch, words.regions[region.name] ?? region.name, " ", share);
      return label;
    }));
    if (focused) /** @type {HTMLElement | null} */ (this.regions.querySelector(`[value="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {import("./drawing.js").Photo} photo @param {Seen} seen */
  #draw(photo, seen) {
    const chosen = seen.regions.filter((region) => this.#chosen.has(region.name) && region.share > NOTABLE);
    if (chosen.length === 0 && !this.faces.checked) {
      this.viewer.overlay(null);
      return;
    }
    const over = make("div", "try-over", { "data-over": "" });
    if (chosen.length > 0) {
      const image = /** @type {HTMLImageElement} */ (make("img", "", { alt: "" }));
      image.src = `/studio/try/${photo.id}/regions?show=${chosen.map((region) => region.name).join(",")}`;
      over.append(image);
    }
    if (this.faces.checked) over.append(faces(photo, seen.faces));
    this.viewer.overlay(over);
  }
}

/** @param {import("./drawing.js").Photo} photo @param {Face[]} list */
function faces(photo, list) {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${photo.width} ${photo.height}`);
  svg.setAttribute("aria-hidden", "true");
  for (const { bounds: [left, top, right, bottom], landmarks } of list) {
    const box = document.createElementNS(SPACE, "rect");
    const sides = { x: left, y: top, width: right - left, height: bottom - top, rx: (right - left) / 40 };
    for (const [name, value] of Object.entries(sides)) box.setAttribute(name, String(value));
    const dots = document.createElementNS(SPACE, "path");
    dots.setAttribute("d", landmarks.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h.01`).join(""));
    svg.append(box, dots);
  }
  return svg;
}
