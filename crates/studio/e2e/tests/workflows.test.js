// @ts-check
// Workflows: list, editor with preview, versions and differences, copies, the archive, roles, running one on photos.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { assertAccessible } from "../harness/access.js";
import { House, openBrowser, signIn, troubles } from "../harness/house.js";
import { colleague, makeWorkflow, photos, runOn, stranger } from "../harness/photos.js";

/** A preview of the unoptimized program on a busy machine. */
const PREVIEW = 180_000;

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

/** @param {import("playwright-core").Page} page */
const previewed = (page) => page.waitForFunction(() => document.body.dataset.preview === "done", undefined, { timeout: PREVIEW });

/** @param {import("playwright-core").Page} page @param {string} id the mean colour of a picture on the page, and its size */
function mean(page, id) {
  return page.evaluate(async (id) => {
    const image = /** @type {HTMLImageElement} */ (document.getElementById(id));
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(image, 0, 0, 64, 64);
    const corner = [...context.getImageData(1, 1, 1, 1).data];
    return { corner, width: image.naturalWidth, height: image.naturalHeight };
  }, id);
}

/** A new workflow with a filled background, previewed. @param {import("playwright-core").Page} page the field of its colour */
async function filling(page) {
  await signIn(page, house, { next: "/studio/workflows/new" });
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.locator("#palette [data-kind=fill-background]").click();
  await previewed(page);
  return page.locator("#steps li").nth(1).getByRole("textbox", { name: "Colour", exact: true });
}

test("the list and a workflow are read without scripts", async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, house, { next: "/studio/workflows" });
  await page.getByRole("link", { name: "Catalogue on white", exact: true }).click();
  const text = await page.locator("main").innerText();
  assert.match(text, /Remove Background/);
  assert.match(text, /Drop Shadow/);
  assert.match(text, /Versions/);
  await context.close();
});

test("a workflow is put together, previewed, saved, changed, compared and restored", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  await signIn(page, house, { next: "/studio/workflows" });
  await assertAccessible(page, "workflows");
  await page.getByRole("button", { name: "New workflow" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Small and square");
  await page.getByLabel("Price").fill("3");
  await page.getByRole("button", { name: "Add a step" }).click();
  await assertAccessible(page, "palette");
  await page.locator("#palette [data-kind=resize]").click();
  await page.locator("#steps li").nth(1).getByRole("spinbutton", { name: "Width" }).fill("900");
  await previewed(page);
  await assertAccessible(page, "editor");

  // The sample of 1200 pixels stands for a larger original: the step is shrunk with it, the picture keeps its proportions.
  const [was, is] = [await mean(page, "before"), await mean(page, "after")];
  assert.ok(is.width < was.width, `${is.width} < ${was.width}`);
  assert.ok(Math.abs(is.width / is.height - was.width / was.height) < 0.01);

  // Steps are moved by button and by key; each move is said.
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.locator("#palette [data-kind=fill-background]").click();
  await page.getByRole("button", { name: "Move up: Fill Background" }).click();
  assert.equal(await page.locator("#said").innerText(), "Fill Background is step 2 of 4 now");
  await page.locator("#steps li").nth(1).locator("summary").focus();
  await page.keyboard.press("Alt+ArrowDown");
  assert.equal(await page.locator("#steps .step-name").nth(2).innerText(), "Fill Background");

  // What is wrong is said at its step.
  const colour = page.locator("#steps li").nth(2).getByRole("textbox", { name: "Colour", exact: true });
  await colour.fill("white");
  await page.locator("#steps li").nth(2).locator(".problem").filter({ hasText: "colour" }).waitFor({ timeout: PREVIEW });
  assert.equal(await colour.getAttribute("aria-invalid"), "true");
  await colour.fill("#ffffff");

  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/notice=workflow-saved/);
  await assertAccessible(page, "workflow");

  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByLabel("Price").fill("4");
  await page.getByRole("checkbox", { name: "Review" }).check();
  await page.getByRole("button", { name: "Remove: Fill Background" }).click();
  await page.locator("#steps li").nth(1).locator("summary").click();
  await page.locator("#steps li").nth(1).getByRole("spinbutton", { name: "Width" }).fill("450");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/notice=workflow-saved/);

  await page.getByRole("button", { name: "Compare" }).click();
  const rows = (await page.locator(".differences tbody tr").allInnerTexts()).map((row) => row.replace(/\s+/g, " ").trim());
  assert.deepEqual(rows.sort(), ["Price 3 4", "Resize: Width 900 450", "Review off on", "Step removed: Fill Background 3."]);
  await assertAccessible(page, "differences");

  page.on("dialog", (dialog) => void dialog.accept());
  await page.getByRole("button", { name: "Restore as new Version 1" }).click();
  await page.waitForURL(/notice=workflow-restored/);
  assert.match(await page.locator(".figures").innerText(), /Version\s+3\s+Price\s+3/);
  assert.deepEqual(trouble, []);
  await page.close();
});

test("the preview draws what was checked, however the form goes on changing", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  const colour = await filling(page);
  await page.route("**/workflows/check", async (route) => {
    await colour.fill("white");
    await route.continue();
  }, { times: 1 });
  const drawn = page.waitForRequest("**/workflows/preview");
  await colour.fill("#102030");
  assert.match((await drawn).postData() ?? "", /#102030/);
  await page.locator("#steps li").nth(1).locator(".problem").filter({ hasText: "colour" }).waitFor({ timeout: PREVIEW });
  assert.deepEqual(trouble, []);
  await page.close();
});

test("a preview that is outdated before it is drawn does not count as done", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  const colour = await filling(page);
  // The form changes with the answer on its way: the page has it long before the pause after the change is over.
  await page.route("**/workflows/preview", async (route) => {
    const answer = await route.fetch();
    await colour.fill("#405060");
    await page.evaluate(() => {
      const seen = /** @type {any} */ (window);
      seen.states = [];
      new MutationObserver(() => seen.states.push(document.body.dataset.preview)).observe(document.body, { attributeFilter: ["data-preview"] });
    });
    await route.fulfill({ response: answer });
  }, { times: 1 });
  await colour.fill("#102030");
  await page.waitForFunction(() => /** @type {any} */ (window).states?.includes("done"), undefined, { timeout: PREVIEW });
  const states = await page.evaluate(() => /** @type {any} */ (window).states);
  assert.deepEqual(states, ["working", "done"]);
  assert.deepEqual(trouble, []);
  await page.close();
});

test("a product is cut out in the preview, and the ground takes the chosen colour", async () => {
  const page = await browser.newPage();
  await signIn(page, house, { next: "/studio/workflows/new?from=1" });
  await page.getByLabel("Sample").selectOption("product");
  await previewed(page);
  const [before, after] = [await mean(page, "before"), await mean(page, "after")];
  assert.ok((before.corner[0] ?? 0) < 245, "the backdrop is grey before");
  assert.deepEqual(after.corner.slice(0, 3).map((value) => value > 250), [true, true, true], "and white afterwards");
  await page.close();
});

test("whoever saves second is told, and nothing is lost", async () => {
  const context = await browser.newContext();
  const [one, other] = [await context.newPage(), await context.newPage()];
  await signIn(one, house);
  const path = await makeWorkflow(one, { name: "Twice" });
  await one.goto(`${house.base}${path}/edit`);
  // The check of the components that opening starts ends after the saving, and must not wipe out what that said.
  /** @type {() => void} */
  let goOn = () => {};
  const saved = new Promise((resolve) => (goOn = () => resolve(null)));
  await other.route("**/studio/workflows/check", async (route) => {
    await saved;
    await route.continue();
  });
  await other.goto(`${house.base}${path}/edit`);
  await one.getByLabel("Price").fill("5");
  await one.getByRole("button", { name: "Save" }).click();
  await one.waitForURL(/notice=workflow-saved/);
  await other.getByLabel("Price").fill("6");
  await other.getByRole("button", { name: "Save" }).click();
  const told = other.locator("#problem").filter({ hasText: "meanwhile" });
  await told.waitFor();
  goOn();
  await previewed(other);
  assert.equal(await told.count(), 1, "it is still told after the check");
  await context.close();
});

test("what was made outlives the session: signing in again in another window is enough", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house, { next: "/studio/workflows/new" });
  await page.getByLabel("Name", { exact: true }).fill("Long thought about");
  await previewed(page);
  await context.clearCookies();
  const save = page.getByRole("button", { name: "Save" });
  await save.press("Enter");
  await page.locator("#problem").filter({ hasText: "sign in in another window" }).waitFor();
  assert.ok(await save.evaluate((button) => button === document.activeElement), "the focus stays");
  // Somebody else at the same computer does not save it into their own house.
  const other = await context.newPage();
  await signIn(other, house, await stranger(house, "Passer"));
  await save.click();
  await page.locator("#problem").filter({ hasText: "out of date" }).waitFor();
  await context.clearCookies();
  await signIn(other, house);
  await save.click();
  await page.waitForURL(/notice=workflow-saved/);
  assert.match(await page.locator("main").innerText(), /Long thought about/);
  await context.close();
});

test("prices are whole, a step is duplicated with its settings", async () => {
  const page = await browser.newPage();
  await signIn(page, house, { next: "/studio/workflows/new" });
  await page.getByLabel("Name", { exact: true }).fill("Twice square");
  await page.getByRole("button", { name: "Add a step" }).click();
  await page.locator("#palette [data-kind=resize]").click();
  const widths = page.getByRole("spinbutton", { name: "Width" });
  await widths.fill("700");
  await page.getByRole("button", { name: "Duplicate: Resize" }).click();
  assert.equal(await page.locator("#steps li").count(), 4);
  assert.equal(await widths.nth(1).inputValue(), "700");
  await widths.nth(1).fill("300");
  assert.equal(await widths.nth(0).inputValue(), "700", "each has settings of its own");
  await page.getByLabel("Price").fill("1.5");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator("#problem").filter({ hasText: "a price is a whole number of credits" }).waitFor();
  await page.getByLabel("Price").fill("2");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/notice=workflow-saved/);
  await page.close();
});

test("the preview takes a picture of one's own, and then another", async () => {
  const page = await browser.newPage();
  await signIn(page, house, { next: "/studio/workflows/new" });
  await previewed(page);
  const [wide, narrow] = await photos(browser, ["first.jpg", "second.jpg"], 300);
  const another = page.locator("#choose-own");
  assert.equal(await another.isVisible(), false);
  /** @param {() => Promise<unknown>} act @param {import("../harness/photos.js").Photo} file */
  const choose = async (act, file) => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), act()]);
    await chooser.setFiles(file);
  };
  const shown = () => page.locator("#before").getAttribute("src");
  const portrait = await shown();
  await choose(() => page.getByLabel("Sample").selectOption("own"), /** @type {any} */ (wide));
  await page.waitForFunction((old) => document.getElementById("before")?.getAttribute("src") !== old, portrait);
  await previewed(page);
  assert.equal((await mean(page, "before")).width, 300);
  const first = await shown();
  await choose(() => another.click(), /** @type {any} */ (narrow));
  await page.waitForFunction((old) => document.getElementById("before")?.getAttribute("src") !== old, first);
  await previewed(page);
  const second = await shown();
  await choose(() => another.click(), { name: "notes.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture") });
  await page.locator(".toast.bad").waitFor();
  assert.equal(await shown(), second, "the picture before stays");
  await page.close();
});

test("copies, archive and back; operators look and run, and change nothing", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("dialog", (dialog) => void dialog.accept());
  await signIn(page, house);
  const path = await makeWorkflow(page, { name: "Old ways" });
  await page.goto(`${house.base}${path}`);
  await page.getByRole("button", { name: "Duplicate" }).click();
  await page.waitForURL(/notice=workflow-copied/);
  assert.equal(await page.locator("h1").innerText(), "Old ways (copy)");
  await page.goto(`${house.base}${path}`);
  await page.getByRole("button", { name: "Archive" }).click();
  await page.waitForURL(/notice=workflow-archived/);
  await page.goto(`${house.base}/studio/workflows`);
  assert.equal(await page.getByRole("link", { name: "Old ways", exact: true }).count(), 0);
  await page.getByRole("link", { name: "Show archived workflows" }).click();
  assert.equal(await page.getByRole("link", { name: "Old ways", exact: true }).count(), 1);
  assert.equal((await page.goto(`${house.base}${path}/run`))?.status(), 409);

  const operator = await colleague(house, "Olga", "operator");
  const hers = await browser.newContext();
  const desk = await hers.newPage();
  await signIn(desk, house, operator);
  await desk.goto(`${house.base}${path}`);
  assert.equal(await desk.getByRole("link", { name: "Edit", exact: true }).count(), 0);
  assert.equal((await desk.goto(`${house.base}${path}/edit`))?.status(), 403);
  await desk.goto(`${house.base}/studio/workflows`);
  await assert.rejects(makeWorkflow(desk, { name: "Mine" }));
  await hers.close();
  await context.close();
});

test("a workflow runs on photos from the browser", async () => {
  const page = await browser.newPage();
  const trouble = troubles(page);
  await signIn(page, house);
  const path = await makeWorkflow(page, { name: "Send", price: 2 });
  await page.goto(`${house.base}${path}/run`);
  await assertAccessible(page, "run");
  const [one, two] = await photos(browser, ["one.jpg", "two.jpg"]);
  assert.ok(one && two);
  const text = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") };
  const liar = { name: "liar.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no picture either") };
  await page.locator("#files").setInputFiles([one, text, liar, two]);
  assert.equal(await page.locator("#list li").count(), 3, "a text is left out at once");
  assert.equal(await page.locator("#cost").innerText(), "6");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForFunction(() => document.querySelectorAll("#list li[data-state=done]").length === 2, undefined, { timeout: 60_000 });
  await page.locator("#list li[data-state=failed]").filter({ hasText: "liar.jpg" }).waitFor();
  assert.match(await page.locator("#total-said").innerText(), /2 of 3 sent, 1 not sent/);
  await page.getByRole("link", { name: "Follow the order" }).click();
  await page.locator("[data-counts]").filter({ hasText: "2 done" }).waitFor({ timeout: 60_000 });
  assert.deepEqual(trouble.filter((line) => !line.includes("422")), []);
  const order = await runOn(page, house.base, path, [one], "Once more");
  assert.match(order, /^\/studio\/orders\//);
  await page.close();
});

test("a whole folder is sent with the names of its sub-folders", async () => {
  const folder = mkdtempSync(`${tmpdir()}/atelier-folder-`);
  mkdirSync(`${folder}/shoot/church`, { recursive: true });
  const page = await browser.newPage();
  await signIn(page, house);
  const [one, two] = await photos(browser, ["one.jpg", "two.jpg"], 200);
  writeFileSync(`${folder}/shoot/one.jpg`, one?.buffer ?? "");
  writeFileSync(`${folder}/shoot/church/two.jpg`, two?.buffer ?? "");
  writeFileSync(`${folder}/shoot/notes.txt`, "no picture");
  await page.goto(`${house.base}${await makeWorkflow(page, { name: "Folders" })}/run`);
  await page.locator("#folder").setInputFiles(`${folder}/shoot`);
  await page.locator(".toast").getByText("1 file was left out").waitFor();
  assert.deepEqual((await page.locator("#list .file-name").allInnerTexts()).sort(), ["shoot/church/two.jpg", "shoot/one.jpg"]);
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/\/studio\/orders\/[^/]+$/, { timeout: 60_000 });
  const rows = (await page.locator("tbody th").allInnerTexts()).map((text) => text.replace(/\s+/g, " ")).sort();
  assert.deepEqual(rows, ["one.jpg shoot", "two.jpg shoot/church"]);
  rmSync(folder, { recursive: true });
  await page.close();
});

test("another organization sees none of it", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await signIn(page, house);
  const path = await makeWorkflow(page, { name: "Secret recipe" });
  await context.close();
  const eve = await stranger(house, "Eve");
  const hers = await browser.newContext();
  const desk = await hers.newPage();
  await signIn(desk, house, { ...eve, next: "/studio/workflows" });
  assert.equal(await desk.getByRole("link", { name: "Secret recipe" }).count(), 0);
  for (const page of [path, `${path}/edit`, `${path}/run`]) {
    assert.equal((await desk.request.get(`${house.base}${page}`)).status(), 404, page);
  }
  const token = await desk.locator("meta[name=form-token]").getAttribute("content");
  for (const deed of ["restore", "duplicate", "archive"]) {
    const answer = await desk.request.post(`${house.base}${path}/${deed}`, {
      form: { form_token: token ?? "", version: "x", archived: "1" },
      headers: { origin: house.base },
      maxRedirects: 0,
    });
    assert.equal(answer.status(), 404, deed);
  }
  const run = await desk.request.post(`${house.base}${path}/executions?order=x&name=x.jpg`, { data: "x", headers: { origin: house.base, "x-form-token": token ?? "" } });
  assert.equal(run.status(), 404);
  await hers.close();
});

test("on a phone everything fits the width", async () => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  await signIn(page, house);
  const path = await makeWorkflow(page, { name: "Pocket" });
  for (const place of ["/studio/workflows", path, `${path}/edit`, `${path}/run`]) {
    await page.goto(`${house.base}${place}`);
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok((inner ?? 0) <= (outer ?? 0), `${place}: ${inner} > ${outer}`);
    await assertAccessible(page, `${place} on a phone`);
  }
  // Words stay whole, and headings do not lie on what stands beside them.
  await page.goto(`${house.base}/studio/workflows`);
  const run = await page.getByRole("link", { name: "Run Pocket" }).boundingBox();
  assert.ok((run?.width ?? 0) > (run?.height ?? 0), `the button is ${run?.width} by ${run?.height}`);
  for (const place of ["/studio/workflows", `${path}/edit`]) {
    await page.goto(`${house.base}${place}`);
    const spilt = await page.locator("main :is(h1, h2)").evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent));
    assert.deepEqual(spilt, [], place);
  }
  await context.close();
});
