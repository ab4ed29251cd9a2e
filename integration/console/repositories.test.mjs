// Screen 3: repositories, tags and images.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertClean, closeBrowser, fragmentOf, go, openPage, until } from "./browser.mjs";
import { repositoryArn, Server } from "./server.mjs";
import { seed } from "./world.mjs";

let server;
before(async () => {
  server = await new Server({ seed: seed() }).start();
});
after(async () => {
  await closeBrowser();
  await server.close();
});

test("namespaces open, and lead to a repository", async () => {
  const { page, faults, context } = await openPage(server);
  await go(page, server, "#/repositories");
  const namespace = page.getByRole("option", { name: /team-a.*2 repositories/ });
  await namespace.click();
  await page.getByRole("option", { name: /web/ }).click();
  await page.getByRole("heading", { name: "team-a/web" }).waitFor();
  await page.getByText("It holds no image.").waitFor();
  await page.getByLabel("Filter repositories").fill("team -web");
  await until("one line", async () => (await page.locator(".virtual-row").count()) === 1);
  assertClean(faults);
  await context.close();
});

test("five tags are deleted at once, after a question that lists them", async () => {
  for (let i = 1; i <= 8; i += 1) assert.equal((await server.push("app", `v${i}`)).status, 201);
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("repositories", repositoryArn("app")));
  for (let i = 1; i <= 5; i += 1) await page.getByLabel(`Choose tag v${i}`).check();
  await page.getByRole("button", { name: "Delete 5 tags …" }).click();
  const question = page.getByRole("dialog");
  assert.deepEqual(await question.getByRole("listitem").allTextContents(), ["v1", "v2", "v3", "v4", "v5"]);
  await question.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await server.ecr("ListImages", { repositoryName: "app" })).imageIds.length, 8);
  await page.getByRole("button", { name: "Delete 5 tags …" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 5 tags" }).click();
  await page.getByText("5 tags deleted.").waitFor();
  await page.getByRole("link", { name: "v1", exact: true }).waitFor({ state: "detached" });
  const { imageIds } = await server.ecr("ListImages", { repositoryName: "app" });
  assert.deepEqual(imageIds.map((one) => one.imageTag).sort(), ["v6", "v7", "v8"]);
  await page.getByLabel("Filter tags").fill("-v8");
  await until("two rows", async () => (await page.locator("tbody tr").count()) === 2);
  assertClean(faults);
  await context.close();
});

test("what an image says of itself is text", async () => {
  const hostile = "<script>document.title = 'stolen'</script><img src=x onerror=alert(1)>";
  const pushed = await server.push("team-a/web", "evil", { labels: { title: hostile, turned: "a\u202eb" }, annotations: { "org.example": hostile } });
  assert.equal(pushed.status, 201);
  const digest = pushed.headers.get("docker-content-digest");
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("repositories", repositoryArn("team-a/web"), digest));
  await page.getByRole("region", { name: "Manifest" }).getByText(hostile.slice(0, 40), { exact: false }).waitFor();
  await page.getByRole("region", { name: "Configuration" }).getByText("U+202E").waitFor();
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.doesNotMatch(await page.title(), /stolen/);
  assertClean(faults);
  await context.close();
});

test("the tabs of an image have layers, referrers and who can", async () => {
  const pushed = await server.push("team-a/api", "1");
  const digest = pushed.headers.get("docker-content-digest");
  const subject = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: Number((await server.registry("HEAD", `/v2/team-a/api/manifests/1`)).headers.get("content-length")) };
  assert.equal((await server.push("team-a/api", "about", { subject })).status, 201);
  const { page, faults, context } = await openPage(server);
  await go(page, server, fragmentOf("repositories", repositoryArn("team-a/api"), digest));
  await page.getByText(`docker pull ${server.address}/team-a/api@${digest}`).waitFor();
  await page.getByRole("button", { name: "Copy the pull command" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `docker pull ${server.address}/team-a/api@${digest}`);
  await page.getByRole("tab", { name: "Layers" }).click();
  await page.getByText("COPY 1 /").waitFor();
  await page.getByRole("tab", { name: "Layers" }).press("ArrowRight");
  await page.getByRole("tabpanel").getByRole("link").first().waitFor();
  await page.getByRole("tab", { name: "Scan" }).click();
  await page.getByText("It was not scanned.").waitFor();
  await page.getByRole("tab", { name: "Who can pull and push" }).click();
  await page.getByRole("row", { name: /user\/ci.*yes.*yes/ }).waitFor();
  assert.equal(await page.getByRole("row", { name: /user\/jane/ }).count(), 0);
  assertClean(faults);
  await context.close();
});
