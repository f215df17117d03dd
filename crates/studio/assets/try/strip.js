// @ts-check
// The film strip: the photos being tried.

import { make } from "../viewer/viewer.js";
import { sign } from "../viewer/bar.js";
import { words } from "./words.js";

/** @typedef {import("./drawing.js").Photo} Photo */

/** Fires "choose" and "forget" ({detail: photo}). */
export class Strip extends EventTarget {
  /** @type {Photo[]} */
  photos = [];
  /** @type {Photo | undefined} */
  chosen;

  /** @param {HTMLElement} list */
  constructor(list) {
    super();
    this.list = list;
  }

  /** @param {Photo} photo */
  add(photo) {
    this.photos.push(photo);
    this.#render();
  }

  /** @param {Photo} photo */
  choose(photo) {
    this.chosen = photo;
    this.#render();
    this.dispatchEvent(new CustomEvent("choose", { detail: photo }));
  }

  /** @param {Photo} photo */
  drop(photo) {
    const at = this.photos.indexOf(photo);
    if (at < 0) return;
    this.photos.splice(at, 1);
    const next = this.photos[Math.min(at, this.photos.length - 1)];
    if (photo !== this.chosen) this.#render();
    else if (next) this.choose(next);
    else {
      this.chosen = undefined;
      this.#render();
      this.dispatchEvent(new CustomEvent("choose", { detail: undefined }));
    }
    this.dispatchEvent(new CustomEvent("forget", { detail: photo }));
  }

  #render() {
    this.list.replaceChildren(...this.photos.map((photo) => {
      const item = make("li", "strip-item");
      const button = make("button", "strip-photo", { type: "button", title: photo.name, "aria-label": words.photo(photo.name), "aria-pressed": String(photo === this.chosen) });
      button.append(make("img", "", { src: `/studio/try/${photo.id}/thumb`, alt: "" }));
      button.addEventListener("click", () => {
        this.choose(photo);
        /** @type {HTMLElement | null} */ (this.list.querySelector("[aria-pressed=true]"))?.focus();
      });
      const forget = make("button", "strip-forget", { type: "button", "aria-label": words.forget(photo.name), title: words.forget(photo.name) });
      forget.append(sign("M6 6l8 8M14 6l-8 8"));
      forget.addEventListener("click", () => this.drop(photo));
      item.append(button, forget);
      return item;
    }));
  }
}
