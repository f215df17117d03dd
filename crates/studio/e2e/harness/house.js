// @ts-check
// The real program on an empty folder, and a browser in front of it.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../../..");
const program = process.env.ATELIER_BIN ?? path.join(root, "target/debug/atelier");
const browserPath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** How long the program may take to listen, on a machine that builds something else besides. */
const READY = 60_000;

/** The program, its folder, and what its first start said. */
export class House {
  /** @param {string[]} [flags] further flags of `atelier serve` */
  static async open(flags = []) {
    const house = new House();
    await house.start(flags);
    return house;
  }

  folder = mkdtempSync(path.join(tmpdir(), "atelier-studio-"));
  base = "";
  email = "";
  password = "";
  token = "";
  said = "";
  /** @type {import("node:child_process").ChildProcess | undefined} */
  child;

  /** @param {string[]} flags */
  async start(flags) {
    const args = ["serve", "--listen", "127.0.0.1:0", "--data-dir", path.join(this.folder, "data"), ...flags];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("ATELIER_")));
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    /** @type {Promise<void>} */
    const listening = new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the program did not listen in time:\n${this.said}`)), READY);
      child.once("exit", (code) => reject(new Error(`the program ended with ${code}:\n${this.said}`)));
      const listen = (/** @type {Buffer} */ piece) => {
        this.said += piece.toString();
        const found = this.said.match(/Atelier listens on (http:\S+)/);
        if (found) {
          this.base = found[1] ?? "";
          clearTimeout(timer);
          resolve();
        }
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
    });
    await listening;
    const told = (/** @type {string} */ name) => this.said.match(new RegExp(`${name}:\\s+(\\S+)`))?.[1] ?? "";
    this.email = told("sign in") || this.email;
    this.password = told("password") || this.password;
    this.token = told("token") || this.token;
  }

  /**
   * Runs `atelier admin …` on this house; gives what it printed.
   * @param {string[]} args @param {string} [input]
   * @returns {Promise<string>}
   */
  admin(args, input = "") {
    return new Promise((resolve, reject) => {
      const child = spawn(program, ["admin", ...args, "--data-dir", path.join(this.folder, "data")], { cwd: root });
      let out = "";
      let err = "";
      child.stdout.on("data", (piece) => (out += piece));
      child.stderr.on("data", (piece) => (err += piece));
      child.on("exit", (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(`admin ${args.join(" ")}: ${err}`))));
      // Commands that read nothing may have ended before.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }

  async stop() {
    const child = this.child;
    if (child && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10_000))]);
      child.kill("SIGKILL");
    }
  }

  async close() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A browser of its own, without anything from elsewhere. @returns {Promise<import("playwright-core").Browser>} */
export function openBrowser() {
  if (!browserPath) throw new Error("no Chromium was found: scripts/setup tests installs it");
  return chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/**
 * Signs in through the page.
 * @param {import("playwright-core").Page} page
 * @param {House} house
 * @param {{email?: string, password?: string, next?: string}} [who]
 */
export async function signIn(page, house, who = {}) {
  const next = who.next ?? "/studio";
  await page.goto(`${house.base}/studio/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByLabel("E-mail address").fill(who.email ?? house.email);
  await page.getByLabel("Password").fill(who.password ?? house.password);
  await Promise.all([page.waitForURL(`${house.base}${next}`), page.getByRole("button", { name: "Sign in" }).click()]);
}

/** Collects what goes wrong on a page: errors of scripts, refused resources, lines on the console. @param {import("playwright-core").Page} page */
export function troubles(page) {
  /** @type {string[]} */
  const list = [];
  page.on("pageerror", (error) => list.push(String(error)));
  page.on("console", (line) => {
    if (line.type() === "error") list.push(line.text());
  });
  return list;
}
