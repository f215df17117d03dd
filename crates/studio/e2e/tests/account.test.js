// @ts-check
// A person's own pages: first run, profile, sessions, devices, tokens, the API page.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, root, signIn, troubles } from "../harness/house.js";
import { assertFits, ended, pause, secret, window } from "../harness/people.js";

const CLIENT = "V8EkfbxtBi93cAySTVWAecEum4d6pt4J";
const PAGES = ["profile", "devices", "tokens", "organization", "credits", "webhooks", "api"];

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

test("the first run asks for a password and an address until both are the person's own", async () => {
  const page = await window(browser, house);
  const other = await window(browser, house);
  const banner = page.getByRole("complementary", { name: "First steps" });
  assert.match(await banner.innerText(), /password and the address/);
  await banner.getByRole("link").click();
  await page.getByLabel("Password you use now").fill("wrong");
  await page.getByLabel("New password", { exact: true }).fill("my own password");
  await page.getByLabel("New password again").fill("my own password");
  await page.getByRole("button", { name: "Change password" }).click();
  assert.match(await page.getByRole("alert").innerText(), /is another one/);
  await page.getByLabel("Password you use now").fill(house.password);
  await page.getByLabel("New password", { exact: true }).fill("my own password");
  await page.getByLabel("New password again").fill("not the same");
  await page.getByRole("button", { name: "Change password" }).click();
  assert.match(await page.getByRole("alert").innerText(), /differ/);
  await page.getByLabel("Password you use now").fill(house.password);
  await page.getByLabel("New password", { exact: true }).fill("my own password");
  await page.getByLabel("New password again").fill("my own password");
  await page.getByRole("button", { name: "Change password" }).click();
  assert.match(await page.locator(".notice").innerText(), /Other browsers are signed out/);
  house.password = "my own password";
  await other.goto(`${house.base}/studio/profile`);
  assert.equal(new URL(other.url()).pathname, "/studio/sign-in", "the other browser is signed out");

  assert.match(await banner.innerText(), /address/);
  await page.getByLabel("Your address").fill("me@example.org");
  await page.getByLabel("Your password, to be sure").fill(house.password);
  await page.getByRole("button", { name: "Change address" }).click();
  house.email = "me@example.org";
  assert.equal(await banner.count(), 0, "nothing is left to do");
  await page.getByLabel("Given name").fill("Ada");
  await page.getByLabel("Family name").fill("<b>Lovelace</b>");
  await page.getByRole("button", { name: "Save" }).click();
  assert.equal(await page.getByLabel("Family name").inputValue(), "<b>Lovelace</b>");
  await signIn(other, house);
  await page.context().close();
  await other.context().close();
});

test("sessions are listed and ended, the webhook secret is shown and renewed", async () => {
  const page = await window(browser, house, { next: "/studio/profile" });
  const other = await window(browser, house);
  await page.reload();
  const before = await page.getByRole("button", { name: /^Sign out of/ }).count();
  assert.ok(before >= 1);
  await page.getByRole("button", { name: "Sign out everywhere else" }).click();
  await other.goto(`${house.base}/studio`);
  assert.equal(new URL(other.url()).pathname, "/studio/sign-in");
  await page.getByRole("button", { name: "Show it" }).click();
  const first = await secret(page);
  assert.match(first, /^whsec_/);
  assert.equal(first, await house.admin(["hook-secret", "--account", house.email]));
  await page.getByRole("button", { name: "Make a new one" }).click();
  const second = await secret(page);
  assert.notEqual(first, second);
  assert.equal(second, await house.admin(["hook-secret", "--account", house.email]));
  await page.context().close();
  await other.context().close();
});

/** @param {Record<string, string>} fields */
async function poll(fields) {
  const answer = await fetch(`${house.base}/oauth/token`, { method: "POST", body: new URLSearchParams(fields) });
  return { status: answer.status, told: /** @type {any} */ (await answer.json()) };
}

for (const scripts of [true, false]) {
  test(`a device is approved while it polls, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await window(browser, house, { next: "/studio/devices" }, { javaScriptEnabled: scripts });
    const begun = await fetch(`${house.base}/oauth/device/code`, {
      method: "POST",
      body: new URLSearchParams({ client_id: CLIENT, scope: "offline_access", audience: house.base }),
    });
    const start = /** @type {any} */ (await begun.json());
    const grant = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: start.device_code, client_id: CLIENT };
    const early = await poll(grant);
    assert.equal(early.told.error, "authorization_pending");
    await page.getByLabel("The code").fill(start.user_code.toLowerCase().replace("-", " "));
    await page.getByRole("button", { name: "Continue" }).click();
    assert.equal(new URL(page.url()).pathname, "/activate");
    assert.match(await page.locator("main").innerText(), new RegExp(start.user_code), "who is signed in sees the code at once");
    if (scripts) await assertAccessible(page, "activate");
    await page.getByRole("button", { name: "Approve" }).click();
    assert.match(await page.getByRole("status").innerText(), /let in/);
    const late = await poll(grant);
    assert.equal(late.status, 200, JSON.stringify(late.told));
    const ask = () => fetch(`${house.base}/v1/organization`, { headers: { authorization: `Bearer ${late.told.access_token}` } });
    assert.equal((await ask()).status, 200);
    await page.goto(`${house.base}/studio/devices`);
    await page.getByRole("button", { name: "Revoke let in by code" }).first().click();
    assert.match(await page.locator(".notice").innerText(), /Revoked/);
    assert.equal((await ask()).status, 401, "its access token died with it");
    await page.context().close();
  });
}

test("a named device gives a refresh token that works until it is revoked", async () => {
  const page = await window(browser, house, { next: "/studio/devices" });
  await page.getByLabel("Name of the device").fill("Shop connector");
  await page.getByRole("button", { name: "Add device" }).click();
  const refresh = await secret(page);
  await assertAccessible(page, "devices with a secret");
  const exchange = { grant_type: "refresh_token", client_id: CLIENT, refresh_token: refresh };
  const first = await poll(exchange);
  assert.equal(first.status, 200, JSON.stringify(first.told));
  await page.goto(`${house.base}/studio/devices`);
  assert.doesNotMatch(await page.content(), new RegExp(refresh), "it is shown once");
  await page.getByRole("button", { name: "Revoke Shop connector" }).click();
  assert.notEqual((await poll(exchange)).status, 200);
  await page.context().close();
});

for (const scripts of [true, false]) {
  test(`a token is issued, retouches a picture with the curl line shown, and is revoked, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await window(browser, house, { next: "/studio/tokens" }, { javaScriptEnabled: scripts });
    const name = `Lightroom ${scripts}`;
    await page.getByLabel("What it is for").fill(name);
    await page.getByRole("button", { name: "Issue a token" }).click();
    const token = await secret(page);
    assert.match(token, /^atelier_/);
    const line = await page.locator("#curl-line").innerText();
    assert.ok(line.includes(token) && line.includes(house.base), line);
    if (scripts) await assertAccessible(page, "tokens with a secret");
    const { stdout } = await promisify(execFile)("bash", ["-c", line.replace("@portrait.jpg", `@${path.join(root, "samples/portrait.jpg")}`)]);
    const { id } = JSON.parse(stdout);
    assert.equal(await ended(house, id), "completed");
    const file = await fetch(`${house.base}/api/v1/retoucher/getFile/${id}`);
    assert.deepEqual([...new Uint8Array(await file.arrayBuffer())].slice(0, 2), [0xff, 0xd8]);
    await page.goto(`${house.base}/studio/tokens`);
    assert.match(await page.getByRole("row", { name }).innerText(), new RegExp(`…${token.slice(-4)}`));
    await page.getByRole("button", { name: `Revoke ${name}` }).click();
    assert.match(await page.getByRole("row", { name }).innerText(), /revoked/);
    const refused = await fetch(`${house.base}/api/v1/balance`, { method: "POST", headers: { "x-retouch-token": token } });
    assert.equal(refused.status, 401);
    await page.context().close();
  });
}

test("the API page runs its calls with a token made for it", async () => {
  const page = await window(browser, house, { next: "/studio/api" });
  const trouble = troubles(page);
  await page.getByRole("button", { name: "Make a token for this page" }).click();
  const token = await secret(page);
  const code = await page.locator("#example-0").innerText();
  assert.ok(code.includes(token) && code.includes(house.base), code);
  const answer = page.locator("#run-answer");
  await page.getByRole("button", { name: "Balance" }).click();
  await answer.locator("pre").waitFor();
  assert.match(await answer.innerText(), /200[\s\S]*professional/);
  await page.getByLabel("Picture", { exact: true }).setInputFiles(path.join(root, "samples/portrait.jpg"));
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.getElementById("run-job")).value !== "");
  for (let tries = 0; tries < 100 && !(await page.getByRole("link", { name: "Open the result" }).isVisible()); tries += 1) {
    await page.getByRole("button", { name: "Status" }).click();
    await pause(300);
  }
  const href = await page.getByRole("link", { name: "Open the result" }).getAttribute("href");
  assert.equal((await page.request.get(`${house.base}${href}`)).status(), 200);
  await assertAccessible(page, "api after a run");
  assert.deepEqual(trouble, []);
  assert.equal((await fetch(`${house.base}/docs/api`)).status, 200, "programs read it without signing in");
  await page.context().close();
});

test("all account pages are accessible in light, dark and on a phone, and credits show what was done", async () => {
  for (const options of [{}, { colorScheme: /** @type {const} */ ("dark") }, { viewport: { width: 390, height: 844 } }]) {
    const page = await window(browser, house, {}, options);
    const trouble = troubles(page);
    for (const name of PAGES) {
      await page.goto(`${house.base}/studio/${name}`);
      await assertAccessible(page, `${name} ${JSON.stringify(options)}`);
      await assertFits(page, name);
      const edge = await page.locator(".side-nav [aria-current]").evaluate((here) => here.getBoundingClientRect().right);
      assert.ok(edge <= (page.viewportSize()?.width ?? 0), `${name}: where one is is seen in the navigation`);
      const heights = await page.locator(".scroll tbody tr").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
      assert.ok(Math.max(0, ...heights) < 130, `${name}: rows of ${heights}`);
    }
    assert.deepEqual(trouble, []);
    await page.context().close();
  }
  const page = await window(browser, house, { next: "/studio/credits" });
  const usage = await page.locator("#usage").innerText();
  assert.match(usage, /Heal\s+3/, usage);
  assert.match(usage, /Retouch4me API\s+3/);
  await page.getByLabel("Kind").selectOption("charge");
  await page.getByRole("button", { name: "Filter" }).click();
  const rows = await page.locator("#ledger tbody tr").allInnerTexts();
  assert.equal(rows.length, 3);
  assert.ok(rows.every((row) => row.includes("spent") && row.includes("-1")), rows.join("\n"));
  const csv = await (await page.request.get(`${house.base}/studio/credits.csv?kind=charge`)).text();
  assert.equal(csv.trim().split("\r\n").length, 4, csv);
  assert.match(csv, /charge,-1,/);
  await page.context().close();
});
