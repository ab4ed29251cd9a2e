// Screen 4: a policy, edited where one sees what the edit does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, fragmentOf, go, openPage, until } from "./browser.mjs";
import { allow, policy, repositoryArn, Server, userArn } from "./server.mjs";
import { CI, JANE, seed } from "./world.mjs";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

/** Puts a text into the editor, as a paste does. */
export async function write(page, text) {
  const content = page.locator(".editor-host .cm-content").first();
  await content.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

async function cell(page, action) {
  return page.getByRole("row", { name: new RegExp(`^${action}`) }).locator("td").first();
}

test("matrix, replay, difference and lint follow the text, and it is stored", async () => {
  assert.equal((await server.push("app", "1", { keys: CI })).status, 201);
  await server.ecr("BatchGetImage", { repositoryName: "app", imageIds: [{ imageTag: "1" }] }, JANE);
  const { page, faults, context } = await openPage(server, { width: 1440 });
  await go(page, server, fragmentOf("editor", userArn("jane")));
  const get = await cell(page, "ecr:BatchGetImage");
  await get.waitFor();
  assert.equal(await get.getAttribute("data-decision"), "Allowed");
  assert.equal(await (await cell(page, "ecr:PutImage")).getAttribute("data-decision"), "ImplicitlyDenied");

  const changed = policy(allow("ecr:GetAuthorizationToken"), allow("ecr:PutImage", repositoryArn("app")));
  await write(page, JSON.stringify(changed, null, 2));
  await page.getByRole("row", { name: /ecr:BatchGetImage.*now denied/ }).waitFor();
  await page.getByRole("row", { name: /ecr:PutImage.*now allowed/ }).waitFor();

  await page.getByRole("tab", { name: "Replay" }).click();
  await page.getByText(/1 would now be denied/).waitFor();
  const link = page.getByRole("region", { name: "Calls that would be decided otherwise" }).getByRole("link");
  assert.match(await link.getAttribute("href"), /#\/denied\//);

  await page.getByRole("tab", { name: "Difference" }).click();
  const difference = page.getByRole("region", { name: "Difference to what is stored" });
  assert.match(await difference.locator(".added").allTextContents().then((all) => all.join("")), /ecr:PutImage/);
  assert.match(await difference.locator(".removed").allTextContents().then((all) => all.join("")), /ecr:BatchGetImage/);

  await server.ecr("BatchGetImage", { repositoryName: "app", imageIds: [{ imageTag: "1" }] }, JANE);
  await page.getByRole("button", { name: "Store" }).click();
  await page.getByText("Stored.").waitFor();
  await assert.rejects(server.ecr("BatchGetImage", { repositoryName: "app", imageIds: [{ imageTag: "1" }] }, JANE), /AccessDenied/);
  assertClean(faults);
  await context.close();
});

test("mistakes are marked in the gutter and listed", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("editor", userArn("jane")));
  await page.locator(".editor-host[data-ready=true]").waitFor();
  await write(page, '{\n  "Version": "2012-10-17",\n  "Statement": [{\n    "Effect": "Permit",\n    "Action": "ecr:*",\n    "Resource": "*"\n  }]\n}');
  const list = page.getByRole("list", { name: "Findings" });
  await list.getByRole("button", { name: /Error, line \d/ }).first().waitFor();
  await page.locator(".cm-lint-marker-error").first().waitFor();
  await list.getByRole("button", { name: /Error, line \d/ }).first().click();
  assert.equal(await page.evaluate(() => document.activeElement?.classList.contains("editor-host")), true, "the place has the focus");
  await write(page, "{ not JSON");
  await page.getByText("The text is not a JSON object at the moment.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Store" }).isDisabled(), true);
  assertClean(faults);
  await context.close();
});

test("a repository gets a policy, and its hidden characters are seen", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("editor", repositoryArn("team-a/web")));
  await page.locator(".editor-host[data-ready=true]").waitFor();
  const document = { Version: "2012-10-17", Statement: [{ Sid: "A", Effect: "Allow", Principal: { AWS: userArn("jane") }, Action: "ecr:PutImage",
    Condition: { StringEquals: { "aws:PrincipalTag/team": "a\u202eb" } } }] };
  await write(page, JSON.stringify(document, null, 2));
  await page.locator(".cm-specialChar", { hasText: "U+202E" }).waitFor();
  await page.getByRole("button", { name: "Store" }).click();
  await page.getByText("Stored.").waitFor();
  const { policyText } = await server.ecr("GetRepositoryPolicy", { repositoryName: "team-a/web" });
  assert.match(policyText, /a\u202eb/);
  await page.getByRole("button", { name: "Remove …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("Removed.").waitFor();
  await assert.rejects(server.ecr("GetRepositoryPolicy", { repositoryName: "team-a/web" }), /RepositoryPolicyNotFound/);
  assertClean(faults);
  await context.close();
});

test("the keyboard gets into the editor and out of it", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("editor", userArn("jane")));
  await page.locator(".editor-host[data-ready=true]").waitFor();
  await page.locator(".editor-host .cm-content").focus();
  await page.keyboard.press("Tab");
  await until("the focus elsewhere", () => page.evaluate(() => !document.activeElement?.classList.contains("editor-host")));
  assertClean(faults);
  await context.close();
});
