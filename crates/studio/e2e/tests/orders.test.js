// @ts-check
// Orders and executions: live progress, filters, failures and retries, calling off, downloads, isolation.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, signIn, troubles } from "../harness/house.js";
import { makeWorkflow, photos, runOn, stranger } from "../harness/photos.js";

const WORK = 90_000;

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** The names and contents in a ZIP whose files are stored as they are. @param {Buffer} zip */
function unpack(zip) {
  const files = new Map();
  const end = zip.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    assert.equal(zip.readUInt16LE(at + 10), 0, "stored, not deflated");
    const [size, nameLength, extra, comment, local] = [zip.readUInt32LE(at + 24), zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30), zip.readUInt16LE(at + 32), zip.readUInt32LE(at + 42)];
    const name = zip.subarray(at + 46, at + 46 + nameLength).toString("utf8");
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    files.set(name, zip.subarray(begin, begin + size));
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

test("without orders the page says how to begin", async () => {
  const page = await browser.newPage();
  await signIn(page, house, { next: "/studio/orders" });
  assert.match(await page.locator("main").innerText(), /No orders yet/);
  await assertAccessible(page, "no orders");
  await page.close();
});

test("an order is followed live, filtered and downloaded as a whole", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  await signIn(page, house);
  const workflow = await makeWorkflow(page, { name: "Plain", price: 2 });
  const names = ["rose.jpg", "tulip.jpg", "rose.jpg", "Lilie ä.jpg"];
  const order = await runOn(page, house.base, workflow, await photos(browser, names), "Flowers");
  await page.locator("[data-counts]").filter({ hasText: "4 done · 4 pictures" }).waitFor({ timeout: WORK });
  // Rows and counts come in events of their own: rows follow without loading the page again, but not in the same moment.
  const completed = page.locator("tr[data-state=completed]");
  await completed.nth(3).waitFor();
  assert.equal(await completed.count(), 4);
  assert.equal(await page.locator(".order-head [data-price]").innerText(), "8");
  await assertAccessible(page, "order");

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download all as ZIP" }).click()]);
  assert.equal(download.suggestedFilename(), "Flowers.zip");
  const files = unpack(readFileSync(await download.path()));
  assert.deepEqual([...files.keys()].sort(), ["Lilie ä.jpg", "rose (2).jpg", "rose.jpg", "tulip.jpg"]);
  for (const [name, bytes] of files) assert.equal(bytes.subarray(0, 3).toString("hex"), "ffd8ff", name);

  await page.getByLabel("Text").fill("TULIP");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.equal(await page.locator("tr[data-execution]").count(), 1);
  const single = page.getByRole("link", { name: /Download tulip/ });
  const [one] = await Promise.all([page.waitForEvent("download"), single.click()]);
  assert.deepEqual(readFileSync(await one.path()), files.get("tulip.jpg"));

  await page.goto(`${house.base}/studio/executions?state=failed`);
  assert.match(await page.locator("main").innerText(), /Nothing fits the filter/);
  await page.goto(`${house.base}/studio/executions?since=2001-01-01&until=2001-01-02`);
  assert.match(await page.locator("main").innerText(), /Nothing fits the filter/);
  await page.goto(`${house.base}/studio/executions?state=done`);
  assert.equal(await page.locator("tr[data-execution]").count(), 4);
  await assertAccessible(page, "executions");
  await page.goto(`${house.base}/studio/orders?text=flow`);
  assert.equal(await page.locator("tr[data-order]").count(), 1);
  await assertAccessible(page, "orders");
  await page.goto(`${house.base}${order}`);
  await page.locator("tr[data-execution] a.picture").first().click();
  await page.getByRole("heading", { name: "Attempts" }).waitFor();
  assert.match(await page.locator("main").innerText(), /completed/);
  await assertAccessible(page, "execution");
  assert.deepEqual(trouble, []);
  await page.close();
});

test("what failed says why and is retried, one and all", async () => {
  const page = await browser.newPage();
  await signIn(page, house);
  // No TIFF fits a kilobyte.
  const workflow = await makeWorkflow(page, { name: "Too tight", export: { format: "tiff", fileSize: 1 } });
  const order = await runOn(page, house.base, workflow, await photos(browser, ["a.jpg", "b.jpg"], 120), "Tight");
  const failed = page.locator("[data-counts]").filter({ hasText: "2 failed or called off · 2 pictures" });
  await failed.waitFor({ timeout: WORK });
  assert.match(await page.locator("[data-reason]").first().innerText(), /no picture fits 1000 bytes/);
  assert.equal(await page.locator(".order-head [data-price]").innerText(), "0", "what failed costs nothing");
  await page.getByRole("button", { name: "Retry a.jpg" }).click();
  await page.waitForURL(/notice=retried/);
  await failed.waitFor({ timeout: WORK });
  await page.locator("tr[data-execution] a.picture").filter({ hasText: "a.jpg" }).click();
  assert.deepEqual(await page.locator("section table tbody th").allInnerTexts(), ["1.1", "2.1"], "each round has its attempt");
  await page.goto(`${house.base}${order}`);
  await page.getByRole("button", { name: "Retry what is not done" }).click();
  await page.waitForURL(/notice=order-retried/);
  await failed.waitFor({ timeout: WORK });
  await page.goto(`${house.base}${order}?state=failed`);
  assert.equal(await page.locator("tr[data-execution]").count(), 2);
  await page.close();
});

test("an order without credits waits for them; others are called off before they begin", async () => {
  const eve = await stranger(house, "Poor");
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house, eve);
  const workflow = await makeWorkflow(page, { name: "Dear", price: 50 });
  await runOn(page, house.base, workflow, await photos(browser, ["x.jpg", "y.jpg"]), "Unpaid");
  await page.locator("[data-counts]").filter({ hasText: "2 needs credits" }).waitFor({ timeout: WORK });
  await house.admin(["credits", "add", "--organization", "Poor Studio", "70"]);
  await page.getByRole("button", { name: "Retry what is not done" }).click();
  await page.waitForURL(/notice=order-retried/);
  await page.locator("[data-counts]").filter({ hasText: "1 done · 1 needs credits · 2 pictures" }).waitFor({ timeout: WORK });
  await page.getByRole("button", { name: /^Retry [xy]\.jpg$/ }).click();
  await page.waitForURL(/notice=retried-unpaid/);
  await context.close();
});

test("what is left of an order is called off, and counted as that", async () => {
  const page = await browser.newPage();
  page.on("dialog", (dialog) => void dialog.accept());
  await signIn(page, house);
  const workflow = await makeWorkflow(page, { name: "Long", components: [{ type: "heal" }, { type: "dodge-burn" }, { type: "portrait-volumes" }] });
  const names = Array.from({ length: 12 }, (_, index) => `l${index}.jpg`);
  await runOn(page, house.base, workflow, await photos(browser, names, 1000), "Called off");
  await page.getByRole("button", { name: "Call off what is left" }).click();
  await page.waitForURL(/notice=order-cancelled/);
  const ended = page.locator("[data-counts]").filter({ hasText: /\d+ failed or called off · 12 pictures/ }).filter({ hasNotText: /at work|waiting/ });
  await ended.waitFor({ timeout: WORK });
  assert.equal(await page.getByRole("button", { name: "Call off what is left" }).count(), 0, "nothing is left");
  await page.reload();
  await ended.waitFor();
  await page.getByLabel("State").selectOption({ label: "failed or called off" });
  await page.getByRole("button", { name: "Filter" }).click();
  const off = page.locator("tr[data-state=cancelled]");
  assert.ok((await off.count()) >= 1);
  assert.equal(await off.first().locator("[data-price]").innerText(), "0", "what was called off costs nothing");
  assert.doesNotMatch(await page.locator(".executions thead").innerText(), /Workflow/, "it is the order's");
  await page.close();
});

test("another organization sees nothing, hears nothing and fetches nothing", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house);
  const workflow = await makeWorkflow(page, { name: "Private" });
  const order = await runOn(page, house.base, workflow, await photos(browser, ["private.jpg"]), "Private");
  await page.locator("[data-counts]").filter({ hasText: "1 done" }).waitFor({ timeout: WORK });
  const execution = await page.locator("tr[data-execution]").getAttribute("data-execution");

  const eve = await stranger(house, "Eve");
  const hers = await browser.newContext();
  const desk = await hers.newPage();
  await signIn(desk, house, { ...eve, next: "/studio/orders" });
  assert.equal(await desk.locator("tr[data-order]").count(), 0);
  await desk.goto(`${house.base}/studio/executions`);
  assert.equal(await desk.locator("tr[data-execution]").count(), 0);
  const one = `/studio/executions/${execution}`;
  for (const path of [order, `${order}/zip`, one, `${one}/input`, `${one}/result`, `${one}/rounds/0`]) {
    assert.equal((await desk.request.get(`${house.base}${path}`)).status(), 404, path);
  }
  const token = (await desk.locator("meta[name=form-token]").getAttribute("content")) ?? "";
  for (const path of [`${order}/retry`, `${order}/cancel`, `${one}/retry`, `${one}/cancel`]) {
    const answer = await desk.request.post(`${house.base}${path}`, { form: { form_token: token }, headers: { origin: house.base }, maxRedirects: 0 });
    assert.equal(answer.status(), 404, path);
  }
  const heard = await desk.evaluate(
    ([id, order]) =>
      new Promise((resolve) => {
        let count = 0;
        const stream = new EventSource(`/studio/live?execution=${id}&order=${order}`);
        for (const kind of ["execution", "order"]) stream.addEventListener(kind, () => (count += 1));
        setTimeout(() => (stream.close(), resolve(count)), 3_000);
      }),
    [execution, order.split("/").at(-1)],
  );
  assert.equal(heard, 0);
  await hers.close();
  await context.close();
});

test("on a phone everything fits the width", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  await signIn(page, house);
  await page.goto(`${house.base}/studio/orders`);
  const order = await page.locator("tr[data-order] a").first().getAttribute("href");
  await page.goto(`${house.base}${order}`);
  const execution = await page.locator("tr[data-execution]").first().getAttribute("data-execution");
  for (const place of ["/studio/orders", "/studio/executions", order, `/studio/executions/${execution}`]) {
    await page.goto(`${house.base}${place}`);
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok((inner ?? 0) <= (outer ?? 0), `${place}: ${inner} > ${outer}`);
    await assertAccessible(page, `${place} on a phone`);
  }
  // A list is moved sideways rather than squeezed until words fall apart.
  await page.goto(`${house.base}/studio/executions`);
  const heights = await page.locator("tr[data-state=completed]").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  assert.ok(Math.max(...heights) < 110, `rows of ${heights}`);
  await context.close();
});
