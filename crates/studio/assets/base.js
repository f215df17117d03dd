// @ts-check
// What every page can do with scripts: times in the reader's zone, copying, asking before harm, closing menus.

import { words } from "./words.js";

const tokenPlace = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=form-token]"));

/** The token that proves to the server that a request comes from a page of its own. */
export function formToken() {
  return tokenPlace?.content ?? "";
}

/**
 * Takes a new token, once somebody has signed in again in another window: what is on this page need not be lost with its
 * session. True when there is one, of the same person in the same organization.
 */
export async function renewToken() {
  const response = await reach("/studio/form-token", { redirect: "manual", credentials: "same-origin" });
  if (!response.ok || !tokenPlace) return false;
  const { token, person } = await response.json();
  if (person !== tokenPlace.dataset.person || token === tokenPlace.content) return false;
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("input[name=form_token]"))) {
    if (field.value === tokenPlace.content) field.value = token;
  }
  tokenPlace.content = token;
  return true;
}

/** As `fetch`; a server that is not reached is said in plain words. @param {string} path @param {RequestInit} options */
async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Refused(0, words.offline);
  }
}

/** An answer of the server that is no success; its message is fit to be shown. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * Asks the server, as the page's own person. A body that is no string, form, file or bytes goes out as JSON.
 * @param {string} path
 * @param {{method?: string, body?: unknown, signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<Response>} an answer with a status of success
 * @throws {Refused}
 */
export async function ask(path, options = {}) {
  const { body, method = body === undefined ? "GET" : "POST", signal } = options;
  const headers = new Headers(options.headers);
  headers.set("accept", "application/json");
  const raw = body === undefined || typeof body === "string" || body instanceof FormData || body instanceof Blob || body instanceof ArrayBuffer;
  if (!raw) headers.set("content-type", "application/json");
  const sent = raw ? /** @type {BodyInit | undefined} */ (body) : JSON.stringify(body);
  const send = () => {
    headers.set("x-form-token", formToken());
    return reach(path, { method, body: sent, headers, signal, credentials: "same-origin", redirect: "manual" });
  };
  let response = await send();
  if (response.status === 403 && (await renewToken())) response = await send();
  if (response.type === "opaqueredirect") throw new Refused(401, words.signedOut);
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

/** @param {Response} response */
async function reason(response) {
  const text = await response.text();
  try {
    const value = JSON.parse(text);
    if (typeof value.message === "string") return value.message;
  } catch {
    const page = new DOMParser().parseFromString(text, "text/html");
    const said = page.querySelector("[role=alert], [role=status]")?.textContent;
    if (said) return said;
  }
  return words.trouble(response.status);
}

/**
 * Shows a short message for a few seconds; screen readers say it.
 * @param {string} text
 * @param {"" | "bad"} [kind]
 */
export function toast(text, kind = "") {
  const one = document.createElement("div");
  one.className = `toast ${kind}`;
  one.textContent = text;
  // It may lie on what somebody wants to press.
  one.addEventListener("click", () => one.remove());
  toasts.append(one);
  setTimeout(() => one.remove(), kind === "bad" ? 9000 : 4000);
}

/** Screen readers say only what comes into a region that was there before. */
const toasts = document.createElement("div");
toasts.className = "toasts";
toasts.setAttribute("role", "status");
document.body.append(toasts);

/** Milliseconds in which the same form sent twice is a double click. */
const DOUBLE = 2_000;

/** Writes times in the reader's own zone and manner. @param {ParentNode} [root] */
export function localTimes(root = document) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[data-local]")) {
    const at = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.textContent = format.format(at);
      time.setAttribute("title", at.toISOString());
    }
  }
}

/** Copies a text; says so, or shows it selected where the browser does not allow copying. @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(words.copied);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    toast(done ? words.copied : words.notCopied, done ? "" : "bad");
  }
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const button = target.closest("[data-copy]");
  if (button instanceof HTMLElement) {
    const from = button.dataset.copyFrom ? document.querySelector(button.dataset.copyFrom)?.textContent : button.dataset.copy;
    void copy(from ?? "");
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  }
});
document.addEventListener("focusin", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.dataset.select !== undefined) event.target.select();
});
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const asked = (event.submitter instanceof HTMLElement && event.submitter.dataset.confirm) || form.dataset.confirm;
  if (asked && !window.confirm(asked)) event.preventDefault();
  if (event.defaultPrevented || form.method !== "post") return;
  // A double click does not give credits, make a token or call off twice.
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, DOUBLE);
});
localTimes();
// Where one is may lie beyond the edge of a navigation that is moved sideways.
for (const here of document.querySelectorAll(".main-nav [aria-current], .side-nav [aria-current]")) {
  const nav = /** @type {HTMLElement} */ (here.parentElement);
  const [inner, outer] = [here.getBoundingClientRect(), nav.getBoundingClientRect()];
  if (inner.right > outer.right) nav.scrollLeft += inner.right - outer.right + (outer.width - inner.width) / 2;
}
