// Gives tests the modules of src/, which are TypeScript.
import { join, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const SOURCES = join(dirname(dirname(fileURLToPath(import.meta.url))), "src");

/** The exports of a module below src/. */
export async function load(name) {
  const result = await esbuild.build({ entryPoints: [join(SOURCES, name)], bundle: true, format: "esm", platform: "node", write: false, jsx: "automatic", jsxImportSource: "preact" });
  return import("data:text/javascript;base64," + Buffer.from(result.outputFiles[0].text).toString("base64"));
}
