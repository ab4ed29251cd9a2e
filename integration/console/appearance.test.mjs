// How each screen looks: at widths from 360 to 1920 pixels, light and dark, and to axe-core.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertAccessible, assertClean, assertFits, closeBrowser, fragmentOf, go, openPage, picture } from "./browser.mjs";
import { repositoryArn, roleArn, Server, userArn } from "./server.mjs";
import { CI, JANE, seed } from "./world.mjs";

const WIDTHS = [360, 640, 959, 1280, 1920];

let server;
let screens;
before(async () => {
  server = await new Server({ seed: seed() }).start();
  const pushed = await server.push("app", "v1", { keys: CI, labels: { title: "an image" } });
  for (const tag of ["v2", "v3", "v4"]) assert.equal((await server.push("app", tag, { keys: CI })).status, 201);
  await server.ecr("BatchGetImage", { repositoryName: "app", imageIds: [{ imageTag: "v1" }] }, JANE);
  await assert.rejects(server.ecr("DescribeRepositories", {}, JANE));
  assert.equal((await server.registry("POST", "/v2/team-a/web/blobs/uploads/", { keys: JANE })).status, 403);
  assert.equal((await server.registry("POST", "/v2/app/blobs/uploads/", { keys: JANE })).status, 403);
  const { decisions } = await server.admin("GET", "decisions?decision=Denied&limit=1");
  const digest = pushed.headers.get("docker-content-digest");
  screens = {
    denied: [fragmentOf("denied", decisions[0].requestId), "Which policy decided"],
    live: ["#/live", "docker push"],
    repository: [fragmentOf("repositories", repositoryArn("app")), "v4"],
    image: [fragmentOf("repositories", repositoryArn("app"), digest), "Configuration"],
    editor: [fragmentOf("editor", userArn("jane")), "ecr:PutImage"],
    identity: [fragmentOf("identities", roleArn("deploy")), "octo/app"],
    "who-can": [fragmentOf("identities", "who-can", "ecr:PutImage", repositoryArn("app")), "user/ci"],
    time: [fragmentOf("time", repositoryArn("app")), "Rule 1"],
  };
});
after(async () => {
  await closeBrowser();
  await server.close();
});

async function show(page, name) {
  const [fragment, text] = screens[name];
  await go(page, server, fragment);
  await page.locator("main").getByText(text, { exact: false }).first().waitFor();
  if (name === "editor" || name === "time") await page.locator(".editor-host[data-ready=true]").waitFor();
}

const NAMES = ["denied", "live", "repository", "image", "editor", "identity", "who-can", "time"];

for (const scheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    test(`axe finds nothing serious, ${scheme}, ${width} px`, async () => {
      const { page, faults, context } = await openPage(server, { width, scheme, height: 1240 });
      for (const name of NAMES) {
        await show(page, name);
        await assertAccessible(page, `${name}, ${scheme}, ${width}`);
        await picture(page, `${name}-${width}-${scheme}`);
      }
      assertClean(faults);
      await context.close();
    });
  }
}

test("every screen fits into every width", async () => {
  const { page, faults, context } = await openPage(server);
  for (const name of NAMES) {
    await show(page, name);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      await assertFits(page, `${name} at ${width}`);
    }
  }
  assertClean(faults);
  await context.close();
});
