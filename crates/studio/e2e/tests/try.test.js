// @ts-check
// Trying photos: settings that the picture follows, and what comes of them at full size.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, root, signIn, troubles } from "../harness/house.js";
import { canvasColour, changes, redrawn, settled } from "../harness/pixels.js";

const execute = promisify(execFile);

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {import("playwright-core").Page} */
let page;
/** @type {string[]} */
let trouble;

before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
  trouble = troubles(page);
  await signIn(page, house, { next: "/studio/try" });
});
after(async () => {
  await browser?.close();
  await house?.close();
});

const button = (/** @type {string} */ name) => page.getByRole("button", { name, exact: true });
const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

test("an empty page takes a photo in and shows it retouched", async (t) => {
  await assertAccessible(page, "try, empty");
  const began = performance.now();
  await page.getByRole("button", { name: "Sample: light skin" }).click();
  await page.waitForFunction(() => /** @type {HTMLElement} */ (document.querySelector("#try")).dataset.version);
  t.diagnostic(`first preview of the sample: ${Math.round(performance.now() - began)} ms`);
  await settled(page);
  assert.equal(await button("Balanced").getAttribute("aria-pressed"), "true");
  assert.match(await page.locator("#status").innerText(), /1 face/);
  await assertAccessible(page, "try, with a photo");
});

test("pixels change inside the face and not on the background", async (t) => {
  await redrawn(page, () => button("Heavy").click());
  const heavy = await changes(page);
  t.diagnostic(`heavy: ${heavy.face.toFixed(2)} levels in the face, ${(heavy.background * 100).toFixed(3)} % of the background differ`);
  assert.ok(heavy.backgroundCount > 1_000, "there is a background");
  assert.ok(heavy.face > 0.5, `the face changes: ${heavy.face}`);
  assert.ok(heavy.background < 0.002, `the background does not: ${heavy.background}`);
  await redrawn(page, () => button("Slight").click());
  const slight = await changes(page);
  assert.ok(slight.face > 0 && slight.face < heavy.face, `slight ${slight.face}, heavy ${heavy.face}`);
});

test("the picture follows a slider", async (t) => {
  await redrawn(page, () => button("Balanced").click());
  const slider = page.getByRole("slider", { name: "Skin Tone: " }).first();
  const before = await canvasColour(page);
  /** @type {number[]} */
  const times = [];
  for (let step = 0; step < 8; step += 1) {
    const shown = timed("#stack", "input");
    await slider.press(step % 2 ? "ArrowLeft" : "PageDown");
    times.push(await shown);
    await settled(page);
  }
  t.diagnostic(`slider to picture, ms: ${times.join(", ")}`);
  assert.notDeepEqual(await canvasColour(page), before);
  assert.equal(await button("Balanced").getAttribute("aria-pressed"), "false");
});

test("a layer is switched off and on, a plugin moved, removed and added", async () => {
  await redrawn(page, () => button("Balanced").click());
  const payload = async () => {
    await button("Copy payload JSON").click();
    return JSON.parse(await clipboard());
  };
  const names = async () => (await payload()).tasks.map((/** @type {any} */ task) => task.Plugin);
  const all = await names();
  assert.equal(all.length, 8);

  await redrawn(page, () => page.getByRole("button", { name: "Layer of Heal" }).click());
  assert.deepEqual(await names(), all.filter((/** @type {string} */ name) => name !== "Heal"));
  await redrawn(page, () => page.getByRole("button", { name: "Layer of Heal" }).click());
  assert.deepEqual(await names(), all);

  await redrawn(page, () => page.getByRole("button", { name: /^Move Heal/ }).press("ArrowDown"));
  assert.equal((await names())[1], "Heal");
  assert.equal(await page.locator("#stack-said").innerText(), "Heal is now 2 of 8");
  await redrawn(page, () => page.getByRole("button", { name: "Remove Heal" }).click());
  await redrawn(page, async () => void (await page.locator("#add").selectOption("Heal")));
  assert.equal((await names())[0], "Heal", "where a retoucher would put it");

  await page.getByRole("button", { name: "None", exact: true }).click();
  assert.match(await page.locator("#stack-empty").innerText(), /Nothing is retouched/);
  await redrawn(page, () => button("Balanced").click());
});

test("faces and regions are shown over the picture", async () => {
  await page.locator("#overlays summary").click();
  await page.getByLabel("Faces and landmarks").check();
  await page.locator(".try-over svg rect").waitFor();
  assert.equal(await page.locator(".try-over svg rect").count(), 1);
  await page.getByLabel(/^Skin \d/).check();
  await page.waitForFunction(() => /** @type {HTMLImageElement | null} */ (document.querySelector(".try-over img"))?.naturalWidth);
  await assertAccessible(page, "try, with overlays");
  await page.locator("#overlays summary").click();
  await page.locator(".try-over").waitFor({ state: "detached" });
});

test("run at full size: the result, its layers and a PSD, and the same payload over the wire gives the same bytes", async () => {
  await redrawn(page, () => button("Slight").click());
  await button("Run at full size").click();
  const item = page.locator(".run").first();
  await item.getByText("Done").waitFor({ timeout: 120_000 });
  const result = await fetched(item.getByRole("link", { name: "Download" }));
  assert.deepEqual([...result.subarray(0, 3)], [0xff, 0xd8, 0xff]);

  await button("Copy as curl").click();
  const line = await clipboard();
  assert.match(line, /\$ATELIER_TOKEN/);
  copyFileSync(path.join(root, "samples/portrait.jpg"), path.join(house.folder, "portrait.jpg"));
  const sent = await execute("bash", ["-c", line], { cwd: house.folder, env: { ...process.env, ATELIER_TOKEN: house.token } });
  const started = JSON.parse(sent.stdout);
  assert.equal(started.status, 200, sent.stdout);
  assert.ok(result.equals(await wired(started.id)), "program and person get the same");

  await item.getByRole("link", { name: "Compare" }).click();
  await page.locator(".viewer-divider").waitFor();
  await assertAccessible(page, "a job");
  await page.getByRole("button", { name: "Layers (ZIP)" }).click();
  assert.deepEqual([...(await edition()).subarray(0, 2)], [0x50, 0x4b]);
  await page.goBack();
  await page.getByRole("button", { name: "Layered PSD" }).click();
  const psd = await edition();
  assert.equal(psd.subarray(0, 4).toString("latin1"), "8BPS");
  assert.equal(psd.readUInt16BE(22), 8, "bits of the upload");

  await page.goto(`${house.base}/studio/jobs`);
  assert.ok((await page.locator(".job").count()) >= 3);
  await assertAccessible(page, "jobs");
  const charges = (await page.locator(".job").count()) - 2;
  assert.ok(charges >= 1);
});

test("settings and the chosen photo outlive the page being loaded again", async () => {
  await page.goto(`${house.base}/studio/try`);
  await settled(page);
  await button("Add photos").waitFor();
  await redrawn(page, () => button("Heavy").click());
  const strength = page.getByRole("spinbutton", { name: /^Skin Tone: Strength/ });
  await redrawn(page, async () => {
    await strength.fill("0.35");
    await strength.press("Enter");
  });
  await page.reload();
  await settled(page);
  assert.equal(await strength.inputValue(), "0.35");
  await strength.fill("");
  await strength.press("Tab");
  assert.equal(await strength.inputValue(), "0.35", "an empty field goes back to what counts");
});

test("a double click runs once and costs once", async () => {
  await redrawn(page, () => button("Slight").click());
  await button("Run at full size").dblclick();
  await page.locator(".toast").getByText("made already").waitFor();
  await page.locator(".run").getByText("Done").waitFor({ timeout: 120_000 });
  assert.equal(await page.locator(".run").count(), 1);
  const low = await button("Layered PSD").boundingBox();
  await button("Layered PSD").click();
  assert.equal((await button("Layered PSD").boundingBox())?.height, low?.height, "a word that is chosen stays on its line");
  await button("Run at full size").click();
  await page.locator(".run").nth(1).waitFor();
  const layered = page.locator(".run").first();
  await layered.getByText("Done").waitFor({ timeout: 120_000 });
  assert.equal(await layered.getByRole("link", { name: "Compare" }).count(), 0, "there is nothing to be compared in a document of layers");
  await layered.getByRole("link", { name: "Details" }).waitFor();
  await button("Picture").click();
});

test("a server that is away is said in plain words", async () => {
  await page.route("**/studio/try/*/run", (route) => route.abort());
  await button("Run at full size").click();
  await page.locator(".toast.bad").getByText("cannot be reached").waitFor();
  assert.equal(await page.locator(".toast.bad").getByText(/fetch/).count(), 0);
  await page.unroute("**/studio/try/*/run");
  await page.locator(".toast.bad").click();
  assert.equal(await page.locator(".toast.bad").count(), 0, "a message in the way is put away");
});

test("another session sees nothing of it", async () => {
  await page.goto(`${house.base}/studio/try`);
  const image = await page.locator(".strip-photo img").first().getAttribute("src");
  const context = await browser.newContext();
  const other = await context.newPage();
  await signIn(other, house);
  assert.equal((await other.request.get(`${house.base}${image}`)).status(), 404);
  await context.close();
});

test("what is no picture is refused in the service's words", async () => {
  const told = await page.locator("#status").innerText();
  await page.locator("#files").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") });
  await page.locator(".toast.bad").getByText(/is no .* picture/).waitFor();
  assert.equal(await page.locator("#status").innerText(), told, "what is said of the photo that is shown stays");
});

test("on a phone it is all there", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, hasTouch: true, isMobile: true });
  const phone = await context.newPage();
  await signIn(phone, house, { next: "/studio/try" });
  await phone.getByRole("button", { name: "Sample: dark skin" }).tap();
  await settled(phone);
  await assertAccessible(phone, "try on a phone");
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
  assert.ok((await canvasColour(phone)).lit > 0.2);
  // On tablets the head of the page has one line: the picture begins below it, and hides nothing that is said.
  const apart = async () => {
    await phone.evaluate(() => scrollTo(0, 0));
    const box = async (/** @type {string} */ what) => /** @type {{y: number, height: number}} */ (await phone.locator(what).boundingBox());
    const [top, viewer, status] = [await box(".top"), await box("#viewer"), await box(".try-status")];
    return { gap: Math.round(viewer.y - top.y - top.height), hidden: Math.round(viewer.y + viewer.height - status.y), height: viewer.height };
  };
  for (const width of [390, 820]) {
    await phone.setViewportSize({ width, height: 1000 });
    const { gap, hidden } = await apart();
    assert.ok(Math.abs(gap) <= 4 && hidden <= 1, `${width}: ${gap} px under the head, ${hidden} px over the status`);
  }
  await phone.setViewportSize({ width: 844, height: 390 });
  assert.ok((await apart()).height > 280, "on a low window the picture is not a stamp");
  await context.close();
});

const large = process.env.ATELIER_LARGE_PHOTO;
test("a photo of 24 megapixels", { skip: large ? false : "ATELIER_LARGE_PHOTO names none" }, async (t) => {
  await page.goto(`${house.base}/studio/try`);
  await settled(page);
  for (const round of [1, 2, 3]) {
    const first = firstPreview();
    await page.locator("#files").setInputFiles(large ?? "");
    t.diagnostic(`${round}. upload to first preview: ${await first} ms; drawing alone: ${await page.locator("#status").innerText()}`);
    await settled(page);
  }
  for (const name of ["Heal", "Dodge Burn", "Skin Tone", "Portrait Volumes", "White Teeth"]) {
    /** @type {number[]} */
    const times = [];
    for (let step = 0; step < 6; step += 1) {
      const shown = timed("#stack", "input");
      await page.getByRole("slider", { name: `${name}: ` }).first().press("ArrowLeft");
      times.push(await shown);
      await settled(page);
    }
    t.diagnostic(`${name}, slider to picture: ${times.join(", ")} ms`);
  }
  const began = performance.now();
  await redrawn(page, () => button("100 %").click());
  t.diagnostic(`to 100 %, drawn: ${Math.round(performance.now() - began)} ms`);
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(trouble.filter((line) => !/422|404|ERR_FAILED/.test(line)), []);
});

/** Milliseconds from the choice of a photo to its first picture on the screen. */
const firstPreview = () => timed("#files", "change");

/** Milliseconds from an event to the next version on the screen, as the page sees it: who asks from outside takes part in the race. @param {string} selector @param {string} event */
function timed(selector, event) {
  return page.evaluate(([selector = "", event = ""]) => {
    const room = /** @type {HTMLElement} */ (document.querySelector("#try"));
    let began = 0;
    const begin = () => {
      delete room.dataset.version;
      began = performance.now();
    };
    document.querySelector(selector)?.addEventListener(event, begin, { once: true, capture: true });
    return new Promise((/** @type {(took: number) => void} */ resolve) => {
      const observer = new MutationObserver(() => {
        if (!began || !room.dataset.version) return;
        observer.disconnect();
        resolve(Math.round(performance.now() - began));
      });
      observer.observe(room, { attributes: true });
    });
  }, [selector, event]);
}

/** @param {import("playwright-core").Locator} link */
async function fetched(link) {
  const address = await link.getAttribute("href");
  const answer = await page.request.get(`${house.base}${address}`);
  assert.equal(answer.status(), 200);
  return answer.body();
}

/** The file of the edition whose page is shown, as soon as it is done. */
async function edition() {
  await page.getByRole("link", { name: "Download" }).waitFor({ timeout: 120_000 });
  return fetched(page.getByRole("link", { name: "Download" }));
}

/** The result of a job of the wire API. @param {string} id @returns {Promise<Buffer>} */
async function wired(id) {
  for (let tries = 0; tries < 600; tries += 1) {
    const { state, message } = await (await fetch(`${house.base}/api/v1/retoucher/status/${id}`)).json();
    assert.notEqual(state, "failed", message);
    if (state === "completed") break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return Buffer.from(await (await fetch(`${house.base}/api/v1/retoucher/getFile/${id}`)).arrayBuffer());
}

