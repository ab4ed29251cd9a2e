// The built files are those of the sources, and small.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { bundle, differences } from "../build.mjs";

const HERE = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(HERE, "dist");
const SHELL_BYTES = 45_000;
const EDITOR_BYTES = 115_000;
const ALL_BYTES = 200_000;
const { files } = JSON.parse(readFileSync(join(DIST, "manifest.json"), "utf8"));

test("dist/ is what the sources give: scripts/console builds it anew", async () => {
  assert.deepEqual(differences(await bundle(), DIST), []);
});

test("a changed source is noticed", async () => {
  const changed = await bundle();
  changed.set("index.html", changed.get("index.html") + "<!-- new -->");
  assert.deepEqual(differences(changed, DIST), ["index.html is not what the sources give"]);
});

test("the files are small", (context) => {
  const size = (rows) => rows.reduce((sum, row) => sum + row.gzipBytes, 0);
  const editor = files.filter((row) => row.path.startsWith("editor-"));
  const shell = files.filter((row) => !row.path.startsWith("editor-"));
  context.diagnostic(`shell ${size(shell)} bytes, editor ${size(editor)} bytes, all ${size(files)} bytes`);
  assert.equal(editor.length, 1);
  assert.ok(size(shell) <= SHELL_BYTES, `shell: ${size(shell)}`);
  assert.ok(size(editor) <= EDITOR_BYTES, `editor: ${size(editor)}`);
  assert.ok(size(files) <= ALL_BYTES, `all: ${size(files)}`);
  for (const row of files) assert.equal(gunzipSync(readFileSync(join(DIST, row.file))).length, row.bytes);
  assert.deepEqual(readdirSync(DIST).sort(), ["manifest.json", ...files.map((row) => row.file)].sort());
});

test("no source writes markup or evaluates text", () => {
  const forbidden = /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(|new Function/;
  const walk = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? walk(join(folder, one.name)) : [join(folder, one.name)]));
  for (const path of walk(join(HERE, "src"))) assert.doesNotMatch(readFileSync(path, "utf8"), forbidden, path);
});

test("every package has one version, and the lock file has it", () => {
  const { devDependencies } = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  for (const [name, version] of Object.entries(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
  const lock = JSON.parse(readFileSync(join(HERE, "package-lock.json"), "utf8"));
  assert.deepEqual(lock.packages[""].devDependencies, devDependencies);
});
