// @ts-check
// Signing in and out, the frame around pages, light and dark.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, signIn, troubles } from "../harness/house.js";

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

test("a new house leads to its sign-in page, and from there to where one wanted to go", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  await page.goto(`${house.base}/`);
  assert.equal(new URL(page.url()).pathname, "/studio/sign-in");
  assert.match(await page.locator("main").innerText(), /terminal/);
  await assertAccessible(page, "sign-in");
  await signIn(page, house);
  assert.equal(new URL(page.url()).pathname, "/studio");
  await assertAccessible(page, "start");
  assert.deepEqual(trouble, []);
  await page.close();
});

test("a wrong password is said, and nothing else", async () => {
  const page = await browser.newPage();
  await page.goto(`${house.base}/studio/sign-in`);
  await page.getByLabel("E-mail address").fill(house.email);
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  assert.equal(await page.getByRole("alert").innerText(), "Address or password are wrong");
  await page.close();
});

test("signing in, choosing a theme and signing out work without scripts", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, house);
  await page.locator("summary").click();
  await page.getByRole("button", { name: "Dark" }).click();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.locator("summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.equal(new URL(page.url()).pathname, "/studio/sign-in");
  await page.goto(`${house.base}/studio`);
  assert.equal(new URL(page.url()).pathname, "/studio/sign-in");
  await context.close();
});

test("windows that were opened together all lead on, whichever signs in", async () => {
  const context = await browser.newContext();
  const [one, other] = [await context.newPage(), await context.newPage()];
  await one.goto(`${house.base}/studio/orders`);
  await other.goto(`${house.base}/studio/tokens`);
  for (const [page, next] of /** @type {[import("playwright-core").Page, string][]} */ ([[one, "/studio/orders"], [other, "/studio/tokens"]])) {
    await page.getByLabel("E-mail address").fill(house.email);
    await page.getByLabel("Password").fill(house.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(`${house.base}${next}`);
  }
  await context.close();
});

test("what is not there is said in the chosen theme, with a way back", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house);
  await page.locator("summary").click();
  await page.getByRole("button", { name: "Dark" }).click();
  for (const place of ["/studio/nowhere", "/studio/orders/none"]) {
    const answer = await page.goto(`${house.base}${place}`);
    assert.equal(answer?.status(), 404);
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark", place);
    await assertAccessible(page, place);
  }
  await page.getByRole("link", { name: "To the start page" }).click();
  assert.equal(new URL(page.url()).pathname, "/studio");
  await context.close();
});

test("a form of another site changes nothing", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house);
  const answer = await page.request.post(`${house.base}/studio/sign-out`, {
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    form: { form_token: "x" },
  });
  assert.equal(answer.status(), 403);
  await page.goto(`${house.base}/studio`);
  assert.equal(new URL(page.url()).pathname, "/studio");
  await context.close();
});
