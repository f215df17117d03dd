// @ts-check
// Looking at pixels in the page: of the canvas, of tiles.

/** @typedef {import("playwright-core").Page} Page */

/**
 * Mean colour of a part of the viewer's canvas, 0 to 255, and the share of its pixels that are not black.
 * @param {Page} page @param {{x: number, y: number, width: number, height: number}} [part] shares of the canvas
 */
export function canvasColour(page, part = { x: 0, y: 0, width: 1, height: 1 }) {
  return page.evaluate((part) => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".viewer-canvas"));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const { width, height } = canvas;
    const { data } = context.getImageData(part.x * width, part.y * height, Math.max(1, part.width * width), Math.max(1, part.height * height));
    const sum = [0, 0, 0];
    let lit = 0;
    for (let index = 0; index < data.length; index += 4) {
      for (let channel = 0; channel < 3; channel += 1) sum[channel] = (sum[channel] ?? 0) + (data[index + channel] ?? 0);
      if ((data[index] ?? 0) + (data[index + 1] ?? 0) + (data[index + 2] ?? 0) > 12) lit += 1;
    }
    const count = data.length / 4;
    return { colour: sum.map((one) => one / count), lit: lit / count };
  }, part);
}

/**
 * How much the shown version of the photo being tried differs from the upload, in the face and on the background: mean
 * difference in the middle of the largest face, share of background pixels that differ by more than 2.
 * @param {Page} page
 */
export function changes(page) {
  return page.evaluate(async () => {
    const room = /** @type {HTMLElement} */ (document.querySelector("#try"));
    const image = /** @type {HTMLImageElement} */ (document.querySelector(".strip-photo[aria-pressed=true] img"));
    const base = image.src.replace(/\/thumb$/, "");
    const level = Number(room.dataset.level);
    const version = room.dataset.version;
    const seen = await (await fetch(`${base}/seen`)).json();

    const decode = async (/** @type {string} */ address) => {
      const response = await fetch(address);
      if (!response.ok) return undefined;
      const bitmap = await createImageBitmap(await response.blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const background = await decode(`${base}/regions?show=background`);
    if (!background) throw new Error("no regions");

    // All tiles of the level, one beside the other.
    /** @type {{before: ImageData, after: ImageData, left: number, top: number}[]} */
    const tiles = [];
    let [width, height] = [0, 0];
    for (let row = 0; ; row += 1) {
      let column = 0;
      for (; ; column += 1) {
        const before = await decode(`${base}/before/${level}/${column}/${row}`);
        if (!before) break;
        const after = await decode(`${base}/after/${version}/${level}/${column}/${row}`);
        if (!after) throw new Error("no tile of the version");
        tiles.push({ before, after, left: column * 512, top: row * 512 });
        width = Math.max(width, column * 512 + before.width);
        height = Math.max(height, row * 512 + before.height);
      }
      if (column === 0) break;
    }

    const [left, top, right, bottom] = seen.faces[0].bounds.map((/** @type {number} */ side) => side / 2 ** level);
    const inner = { left: left + (right - left) / 4, right: right - (right - left) / 4, top: top + (bottom - top) / 4, bottom: bottom - (bottom - top) / 4 };
    let [face, faceCount, odd, backgroundCount] = [0, 0, 0, 0];
    const alphaAt = (/** @type {number} */ x, /** @type {number} */ y) => {
      const column = Math.min(background.width - 1, Math.max(0, Math.floor((x / width) * background.width)));
      const row = Math.min(background.height - 1, Math.max(0, Math.floor((y / height) * background.height)));
      return background.data[4 * (row * background.width + column) + 3] ?? 0;
    };
    // Blocks of a JPEG hold 8 x 8 pixels: what is near something else may tremble with it.
    const surelyBackground = (/** @type {number} */ x, /** @type {number} */ y) =>
      [[0, 0], [-16, 0], [16, 0], [0, -16], [0, 16]].every(([dx = 0, dy = 0]) => alphaAt(x + dx, y + dy) >= 119);
    for (const tile of tiles) {
      for (let y = 0; y < tile.before.height; y += 1) {
        for (let x = 0; x < tile.before.width; x += 1) {
          const index = 4 * (y * tile.before.width + x);
          const difference = Math.max(...[0, 1, 2].map((channel) => Math.abs((tile.before.data[index + channel] ?? 0) - (tile.after.data[index + channel] ?? 0))));
          const [px, py] = [tile.left + x, tile.top + y];
          if (px > inner.left && px < inner.right && py > inner.top && py < inner.bottom) {
            face += difference;
            faceCount += 1;
          } else if (x % 4 === 0 && y % 4 === 0 && surelyBackground(px, py)) {
            backgroundCount += 1;
            if (difference > 2) odd += 1;
          }
        }
      }
    }
    return { face: face / faceCount, background: odd / Math.max(1, backgroundCount), backgroundCount };
  });
}

/** Waits until the newest settings are drawn exactly and on the screen. @param {Page} page */
export async function settled(page) {
  await page.waitForFunction(() => {
    const room = /** @type {HTMLElement} */ (document.querySelector("#try"));
    return room.dataset.exact === "true" && room.dataset.busy === undefined;
  }, undefined, { timeout: 60_000 });
}

/** Does something that changes the settings and waits for the picture of it. @param {Page} page @param {() => Promise<unknown>} change */
export async function redrawn(page, change) {
  const before = await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector("#try")).dataset.version);
  await change();
  await page.waitForFunction((before) => /** @type {HTMLElement} */ (document.querySelector("#try")).dataset.version !== before, before, { timeout: 60_000 });
  await settled(page);
}
