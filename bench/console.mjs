// How fast the console answers input with much to show: repositories, images, and live requests.
//
//   node bench/console.mjs [--repositories 10000] [--images 100000] [--rate 1000] [--seconds 10]
//
// Prints for each screen how long it is from a key to the next picture, in the browser. It starts a
// server of its own; the program is ECR_LOCAL_BINARY or build/release/ecr-local.
import { Agent, request } from "node:http";
import { closeBrowser, fragmentOf, go, openPage } from "../integration/console/browser.mjs";
import { ACCOUNT, digestOf, repositoryArn, Server } from "../integration/console/server.mjs";
import { JANE, seed } from "../integration/console/world.mjs";

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const REPOSITORIES = option("repositories", 10_000);
const IMAGES = option("images", 100_000);
const RATE = option("rate", 1000);
const SECONDS = option("seconds", 10);
const PARALLEL = 16;
const OWN_IMAGES = "many/images";

const agent = new Agent({ keepAlive: true, maxSockets: PARALLEL });

function send(server, method, path, password, { body = "", type } = {}) {
  const headers = { Authorization: "Basic " + Buffer.from(`AWS:${password}`).toString("base64"), "Content-Length": Buffer.byteLength(body) };
  if (type) headers["Content-Type"] = type;
  return new Promise((done, failed) => {
    const sent = request({ host: "127.0.0.1", port: server.port, method, path, headers, agent }, (answer) => {
      answer.resume();
      answer.on("end", () => done(answer.statusCode));
    });
    sent.on("error", failed);
    sent.end(body);
  });
}

async function parallel(count, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work((next += 1));
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

async function fill(server) {
  const repositories = [{ name: OWN_IMAGES }];
  for (let i = 1; i < REPOSITORIES; i += 1) repositories.push({ name: `team-${i % 100}/service-${String(i).padStart(5, "0")}` });
  for (let i = 0; i < repositories.length; i += 1000) {
    await server.admin("POST", "seed", { accounts: { [ACCOUNT]: { repositories: repositories.slice(i, i + 1000) } } });
  }
  const password = await server.password();
  const config = Buffer.from("{}");
  await server.pushBlob(OWN_IMAGES, config);
  const type = "application/vnd.oci.image.manifest.v1+json";
  await parallel(IMAGES, async (i) => {
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
      layers: [],
      annotations: { number: String(i) },
    });
    const status = await send(server, "PUT", `/v2/${OWN_IMAGES}/manifests/v${i}`, password, { body: manifest, type });
    if (status !== 201) throw new Error(`image ${i}: ${status}`);
  });
}

/** Milliseconds from each key to the picture that follows it. */
async function latencies(page, label) {
  const field = page.getByLabel(label);
  await field.focus();
  await page.evaluate(() => {
    window.latencies = [];
    addEventListener("keydown", (event) => {
      const begun = event.timeStamp;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.latencies.push(performance.now() - begun);
        channel.port2.postMessage(0);
      });
    }, { capture: true });
  });
  for (const key of "team -1 service") {
    await page.keyboard.press(key === " " ? "Space" : key);
    await page.waitForTimeout(100);
  }
  return page.evaluate(() => window.latencies);
}

function report(what, values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(1);
  console.log(`${what}: median ${at(0.5)} ms, worst ${at(1)} ms of ${sorted.length} keys`);
}

async function timed(what, work) {
  const begun = performance.now();
  const value = await work();
  console.log(`${what}: ${Math.round(performance.now() - begun)} ms`);
  return value;
}

/** Refused requests, RATE a second. Returns what stops them, and then how many there were. */
function load(server, password) {
  let sent = 0;
  let stopped = false;
  const begun = performance.now();
  const lane = async () => {
    while (!stopped) {
      if (sent > ((performance.now() - begun) / 1000) * RATE) {
        await new Promise((done) => setTimeout(done, 1));
        continue;
      }
      sent += 1;
      await send(server, "POST", "/v2/app/blobs/uploads/", password);
    }
  };
  const lanes = Promise.all(Array.from({ length: PARALLEL }, lane));
  return async () => {
    stopped = true;
    await lanes;
    return Math.round(sent / ((performance.now() - begun) / 1000));
  };
}

const server = await new Server({ seed: seed() }).start();
try {
  await timed(`made ${REPOSITORIES} repositories and ${IMAGES} images`, () => fill(server));
  const { page } = await openPage(server);
  await timed("first paint of the shell", async () => {
    await page.goto(`${server.consoleUrl}/_ecr-local/console`);
    await page.waitForSelector("main h1");
  });
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  console.log(`first contentful paint, as the browser says: ${paint?.toFixed(0)} ms`);
  await timed("all repositories listed", async () => {
    await go(page, server, "#/repositories");
    await page.getByText(`${(REPOSITORIES + 3).toLocaleString("en")} repositories`).waitFor({ timeout: 60_000 });
  });
  report("filter of repositories", await latencies(page, "Filter repositories"));
  await go(page, server, fragmentOf("repositories", repositoryArn(OWN_IMAGES)));
  await page.getByRole("button", { name: "More images" }).waitFor({ timeout: 60_000 });
  report("filter of tags", await latencies(page, "Filter tags"));
  const password = await server.password(JANE);
  for (const [screen, label] of [["#/live", "Filter requests"], ["#/denied", "Filter denials"]]) {
    await go(page, server, screen);
    await page.reload();
    const stop = load(server, password);
    await page.waitForTimeout(SECONDS * 500);
    const values = await latencies(page, label);
    await page.waitForTimeout(SECONDS * 500);
    report(`${label.toLowerCase()}, ${await stop()} requests a second`, values);
  }
} finally {
  agent.destroy();
  await closeBrowser();
  await server.close();
}
