// @ts-check
// The viewer: comparing, zooming, moving, by mouse, touch and keys.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { House, openBrowser, signIn, troubles } from "../harness/house.js";
import { canvasColour, settled } from "../harness/pixels.js";

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("playwright-core").Page} */
let page;
/** @type {string[]} */
let trouble;
/** Addresses of tiles asked for. @type {string[]} */
const tiles = [];

before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
  const context = await browser.newContext({ viewport: { width: 1280, height: 560 }, reducedMotion: "reduce" });
  page = await context.newPage();
  trouble = troubles(page);
  page.on("request", (request) => {
    if (/\/(before|after)\//.test(request.url())) tiles.push(request.url());
  });
  await signIn(page, house, { next: "/studio/try" });
  await page.getByRole("button", { name: "Sample: light skin" }).click();
  await settled(page);
  await page.getByRole("button", { name: "Heavy" }).click();
  await page.waitForFunction(() => Number(/** @type {HTMLElement} */ (document.querySelector("#try")).dataset.version) > 1);
  await settled(page);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const stage = () => page.locator(".viewer-stage");
const divider = () => page.getByRole("slider", { name: "Divider between before and after" });
const mode = (/** @type {string} */ name) => page.locator(".viewer-bar").getByRole("button", { name, exact: true }).click();
const percent = () => page.locator(".viewer-percent").innerText();
const quiet = () => page.waitForTimeout(400);
const levels = () => new Set(tiles.map((address) => Number(address.match(/(\d+)\/\d+\/\d+(\?.*)?$/)?.[1])));

test("the divider is moved by mouse and by keys", async () => {
  await mode("Divider");
  const box = await stage().boundingBox();
  assert.ok(box);
  const handle = await divider().boundingBox();
  assert.ok(handle);
  assert.equal(await divider().getAttribute("aria-valuenow"), "50");
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.2, handle.y + 40, { steps: 5 });
  await page.mouse.up();
  assert.equal(await divider().getAttribute("aria-valuenow"), "20");

  await divider().focus();
  await page.keyboard.press("End");
  assert.equal(await divider().getAttribute("aria-valuenow"), "100");
  await quiet();
  const allBefore = await canvasColour(page);
  await page.keyboard.press("Home");
  assert.equal(await divider().getAttribute("aria-valuenow"), "0");
  await quiet();
  const allAfter = await canvasColour(page);
  assert.notDeepEqual(allBefore, allAfter);
  await page.keyboard.press("PageUp");
  await page.keyboard.press("ArrowRight");
  assert.equal(await divider().getAttribute("aria-valuenow"), "11");

  await mode("Before");
  await quiet();
  assert.deepEqual(await canvasColour(page), allBefore, "a divider at its end shows only before");
  await mode("After");
  await quiet();
  assert.deepEqual(await canvasColour(page), allAfter);
});

test("before is shown for as long as it is held", async () => {
  await mode("After");
  await quiet();
  const shown = await canvasColour(page);
  await stage().focus();
  await page.keyboard.down("b");
  await quiet();
  const held = await canvasColour(page);
  assert.notDeepEqual(held, shown);
  await page.keyboard.up("b");
  await quiet();
  assert.deepEqual(await canvasColour(page), shown);

  const button = page.getByRole("button", { name: "Hold for before" });
  await button.hover();
  await page.mouse.down();
  await quiet();
  assert.deepEqual(await canvasColour(page), held);
  await page.mouse.up();
  await quiet();
  assert.deepEqual(await canvasColour(page), shown);
});

test("side by side shows the same part twice", async () => {
  await mode("Side by side");
  await quiet();
  const [left, right] = [await canvasColour(page, { x: 0, y: 0, width: 0.49, height: 1 }), await canvasColour(page, { x: 0.51, y: 0, width: 0.49, height: 1 })];
  assert.ok(Math.abs(left.lit - right.lit) < 0.02, `${left.lit} ${right.lit}`);
  assert.notDeepEqual(left.colour, right.colour);
});

test("the difference is dark where nothing changes", async () => {
  await mode("Difference");
  await quiet();
  const face = await canvasColour(page, { x: 0.45, y: 0.4, width: 0.1, height: 0.1 });
  const corner = await canvasColour(page, { x: 0.01, y: 0.01, width: 0.02, height: 0.02 });
  assert.ok(face.lit > 0.3, `the face lights up: ${face.lit}`);
  assert.equal(corner.lit, 0);
  await page.getByRole("combobox", { name: "Amplify the difference" }).selectOption("32");
  await quiet();
  const amplified = await canvasColour(page, { x: 0.45, y: 0.4, width: 0.1, height: 0.1 });
  assert.ok((amplified.colour[0] ?? 0) > (face.colour[0] ?? 0));
  await mode("Divider");
});

test("zoom to fit, 100 % and 400 %, by button, key, wheel and double click; tiles of the fitting level only", async () => {
  assert.ok(!levels().has(0), "nothing was asked for in full size to fit the window");
  const zoom = (/** @type {string} */ name) => page.locator(".viewer-bar").getByRole("button", { name, exact: true }).click();
  const fit = await percent();
  await zoom("100 %");
  assert.equal(await percent(), "100 %");
  await settled(page);
  await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector("#try")).dataset.level === "0");
  assert.ok(levels().has(0));
  await zoom("400 %");
  assert.equal(await percent(), "400 %");
  await stage().focus();
  await page.keyboard.press("0");
  assert.equal(await percent(), fit);
  await page.keyboard.press("1");
  assert.equal(await percent(), "100 %");
  await page.keyboard.press("-");
  assert.equal(await percent(), "50 %");
  const box = await stage().boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width / 3, box.y + box.height / 3);
  await page.mouse.wheel(0, -200);
  await quiet();
  assert.ok(Number.parseFloat(await percent()) > 50);
  await page.mouse.dblclick(box.x + box.width / 3, box.y + box.height / 3);
  assert.equal(await percent(), fit);
});

test("a picture pixel is a device pixel at 100 %", async () => {
  await mode("Before");
  await page.locator(".viewer-bar").getByRole("button", { name: "100 %", exact: true }).click();
  await page.waitForTimeout(400);
  const same = await page.evaluate(async () => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".viewer-canvas"));
    const box = canvas.getBoundingClientRect();
    if (canvas.width !== Math.round(box.width * devicePixelRatio)) return "the canvas has other pixels than the screen";
    const image = /** @type {HTMLImageElement} */ (document.querySelector(".strip-photo img"));
    const response = await fetch(image.src.replace(/thumb$/, "before/0/0/0"));
    const bitmap = await createImageBitmap(await response.blob());
    const tile = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(512, 512).getContext("2d"));
    tile.drawImage(bitmap, 0, 0);
    const wanted = tile.getImageData(440, 480, 64, 1).data;
    const shown = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
    // The row of the tile is somewhere on the canvas, pixel by pixel.
    for (let y = 0; y < shown.height; y += 1) {
      for (let x = 0; x + 64 <= shown.width; x += 1) {
        let index = 0;
        while (index < wanted.length && wanted[index] === shown.data[4 * (y * shown.width + x) + index]) index += 1;
        if (index === wanted.length) return "";
      }
    }
    return "the tile is not there as it is";
  });
  assert.equal(same, "");
});

test("the picture is moved by mouse and by keys", async () => {
  const at = () => page.evaluate(() => {
    const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector(".viewer-canvas"));
    return [.../** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(canvas.width / 2, canvas.height / 2, 16, 1).data].join();
  });
  await page.locator(".viewer-bar").getByRole("button", { name: "400 %", exact: true }).click();
  await quiet();
  const first = await at();
  await stage().focus();
  await page.keyboard.press("ArrowRight");
  await quiet();
  const second = await at();
  assert.notEqual(second, first);
  await page.keyboard.press("ArrowLeft");
  await quiet();
  assert.equal(await at(), first);
  const box = await stage().boundingBox();
  assert.ok(box);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 60, box.y + box.height / 2, { steps: 4 });
  await page.mouse.up();
  await quiet();
  assert.equal(await at(), second, "as far as the key moves it");
});

test("a picture that is long in coming says so", async () => {
  /** @type {() => void} */
  let goOn = () => {};
  const held = new Promise((resolve) => (goOn = () => resolve(null)));
  await page.route("**/after/**", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Slight" }).click();
  const said = page.locator(".viewer-said");
  await said.filter({ hasText: "Loading" }).waitFor();
  goOn();
  await said.filter({ hasNotText: "Loading" }).waitFor({ state: "attached" });
  await page.unroute("**/after/**");
  await settled(page);
});

test("nothing went wrong on the way", () => assert.deepEqual(trouble, []));
