// Screen 2: requests as they happen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, go, openPage, until } from "./browser.mjs";
import { Server } from "./server.mjs";
import { CI, JANE, seed } from "./world.mjs";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

test("a push is one row, which opens into its requests", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/live");
  await page.getByText("No request yet.").waitFor();
  assert.equal((await server.push("app", "1", { keys: CI })).status, 201);
  const group = page.getByRole("option", { name: /docker push app/ });
  await group.waitFor();
  await until("the whole push", async () => /5 requests/.test(await group.textContent()));
  await group.click();
  await page.getByRole("option", { name: /PUT.*ecr:PutImage/ }).click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("Which policy decided").first().waitFor();
  await drawer.getByText("Record of the call").waitFor();
  await drawer.getByText('"eventName": "PutImage"').waitFor();
  await drawer.getByText("/v2/app/manifests/1", { exact: false }).first().waitFor();
  await page.keyboard.press("Escape");
  await drawer.waitFor({ state: "detached" });
  assertClean(faults);
  await context.close();
});

test("it stops and goes on, and the filter leaves lines out", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/live");
  await page.locator(".virtual-row").first().waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await assert.rejects(server.ecr("DescribeRepositories", {}, JANE), /AccessDenied/);
  await page.getByRole("button", { name: /Resume \(1 new\)/ }).waitFor();
  assert.equal(await page.getByRole("option", { name: /DescribeRepositories/ }).count(), 0);
  await page.getByRole("button", { name: /Resume/ }).click();
  const denied = page.getByRole("option", { name: /ecr:DescribeRepositories.*400.*user\/jane.*denied/ });
  await denied.waitFor();
  await page.getByLabel("Filter requests").fill("denied -GetAuthorizationToken");
  await until("only what is denied", async () => (await page.locator(".virtual-row").count()) === 1);
  await page.getByLabel("Filter requests").fill("-denied -jane");
  await denied.waitFor({ state: "detached" });
  assert.ok((await page.locator(".virtual-row").count()) > 0);
  assertClean(faults);
  await context.close();
});

test("a request of nobody is there, too", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/live");
  await fetch(`${server.url}/v2/`);
  await page.getByRole("option", { name: /\/v2\/.*401/ }).first().waitFor();
  assertClean(faults);
  await context.close();
});
