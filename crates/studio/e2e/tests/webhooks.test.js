// @ts-check
// Webhooks: the allow list, a message that fails and is sent again, tests, signatures.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser } from "../harness/house.js";
import { Receiver, assertFits, ended, person, startJob, until, window } from "../harness/people.js";

/** @type {House} */
let house;
/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Receiver} */
let receiver;

before(async () => {
  // One pause: a message that fails twice is given up.
  [house, browser, receiver] = await Promise.all([House.open(["--hook-schedule", "1s"]), openBrowser(), Receiver.open()]);
});
after(async () => {
  receiver?.close();
  await browser?.close();
  await house?.close();
});

test("only those who run the house edit the allow list", async () => {
  const member = await person(house, "member@example.org", "Atelier");
  const page = await window(browser, house, { ...member, next: "/studio/webhooks" });
  assert.equal(await page.getByRole("button", { name: "Allow" }).count(), 0);
  const token = (await page.locator("meta[name=form-token]").getAttribute("content")) ?? "";
  const headers = { origin: house.base, "sec-fetch-site": "same-origin" };
  const form = { form_token: token, host: "evil.example" };
  for (const path of ["/studio/webhooks/hosts", "/studio/webhooks/hosts/forbid"]) {
    assert.equal((await page.request.post(`${house.base}${path}`, { headers, form })).status(), 403);
  }
  assert.equal(await house.admin(["hook-host", "list"]), "");
  await page.getByLabel("Address of your receiver").fill(receiver.url);
  await page.getByRole("button", { name: "Send test" }).click();
  assert.match(await page.getByRole("alert").innerText(), /not on the allow list/);
  await page.context().close();
});

for (const scripts of [true, false]) {
  test(`a webhook that failed is sent again and arrives, with scripts ${scripts ? "on" : "off"}`, async () => {
    const page = await window(browser, house, { next: "/studio/webhooks" }, { javaScriptEnabled: scripts });
    if ((await house.admin(["hook-host", "list"])) === "") {
      await page.getByLabel("Host to allow").fill("https://nonsense/");
      await page.getByRole("button", { name: "Allow" }).click();
      assert.match(await page.getByRole("alert").innerText(), /is no host/);
      await page.getByLabel("Host to allow").fill("127.0.0.1");
      await page.getByLabel("may stand on a private network").check();
      await page.getByRole("button", { name: "Allow" }).click();
      assert.match(await page.locator("main").innerText(), /127\.0\.0\.1\s+private network/);
    }
    receiver.status = 500;
    receiver.answer = "<b>out of order</b>";
    receiver.heard = [];
    const job = await startJob(house, house.token, { hook: receiver.url });
    assert.equal(await ended(house, job), "completed");
    await page.goto(`${house.base}/studio/webhooks`);
    await page.locator("section tbody tr a").first().click();
    await until(page, async () => /given up/.test(await page.locator("main").innerText()));
    const text = await page.locator("main").innerText();
    assert.match(text, new RegExp(job));
    assert.match(text, /500[\s\S]*answered 500[\s\S]*<b>out of order<\/b>/);
    assert.equal(await page.locator("section[aria-labelledby=tries] tbody tr").count(), 2);
    if (scripts) await assertAccessible(page, "delivery");

    receiver.status = 204;
    receiver.answer = "";
    await page.getByRole("button", { name: "Send again" }).click();
    await until(page, async () => /\bdelivered\b/.test(await page.locator("section[aria-labelledby=state]").innerText()));
    assert.equal(await page.locator("section[aria-labelledby=tries] tbody tr").count(), 3, "what was tried before stays listed");
    assert.equal(new Set(receiver.heard.map((one) => one.headers["x-webhook-id"])).size, 1, "it is one message");

    const last = receiver.heard.at(-1);
    const shown = await page.locator("section[aria-labelledby=request]").innerText();
    assert.ok(last && shown.includes(String(last.headers["x-webhook-signature"])), "the headers shown are those that were sent");
    const secret = await house.admin(["hook-secret", "--account", house.email]);
    const signed = createHmac("sha256", secret).update(`${last.headers["x-webhook-timestamp"]}.${last.body}`).digest("hex");
    assert.equal(last.headers["x-webhook-signature"], `sha256=${signed}`);
    await page.context().close();
  });
}

test("a test is sent once and its answer is shown; lists are filtered", async () => {
  const page = await window(browser, house, { next: "/studio/webhooks" });
  receiver.status = 418;
  receiver.answer = "a teapot";
  await page.getByLabel("Address of your receiver").fill(receiver.url);
  await page.getByRole("button", { name: "Send test" }).click();
  await until(page, async () => /given up/.test(await page.locator("main").innerText()));
  assert.match(await page.locator("main").innerText(), /418[\s\S]*a teapot/);
  assert.equal(await page.locator("section[aria-labelledby=tries] tbody tr").count(), 1);
  await page.goto(`${house.base}/studio/webhooks`);
  await page.getByLabel("State").selectOption("given_up");
  await page.getByRole("button", { name: "Filter" }).click();
  assert.deepEqual((await page.locator("section tbody tr").allInnerTexts()).map((row) => /given up/.test(row)), [true]);
  await page.goto(`${house.base}/studio/webhooks?host=elsewhere.example`);
  assert.equal(await page.locator("section tbody tr").count(), 0);
  await page.goto(`${house.base}/studio/webhooks?to=2001-01-01`);
  assert.equal(await page.locator("section tbody tr").count(), 0);
  await page.context().close();
});

test("the pages fit a phone and are accessible", async () => {
  const page = await window(browser, house, { next: "/studio/webhooks" }, { viewport: { width: 390, height: 844 } });
  await assertAccessible(page, "webhooks");
  await assertFits(page, "webhooks");
  await page.locator("section tbody tr a").first().click();
  await assertAccessible(page, "delivery");
  await assertFits(page, "delivery");
  await page.getByRole("link", { name: "All deliveries" }).click();
  await page.getByRole("button", { name: "Remove 127.0.0.1" }).click();
  assert.match(await page.locator(".notice").innerText(), /may not go there/);
  await page.context().close();
});
