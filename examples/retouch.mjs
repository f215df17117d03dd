#!/usr/bin/env node
// Retouches one picture: start, poll, download. Node 18 or newer, no packages.
//
//     node retouch.mjs PICTURE [--layers] [--out FILE] [--base URL] [--token TOKEN]
//
// Base URL and token may also come from ATELIER_URL and ATELIER_TOKEN.

import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const BALANCED = [
  { Plugin: "Heal", Alpha1: 1 },
  { Plugin: "Fabric", Alpha1: 0.39 },
  { Plugin: "Eye Vessels", Alpha1: 1 },
  { Plugin: "Eye Brilliance", Alpha1: 0.5 },
  { Plugin: "White Teeth", Alpha1: 0.25, Alpha2: 0.25 },
  { Plugin: "Dodge Burn", Scale: 2, Alpha1: 1, Alpha2: 0.2 },
  { Plugin: "Skin Tone", Alpha1: 1, Alpha2: 1 },
  { Plugin: "Portrait Volumes", Alpha1: 0.5 },
];
const START_TIMEOUT = 60_000;
const STATUS_TIMEOUT = 30_000;
const FILE_TIMEOUT = 120_000;
const JOB_TIMEOUT = 300_000;
const TRIES = 3;

// The network or the server failed: trying again may help. Every other error is final.
class Unreachable extends Error {}

// The bytes of a 200; errors are thrown, told apart by what helps.
async function send(url, timeout, makeOptions = () => ({})) {
  let answer, body;
  try {
    answer = await fetch(url, { ...makeOptions(), signal: AbortSignal.timeout(timeout) });
    body = Buffer.from(await answer.arrayBuffer());
  } catch (error) {
    throw new Unreachable(error.cause?.message ?? error.message);
  }
  if (answer.ok) return body;
  let text = `${answer.status}: the server gave no reason`;
  try {
    text = `${answer.status}: ${JSON.parse(body).message}`;
  } catch {
    // Not JSON: a proxy's page, perhaps. The number says enough.
  }
  throw answer.status >= 500 || answer.status === 429 ? new Unreachable(text) : new Error(text);
}

async function patiently(work) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Unreachable) || attempt === TRIES) throw error;
      console.error(`trying again: ${error.message}`);
      await sleep(1000 * 2 ** (attempt - 1));
    }
  }
}

// The JSON of an answer. Its own `status` counts as much as that of HTTP.
async function ask(url, timeout, makeOptions) {
  const body = await patiently(() => send(url, timeout, makeOptions));
  const answer = JSON.parse(body);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.message ?? "no reason given"}`);
  return answer;
}

async function start(base, token, picture, payload) {
  const content = await readFile(picture);
  // The same key in every try: a try whose answer was lost is not processed twice.
  const headers = { "X-Retouch-Token": token, "Idempotency-Key": randomUUID() };
  return ask(`${base}/api/v1/retoucher/start`, START_TIMEOUT, () => {
    const body = new FormData();
    body.append("file", new Blob([content]), basename(picture));
    body.append("payload", JSON.stringify(payload));
    return { method: "POST", headers, body };
  });
}

async function wait(base, id) {
  const deadline = Date.now() + JOB_TIMEOUT;
  for (let pause = 500; Date.now() < deadline; pause = Math.min(pause * 1.5, 5000)) {
    const status = await ask(`${base}/api/v1/retoucher/status/${id}`, STATUS_TIMEOUT);
    if (status.state === "completed") return;
    if (status.state === "failed") throw new Error(`the job failed: ${status.reason}`);
    console.error(`${status.state} ${status.progress} % ${status.pluginName || status.currentStep}`);
    await sleep(pause);
  }
  throw new Error(`job ${id} was not done within ${JOB_TIMEOUT / 1000} s; ask for it later`);
}

// The kind of the result, told by its first bytes.
function extension(content) {
  const kinds = [["zip", "504b"], ["png", "89504e47"], ["jpg", "ffd8ff"]];
  const found = kinds.find(([, magic]) => content.subarray(0, magic.length / 2).toString("hex") === magic);
  if (!found) throw new Error("the result is neither a picture nor a ZIP");
  return found[0];
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      layers: { type: "boolean", default: false },
      out: { type: "string" },
      base: { type: "string", default: process.env.ATELIER_URL ?? "http://127.0.0.1:8080" },
      token: { type: "string", default: process.env.ATELIER_TOKEN ?? "" },
    },
  });
  const [picture] = positionals;
  if (!picture) throw new Error("name a picture: node retouch.mjs PICTURE [--layers]");
  if (!values.token) throw new Error("give --token, or set ATELIER_TOKEN");
  const base = values.base.replace(/\/+$/, "");

  const tasks = values.layers ? BALANCED.map((task) => ({ ...task, Layer: 1 })) : BALANCED;
  const started = await start(base, values.token, picture, { mode: "professional", tasks });
  console.error(`job ${started.id}, ${started.retouchQuota} left today`);
  await wait(base, started.id);
  const content = await patiently(() => send(`${base}/api/v1/retoucher/getFile/${started.id}`, FILE_TIMEOUT));
  const out = values.out ?? `${picture.replace(/\.[^./]*$/, "")}_retouched.${extension(content)}`;
  extension(content);
  await writeFile(out, content);
  console.log(out);
}

main().catch((error) => {
  console.error(`retouch.mjs: ${error.message}`);
  process.exitCode = 1;
});
