// @ts-check
// What the tests of people's pages share: further people, receivers of webhooks, jobs by the wire.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

import { root, signIn } from "./house.js";

/** @typedef {import("./house.js").House} House */
/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {import("playwright-core").Page} Page */

/**
 * Makes an account at the command line.
 * @param {House} house @param {string} email @param {string} organization @param {string[]} [flags]
 */
export async function person(house, email, organization, flags = []) {
  const password = `password of ${email}`;
  await house.admin(["account", "create", email, "--organization", organization, "--password-stdin", ...flags], password);
  return { email, password };
}

/**
 * A window of its own with somebody signed in.
 * @param {Browser} browser @param {House} house @param {{email?: string, password?: string, next?: string}} [who]
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function window(browser, house, who = {}, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  // Questions before harm are answered with yes.
  page.on("dialog", (dialog) => void dialog.accept());
  await signIn(page, house, who);
  return page;
}

/** The secret that a page shows once. @param {Page} page @param {number} [number] */
export function secret(page, number = 0) {
  return page.locator(".shown-once input").nth(number).inputValue();
}

/** A receiver of webhooks that answers as it is told. */
export class Receiver {
  status = 200;
  answer = "thank you";
  /** @type {{headers: http.IncomingHttpHeaders, body: string}[]} */
  heard = [];
  server = http.createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    this.heard.push({ headers: request.headers, body });
    response.writeHead(this.status, { "content-type": "text/plain" }).end(this.answer);
  });

  static async open() {
    const receiver = new Receiver();
    receiver.server.listen(0, "127.0.0.1");
    await once(receiver.server, "listening");
    return receiver;
  }

  get url() {
    const address = /** @type {import("node:net").AddressInfo} */ (this.server.address());
    return `http://127.0.0.1:${address.port}/hook`;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/**
 * Starts a small job by the wire; gives its id.
 * @param {House} house @param {string} token @param {{hook?: string, payload?: unknown}} [more]
 * @returns {Promise<string>}
 */
export async function startJob(house, token, more = {}) {
  const form = new FormData();
  form.set("token", token);
  form.set("payload", JSON.stringify(more.payload ?? { mode: "professional", tasks: [{ Plugin: "Heal", Alpha1: 1 }] }));
  if (more.hook) form.set("hook", more.hook);
  form.set("file", new Blob([new Uint8Array(await readFile(path.join(root, "samples/portrait.jpg")))]), "portrait.jpg");
  const answer = await fetch(`${house.base}/api/v1/retoucher/start`, { method: "POST", body: form });
  const told = /** @type {any} */ (await answer.json());
  assert.equal(answer.status, 200, JSON.stringify(told));
  return told.id;
}

/** Waits until a job has ended; gives its state. @param {House} house @param {string} id @returns {Promise<string>} */
export async function ended(house, id) {
  for (let tries = 0; tries < 600; tries += 1) {
    const told = /** @type {any} */ (await (await fetch(`${house.base}/api/v1/retoucher/status/${id}`)).json());
    if (["completed", "failed", "cancelled"].includes(told.state)) return told.state;
    await pause(200);
  }
  throw new Error(`job ${id} does not end`);
}

/** @param {number} millis @returns {Promise<void>} */
export function pause(millis) {
  return new Promise((resolve) => setTimeout(resolve, millis));
}

/**
 * Loads a page again and again until it shows something.
 * @param {Page} page @param {() => Promise<boolean>} shown
 */
export async function until(page, shown) {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await shown()) return;
    await pause(200);
    await page.goto((page.url().split("?")[0] ?? "").split("#")[0] ?? "");
  }
  throw new Error(`${page.url()} does not show it:\n${await page.locator("main").innerText()}`);
}

/** Fails when a page is wider than its window. @param {Page} page @param {string} what */
export async function assertFits(page, what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what} is ${wide} px wider than the window`);
}
