// Builds dist/: the files that the server embeds, compressed, with dist/manifest.json.
//
//   node build.mjs              writes dist/
//   node build.mjs --check      fails where dist/ is not what the sources give
//   node build.mjs --out DIR    writes another folder
//
// Names have a hash of their content, so that a browser may keep them for good; index.html names the
// others. What is compared is the unpacked content, because versions of zlib compress differently.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const BASE = "/_ecr-local/console/";
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/** The built files: path → text. `minify: false` is for reading them. */
export async function bundle({ minify = true } = {}) {
  const result = await esbuild.build({
    entryPoints: [{ in: join(HERE, "src/main.tsx"), out: "console" }, { in: join(HERE, "src/style/index.css"), out: "console" }],
    absWorkingDir: HERE,
    bundle: true,
    splitting: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    minify,
    legalComments: "none",
    charset: "utf8",
    write: false,
    metafile: true,
    outdir: join(HERE, "dist"),
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    logLevel: "warning",
  });
  const files = new Map(result.outputFiles.map((file) => [file.path.split("/").pop(), file.text]));
  const address = (path) => BASE + path.split("/").pop();
  const entry = (ending) => Object.entries(result.metafile.outputs).find(([path, output]) => output.entryPoint && path.endsWith(ending));
  const [script, { imports }] = entry(".js");
  // Else the browser asks for what the script imports only when it has read the script.
  const preloads = imports
    .filter((one) => one.kind === "import-statement")
    .map((one) => `<link rel="modulepreload" href="${address(one.path)}">`);
  const page = readFileSync(join(HERE, "src/index.html"), "utf8")
    .replace("{{style}}", address(entry(".css")[0]))
    .replace("{{preloads}}", preloads.join("\n    "))
    .replace("{{script}}", address(script));
  files.set("index.html", page);
  return files;
}

function packed(text) {
  const bytes = gzipSync(text, { level: 9 });
  bytes[9] = 255; // "unknown system": the file is the same wherever it is made
  return bytes;
}

function rowOf(path, text, gzip) {
  return {
    path,
    file: path + ".gz",
    type: TYPES[path.slice(path.lastIndexOf("."))],
    cache: path === "index.html" ? "no-cache" : "immutable",
    bytes: Buffer.byteLength(text),
    gzipBytes: gzip.length,
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}

function sorted(files) {
  return [...files].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function write(files, folder) {
  mkdirSync(folder, { recursive: true });
  const rows = [];
  for (const [path, text] of sorted(files)) {
    const place = join(folder, path + ".gz");
    // A file of the same content stays as it is, whatever compressed it.
    const old = existsSync(place) ? readFileSync(place) : undefined;
    const gzip = old && gunzipSync(old).equals(Buffer.from(text)) ? old : packed(text);
    writeFileSync(place, gzip);
    rows.push(rowOf(path, text, gzip));
  }
  const kept = new Set([...rows.map((row) => row.file), "manifest.json"]);
  for (const name of readdirSync(folder)) {
    if (!kept.has(name)) rmSync(join(folder, name), { recursive: true });
  }
  writeFileSync(join(folder, "manifest.json"), JSON.stringify({ files: rows }, null, 2) + "\n");
  return rows;
}

/** What differs between `folder` and the sources, as sentences. */
export function differences(files, folder) {
  const found = [];
  const manifestPath = join(folder, "manifest.json");
  if (!existsSync(manifestPath)) return [`${manifestPath} is not there`];
  const rows = new Map(JSON.parse(readFileSync(manifestPath, "utf8")).files.map((row) => [row.path, row]));
  for (const [path, text] of files) {
    const place = join(folder, path + ".gz");
    if (!existsSync(place) || !gunzipSync(readFileSync(place)).equals(Buffer.from(text))) {
      found.push(`${path} is not what the sources give`);
    } else if (JSON.stringify(rowOf(path, text, readFileSync(place))) !== JSON.stringify(rows.get(path))) {
      found.push(`manifest.json is wrong about ${path}`);
    }
    rows.delete(path);
  }
  return [...found, ...[...rows.keys()].map((path) => `${path} is left over`)];
}

async function main(options) {
  const out = options.includes("--out") ? options[options.indexOf("--out") + 1] : join(HERE, "dist");
  const files = await bundle();
  if (options.includes("--check")) {
    const found = differences(files, out);
    for (const sentence of found) console.error(sentence);
    if (found.length > 0) console.error("scripts/console builds it anew");
    process.exitCode = found.length > 0 ? 1 : 0;
    return;
  }
  for (const row of write(files, out)) console.log(`${row.path}: ${row.bytes} bytes, ${row.gzipBytes} compressed`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
