// @ts-check
// The automated part of accessibility: axe on the page as it is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Fails when axe finds anything against WCAG 2.2 A and AA.
 * @param {import("playwright-core").Page} page
 * @param {string} what names the page in the message
 */
export async function assertAccessible(page, what) {
  // The page's own policy forbids foreign scripts; the tool is put in from outside of it.
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const axe = /** @type {any} */ (globalThis).axe;
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const result = await axe.run(document, { runOnly: { type: "tag", values: tags } });
    return result.violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(found, [], what);
}
