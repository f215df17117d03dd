// @ts-check
// Mouse, touch and keys of the viewer.

/** @typedef {import("./viewer.js").Viewer} Viewer */

/** CSS pixels an arrow key moves the picture; with Shift. */
const [STEP, STRIDE] = [60, 400];
/** CSS pixels a pointer may tremble and still click. */
const TREMBLE = 4;

/** @param {Viewer} viewer @param {AbortSignal} signal ends everything */
export function handleGestures(viewer, signal) {
  pan(viewer, signal);
  wheel(viewer, signal);
  keys(viewer, signal);
  divide(viewer, signal);
}

/** One pointer pans or marks, two pinch. @param {Viewer} viewer @param {AbortSignal} signal */
function pan(viewer, signal) {
  const { stage } = viewer;
  /** @type {Map<number, PointerEvent>} */
  const down = new Map();
  /** @type {{x: number, y: number} | undefined} */
  let began;
  let moved = false;

  stage.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || !isPicture(event)) return;
    if (event.button === 1) event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    began = { x: event.clientX, y: event.clientY };
    moved = down.size > 1;
    stage.dataset.dragging = "";
  }, { signal });

  stage.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (!last || !began) return;
    if (!moved && Math.hypot(event.clientX - began.x, event.clientY - began.y) < TREMBLE) return;
    moved = true;
    const others = [...down.values()].filter((one) => one.pointerId !== event.pointerId);
    const other = others[0];
    if (other) {
      const middle = (/** @type {PointerEvent} */ one) => ({ x: (one.clientX + other.clientX) / 2, y: (one.clientY + other.clientY) / 2 });
      const wide = (/** @type {PointerEvent} */ one) => Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
      const [from, to] = [middle(last), middle(event)];
      viewer.panBy(to.x - from.x, to.y - from.y);
      viewer.zoomBy(wide(event) / wide(last), to.x, to.y);
    } else if (viewer.marking && event.buttons === 1) {
      viewer.pins.sketch(viewer.pointAt(began.x, began.y), viewer.pointAt(event.clientX, event.clientY));
    } else {
      viewer.panBy(event.clientX - last.clientX, event.clientY - last.clientY);
    }
    down.set(event.pointerId, event);
  }, { signal });

  const up = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId)) return;
    if (down.size === 0) delete stage.dataset.dragging;
    if (viewer.marking && began && down.size === 0 && event.button === 0 && event.type === "pointerup") {
      const [from, to] = [viewer.pointAt(began.x, began.y), viewer.pointAt(event.clientX, event.clientY)];
      viewer.pins.add(from, moved ? to : from);
    }
  };
  stage.addEventListener("pointerup", up, { signal });
  stage.addEventListener("pointercancel", up, { signal });

  stage.addEventListener("dblclick", (event) => {
    if (!isPicture(event) || viewer.marking) return;
    if (viewer.isFitted) viewer.zoom(1, event.clientX, event.clientY);
    else viewer.zoom("fit");
  }, { signal });
}

/** @param {Viewer} viewer @param {AbortSignal} signal */
function wheel(viewer, signal) {
  viewer.stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1);
    // A pinch on a touchpad comes as small steps with Ctrl.
    const pace = event.ctrlKey ? 0.01 : 0.0018;
    viewer.zoomBy(Math.exp(-Math.min(Math.max(pixels, -300), 300) * pace), event.clientX, event.clientY);
  }, { signal, passive: false });
}

/** @param {Viewer} viewer @param {AbortSignal} signal */
function keys(viewer, signal) {
  // The button holds too, and takes the focus from the picture.
  let holds = false;
  const letGo = () => {
    if (holds) viewer.hold(false);
    holds = false;
  };
  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const does = {
    ArrowLeft: (event) => viewer.panBy(event.shiftKey ? STRIDE : STEP, 0),
    ArrowRight: (event) => viewer.panBy(event.shiftKey ? -STRIDE : -STEP, 0),
    ArrowUp: (event) => viewer.panBy(0, event.shiftKey ? STRIDE : STEP),
    ArrowDown: (event) => viewer.panBy(0, event.shiftKey ? -STRIDE : -STEP),
    "+": () => viewer.zoomStep(1),
    "=": () => viewer.zoomStep(1),
    "-": () => viewer.zoomStep(-1),
    0: () => viewer.zoom("fit"),
    1: () => viewer.zoom(1),
    4: () => viewer.zoom(4),
    b: () => {
      holds = true;
      viewer.hold(true);
    },
  };
  viewer.stage.addEventListener("keydown", (event) => {
    if (event.target !== viewer.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "m" && viewer.marking) {
      const { x, y } = viewer.view;
      viewer.pins.add({ x, y }, { x, y });
      event.preventDefault();
      return;
    }
    const action = does[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  }, { signal });
  viewer.stage.addEventListener("keyup", (event) => event.key.toLowerCase() === "b" && letGo(), { signal });
  viewer.stage.addEventListener("blur", letGo, { signal });
}

/** The divider: a slider for mouse, touch and keys. @param {Viewer} viewer @param {AbortSignal} signal */
function divide(viewer, signal) {
  const { handle, stage } = viewer;
  let grip = 0;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    handle.setPointerCapture(event.pointerId);
    const box = stage.getBoundingClientRect();
    grip = event.clientX - (box.left + viewer.divider * box.width);
    handle.dataset.dragging = "";
  }, { signal });
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return;
    const box = stage.getBoundingClientRect();
    viewer.divider = (event.clientX - grip - box.left) / box.width;
  }, { signal });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) handle.addEventListener(end, () => delete handle.dataset.dragging, { signal });
  handle.addEventListener("dblclick", (event) => {
    event.stopPropagation();
    viewer.divider = 0.5;
  }, { signal });
  handle.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.01;
    /** @type {Record<string, number>} */
    const to = {
      ArrowLeft: viewer.divider - step,
      ArrowDown: viewer.divider - step,
      ArrowRight: viewer.divider + step,
      ArrowUp: viewer.divider + step,
      PageDown: viewer.divider - 0.1,
      PageUp: viewer.divider + 0.1,
      Home: 0,
      End: 1,
    };
    const at = to[event.key];
    if (at === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    viewer.divider = at;
  }, { signal });
}

/** True for the picture itself, not for the things on it. @param {Event} event */
function isPicture(event) {
  return event.target instanceof Element && !event.target.closest("button, .viewer-divider");
}
