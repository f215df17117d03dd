// @ts-check
// Small photographs, each of its own content, made of the portrait that comes with the repository.

import { readFileSync } from "node:fs";
import path from "node:path";

import { root } from "./house.js";

/** @typedef {{ name: string, mimeType: string, buffer: Buffer }} Photo */

/**
 * Small JPEG portraits with these names.
 * @param {import("playwright-core").Browser} browser
 * @param {string[]} names
 * @param {number} [edge] the longer side in pixels
 * @returns {Promise<Photo[]>}
 */
export async function photos(browser, names, edge = 480) {
  const portrait = readFileSync(path.join(root, "samples/portrait.jpg")).toString("base64");
  const page = await browser.newPage();
  const made = [];
  for (const [index, name] of names.entries()) {
    const text = await page.evaluate(
      async ([source, long, number]) => {
        const image = new Image();
        image.src = `data:image/jpeg;base64,${source}`;
        await image.decode();
        const scale = Number(long) / Math.max(image.width, image.height);
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(image.width * scale);
        canvas.height = Math.round(image.height * scale);
        const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        context.fillStyle = `hsl(${(Number(number) * 67) % 360} 60% 50%)`;
        context.fillRect(0, 0, 12 + Number(number), 12);
        return canvas.toDataURL("image/jpeg", 0.9).split(",")[1] ?? "";
      },
      [portrait, edge, index],
    );
    made.push({ name, mimeType: "image/jpeg", buffer: Buffer.from(text, "base64") });
  }
  await page.close();
  return made;
}

/** Another organization with somebody who can sign in. @param {import("./house.js").House} house @param {string} name @param {string[]} [flags] */
export async function stranger(house, name, flags = []) {
  const email = `${name.toLowerCase()}@example.org`;
  const password = "correct horse battery";
  await house.admin(["account", "create", email, "--organization", `${name} Studio`, "--password-stdin", ...flags], password);
  return { email, password };
}

/** A colleague in the house's first organization. @param {import("./house.js").House} house @param {string} name @param {"admin" | "operator"} role */
export async function colleague(house, name, role) {
  const list = JSON.parse(await house.admin(["organization", "list", "--json"]));
  const email = `${name.toLowerCase()}@example.org`;
  const password = "correct horse battery";
  await house.admin(["account", "create", email, "--organization", list[0].name, "--role", role, "--password-stdin"], password);
  return { email, password };
}

/**
 * Makes a workflow through the editor's own door; gives its path.
 * @param {import("playwright-core").Page} page signed in, on a page of the studio
 * @param {{name: string, price?: number, review?: boolean, components?: object[], export?: object}} wanted
 */
export async function makeWorkflow(page, wanted) {
  const components = [{ type: "input" }, ...(wanted.components ?? []), { type: "export", settings: wanted.export ?? {} }];
  return page.evaluate(
    async (body) => {
      const token = /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=form-token]")).content;
      const answer = await fetch("/studio/workflows/save", { method: "POST", headers: { "x-form-token": token }, body: JSON.stringify(body) });
      const told = await answer.json();
      if (!told.path) throw new Error(JSON.stringify(told));
      return /** @type {string} */ (told.path).split("?")[0] ?? "";
    },
    { id: null, edited: null, name: wanted.name, price: wanted.price ?? 1, review: wanted.review ?? false, components },
  );
}

/**
 * Runs a workflow on photos through its page; gives the path of the order.
 * @param {import("playwright-core").Page} page
 * @param {string} base
 * @param {string} workflow its path
 * @param {Photo[]} files
 * @param {string} name of the order
 */
export async function runOn(page, base, workflow, files, name) {
  await page.goto(`${base}${workflow}/run`);
  await page.locator("#files").setInputFiles(files);
  await page.getByLabel("Name of the order").fill(name);
  await Promise.all([page.waitForURL(/\/studio\/orders\/[^/]+$/, { timeout: 60_000 }), page.getByRole("button", { name: "Start" }).click()]);
  return new URL(page.url()).pathname;
}
