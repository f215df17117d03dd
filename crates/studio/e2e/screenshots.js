// @ts-check
// Renews the pictures of all pages in docs/studio: light, dark and on a phone. `scripts/browser-tests screenshots` runs it.

import { mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";

import { House, openBrowser, root, signIn } from "./harness/house.js";
import { Receiver, ended, pause, person, startJob } from "./harness/people.js";
import { makeWorkflow, photos, runOn } from "./harness/photos.js";

/**
 * @typedef {object} Shot
 * @property {string} name the file is called NAME-light.png and so on
 * @property {string} path
 * @property {boolean} [outside] true for pages of those who are not signed in
 * @property {boolean} [pictures] true for pages that show photographs: they are kept as JPEG
 * @property {(page: import("playwright-core").Page) => Promise<unknown>} [prepare] what to do on the page first
 */

/** @type {Shot[]} every page; a group adds its own here */
const SHOTS = [
  { name: "sign-in", path: "/studio/sign-in", outside: true },
  { name: "activate", path: "/activate" },
  { name: "start", path: "/studio" },
  { name: "try", path: "/studio/try", pictures: true, prepare: (page) => tryPhoto(page) },
  { name: "workflows", path: "/studio/workflows" },
  { name: "workflow", path: "/studio/workflows", prepare: (page) => follow(page, "main a[href^='/studio/workflows/']") },
  { name: "workflow-edit", path: "/studio/workflows", pictures: true, prepare: (page) => edit(page) },
  { name: "orders", path: "/studio/orders", pictures: true },
  { name: "order", path: "/studio/orders", pictures: true, prepare: (page) => follow(page, "main a[href^='/studio/orders/']") },
  { name: "executions", path: "/studio/executions", pictures: true },
  { name: "review", path: "/studio/review", pictures: true, prepare: (page) => page.waitForTimeout(2500) },
  { name: "profile", path: "/studio/profile" },
  { name: "tokens", path: "/studio/tokens" },
  { name: "token-issued", path: "/studio/tokens", prepare: (page) => issue(page) },
  { name: "devices", path: "/studio/devices" },
  { name: "organization", path: "/studio/organization" },
  { name: "credits", path: "/studio/credits" },
  { name: "webhooks", path: "/studio/webhooks" },
  { name: "delivery", path: "/studio/webhooks", prepare: (page) => page.locator("section tbody tr a").first().click() },
  { name: "api", path: "/studio/api" },
  { name: "operator-queue", path: "/studio/operator" },
  { name: "operator-accounts", path: "/studio/operator/accounts" },
  { name: "operator-organizations", path: "/studio/operator/organizations" },
  { name: "operator-storage", path: "/studio/operator/storage" },
  { name: "operator-audit", path: "/studio/operator/audit" },
];

/** @type {[string, import("playwright-core").BrowserContextOptions][]} */
const LOOKS = [
  ["light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true }],
];
/** A longer page is cut: what is below looks like what is above. */
const TALLEST = 1400;

/** @param {import("playwright-core").Page} page */
async function issue(page) {
  await page.getByLabel("What it is for").fill("Lightroom on the studio computer");
  await page.getByRole("button", { name: "Issue a token" }).click();
}

/** Goes where the first such link leads. @param {import("playwright-core").Page} page @param {string} link */
async function follow(page, link) {
  const address = await page.locator(link).first().getAttribute("href");
  await page.goto(new URL(address ?? "", page.url()).href);
}

/** @param {import("playwright-core").Page} page */
async function edit(page) {
  const links = page.locator("main a[href^='/studio/workflows/']");
  const addresses = await links.evaluateAll((all) => all.map((one) => /** @type {HTMLAnchorElement} */ (one).pathname));
  const workflow = addresses.find((address) => address.split("/").length === 4 && !address.endsWith("/new"));
  await page.goto(new URL(`${workflow}/edit`, page.url()).href);
  await page.waitForTimeout(3000);
}

/** @param {import("playwright-core").Page} page */
async function tryPhoto(page) {
  await page.locator("#files").setInputFiles(path.join(root, "samples/portrait.jpg"));
  await page.waitForTimeout(6000);
}

/** Something to look at on every page. @param {House} house @param {import("playwright-core").Page} page */
async function furnish(house, page) {
  const workflow = await makeWorkflow(page, { name: "Portraits, reviewed", review: true, components: [{ type: "heal" }] });
  const files = await photos(browser, ["Anna 01.jpg", "Anna 02.jpg", "Ben 01.jpg"], 900);
  await runOn(page, house.base, workflow, files, "Spring catalogue");
  const receiver = await Receiver.open();
  await person(house, "anna@example.org", "Portraits of the north", ["--role", "operator"]);
  await house.admin(["credits", "add", "--organization", "Atelier", "250", "--note", "invoice 2026-118"]);
  await house.admin(["hook-host", "allow", "127.0.0.1", "--private"]);
  await house.admin(["hook-host", "allow", "*.example.org"]);
  await house.admin(["token", "create", "--account", house.email, "--name", "Capture One, studio 2"]);
  await page.goto(`${house.base}/studio/devices`);
  await page.getByLabel("Name of the device").fill("Shop connector");
  await page.getByRole("button", { name: "Add device" }).click();
  const tasks = [["Heal"], ["Heal", "Dodge Burn"], ["Heal", "Dodge Burn", "Eye Brilliance"]];
  for (const plugins of tasks) {
    receiver.status = plugins.length === 2 ? 503 : 200;
    const payload = { mode: "professional", tasks: plugins.map((Plugin) => ({ Plugin, Alpha1: 1 })) };
    await ended(house, await startJob(house, house.token, { hook: receiver.url, payload }));
    await pause(300);
  }
  receiver.close();
}

const folder = process.env.SCREENSHOTS ?? path.join(root, "docs/studio");
mkdirSync(folder, { recursive: true });
const only = process.argv.slice(2);
const [house, browser] = await Promise.all([House.open(), openBrowser()]);
let total = 0;
try {
  const first = await browser.newPage();
  await signIn(first, house);
  await furnish(house, first);
  await first.close();
  for (const [look, options] of LOOKS) {
    const stranger = await (await browser.newContext(options)).newPage();
    const page = await (await browser.newContext(options)).newPage();
    await signIn(page, house);
    for (const shot of SHOTS.filter((one) => only.length === 0 || only.includes(one.name))) {
      const window = shot.outside ? stranger : page;
      const answer = await window.goto(house.base + shot.path);
      if (answer?.status() !== 200) throw new Error(`${shot.path} answers ${answer?.status()}`);
      await shot.prepare?.(window);
      await window.waitForLoadState("networkidle");
      const size = await window.evaluate(() => ({ width: innerWidth, height: document.documentElement.scrollHeight }));
      const clip = { x: 0, y: 0, width: size.width, height: Math.min(size.height, TALLEST) };
      const kind = shot.pictures ? /** @type {const} */ ({ type: "jpeg", quality: 80 }) : /** @type {const} */ ({ type: "png" });
      const file = path.join(folder, `${shot.name}-${look}.${shot.pictures ? "jpg" : "png"}`);
      writeFileSync(file, await window.screenshot({ ...kind, clip, fullPage: true, animations: "disabled" }));
      total += statSync(file).size;
    }
    await page.context().close();
    await stranger.context().close();
  }
} finally {
  await browser.close();
  await house.close();
}
process.stdout.write(`${(total / 1024 / 1024).toFixed(1)} MiB of pictures in ${folder}\n`);
