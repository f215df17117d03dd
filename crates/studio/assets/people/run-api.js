// @ts-check
// "Run it here" on the API page: the same calls that programs make, with the token in the field.

import { words } from "./words.js";

const section = /** @type {HTMLElement} */ (document.getElementById("run"));
const answer = /** @type {HTMLElement} */ (document.getElementById("run-answer"));
const job = field("run-job");
const file = /** @type {HTMLAnchorElement} */ (document.getElementById("run-file"));
const payload = JSON.stringify({ mode: "professional", tasks: [{ Plugin: "Heal", Alpha1: 1 }] });

/** @param {string} id */
function field(id) {
  return /** @type {HTMLInputElement} */ (document.getElementById(id));
}

/** @param {string} text @param {string} [code] */
function say(text, code) {
  const line = document.createElement("p");
  line.textContent = text;
  answer.replaceChildren(line);
  if (code !== undefined) {
    const block = document.createElement("pre");
    block.tabIndex = 0;
    block.textContent = code;
    answer.append(block);
  }
}

/** @param {string} text */
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** @param {string} what @param {string} path @param {RequestInit} [options] */
async function call(what, path, options = {}) {
  const began = performance.now();
  try {
    const response = await fetch(path, { ...options, credentials: "omit" });
    const text = await response.text();
    say(words.answered(what, response.status, Math.round(performance.now() - began)), pretty(text));
    return JSON.parse(text);
  } catch {
    if (!answer.querySelector("pre")) say(words.unreachable);
    return null;
  }
}

/** @type {Record<string, () => Promise<unknown>>} */
const calls = {
  limits: () => call("GET /api/v1/info/limits", "/api/v1/info/limits"),
  balance: async () => {
    const token = field("run-token").value.trim();
    if (!token) return say(words.noToken);
    const headers = { "x-retouch-token": token, "content-type": "application/json" };
    return call("POST /api/v1/balance", "/api/v1/balance", { method: "POST", headers, body: "{}" });
  },
  start: async () => {
    const [token, picture] = [field("run-token").value.trim(), field("run-picture").files?.[0]];
    if (!token) return say(words.noToken);
    if (!picture) return say(words.noPicture);
    const form = new FormData();
    form.set("token", token);
    form.set("payload", payload);
    form.set("file", picture);
    const told = await call("POST /api/v1/retoucher/start", "/api/v1/retoucher/start", { method: "POST", body: form });
    if (told?.id) {
      job.value = told.id;
      file.hidden = true;
    }
    return told;
  },
  status: async () => {
    const id = job.value.trim();
    if (!id) return say(words.noJob);
    const path = `/api/v1/retoucher/status/${encodeURIComponent(id)}`;
    const told = await call(`GET ${path}`, path);
    if (told?.state === "completed") {
      file.href = `/api/v1/retoucher/getFile/${encodeURIComponent(id)}`;
      file.hidden = false;
    }
    return told;
  },
};

section.hidden = false;
for (const button of section.querySelectorAll("button[data-call]")) {
  if (button instanceof HTMLButtonElement) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      await calls[button.dataset.call ?? ""]?.();
      button.disabled = false;
      button.focus();
    });
  }
}
