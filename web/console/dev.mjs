// Shows the console of the sources with the data of a running server, for work on it:
//
//   node dev.mjs [http://127.0.0.1:4599] [port]
//
// Each load of the page builds it anew. All other paths go to the server.
import { createServer, request } from "node:http";
import { bundle } from "./build.mjs";
import { gzipSync } from "node:zlib";

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };
const PREFIX = "/_ecr-local/console";

/** A server on 127.0.0.1 that listens; `port` 0 picks one. */
export async function serve(target, port = 0) {
  let files = await bundle();
  const pass = (incoming, outgoing) => {
    const url = new URL(target);
    // The server must see its own name: it refuses what a page of another origin sends.
    const headers = { ...incoming.headers, host: url.host };
    if (headers.origin) headers.origin = url.origin;
    const passed = request(
      { host: url.hostname, port: url.port, path: incoming.url, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode, answer.headers);
        outgoing.flushHeaders(); // a stream may have nothing to say for long
        answer.pipe(outgoing);
      },
    );
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  };
  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url.split("?")[0];
    const name = path === PREFIX || path === PREFIX + "/" ? "index.html" : path.startsWith(PREFIX + "/") ? path.slice(PREFIX.length + 1) : undefined;
    if (name === undefined || (name !== "index.html" && !files.has(name))) return pass(incoming, outgoing);
    if (name === "index.html") files = await bundle().catch(() => files);
    outgoing.writeHead(200, {
      "Content-Type": TYPES[name.split(".").pop()],
      "Content-Encoding": "gzip",
      "Content-Security-Policy": POLICY,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cache-Control": "no-cache",
    });
    outgoing.end(gzipSync(files.get(name)));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return server;
}

if (process.argv[1]?.endsWith("dev.mjs")) {
  const [target = "http://127.0.0.1:4599", port = "4600"] = process.argv.slice(2);
  await serve(target, Number(port));
  console.log(`http://127.0.0.1:${port}${PREFIX} shows ${target}`);
}
