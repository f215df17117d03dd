// @ts-check
// Members and roles as the server enforces them, and two organizations that see nothing of each other.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser } from "../harness/house.js";
import { Receiver, ended, person, secret, startJob, window } from "../harness/people.js";

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

/**
 * Sends a form as a page of ours would, whatever its buttons are.
 * @param {import("playwright-core").Page} page @param {string} path @param {Record<string, string>} fields
 */
async function post(page, path, fields) {
  const token = (await page.locator("meta[name=form-token]").getAttribute("content")) ?? "";
  const headers = { origin: house.base, "sec-fetch-site": "same-origin" };
  const answer = await page.request.post(`${house.base}${path}`, { headers, form: { form_token: token, ...fields }, maxRedirects: 0 });
  return answer.status();
}

for (const scripts of [true, false]) {
  test(`an admin lets somebody in, gives roles and takes them out, with scripts ${scripts ? "on" : "off"}`, async () => {
    const email = `helper-${scripts}@example.org`;
    const admin = await window(browser, house, { next: "/studio/organization" }, { javaScriptEnabled: scripts });
    await admin.getByLabel("Their e-mail address").fill(email);
    await admin.getByRole("button", { name: "Add member" }).click();
    assert.equal(await secret(admin, 0), email);
    const password = await secret(admin, 1);
    if (scripts) await assertAccessible(admin, "organization with a secret");

    const helper = await window(browser, house, { email, password, next: "/studio/organization" });
    assert.match(await helper.getByRole("complementary", { name: "First steps" }).innerText(), /chosen by somebody else/);
    assert.equal(await helper.getByRole("button", { name: "Rename" }).count(), 0);
    assert.equal(await post(helper, "/studio/organization/name", { name: "Taken over" }), 403);
    assert.equal(await post(helper, "/studio/organization/members", { email: "x@example.org", role: "admin" }), 403);
    const self = await helper.locator("tbody tr", { hasText: email }).locator("input[name=account]").first().inputValue();
    assert.equal(await post(helper, "/studio/organization/members/role", { account: self, role: "admin" }), 403);

    await admin.goto(`${house.base}/studio/organization`);
    await admin.getByLabel(`Role of ${email}`, { exact: true }).selectOption("admin");
    await admin.getByRole("button", { name: `Change the role of ${email}` }).click();
    await helper.reload();
    assert.equal(await helper.getByRole("button", { name: "Rename" }).count(), 1);
    assert.equal(await post(helper, "/studio/organization/members/role", { account: self, role: "operator" }), 303);

    await admin.goto(`${house.base}/studio/organization`);
    await admin.getByRole("button", { name: `Remove ${email}` }).click();
    assert.match(await admin.locator(".notice").innerText(), /Removed/);
    await helper.goto(`${house.base}/studio`);
    assert.equal(new URL(helper.url()).pathname, "/studio/sign-in");
    await admin.context().close();
    await helper.context().close();
  });
}

test("the last admin stays, and names stay apart", async () => {
  const page = await window(browser, house, { next: "/studio/organization" });
  await page.getByLabel(`Role of ${house.email}`, { exact: true }).selectOption("operator");
  await page.getByRole("button", { name: `Change the role of ${house.email}` }).click();
  assert.match(await page.getByRole("alert").innerText(), /last admin/);
  await page.getByRole("button", { name: "Leave Atelier" }).click();
  assert.match(await page.getByRole("alert").innerText(), /last admin/);
  await house.admin(["organization", "create", "Neighbours"]);
  await page.getByLabel("Name of the organization").fill("Neighbours");
  await page.getByRole("button", { name: "Rename" }).click();
  assert.match(await page.getByRole("alert").innerText(), /another organization has this name/i);
  await page.getByLabel("Name of the organization").fill("Lights & Shadows");
  await page.getByRole("button", { name: "Rename" }).click();
  assert.match(await page.locator(".menu").innerText(), /Lights & Shadows/);
  await page.context().close();
});

test("an organization's version changes with its name and members", async () => {
  const page = await window(browser, house, { next: "/studio/devices" });
  await page.getByLabel("Name of the device").fill("reader");
  await page.getByRole("button", { name: "Add device" }).click();
  const fields = { grant_type: "refresh_token", client_id: "V8EkfbxtBi93cAySTVWAecEum4d6pt4J", refresh_token: await secret(page) };
  const told = /** @type {any} */ (await (await fetch(`${house.base}/oauth/token`, { method: "POST", body: new URLSearchParams(fields) })).json());
  const version = async () => {
    const answer = await fetch(`${house.base}/v1/organization`, { headers: { authorization: `Bearer ${told.access_token}` } });
    return /** @type {any} */ (await answer.json()).entries[0].version;
  };
  const first = await version();
  assert.equal(first, await version());
  await page.goto(`${house.base}/studio/organization`);
  await page.getByLabel("Name of the organization").fill("Another name");
  await page.getByRole("button", { name: "Rename" }).click();
  const second = await version();
  assert.notEqual(first, second);
  await page.getByLabel("Their e-mail address").fill("third@example.org");
  await page.getByRole("button", { name: "Add member" }).click();
  assert.notEqual(second, await version());
  await page.context().close();
});

test("two organizations see nothing of each other, and a person of both turns from one to the other", async () => {
  const [ada, eve] = [await person(house, "ada@example.org", "Ada"), await person(house, "eve@example.org", "Eve")];
  await house.admin(["credits", "add", "--organization", "Ada", "7"]);
  const receiver = await Receiver.open();
  await house.admin(["hook-host", "allow", "127.0.0.1", "--private"]);
  const adas = await window(browser, house, { ...ada, next: "/studio/tokens" });
  const eves = await window(browser, house, { ...eve, next: "/studio/tokens" });

  await adas.getByLabel("What it is for").fill("Ada's token");
  await adas.getByRole("button", { name: "Issue a token" }).click();
  const token = await secret(adas);
  const tokenId = await adas.locator("tbody tr", { hasText: "Ada's token" }).locator("input[name=token]").inputValue();
  await adas.goto(`${house.base}/studio/devices`);
  await adas.getByLabel("Name of the device").fill("Ada's device");
  await adas.getByRole("button", { name: "Add device" }).click();
  const deviceId = await adas.locator("tbody tr", { hasText: "Ada's device" }).locator("input[name=device]").inputValue();
  assert.equal(await ended(house, await startJob(house, token, { hook: receiver.url })), "completed");
  await adas.goto(`${house.base}/studio/webhooks`);
  const delivery = (await adas.locator("section tbody tr a").first().getAttribute("href")) ?? "";
  assert.match(delivery, /webhooks\//);

  await eves.goto(`${house.base}/studio/tokens`);
  assert.doesNotMatch(await eves.content(), /Ada&#39;s token|Ada's token/);
  assert.equal(await post(eves, "/studio/tokens/revoke", { token: tokenId }), 404);
  assert.equal(await post(eves, "/studio/devices/revoke", { device: deviceId }), 404);
  assert.equal((await eves.request.get(`${house.base}${delivery}`)).status(), 404);
  assert.equal(await post(eves, `${delivery}/resend`, {}), 404);
  await eves.goto(`${house.base}/studio/webhooks`);
  assert.equal(await eves.locator("section tbody tr").count(), 0);
  assert.equal((await (await eves.request.get(`${house.base}/studio/credits.csv`)).text()).trim().split("\r\n").length, 1);
  assert.equal(await post(eves, "/studio/profile/organization", { organization: "nonsense" }), 404);
  const stillThere = await fetch(`${house.base}/api/v1/balance`, { method: "POST", headers: { "x-retouch-token": token } });
  assert.equal(stillThere.status, 200);

  await adas.goto(`${house.base}/studio/organization`);
  await adas.getByLabel("Their e-mail address").fill(eve.email);
  await adas.getByRole("button", { name: "Add member" }).click();
  await eves.locator("details.menu summary").click();
  await eves.getByRole("link", { name: "Your organizations" }).click();
  await eves.waitForURL(`${house.base}/studio/profile#organizations`);
  const left = await eves.context().newPage();
  await left.goto(`${house.base}/studio/organization`);
  await eves.getByRole("button", { name: "Work here: Ada" }).click();
  await left.getByLabel("Their e-mail address").fill(ada.email);
  await left.getByRole("button", { name: "Add member" }).click();
  assert.match(await left.locator("main").innerText(), /out of date/, "a window of the one organization does nothing in the other");
  await left.close();
  await eves.goto(`${house.base}/studio/webhooks`);
  assert.equal(await eves.locator("section tbody tr").count(), 1, "a member sees the organization's deliveries");
  await eves.goto(`${house.base}/studio/tokens`);
  assert.equal(await eves.locator("tbody tr").count(), 0, "but not another person's tokens");
  receiver.close();
  await adas.context().close();
  await eves.context().close();
});
