// Screen 5: identities, and who can do what.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, fragmentOf, go, openPage } from "./browser.mjs";
import { ACCOUNT, repositoryArn, roleArn, Server, userArn } from "./server.mjs";
import { seed } from "./world.mjs";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

test("a role says in a sentence who may become it", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("identities", roleArn("deploy")));
  await page.getByText("It may be assumed by repository octo/app on branch main.").waitFor();
  await page.getByText("The account is in no organization").waitFor();
  assertClean(faults);
  await context.close();
});

test("a user has its policies, and the way to edit them", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/identities");
  await page.getByRole("option", { name: /jane/ }).click();
  await page.getByText("Inline policy pull").click();
  await page.getByRole("region", { name: "Inline policy pull" }).getByText("ecr:BatchGetImage").waitFor();
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  await page.getByRole("heading", { name: "Policies", level: 1 }).waitFor();
  await page.getByText("Inline policy pull").first().waitFor({ state: "attached" });
  assertClean(faults);
  await context.close();
});

test("who can is what every principal would be answered", async () => {
  const all = [userArn("jane"), userArn("ci"), roleArn("deploy"), `arn:aws:iam::${ACCOUNT}:root`];
  for (const action of ["ecr:PutImage", "ecr:BatchGetImage"]) {
    const { rows } = await server.admin("POST", "decisions/matrix", { principals: all, actions: [action], resource: repositoryArn("app"), changes: [] });
    const expected = rows.filter((row) => row.cells[0].decision === "Allowed").map((row) => row.principal);
    const { page, faults, context } = await openPage(server);
    await go(page, server, fragmentOf("identities", "who-can", action, repositoryArn("app")));
    await page.getByText(`${expected.length} principals can.`).waitFor();
    const shown = await page.locator("main table th[scope=row]").evaluateAll((cells) => cells.map((cell) => cell.title));
    assert.deepEqual(shown.sort(), expected.sort());
    assertClean(faults);
    await context.close();
  }
});

test("the question is asked with the keyboard alone", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/identities");
  await page.getByRole("link", { name: "Who can …" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Action").fill("ecr:DeleteRepository");
  await page.getByLabel("Resource (ARN)").fill(repositoryArn("app"));
  await page.keyboard.press("Enter");
  await page.getByText(/principals? can\./).waitFor();
  await page.getByRole("row", { name: /user\/ci/ }).waitFor();
  assertClean(faults);
  await context.close();
});
