// A server of its own for a test, and clients that ask it for something.
//
// The program is that of ECR_LOCAL_BINARY. With CONSOLE_SOURCES=1 the pages are those of the sources
// (web/console/dev.mjs), so that a change is tried out without a build of the program.
import { spawn } from "node:child_process";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const BINARY = process.env.ECR_LOCAL_BINARY ?? join(ROOT, "build/release/ecr-local");
export const ACCOUNT = "000000000000";
export const REGION = "us-east-1";
export const ROOT_KEYS = ["test", "test"];
const START_MILLISECONDS = 20_000;

export const userArn = (name) => `arn:aws:iam::${ACCOUNT}:user/${name}`;
export const roleArn = (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const repositoryArn = (name) => `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/${name}`;
export const allow = (action, resource = "*", more = {}) => ({ Effect: "Allow", Action: action, Resource: resource, ...more });
export const policy = (...statements) => ({ Version: "2012-10-17", Statement: statements });

/** The environment without what could change how the server behaves. */
function plainEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^(ECR_LOCAL_|AWS_|XDG_)/.test(name));
  return Object.fromEntries(kept);
}

export class Server {
  constructor({ seed, flags = [] } = {}) {
    this.seed = seed;
    this.flags = flags;
    this.port = 0;
    this.passwords = new Map(); // of keys
    this.directory = mkdtempSync(join(tmpdir(), "ecr-local-console-"));
  }

  /** Starts the program, on the port it had before. */
  async start() {
    const flags = [...this.flags];
    if (this.seed) {
      const path = join(this.directory, "seed.json");
      writeFileSync(path, JSON.stringify(this.seed));
      flags.push("--seed", path);
    }
    const listen = `127.0.0.1:${this.port}`;
    this.process = spawn(BINARY, ["serve", "--in-memory", "--access-log", "off", "--listen", listen, ...flags], {
      env: plainEnvironment(),
      cwd: this.directory,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const timer = setTimeout(() => this.process.kill("SIGKILL"), START_MILLISECONDS);
    for await (const line of createInterface({ input: this.process.stdout })) {
      const found = / ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (!found) continue;
      this.port = Number(found[1]);
      break;
    }
    clearTimeout(timer);
    if (this.port === 0) throw new Error("the server does not start");
    await this.startSources();
    return this;
  }

  async startSources() {
    this.consoleUrl = this.url;
    if (process.env.CONSOLE_SOURCES !== "1") return;
    const { serve } = await import("../../web/console/dev.mjs");
    this.sources ??= await serve(this.url);
    this.consoleUrl = `http://127.0.0.1:${this.sources.address().port}`;
  }

  /** Ends the program; it may be started again. */
  async stop() {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await ended;
  }

  async close() {
    await this.stop();
    this.sources?.closeAllConnections();
    this.sources?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  get url() {
    return `http://${this.address}`;
  }

  async admin(method, path, body) {
    const answer = await fetch(`${this.url}/_ecr-local/${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** An operation of ECR: its answer, or an error with its type. */
  async ecr(operation, input = {}, keys = ROOT_KEYS) {
    const body = JSON.stringify(input);
    const target = `AmazonEC2ContainerRegistry_V20150921.${operation}`;
    const headers = signed(this.address, "ecr", body, keys, { "content-type": "application/x-amz-json-1.1", "x-amz-target": target });
    const answer = await fetch(this.url, { method: "POST", headers, body });
    const value = await answer.json();
    if (!answer.ok) throw new Error(`${operation}: ${value.__type}: ${value.message}`);
    return value;
  }

  /** A registry password: asked for once, as `docker login` does. */
  async password(keys = ROOT_KEYS) {
    if (!this.passwords.has(keys)) {
      const { authorizationData } = await this.ecr("GetAuthorizationToken", {}, keys);
      const login = Buffer.from(authorizationData[0].authorizationToken, "base64").toString();
      this.passwords.set(keys, login.slice("AWS:".length));
    }
    return this.passwords.get(keys);
  }

  /** A request as docker makes it. */
  async registry(method, path, { keys = ROOT_KEYS, body, type } = {}) {
    const password = await this.password(keys);
    const pair = Buffer.from(`AWS:${password}`).toString("base64");
    return fetch(path.startsWith("http") ? path : this.url + path, {
      method,
      headers: { Authorization: `Basic ${pair}`, "User-Agent": "docker/27.0", ...(type ? { "Content-Type": type } : {}) },
      ...(body === undefined ? {} : { body }),
    });
  }

  async pushBlob(repository, content, options = {}) {
    const begun = await this.registry("POST", `/v2/${repository}/blobs/uploads/`, options);
    if (begun.status !== 202) return begun;
    const place = new URL(begun.headers.get("location"), this.url);
    place.searchParams.set("digest", digestOf(content));
    return this.registry("PUT", place.href, { ...options, body: content, type: "application/octet-stream" });
  }

  /** Pushes an image as docker does: layer, configuration, manifest. The answer to the last request. */
  async push(repository, tag, { labels = {}, content = tag, annotations, subject, ...options } = {}) {
    const layer = Buffer.from(`layer of ${content}`);
    const config = Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Labels: labels },
        history: [{ created_by: `COPY ${content} /` }],
        rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
      }),
    );
    for (const blob of [layer, config]) {
      const answer = await this.pushBlob(repository, blob, options);
      if (answer.status !== 201) return answer;
    }
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length }],
      ...(annotations ? { annotations } : {}),
      ...(subject ? { subject } : {}),
    });
    return this.registry("PUT", `/v2/${repository}/manifests/${tag}`, {
      ...options,
      body: manifest,
      type: "application/vnd.oci.image.manifest.v1+json",
    });
  }
}

export function digestOf(content) {
  return "sha256:" + createHash("sha256").update(content).digest("hex");
}

const hmac = (key, text) => createHmac("sha256", key).update(text).digest();
const hex = (text) => createHash("sha256").update(text).digest("hex");

/** Headers with AWS's signature, version 4, of a POST to "/". */
function signed(host, service, body, [accessKey, secretKey], headers) {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const all = { ...headers, host, "x-amz-date": time };
  const names = Object.keys(all).sort();
  const canonical = ["POST", "/", "", ...names.map((name) => `${name}:${all[name]}`), "", names.join(";"), hex(body)].join("\n");
  const scope = `${day}/${REGION}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hex(canonical)].join("\n");
  const key = [REGION, service, "aws4_request"].reduce(hmac, hmac("AWS4" + secretKey, day));
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const { host: _, ...sent } = all;
  return {
    ...sent,
    Authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
