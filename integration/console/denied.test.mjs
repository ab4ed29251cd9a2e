// Screen 1: why a call was denied, what would allow it, and that it then is allowed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, fragmentOf, go, openPage, until } from "./browser.mjs";
import { Server } from "./server.mjs";
import { JANE, seed } from "./world.mjs";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

const push = () => server.registry("POST", "/v2/app/blobs/uploads/", { keys: JANE });

test("a refused push is there within a second, is tried out, mended, and succeeds", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/denied");
  await page.getByText("Nothing was denied.").waitFor();

  const refused = await push();
  assert.equal(refused.status, 403);
  const answered = Date.now();
  await page.getByRole("option", { name: /ecr:InitiateLayerUpload/ }).waitFor({ timeout: 1000 });
  assert.ok(Date.now() - answered < 1000);

  const sentence = (await refused.json()).errors[0].message;
  await page.locator("blockquote", { hasText: sentence }).waitFor();
  const ladder = page.locator(".ladder > li");
  assert.deepEqual(await ladder.locator(".rung-title").allTextContents(), [
    "Service control policies",
    "Resource control policies",
    "Permissions boundary",
    "Session policies",
    "Identity-based policies",
    "Repository and registry policies",
  ]);
  await page.locator(".rung.deciding", { hasText: "Identity-based policies" }).waitFor();
  await page.getByText('its Action "ecr:GetAuthorizationToken" does not match ecr:InitiateLayerUpload').waitFor();
  await page.getByRole("row", { name: /aws:username jane/ }).waitFor();
  await page.getByRole("option", { name: /docker/ }).waitFor();

  await page.getByRole("button", { name: "Simulate" }).click();
  await page.getByText("This call would be allowed.").waitFor();
  assert.equal((await push()).status, 403, "a simulation changes nothing");
  await page.getByRole("option", { name: /ecr:InitiateLayerUpload/ }).nth(1).waitFor();
  await page.getByText("This call would be allowed.").waitFor();
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Stored.").waitFor();
  assert.equal((await push()).status, 202);
  assert.equal((await server.push("app", "1", { keys: JANE })).status, 201, "the whole push was allowed");
  assertClean(faults);
  await context.close();
});

test("a statement that denies is marked inside its document", async () => {
  await server.admin("POST", "seed", seed({
    users: [{ name: "guest", accessKeys: [{ accessKeyId: "AKIAGUEST00000000001", secretAccessKey: "guest-secret" }],
      policies: { limited: { Version: "2012-10-17", Statement: [
        { Sid: "All", Effect: "Allow", Action: "ecr:*", Resource: "*" },
        { Sid: "NotApp", Effect: "Deny", Action: "ecr:Describe*", Resource: "*" }] } } }],
  }));
  await assert.rejects(server.ecr("DescribeRepositories", {}, ["AKIAGUEST00000000001", "guest-secret"]), /AccessDenied/);
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/denied");
  await page.getByRole("option", { name: /ecr:DescribeRepositories/ }).first().click();
  const marked = page.locator(".rung.deciding mark");
  await marked.first().waitFor();
  const text = (await marked.allTextContents()).join("");
  assert.match(text, /"Sid": "NotApp"/);
  assert.doesNotMatch(text, /"Sid": "All"/);

  await page.getByRole("button", { name: "Simulate" }).click();
  await page.getByText("This call would be allowed.").waitFor();
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("Stored.").waitFor();
  await server.ecr("DescribeRepositories", {}, ["AKIAGUEST00000000001", "guest-secret"]);
  assertClean(faults);
  await context.close();
});

test("a link leads to one denial, the filter finds others, and the statement is copied", async () => {
  await assert.rejects(server.ecr("DeleteRepository", { repositoryName: "app" }, JANE), /AccessDenied/);
  const { decisions } = await server.admin("GET", "decisions?decision=Denied&action=ecr:DeleteRepository&limit=1");
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("denied", decisions[0].requestId));
  await page.getByRole("heading", { name: "ecr:DeleteRepository" }).waitFor();
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText("Copied").waitFor();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(copied.Action, "ecr:DeleteRepository");

  const options = page.locator(".virtual-row");
  await page.getByLabel("Filter denials").fill("jane -Delete");
  await until("the filter leaves something", async () => (await options.count()) > 0 && !(await options.allTextContents()).some((text) => text.includes("Delete")));
  await page.getByLabel("Filter denials").fill("no-such-word");
  await page.getByText("No denial matches the filter.").waitFor();
  assertClean(faults);
  await context.close();
});

test("arrow keys move through the denials", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/denied");
  const list = page.getByRole("listbox", { name: "Denials, newest first" });
  await list.focus();
  await page.keyboard.press("Home");
  await until("an address of a denial", () => page.url().includes("#/denied/"));
  const first = page.url();
  await page.keyboard.press("ArrowDown");
  await until("another denial", () => page.url() !== first);
  await page.keyboard.press("ArrowUp");
  await until("the first denial again", () => page.url() === first);
  assertClean(faults);
  await context.close();
});
