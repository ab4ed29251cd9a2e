// Debian's Chromium, and what no page of the console may do: violate its Content-Security-Policy,
// write an error to the browser's console, throw, or ask another host.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { ROOT } from "./server.mjs";

const require = createRequire(join(ROOT, "web/console/package.json"));
const { chromium } = require("playwright-core");
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = process.env.CONSOLE_PICTURES ?? join(ROOT, "build/console");
const PATIENCE_MILLISECONDS = 10_000;

let browser;

export async function openBrowser() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
  });
  return browser;
}

export async function closeBrowser() {
  await browser?.close();
  browser = undefined;
}

/** A page that remembers what it should not have done; `faults` has a sentence for each. */
export async function openPage(server, { width = 1280, height = 900, scheme = "light" } = {}) {
  const context = await (await openBrowser()).newContext({ viewport: { width, height }, colorScheme: scheme, timezoneId: "UTC", locale: "en-GB" });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MILLISECONDS);
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => faults.push(`thrown: ${error.stack ?? error}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && url.host !== new URL(server.consoleUrl).host) faults.push(`asked ${url.host}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`);
    });
  });
  return { page, faults, context };
}

/** Goes to a screen; `fragment` is "#/denied". */
export async function go(page, server, fragment) {
  await page.goto(`${server.consoleUrl}/_ecr-local/console${fragment}`);
  // Narrow pages show a list or one entry of it: the list's heading may be hidden.
  await page.waitForSelector("main h1:visible, main h2:visible");
}

export const fragmentOf = (...parts) => "#/" + parts.map(encodeURIComponent).join("/");

/** Fails on what a page did that it must not do. */
export function assertClean(faults) {
  assert.deepEqual(faults, []);
}

/** Fails on what axe-core finds serious or critical. */
export async function assertAccessible(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }),
  );
  const bad = violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${where}: ${one.id}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + (node.failureSummary ?? "")).join(" | ")}`);
  assert.deepEqual(bad, []);
}

/** Fails where the page has to be moved sideways to be read. */
export async function assertFits(page, where) {
  const [content, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(content <= window_, `${where}: ${content} px of content in a window of ${window_}`);
}

/** A picture for people, kept below build/. */
export async function picture(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), animations: "disabled" });
}

/** Waits until `condition` holds, and fails with `what` after a while. */
export async function until(what, condition, milliseconds = PATIENCE_MILLISECONDS) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${milliseconds} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
