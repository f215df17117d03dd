// @ts-check
// Drawing a proof: one request at a time, the newest wish wins, every version is shown as it comes.

import { ask, Refused } from "../base.js";
import { TILE } from "../viewer/pyramid.js";
import { words } from "./words.js";

/** @typedef {import("../viewer/viewer.js").Viewer} Viewer */
/** @typedef {import("../viewer/viewer.js").Source} Source */
/** @typedef {import("./stack.js").Task} Task */
/** A photo being tried. @typedef {{ id: string, name: string, width: number, height: number, finest: number, bytes: number, format: string }} Photo */
/** @typedef {{ photo: Photo, tasks: Task[], level: number, moving: boolean }} Wish */
/** @typedef {{ version: number, level: number, exact: boolean, faces: number, since: null | Since, layers: import("./stack.js").Found[], ms: number }} Version */
/** What changed since another version, in pixels of the new one's level. @typedef {{ version: number, changed: [number, number, number, number] }} Since */
/** @typedef {{ step?: "decoding" | "analysing" | "plugin", name?: string, index?: number, total?: number, error?: string } & Partial<Version>} Line */

/** Milliseconds after which a drawing is not worth waiting for when there is a newer wish. */
const SLOW = 400;
/** Milliseconds to a version beyond which a moving slider is followed on a coarser level, until it rests. */
const SLUGGISH = 150;
/** Versions whose changes are remembered. */
const REMEMBERED = 64;
/** Share of a drawing that decoding and analysing take. */
const LOOKED = 0.5;
/** Milliseconds in which a version that was drawn should be on the screen. */
const SHOWN = 2000;

/** The payload of tasks; the wire knows no layered Photoshop documents. @param {Task[]} tasks @param {string} [form] @returns {Record<string, unknown>} */
export function payload(tasks, form = "flat") {
  if (form === "layers") {
    // A selection of the skin goes with the layers, behind Face Detection only.
    const front = tasks.findIndex((task) => task.Plugin !== "Face Detection");
    const mask = tasks.some((task) => task.Plugin === "Skin Mask") ? [] : [{ Plugin: "Skin Mask" }];
    const all = [...tasks.slice(0, front), ...mask, ...tasks.slice(front)];
    return { mode: "professional", tasks: all.map((task) => ({ ...task, Layer: 1 })), outputFormat: "zip" };
  }
  return { mode: "professional", tasks };
}

/** The tiles of an upload. @param {Photo} photo @returns {Source} */
export function before(photo) {
  const { id, width, height, finest } = photo;
  return { width, height, finest, tile: (level, column, row) => `/studio/try/${id}/before/${level}/${column}/${row}` };
}

/** The tiles of a version. @param {Photo} photo @param {Version} version @param {number[]} [hidden] @returns {Source} */
export function after({ id, width, height }, { version, level: finest }, hidden = []) {
  const hide = hidden.length > 0 ? `?hide=${hidden.join(",")}` : "";
  const whole = hidden.length === 0 ? version : undefined;
  return { width, height, finest, version: whole, tile: (level, column, row) => `/studio/try/${id}/after/${version}/${level}/${column}/${row}${hide}` };
}

/** The level that a wish can have. @param {Wish} wish */
function levelOf({ level, photo }) {
  return Math.max(level, photo.finest);
}

/** Fires "busy" and "idle", "step" ({detail: {text, share}}, how much of the drawing lies behind, 0 to 1), "drawn" ({detail: {version, wish}}), "trouble" ({detail: {message, status}}). */
export class Drawing extends EventTarget {
  /** @type {Wish | undefined} */
  #wanted;
  /** @type {AbortController | undefined} */
  #under;
  /** The wish that is drawn. @type {Wish | undefined} */
  #drawn;
  /** The level that was asked for; a sketch is coarser. */
  #drawnLevel = 0;
  #began = 0;
  #hasVersion = false;
  #hasExact = false;
  /** Milliseconds to a version for a slider of a plugin, by level and plugin. @type {Map<string, number>} */
  #pace = new Map();
  /** The plugin whose settings changed last. */
  #moved = "";
  /** Levels of which there have been sketches, which are one level coarser: there they come quickly. @type {Set<number>} */
  #sketched = new Set();
  /** What changed from version to version. @type {Map<number, Version>} */
  #changes = new Map();
  /** What is shown: the version, and the wish it fulfils. @type {{version: Version, wish: Wish} | undefined} */
  shown;

  /** @param {Viewer} viewer */
  constructor(viewer) {
    super();
    this.viewer = viewer;
  }

  /** @param {Wish} wish */
  want(wish) {
    const isSame = this.#isDrawn(wish) && this.#drawnLevel === levelOf(wish);
    if (this.#under && isSame && !this.#drawn?.moving && !this.#hasExact) {
      // Just that is on its way, perhaps behind a sketch that is shown already.
      this.#wanted = undefined;
      return;
    }
    this.#wanted = wish;
    if (!this.#under) {
      void this.#run();
      return;
    }
    const isSlow = performance.now() - this.#began > SLOW;
    // A slider that was let go of wants what is being drawn, only exactly.
    if (this.#hasVersion || (!this.#isDrawn(wish) && (!wish.moving || isSlow))) this.#under.abort();
  }

  /** True when the drawing under way has the same settings. @param {Wish} wish */
  #isDrawn({ photo, tasks }) {
    return this.#drawn?.photo === photo && JSON.stringify(this.#drawn.tasks) === JSON.stringify(tasks);
  }

  /** The first plugin whose settings a wish changes. @param {Wish} wish */
  #changed({ tasks }) {
    const shown = this.shown?.wish.tasks ?? [];
    return tasks.find((task, index) => JSON.stringify(task) !== JSON.stringify(shown[index]))?.Plugin;
  }

  /** Nothing is wanted any more. */
  stop() {
    this.#wanted = undefined;
    this.#under?.abort();
    this.shown = undefined;
  }

  /** Forgets what is known about another photo's pace. */
  reset() {
    this.stop();
    this.#pace.clear();
    this.#sketched.clear();
    this.#changes.clear();
  }

  async #run() {
    this.#tell("busy");
    while (this.#wanted) {
      const wish = this.#wanted;
      this.#wanted = undefined;
      await this.#draw(wish);
    }
    this.#tell("idle");
  }

  /** @param {Wish} wish */
  async #draw(wish) {
    const under = new AbortController();
    this.#under = under;
    this.#drawn = wish;
    this.#began = performance.now();
    this.#hasVersion = false;
    this.#hasExact = false;
    let hasWord = false;
    let level = levelOf(wish);
    this.#moved = this.#changed(wish) ?? this.#moved;
    // What is not known yet is tried coarsely; how long it takes on the level itself is seen when the slider rests.
    const isQuick = (this.#pace.get(`${level} ${this.#moved}`) ?? Infinity) <= SLUGGISH;
    if (wish.moving && !isQuick && this.#sketched.has(level)) level += 1;
    this.#drawnLevel = level;
    try {
      const response = await ask(`/studio/try/${wish.photo.id}/draw`, { body: { payload: payload(wish.tasks), level, moving: wish.moving }, signal: under.signal });
      for await (const line of lines(response)) {
        hasWord ||= Boolean(line.error ?? line.version);
        if (line.error) this.#tell("trouble", { message: line.error, status: 0 });
        else if (line.step) this.#tell("step", said(line));
        else if (line.version) await this.#show(/** @type {Version} */ (line), wish);
        if (this.#hasVersion && this.#wanted) under.abort();
      }
      // A connection that was cut cleanly says nothing.
      if (!hasWord) this.#tell("trouble", { message: words.cut, status: 0 });
    } catch (error) {
      if (!under.signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        this.#tell("trouble", { message, status: error instanceof Refused ? error.status : 0 });
      }
    } finally {
      this.#under = undefined;
    }
  }

  /** @param {Version} version @param {Wish} wish */
  async #show(version, wish) {
    const isFirst = !this.#hasVersion;
    const isPaced = isFirst && (wish.moving || this.shown?.wish.moving);
    this.#hasExact = version.exact;
    if (!wish.moving && version.level === this.#drawnLevel + 1) this.#sketched.add(this.#drawnLevel);
    this.shown = { version, wish };
    const onScreen = new Promise((resolve) => {
      const timer = setTimeout(resolve, SHOWN);
      this.viewer.addEventListener("shown", () => {
        clearTimeout(timer);
        resolve(undefined);
      }, { once: true });
    });
    this.#changes.set(version.version, version);
    for (const old of this.#changes.keys()) if (old <= version.version - REMEMBERED) this.#changes.delete(old);
    this.viewer.setAfter(after(wish.photo, version), this.#sameTiles(version));
    this.#hasVersion = true;
    await onScreen;
    if (isPaced) this.#pace.set(`${version.level} ${this.#moved}`, performance.now() - this.#began);
    this.#tell("drawn", { version, wish });
  }

  /** Tells the tiles in which a version looks like the one on the screen. @param {Version} version */
  #sameTiles({ version, level }) {
    const shown = this.viewer.after?.version;
    /** @type {Since["changed"][]} */
    const changes = [];
    for (let at = version; at !== shown; ) {
      const one = this.#changes.get(at);
      if (shown === undefined || one?.level !== level || !one.since || one.since.version < shown) return undefined;
      changes.push(one.since.changed);
      at = one.since.version;
    }
    const real = changes.filter(([, , width, height]) => width > 0 && height > 0);
    return (/** @type {number} */ tileLevel, /** @type {number} */ column, /** @type {number} */ row) => {
      if (tileLevel < level) return false;
      const side = TILE * 2 ** (tileLevel - level);
      const [left, top] = [column * side, row * side];
      return real.every(([x, y, width, height]) => x >= left + side || x + width <= left || y >= top + side || y + height <= top);
    };
  }

  /** @param {string} name @param {unknown} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** A step in words, and the share of the drawing before it. @param {Line} line */
function said({ step, name = "", index = 0, total = 1 }) {
  if (step === "plugin") return { text: words.plugin(name, index, total), share: LOOKED + (1 - LOOKED) * (index / total) };
  return step === "analysing" ? { text: words.analysing, share: LOOKED / 3 } : { text: words.decoding, share: 0 };
}

/** The JSON objects of a stream of lines. @param {Response} response @returns {AsyncGenerator<Line>} */
async function* lines(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    const all = (rest + value).split("\n");
    rest = all.pop() ?? "";
    for (const line of all) if (line) yield JSON.parse(line);
  }
}
