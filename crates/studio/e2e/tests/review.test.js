// @ts-check
// Review: by keyboard, with markings, claims between two reviewers, rounds after a redo, several at once, roles, isolation.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, signIn, troubles } from "../harness/house.js";
import { colleague, makeWorkflow, photos, runOn, stranger } from "../harness/photos.js";

const WORK = 90_000;

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {string} */
let workflow;

before(async () => {
  [house, browser] = await Promise.all([House.open(), openBrowser()]);
  const page = await browser.newPage();
  await signIn(page, house);
  workflow = await makeWorkflow(page, { name: "Looked at", price: 2, review: true });
  await page.close();
});
after(async () => {
  await browser?.close();
  await house?.close();
});

/** An order whose results all wait for a verdict. @param {import("playwright-core").Page} page @param {string[]} names @param {string} name */
async function waiting(page, names, name) {
  const order = await runOn(page, house.base, workflow, await photos(browser, names), name);
  await page.locator("[data-counts]").filter({ hasText: `${names.length} in review` }).waitFor({ timeout: WORK });
  return order;
}

/** @param {import("playwright-core").Page} page @param {string} order */
async function open(page, order) {
  await page.goto(`${house.base}/studio/review?order=${order.split("/").at(-1)}`);
  await page.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor({ timeout: WORK });
}

/** Waits until the desk shows a result; what it showed instead is in the message. @param {import("playwright-core").Page} page @param {string} name */
async function shows(page, name) {
  try {
    await page.locator("#name").filter({ hasText: name }).waitFor({ timeout: WORK });
  } catch (error) {
    const parts = ["#name", "#claim", "#queue", ".toasts", "dialog[open]"];
    const seen = await page.evaluate((list) => list.map((one) => `${one}: ${document.querySelector(one)?.textContent ?? "-"}`), parts);
    throw new Error(`the desk never showed ${name}; ${seen.join(", ")}`, { cause: error });
  }
}

test("with nothing to do the page says so", async () => {
  const page = await browser.newPage();
  await signIn(page, house, { next: "/studio/review" });
  assert.match(await page.locator("main").innerText(), /Nothing waits for a verdict/);
  await assertAccessible(page, "empty review");
  await page.close();
});

test("results are approved and rejected by keyboard, with a marking that is shown again after the redo", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  await signIn(page, house);
  const order = await waiting(page, ["one.jpg", "two.jpg", "three.jpg"], "By keys");
  await open(page, order);
  await page.locator("#viewer canvas, #viewer img").first().waitFor({ timeout: WORK });
  await assertAccessible(page, "review");
  const names = await page.locator("#queue .queue-name").allInnerTexts();
  assert.equal(names.length, 3);
  assert.equal(await page.locator("#name").innerText(), names[0]);

  await page.keyboard.press("ArrowRight");
  await shows(page, names[1] ?? "");
  await page.keyboard.press("ArrowLeft");
  await shows(page, names[0] ?? "");
  await page.keyboard.press("?");
  await assertAccessible(page, "keys");
  await page.keyboard.press("Escape");

  await page.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor();
  await page.keyboard.press("a");
  await shows(page, names[1] ?? "");
  assert.equal(await page.locator("#queue .queue-name").count(), 2);

  // A rectangle is drawn, named, and goes along with the rejection.
  await page.locator("#viewer canvas, #viewer img").first().waitFor();
  await page.keyboard.press("m");
  assert.equal(await page.locator("#mark").getAttribute("aria-pressed"), "true");
  const box = await page.locator("#viewer").boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x - 30, y - 40);
  await page.mouse.down();
  await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.move(x + 30, y + 20, { steps: 4 });
  await page.mouse.up();
  await page.locator("#marks input").fill("this mole is gone");
  await page.locator("#marks input").press("Enter");
  await page.keyboard.press("r");
  await assertAccessible(page, "reject");
  await page.keyboard.press("2");
  await page.getByLabel("Comment").fill("left cheek");
  await page.keyboard.press("Control+Enter");
  await shows(page, names[2] ?? "");
  assert.equal(await page.locator("#queue .queue-name").count(), 1);

  await page.goto(`${house.base}${order}`);
  await page.locator("[data-counts]").filter({ hasText: "1 done · 1 in review · 1 failed or called off" }).waitFor();
  const rejected = page.locator("tr[data-state=failed]");
  assert.equal(await rejected.locator("[data-reason]").innerText(), "Mole or freckle removed: left cheek");
  assert.equal(await page.locator(".order-head [data-price]").innerText(), "4", "what was rejected costs nothing");

  // The redo: another round, with what was said about the one before, and its result to compare with.
  const execution = (await rejected.getAttribute("data-execution")) ?? "";
  await rejected.getByRole("button", { name: /^Retry/ }).click();
  await page.locator("[data-counts]").filter({ hasText: "1 done · 2 in review" }).waitFor({ timeout: WORK });
  await page.goto(`${house.base}/studio/review?execution=${execution}`);
  await page.locator("#rounds li").first().waitFor({ timeout: WORK });
  assert.match(await page.locator("#rounds").innerText(), /Round 1: rejected by .*\n*Mole or freckle removed: left cheek\s*this mole is gone/);
  assert.deepEqual(await page.locator("#against option").allInnerTexts(), ["the original", "the result of round 1"]);
  await page.locator("#viewer [aria-label*='this mole is gone']").waitFor({ timeout: WORK });
  const earlier = page.waitForResponse((answer) => answer.url().includes(`/studio/pictures/${execution}/result-0/`) && answer.ok());
  await page.getByLabel("Compare with").selectOption("result-0");
  await earlier;
  await assertAccessible(page, "second round");
  await page.goto(`${house.base}/studio/executions/${execution}`);
  assert.match(await page.locator("main").innerText(), /Rounds[\s\S]*rejected[\s\S]*this mole is gone/);
  const file = await page.request.get(`${house.base}/studio/executions/${execution}/rounds/0`);
  assert.equal((await file.body()).subarray(0, 3).toString("hex"), "ffd8ff");
  assert.deepEqual(trouble, []);
  await page.close();
});

test("a key counts in the very moment after a dialog was closed", async () => {
  const page = await browser.newPage();
  await signIn(page, house);
  await open(page, await waiting(page, ["seven.jpg", "eight.jpg"], "By quick fingers"));
  const names = await page.locator("#queue .queue-name").allInnerTexts();
  await page.keyboard.press("?");
  await page.locator("#keys-dialog[open]").waitFor();
  // Nothing is drawn between the two, as on a machine that has much to do.
  await page.evaluate(() => {
    /** @type {HTMLDialogElement} */ (document.getElementById("keys-dialog")).close();
    document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
  });
  assert.equal(await page.locator("#name").innerText(), names[1]);
  await page.close();
});

test("the news of a verdict may overtake its answer", async () => {
  const page = await browser.newPage();
  await signIn(page, house);
  const order = await waiting(page, ["first.jpg", "second.jpg", "third.jpg", "fourth.jpg"], "Overtaken");
  await open(page, order);
  const names = await page.locator("#queue .queue-name").allInnerTexts();
  await page.route("**/verdict", async (route) => {
    const response = await route.fetch();
    const told = page.waitForResponse((answer) => answer.url().includes("/studio/review/queue"), { timeout: 1_500 }).catch(() => {});
    await told;
    await route.fulfill({ response });
  });
  for (const [place, name] of names.slice(1).entries()) {
    await page.keyboard.press("a");
    // Pressed again in impatience, it does not decide the next one too.
    await page.keyboard.press("a");
    await shows(page, name);
    await page.waitForFunction((left) => document.querySelectorAll("#queue li").length === left, names.length - 1 - place);
    await page.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor();
  }
  await page.close();
});

test("two reviewers do not collide", async () => {
  const bob = await colleague(house, "Bob", "admin");
  const [hers, his] = [await browser.newContext(), await browser.newContext()];
  const [ada, ben] = [await hers.newPage(), await his.newPage()];
  await signIn(ada, house);
  const order = await waiting(ada, ["alpha.jpg", "beta.jpg"], "Together");
  await open(ada, order);
  const taken = await ada.locator("#name").innerText();
  await signIn(ben, house, bob);
  await open(ben, order);
  assert.notEqual(await ben.locator("#name").innerText(), taken, "the second one begins with another result");
  await ben.locator("#queue li .badge").filter({ hasText: house.email }).waitFor();

  // Looking is free, deciding is not.
  await ben.locator("#queue button").filter({ hasText: taken }).click();
  await ben.locator("#claim").filter({ hasText: `${house.email} is looking at this one` }).waitFor();
  assert.ok(await ben.locator("#approve").isDisabled());
  const id = (await ben.locator("#queue li").filter({ hasText: taken }).getAttribute("data-id")) ?? "";
  const token = (await ben.locator("meta[name=form-token]").getAttribute("content")) ?? "";
  const forced = await ben.request.post(`${house.base}/studio/review/${id}/verdict`, { data: { approved: true }, headers: { origin: house.base, "x-form-token": token } });
  const answer = await forced.json();
  assert.deepEqual([answer.isDone, answer.by], [false, house.email]);

  // Leaving gives it back, and the other page hears of it.
  await ada.goto(`${house.base}/studio`);
  await ben.locator("#queue li").filter({ hasText: taken }).locator(".badge").waitFor({ state: "detached", timeout: 20_000 });
  await ben.locator("#queue button").filter({ hasText: taken }).click();
  await ben.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor();
  await ben.keyboard.press("a");
  await ben.waitForFunction(() => document.querySelectorAll("#queue li").length === 1);
  await Promise.all([hers.close(), his.close()]);
});

test("a late release does not give a newer claim back", async () => {
  const bob = await colleague(house, "Bert", "admin");
  const [hers, his] = [await browser.newContext(), await browser.newContext()];
  const [ada, ben] = [await hers.newPage(), await his.newPage()];
  await signIn(ada, house);
  const order = await waiting(ada, ["left.jpg", "right.jpg"], "Back again");
  await open(ada, order);
  const first = await ada.locator("#name").innerText();
  const id = (await ada.locator("#queue li").filter({ hasText: first }).getAttribute("data-id")) ?? "";
  let isLate = false;
  await ada.route(`**/review/${id}/release`, async (route) => {
    await new Promise((done) => setTimeout(done, 1500));
    isLate = true;
    await route.continue();
  });
  await ada.locator("#queue li").filter({ hasNotText: first }).locator("button").click();
  await ada.locator("#queue li").filter({ hasText: first }).locator("button").click();
  await ada.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor({ timeout: WORK });
  for (let round = 0; !isLate && round < 50; round += 1) await ada.waitForTimeout(100);
  assert.ok(isLate, "the first result was given back in between");
  await ada.waitForTimeout(500);
  await signIn(ben, house, bob);
  const queue = await (await ben.request.get(`${house.base}/studio/review/queue`)).json();
  const entry = queue.entries.find((/** @type {any} */ one) => one.id === id);
  assert.equal(entry.claimed_by, house.email);
  await ada.unrouteAll({ behavior: "ignoreErrors" });
  await Promise.all([hers.close(), his.close()]);
});

test("a queue that was asked for before a verdict does not bring the result back", async () => {
  const [desk, office] = [await browser.newPage(), await browser.newPage()];
  await signIn(desk, house);
  await waiting(desk, ["old.jpg", "older.jpg"], "Old news");
  await desk.goto(`${house.base}/studio/review`);
  await desk.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor({ timeout: WORK });
  const id = (await desk.locator("#queue li:has([aria-current])").getAttribute("data-id")) ?? "";
  const decided = desk.locator(`#queue li[data-id="${id}"]`);
  /** @type {() => void} */
  let letGo = () => {};
  const held = new Promise((/** @type {(v: void) => void} */ done) => (letGo = done));
  let asked = 0;
  await desk.route("**/studio/review/queue**", async (route) => {
    asked += 1;
    const answer = await route.fetch();
    if (asked === 1) await held;
    await route.fulfill({ response: answer });
  });
  // A new result arrives: the page hears of it and asks for the queue.
  await signIn(office, house);
  await waiting(office, ["new.jpg"], "News");
  for (let round = 0; asked === 0 && round < 300; round += 1) await desk.waitForTimeout(100);
  assert.ok(asked > 0, "the page asked for the queue");
  await desk.keyboard.press("a");
  await decided.waitFor({ state: "detached" });
  await desk.evaluate((id) => {
    const list = document.querySelector("#queue");
    const look = () => list?.querySelector(`[data-id="${id}"]`) && document.body.setAttribute("data-came-back", "");
    if (list) new MutationObserver(look).observe(list, { childList: true });
  }, id);
  letGo();
  for (let round = 0; asked < 2 && round < 100; round += 1) await desk.waitForTimeout(100);
  assert.ok(asked >= 2, "the old queue is not taken, a new one is asked for");
  await desk.waitForTimeout(300);
  assert.equal(await desk.locator("body[data-came-back]").count(), 0);
  await desk.unrouteAll({ behavior: "ignoreErrors" });
  await Promise.all([desk.close(), office.close()]);
});

test("several are approved at once, and a whole order", async () => {
  const page = await browser.newPage();
  page.on("dialog", (dialog) => void dialog.accept());
  await signIn(page, house);
  const order = await waiting(page, ["a.jpg", "b.jpg", "c.jpg", "d.jpg"], "Many");
  await open(page, order);
  await page.locator("#queue input[type=checkbox]").nth(1).check();
  await page.locator("#queue input[type=checkbox]").nth(2).check();
  await page.getByRole("button", { name: "Approve selected" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#queue li").length === 2);
  await page.getByRole("button", { name: "Approve the whole order" }).click();
  await page.locator("#none").waitFor({ state: "visible" });
  await page.goto(`${house.base}${order}`);
  await page.locator("[data-counts]").filter({ hasText: "4 done · 4 pictures" }).waitFor();
  await page.close();
});

test("without scripts the queue is a list of forms", async () => {
  const page = await browser.newPage();
  await signIn(page, house);
  const order = await waiting(page, ["plain.jpg"], "No scripts");
  await page.close();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await signIn(plain, house);
  await plain.goto(`${house.base}/studio/review?order=${order.split("/").at(-1)}`);
  await plain.getByLabel("Reason").selectOption("Edge or halo");
  await plain.getByRole("button", { name: "Reject" }).click();
  assert.match(await plain.locator(".notice").innerText(), /Rejected/);
  await plain.goto(`${house.base}${order}`);
  assert.match(await plain.locator("main").innerText(), /Edge or halo/);
  await context.close();
});

test("operators look and do not decide; other organizations do not even look", async () => {
  const page = await browser.newPage();
  await signIn(page, house);
  const order = await waiting(page, ["mine.jpg"], "Ours");
  const id = (await page.locator("tr[data-execution]").getAttribute("data-execution")) ?? "";
  await page.close();
  const olga = await colleague(house, "Olga", "operator");
  const eve = await stranger(house, "Eve");
  for (const [who, expected] of /** @type {const} */ ([[olga, 403], [eve, 404]])) {
    const context = await browser.newContext();
    const desk = await context.newPage();
    await signIn(desk, house, { ...who, next: "/studio/review" });
    const token = (await desk.locator("meta[name=form-token]").getAttribute("content")) ?? "";
    const headers = { origin: house.base, "x-form-token": token };
    for (const [deed, data] of /** @type {[string, object][]} */ ([["claim", {}], ["verdict", { approved: true }]])) {
      assert.equal((await desk.request.post(`${house.base}/studio/review/${id}/${deed}`, { data, headers })).status(), expected, deed);
    }
    assert.equal((await desk.request.post(`${house.base}/studio/review/approve`, { data: { ids: [id] }, headers })).status(), expected);
    assert.equal((await desk.request.post(`${house.base}/studio/review/approve`, { data: { order: order.split("/").at(-1) }, headers })).status(), expected);
    const queue = await (await desk.request.get(`${house.base}/studio/review/queue`)).json();
    assert.equal(queue.entries.some((/** @type {any} */ entry) => entry.id === id), expected === 403);
    assert.equal((await desk.request.get(`${house.base}/studio/review/${id}/rounds`)).status(), expected === 403 ? 200 : 404);
    await context.close();
  }
});

test("however many wait, the whole picture and its bar are in the window", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await signIn(page, house, { next: "/studio/review" });
  await page.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor({ timeout: WORK });
  await page.locator(".viewer-bar").waitFor();
  assert.ok((await page.locator("#queue li").count()) >= 8, "results wait from the tests before");
  const [lowest, height] = await page.evaluate(() => [document.querySelector("#viewer")?.getBoundingClientRect().bottom, document.documentElement.scrollHeight]);
  assert.ok((lowest ?? Infinity) <= 800, `the viewer ends at ${lowest}`);
  assert.equal(height, 800, "the queue scrolls, not the page");
  await page.setViewportSize({ width: 640, height: 400 });
  const apart = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll(".review-head :is(select, button)")].map((one) => one.getBoundingClientRect());
    return boxes.every((one, index) => boxes.slice(index + 1).every((other) => one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top));
  });
  assert.ok(apart, "nothing of the head lies on something else at 200 %");
  await context.close();
});

test("on a phone everything fits the width", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  await signIn(page, house, { next: "/studio/review" });
  await page.locator("#claim").filter({ hasText: "Reserved for you" }).waitFor({ timeout: WORK });
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok((inner ?? 0) <= (outer ?? 0), `${inner} > ${outer}`);
  const rightmost = await page.locator(".review-head :is(select, button)").evaluateAll((all) => Math.max(...all.map((one) => one.getBoundingClientRect().right)));
  assert.ok(rightmost <= 390, `the filters end at ${rightmost}`);
  // A full queue is scrolled, its pictures keep their size.
  const widths = await page.locator("#queue .thumb").evaluateAll((pictures) => pictures.map((picture) => picture.getBoundingClientRect().width));
  assert.ok(widths.length >= 8, `${widths.length} results wait from the tests before`);
  assert.ok(Math.min(...widths) >= 60, `widths of ${widths}`);
  await assertAccessible(page, "review on a phone");
  await context.close();
});
