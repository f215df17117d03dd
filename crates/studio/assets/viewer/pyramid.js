// @ts-check
// A picture in halved levels of square tiles: what a view needs of it, fetching that, and drawing what is there.

/** Side of a tile in pixels. */
export const TILE = 512;
/** Requests under way at a time; browsers allow six to a server, and others need some. */
const REQUESTS = 4;
/** Tiles that come at once anyway: no coarse picture is needed before them. */
const FEW = REQUESTS;
/** Tiles kept beside the visible ones. */
const SPARE = 48;
/** Tries for a tile while the server is busy. */
const TRIES = 5;
/** Statuses that pass by themselves. */
const BUSY = [429, 502, 503, 504];

/** @typedef {import("./viewer.js").Source} Source */
/** Device pixels a picture pixel, and where the picture's corner lies on the canvas. @typedef {{scale: number, left: number, top: number}} Place */
/** A part of the canvas in device pixels. @typedef {{x: number, y: number, width: number, height: number}} Area */
/** A tile that arrived; pyramids of one picture's versions share those that are the same. @typedef {{bitmap: ImageBitmap, holders: number}} Arrived */
/** @typedef {{level: number, column: number, row: number, arrived?: Arrived, loading?: AbortController, tries: number, waits?: boolean, gone?: boolean, drawn: number}} Tile */

/** Fetches tiles of several pyramids, a few at a time, the most wanted first. */
export class Loader {
  /** @type {Pyramid[]} in the order in which they are served */
  pyramids = [];
  #active = 0;

  /** Starts what may be started. */
  pump() {
    while (this.#active < REQUESTS) {
      const next = this.pyramids.map((pyramid) => ({ pyramid, tile: pyramid.next() })).find((one) => one.tile);
      if (!next?.tile) return;
      this.#active += 1;
      void next.pyramid.load(next.tile).finally(() => {
        this.#active -= 1;
        this.pump();
      });
    }
  }
}

export class Pyramid {
  /** @type {Map<string, Tile>} */
  #tiles = new Map();
  /** @type {Tile[]} */
  #wanted = [];
  #turn = 0;
  /** True while tiles one level coarser than the fitting one will do. */
  isRough = false;

  /**
   * @param {Source} source
   * @param {() => void} changed a tile arrived
   * @param {(status: number) => void} troubled a tile will never arrive
   */
  constructor(source, changed, troubled) {
    this.source = source;
    this.width = source.width;
    this.height = source.height;
    this.changed = changed;
    this.troubled = troubled;
    this.coarsest = 0;
    while (Math.max(...this.size(this.coarsest)) > TILE) this.coarsest += 1;
    this.finest = Math.min(source.finest ?? 0, this.coarsest);
  }

  /** Width and height of a level. @param {number} level @returns {[number, number]} */
  size(level) {
    return [Math.ceil(this.width / 2 ** level), Math.ceil(this.height / 2 ** level)];
  }

  /** The coarsest level that is not enlarged at this scale. @param {number} scale */
  levelFor(scale) {
    const exact = Math.floor(Math.log2(1 / scale) + 1e-6);
    return Math.min(Math.max(exact, this.finest), this.coarsest);
  }

  /** The level that is fetched and drawn. @param {number} scale */
  #shown(scale) {
    return Math.min(this.levelFor(scale) + Number(this.isRough), this.coarsest);
  }

  /** Takes over the tiles of an older version that cannot have changed. @param {Pyramid} older @param {(level: number, column: number, row: number) => boolean} isSame */
  adopt(older, isSame) {
    for (const [key, tile] of older.#tiles) {
      if (tile.arrived && isSame(tile.level, tile.column, tile.row)) {
        tile.arrived.holders += 1;
        this.#tiles.set(key, { level: tile.level, column: tile.column, row: tile.row, arrived: tile.arrived, tries: 0, drawn: 0 });
      }
    }
  }

  /**
   * Says what is to be seen: visible tiles come, others on their way are called off.
   * @param {Place} place @param {Area} area
   * @param {boolean} sketch true when a coarse picture is wanted at once
   */
  want(place, area, sketch) {
    const wanted = this.#visible(this.#shown(place.scale), place, area);
    if (sketch && wanted.length > FEW && !wanted.every((tile) => tile.arrived)) wanted.unshift(...this.#visible(this.coarsest, place, area));
    this.#turn += 1;
    for (const tile of wanted) tile.drawn = this.#turn;
    for (const tile of this.#wanted) {
      if (tile.drawn !== this.#turn) tile.loading?.abort();
    }
    this.#wanted = wanted.filter((tile) => !tile.arrived && !tile.gone);
    this.#trim(wanted.length + SPARE);
  }

  /** The tile to fetch next. */
  next() {
    return this.#wanted.find((tile) => !tile.arrived && !tile.loading && !tile.waits && !tile.gone);
  }

  /** Fetches a tile. @param {Tile} tile */
  async load(tile) {
    const loading = new AbortController();
    tile.loading = loading;
    try {
      const response = await fetch(this.source.tile(tile.level, tile.column, tile.row), { signal: loading.signal, credentials: "same-origin" });
      if (!response.ok) {
        this.#refused(tile, response.status);
        return;
      }
      const bitmap = await createImageBitmap(await response.blob());
      if (loading.signal.aborted) bitmap.close();
      else tile.arrived = { bitmap, holders: 1 };
    } catch {
      if (!loading.signal.aborted) this.#refused(tile, 503);
    } finally {
      if (tile.loading === loading) tile.loading = undefined;
    }
    if (tile.arrived) this.changed();
  }

  /** @param {Tile} tile @param {number} status */
  #refused(tile, status) {
    tile.tries += 1;
    if (BUSY.includes(status) && tile.tries < TRIES) {
      tile.waits = true;
      setTimeout(() => {
        tile.waits = false;
        this.changed();
      }, 250 * 2 ** tile.tries);
    } else {
      tile.gone = true;
      this.troubled(status);
    }
  }

  /** True when every visible tile of the fitting level is there, or will never be. @param {Place} place @param {Area} area */
  isWhole(place, area) {
    return this.#visible(this.#shown(place.scale), place, area).every((tile) => tile.arrived || tile.gone);
  }

  /**
   * Draws what is there, coarse below fine.
   * @param {CanvasRenderingContext2D} context @param {Place} place @param {Area} area
   */
  draw(context, place, area) {
    const level = this.#shown(place.scale);
    const whole = this.isWhole(place, area);
    context.imageSmoothingEnabled = place.scale < 1 || (place.scale < 2 && place.scale !== 1) || level > 0;
    context.imageSmoothingQuality = "high";
    if (!whole) {
      for (let coarse = this.coarsest; coarse > level; coarse -= 1) this.#drawLevel(context, coarse, place, area);
      if (level > this.finest) this.#drawLevel(context, level - 1, place, area);
    }
    this.#drawLevel(context, level, place, area);
  }

  /** Lets go of everything. */
  drop() {
    this.#wanted = [];
    for (const tile of this.#tiles.values()) this.#release(tile);
    this.#tiles.clear();
  }

  /** @param {CanvasRenderingContext2D} context @param {number} level @param {Place} place @param {Area} area */
  #drawLevel(context, level, place, area) {
    const step = place.scale * 2 ** level;
    const [width, height] = this.size(level);
    // Edges fall on whole device pixels, and neighbours share them: no seams.
    const x = (/** @type {number} */ at) => Math.round(place.left + Math.min(at, width) * step);
    const y = (/** @type {number} */ at) => Math.round(place.top + Math.min(at, height) * step);
    for (const [column, row] of this.#cells(level, place, area)) {
      const bitmap = this.#tiles.get(`${level}/${column}/${row}`)?.arrived?.bitmap;
      if (!bitmap) continue;
      const [left, top] = [x(column * TILE), y(row * TILE)];
      context.drawImage(bitmap, left, top, x((column + 1) * TILE) - left, y((row + 1) * TILE) - top);
    }
  }

  /** Visible tiles of a level, the middle first. @param {number} level @param {Place} place @param {Area} area @returns {Tile[]} */
  #visible(level, place, area) {
    return this.#cells(level, place, area).map(([column, row]) => {
      const key = `${level}/${column}/${row}`;
      const tile = this.#tiles.get(key) ?? { level, column, row, tries: 0, drawn: 0 };
      this.#tiles.set(key, tile);
      return tile;
    });
  }

  /** Columns and rows of a level's visible tiles. @param {number} level @param {Place} place @param {Area} area @returns {[number, number][]} */
  #cells(level, place, area) {
    const side = place.scale * 2 ** level * TILE;
    const [width, height] = this.size(level);
    const range = (/** @type {number} */ from, /** @type {number} */ length, /** @type {number} */ count) => [
      Math.max(0, Math.floor(from / side)),
      Math.min(Math.ceil(count / TILE), Math.ceil((from + length) / side)),
    ];
    const [left = 0, right = 0] = range(area.x - place.left, area.width, width);
    const [top = 0, bottom = 0] = range(area.y - place.top, area.height, height);
    /** @type {[number, number][]} */
    const cells = [];
    for (let row = top; row < bottom; row += 1) for (let column = left; column < right; column += 1) cells.push([column, row]);
    const [cx, cy] = [(left + right - 1) / 2, (top + bottom - 1) / 2];
    const far = (/** @type {[number, number]} */ [column, row]) => Math.hypot(column - cx, row - cy);
    return cells.sort((a, b) => far(a) - far(b));
  }

  /** @param {number} room */
  #trim(room) {
    if (this.#tiles.size <= room) return;
    // The coarsest level is small and always good for a start.
    const old = [...this.#tiles].filter(([, tile]) => tile.drawn !== this.#turn && tile.level !== this.coarsest);
    old.sort(([, a], [, b]) => a.drawn - b.drawn);
    for (const [key, tile] of old.slice(0, this.#tiles.size - room)) {
      this.#release(tile);
      this.#tiles.delete(key);
    }
  }

  /** @param {Tile} tile */
  #release(tile) {
    tile.loading?.abort();
    if (!tile.arrived) return;
    tile.arrived.holders -= 1;
    if (tile.arrived.holders === 0) tile.arrived.bitmap.close();
    tile.arrived = undefined;
  }
}
