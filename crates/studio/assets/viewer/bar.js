// @ts-check
// The viewer's own bar: how to compare, hold for before, zoom.

import { MODES, make } from "./viewer.js";
import { words } from "./words.js";

/** Strengths of the difference view. */
const AMPLIFY = [1, 4, 8, 16, 32];
/** Signs of the modes, drawn in a square of 20. @type {Record<import("./viewer.js").Mode, string>} */
const SIGNS = {
  divider: "M3 4h14v12H3zM10 2v16M7.5 8.5 6 10l1.5 1.5M12.5 8.5 14 10l-1.5 1.5",
  side: "M2.5 4h6.5v12H2.5zM11 4h6.5v12H11z",
  before: "M3 4h14v12H3zM7.5 13V7h2.6a1.5 1.5 0 0 1 0 3H7.5h3a1.5 1.5 0 0 1 0 3z",
  after: "M3 4h14v12H3zM7 13.2 10 6.800l3 6.400M8.200 11h3.600",
  difference: "M3 4h14v12H3zM10 6.500v5M7.500 9h5M7.500 13.500h5",
};

/** @param {string} path */
export function sign(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  const drawn = document.createElementNS(space, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}

/** @param {import("./viewer.js").Viewer} viewer @returns {HTMLElement} */
export function buildBar(viewer) {
  const bar = make("div", "viewer-bar", { role: "group", "aria-label": words.bar });
  const modes = make("div", "viewer-group");
  const buttons = MODES.map((mode) => {
    const button = make("button", "quiet small", { type: "button", title: words.modes[mode] });
    const name = make("span", "viewer-word");
    name.textContent = words.modes[mode];
    button.append(sign(SIGNS[mode]), name);
    button.addEventListener("click", () => viewer.setMode(mode));
    return { mode, button };
  });
  modes.append(...buttons.map((one) => one.button));

  const amplify = /** @type {HTMLSelectElement} */ (make("select", "viewer-amplify", { "aria-label": words.amplify }));
  for (const times of AMPLIFY) amplify.append(new Option(`× ${times}`, String(times), times === viewer.amplify, times === viewer.amplify));
  amplify.addEventListener("change", () => (viewer.amplify = Number(amplify.value)));

  const hold = holdButton(viewer);
  const zoom = make("div", "viewer-group");
  const percent = make("output", "viewer-percent", { "aria-live": "off" });
  const zooms = /** @type {[string, string, () => void][]} */ ([
    ["−", words.zoomOut, () => viewer.zoomStep(-1)],
    [words.fit, "", () => viewer.zoom("fit")],
    [words.percent(100), "", () => viewer.zoom(1)],
    [words.percent(400), "", () => viewer.zoom(4)],
    ["+", words.zoomIn, () => viewer.zoomStep(1)],
  ]).map(([text, name, does]) => {
    const button = make("button", "quiet small", { type: "button" });
    button.textContent = text;
    if (name) button.setAttribute("aria-label", name);
    button.addEventListener("click", does);
    return button;
  });
  zoom.append(...zooms, percent);
  bar.append(modes, amplify, hold, make("span", "viewer-space"), zoom);

  viewer.addEventListener("mode", () => {
    const comparing = viewer.hasAfter;
    for (const { mode, button } of buttons) {
      button.setAttribute("aria-pressed", String(comparing ? mode === viewer.mode : mode === "before"));
      /** @type {HTMLButtonElement} */ (button).disabled = !comparing;
    }
    /** @type {HTMLButtonElement} */ (hold).disabled = !comparing;
    amplify.hidden = !comparing || viewer.mode !== "difference";
  });
  viewer.addEventListener("view", () => {
    const { scale } = viewer.view;
    percent.textContent = words.percent(scale < 0.1 ? Math.round(scale * 1000) / 10 : Math.round(scale * 100));
    const on = [false, viewer.isFitted, !viewer.isFitted && scale === 1, !viewer.isFitted && scale === 4, false];
    zooms.forEach((button, index) => {
      if (index > 0 && index < 4) button.setAttribute("aria-pressed", String(on[index]));
    });
  });
  return bar;
}

/** Shows how it was before, as long as it is held: by pointer, or by space or Enter. @param {import("./viewer.js").Viewer} viewer */
function holdButton(viewer) {
  const button = make("button", "quiet small", { type: "button" });
  button.textContent = words.hold;
  const on = () => {
    viewer.hold(true);
    button.dataset.held = "";
  };
  const off = () => {
    viewer.hold(false);
    delete button.dataset.held;
  };
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    on();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    on();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "keyup", "blur"]) button.addEventListener(end, off);
  return button;
}
