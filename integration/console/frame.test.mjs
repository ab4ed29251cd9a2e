// The frame of the console: a lost server, sign-in, headers, and the keyboard.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, go, openPage, until } from "./browser.mjs";
import { Server } from "./server.mjs";
import { JANE, seed } from "./world.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

test("the pages come with their policy, and are kept by the browser where their name says what they are", async () => {
  const page = await fetch(`${server.consoleUrl}/_ecr-local/console`);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("content-security-policy"), POLICY);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.equal(page.headers.get("referrer-policy"), "no-referrer");
  assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
  const text = await page.text();
  assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=/i, "nothing inline");
  if (process.env.CONSOLE_SOURCES === "1") return;
  const script = /src="([^"]+)"/.exec(text)[1];
  const file = await fetch(server.consoleUrl + script);
  assert.match(file.headers.get("cache-control"), /immutable/);
  const again = await fetch(server.consoleUrl + script, { headers: { "If-None-Match": file.headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("a lost server is said, and what is shown is new when it is back", async () => {
  const lost = await new Server({ seed: seed() }).start();
  const { page, context } = await openPage(lost);
  await go(page, lost, "#/denied");
  await page.getByText("Nothing was denied.").waitFor();
  await lost.stop();
  await page.getByText("The server does not answer.").waitFor();
  await lost.start();
  await assert.rejects(lost.ecr("DescribeRepositories", {}, JANE), /AccessDenied/);
  await page.getByRole("option", { name: /ecr:DescribeRepositories/ }).waitFor();
  await page.getByText("The server does not answer.").waitFor({ state: "detached" });
  await context.close();
  await lost.close();
});

test("a slow server is said", async () => {
  const { page, faults, context } = await openPage(server);
  await page.route("**/_ecr-local/clock", async (route) => {
    await new Promise((done) => setTimeout(done, 4500));
    await route.continue();
  });
  await go(page, server, "#/time");
  await page.getByText("The server takes long to answer").waitFor();
  await page.getByText("Clients see").waitFor();
  await page.getByText("The server takes long to answer").waitFor({ state: "detached" });
  assertClean(faults);
  await context.close();
});

test("with an admin token the page asks for a code, and says where it comes from", { skip: process.env.CONSOLE_SOURCES === "1" }, async () => {
  const guarded = await new Server({ seed: seed(), flags: ["--admin-token", "let-me-in"] }).start();
  const { page, context } = await openPage(guarded);
  await page.goto(`${guarded.consoleUrl}/_ecr-local/console`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.getByLabel("One-time code").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").first().waitFor();
  await context.close();
  await guarded.close();
});

test("every screen is reached by the keyboard, and colours are chosen", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/denied");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "content");
  for (const name of ["Live", "Repositories", "Policies", "Identities", "Time", "Why denied"]) {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.locator("main h1").first().waitFor();
    await until(name, () => page.getByRole("navigation").getByRole("link", { name, exact: true }).getAttribute("aria-current").then((value) => value === "page"));
  }
  await page.getByLabel("Colours").selectOption("dark");
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 23, 28)");
  await page.reload();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 23, 28)");
  await page.goto(`${server.consoleUrl}/_ecr-local/console#/nowhere`);
  await page.getByText("There is no such page").waitFor();
  assertClean(faults);
  await context.close();
});
