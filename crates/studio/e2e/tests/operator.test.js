// @ts-check
// Running the house: accounts, organizations, the queue, storage, the audit log; and that nobody else gets in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, signIn } from "../harness/house.js";
import { assertFits, pause, person, secret, startJob, until, window } from "../harness/people.js";

const PAGES = ["", "/accounts", "/organizations", "/storage", "/audit"];

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  [house, browser] = await Promise.all([House.open(["--max-jobs", "1"]), openBrowser()]);
});
after(async () => {
  await browser?.close();
  await house?.close();
});

test("the pages are forbidden to all who do not run the house, admins too", async () => {
  const admin = await person(house, "admin@example.org", "Elsewhere");
  const page = await window(browser, house, admin);
  for (const path of PAGES) {
    assert.equal((await page.request.get(`${house.base}/studio/operator${path}`)).status(), 403, path);
  }
  const token = (await page.locator("meta[name=form-token]").getAttribute("content")) ?? "";
  const headers = { origin: house.base, "sec-fetch-site": "same-origin" };
  const account = (await house.admin(["account", "list", "--json"]).then(JSON.parse))[0].id;
  for (const path of ["jobs/cancel", "jobs/retry", "accounts", `accounts/${account}/disabled`, `accounts/${account}/operator`,
    `accounts/${account}/password`, `accounts/${account}/member`, `accounts/${account}/leave`, "organizations", "organizations/x",
    "organizations/x/credits"]) {
    const answer = await page.request.post(`${house.base}/studio/operator/${path}`, { headers, form: { form_token: token } });
    assert.equal(answer.status(), 403, path);
  }
  assert.equal(await page.getByRole("link", { name: "Operator" }).count(), 0);
  await page.context().close();
  const stranger = await browser.newPage();
  await stranger.goto(`${house.base}/studio/operator/accounts`);
  assert.equal(new URL(stranger.url()).pathname, "/studio/sign-in");
  await stranger.close();
});

for (const scripts of [true, false]) {
  test(`accounts are made, disabled, enabled and given new passwords, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await window(browser, house, { next: "/studio/operator/accounts" }, { javaScriptEnabled: scripts });
    const email = `new-${scripts}@example.org`;
    await page.getByLabel("E-mail address").fill(email);
    await page.getByRole("combobox", { name: "Organization" }).fill(`House of ${scripts}`);
    await page.getByRole("button", { name: "Make account" }).click();
    const first = await secret(page, 1);
    const theirs = await window(browser, house, { email, password: first });
    await page.goto(`${house.base}/studio/operator/accounts`);
    await page.getByRole("link", { name: email }).click();
    await page.getByRole("button", { name: "Disable" }).click();
    assert.match(await page.locator(".notice").innerText(), /nothing any more/);
    await theirs.goto(`${house.base}/studio`);
    assert.equal(new URL(theirs.url()).pathname, "/studio/sign-in");
    await page.getByRole("button", { name: "Enable" }).click();
    await page.getByRole("button", { name: "Set a new password" }).click();
    const second = await secret(page);
    if (scripts) await assertAccessible(page, "an account");
    await signIn(theirs, house, { email, password: second });
    await theirs.context().close();
    await page.context().close();
  });
}

test("the house keeps somebody who runs it", async () => {
  const page = await window(browser, house, { next: "/studio/operator/accounts" });
  await page.getByRole("link", { name: house.email }).click();
  await page.getByRole("button", { name: "Disable" }).click();
  assert.match(await page.getByRole("alert").innerText(), /last account that runs/);
  await page.getByRole("button", { name: "No longer run the server" }).click();
  assert.match(await page.getByRole("alert").innerText(), /last account that runs/);
  await page.context().close();
});

test("organizations are made and given credits, limits and priority", async () => {
  const page = await window(browser, house, { next: "/studio/operator/organizations" });
  await page.getByLabel("Name of a new organization").fill("Paying guests");
  await page.getByRole("button", { name: "Make organization" }).click();
  const section = page.locator("section", { has: page.getByRole("heading", { name: "Paying guests" }) });
  await section.getByLabel("Pictures a day at most").fill("12");
  await section.getByLabel("Priority").fill("3");
  await section.getByRole("button", { name: "Save Paying guests" }).click();
  await section.getByRole("spinbutton", { name: "Credits" }).fill("40");
  await section.getByLabel("What for").fill("invoice 7");
  // Pressed twice before a slow answer comes, it is not given twice.
  await page.route("**/studio/operator/**", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const answer = await route.fetch({ maxRedirects: 0 });
    await pause(500);
    await route.fulfill({ response: answer }).catch(() => {});
  });
  await section.getByRole("button", { name: "Book credits for Paying guests" }).evaluate((/** @type {HTMLElement} */ button) => {
    button.click();
    setTimeout(() => button.click(), 100);
  });
  await pause(1_500);
  await page.unroute("**/studio/operator/**");
  await page.goto(`${house.base}/studio/operator/organizations`);
  assert.match(await section.innerText(), /40 credits, 0 pictures today/);
  const listed = await house.admin(["organization", "list", "--json"]).then(JSON.parse);
  const made = listed.find((/** @type {any} */ one) => one.name === "Paying guests");
  assert.deepEqual([made.daily_allowance, made.priority, made.unmetered], [12, 3, false]);
  assert.match(await house.admin(["credits", "show", "--organization", "Paying guests", "--ledger"]), /invoice 7/);
  await page.context().close();
});

test("jobs are seen, called off and begun again", async () => {
  const page = await window(browser, house, { next: "/studio/operator" });
  const jobs = await Promise.all([1, 2, 3, 4].map(() => startJob(house, house.token)));
  await page.reload();
  const last = page.getByRole("button", { name: /^Cancel / }).last();
  const name = (await last.getAttribute("aria-label")) ?? "";
  await last.click();
  assert.match(await page.locator(".notice").innerText(), /called off/);
  const job = name.replace("Cancel ", "");
  assert.ok(jobs.includes(job));
  const state = async () => /** @type {any} */ (JSON.parse(await house.admin(["job", "show", job]))).job.state;
  assert.equal(await state(), "cancelled");
  await until(page, async () => (await page.getByRole("button", { name: /^Cancel / }).count()) === 0);
  assert.match(await page.locator("section[aria-labelledby=workers]").innerText(), /alive/);
  await page.context().close();
});

test("storage is summed up and deeds are found in the audit log", async () => {
  const page = await window(browser, house, { next: "/studio/operator/storage" });
  assert.match(await page.locator("main").innerText(), /After a job's end\s+24 h/);
  assert.ok(Number(await page.locator(".figures dd").first().innerText()) > 0);
  await page.goto(`${house.base}/studio/operator/audit`);
  await page.getByLabel("What begins with").fill("account.");
  await page.getByLabel("Who").fill(house.email);
  await page.getByRole("button", { name: "Filter" }).click();
  const deeds = await page.locator("tbody tr td:nth-child(3)").allInnerTexts();
  assert.ok(deeds.length >= 4 && deeds.every((deed) => deed.startsWith("account.")), deeds.join());
  assert.ok(deeds.includes("account.disable"));
  await page.context().close();
});

test("all pages are accessible in light and dark, and fit a phone", async () => {
  for (const options of [{}, { colorScheme: /** @type {const} */ ("dark") }, { viewport: { width: 390, height: 844 } }]) {
    const page = await window(browser, house, {}, options);
    for (const path of PAGES) {
      await page.goto(`${house.base}/studio/operator${path}`);
      await assertAccessible(page, `operator${path} ${JSON.stringify(options)}`);
      await assertFits(page, `operator${path}`);
    }
    await page.context().close();
  }
});
