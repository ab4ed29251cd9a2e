// Screen 6: the clock, lifecycle rules, and what is done between two tests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, fragmentOf, go, openPage, until } from "./browser.mjs";
import { repositoryArn, Server } from "./server.mjs";
import { seed } from "./world.mjs";

const RULES = {
  rules: [
    { rulePriority: 1, description: "old releases", selection: { tagStatus: "tagged", tagPrefixList: ["v"], countType: "sinceImagePushed", countUnit: "days", countNumber: 14 }, action: { type: "expire" } },
    { rulePriority: 2, description: "the newest two", selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 2 }, action: { type: "expire" } },
  ],
};

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
  for (const tag of ["v1", "v2", "x1", "x2", "x3"]) assert.equal((await server.push("app", tag)).status, 201);
});
after(async () => {
  await closeBrowser();
  await server.close();
});

test("the bars are what the preview of the API says", async () => {
  const lifecyclePolicyText = JSON.stringify(RULES);
  await server.ecr("StartLifecyclePolicyPreview", { repositoryName: "app", lifecyclePolicyText });
  const preview = await until("the preview", async () => {
    const answer = await server.ecr("GetLifecyclePolicyPreview", { repositoryName: "app" });
    return answer.status === "COMPLETE" ? answer : undefined;
  });
  await server.ecr("PutLifecyclePolicy", { repositoryName: "app", lifecyclePolicyText });
  const { page, faults, context } = await openPage(server, { width: 1440 });
  await go(page, server, fragmentOf("time", repositoryArn("app")));
  const rules = page.getByRole("list", { name: "Rules" }).getByRole("listitem");
  await rules.first().waitFor();
  const shown = await rules.locator(".bar-count").allTextContents();
  const expected = [1, 2].map((rule) => preview.previewResults.filter((one) => one.appliedRulePriority === rule).length);
  assert.deepEqual(shown.map((text) => parseInt(text, 10)), expected);
  assert.ok(expected[1] > 0);

  // Two weeks later the first rule takes what it names.
  await page.getByLabel(/^Look ahead/).fill("15");
  await until("two images of the first rule", async () => (await rules.first().textContent()).includes("2 images"));
  await page.getByRole("region", { name: "Images that go" }).getByRole("row", { name: /v1/ }).waitFor();
  assertClean(faults);
  await context.close();
});

test("images of AWS are pasted", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/time");
  await page.locator(".editor-host[data-ready=true]").waitFor();
  await page.locator(".editor-host .cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify(RULES));
  const paste = page.getByLabel("JSON");
  await paste.fill("no list");
  await page.getByText("This is not what aws ecr describe-images prints.").waitFor();
  const image = (i) => ({ registryId: "111122223333", repositoryName: "app", imageDigest: "sha256:" + String(i).repeat(64), imageTags: [`v${i}`], imageSizeInBytes: 10, imagePushedAt: "2020-01-01T00:00:00+00:00" });
  await paste.fill(JSON.stringify({ imageDetails: [image(1), image(2), image(3)] }));
  await page.getByText("3 images read.").waitFor();
  await page.getByText(/3 images are deleted by/).waitFor();
  assertClean(faults);
  await context.close();
});

test("the clock moves, faults come and go, and a reset asks first", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/time");
  await page.getByLabel(/^Look ahead/).fill("20");
  await page.getByRole("button", { name: "Move the clock there" }).click();
  await page.getByText(/20 d ahead of the machine/).waitFor();
  const { offsetSeconds } = await server.admin("GET", "clock");
  assert.equal(Math.round(offsetSeconds / 86400), 20);
  await page.getByRole("button", { name: "Back to the machine's time" }).click();
  await page.getByText(/ahead of the machine/).waitFor({ state: "detached" });

  await page.getByLabel("Operation").fill("PutImage");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("The fault is in force.").waitFor();
  assert.equal((await server.admin("GET", "faults")).rules[0].operation, "PutImage");
  await page.getByRole("button", { name: "Clear faults" }).click();
  await page.getByText("No fault is left.").waitFor();

  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Snapshot" }).click();
  assert.equal((await saved).suggestedFilename(), "ecr-local-snapshot.tar");

  await page.getByRole("button", { name: "Do due work" }).click();
  await page.getByText("All due work is done.").waitFor();
  await page.getByRole("button", { name: "Reset …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.ok((await server.ecr("ListImages", { repositoryName: "app" })).imageIds.length > 0);
  await page.getByRole("button", { name: "Reset …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset", exact: true }).click();
  await page.getByText("The server is empty again.").waitFor();
  assert.equal((await server.ecr("ListImages", { repositoryName: "app" })).imageIds.length, 0);
  assertClean(faults);
  await context.close();
});
