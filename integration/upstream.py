"""Upstream registries for the tests of pull-through caches: Debian's docker-registry, and one that
misbehaves as it is told."""

import contextlib
import http.server
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import harness
import registry


def free_port():
    """A port of 127.0.0.1 that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class DockerRegistry:
    """Debian's docker-registry on a port of its own; skips the test where it is not installed."""

    def __init__(self):
        program = harness.tool("docker-registry")
        self.directory = tempfile.mkdtemp(prefix="docker-registry-")
        self.port = free_port()
        config = os.path.join(self.directory, "config.yml")
        with open(config, "w", encoding="ascii") as file:
            file.write(
                "version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n"
                f"storage: {{filesystem: {{rootdirectory: {self.directory}/data}}}}\n"
                f"http: {{addr: '127.0.0.1:{self.port}', secret: test}}\n"
            )
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [program, "serve", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        harness.wait_until(self._answers, 20, "docker-registry answers")

    def _answers(self):
        with contextlib.suppress(OSError):
            return registry.Registry(self).request("GET", "/v2/").status == 200
        return False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def push(self, image, repository, tag=None):
        """Blobs, each in one request, then the manifest."""
        client = registry.Registry(self)
        for digest, data in image.blobs.items():
            reply = client.expect(202, "POST", f"/v2/{repository}/blobs/uploads/")
            location = reply.headers["location"]
            mark = "&" if "?" in location else "?"
            headers = {"Content-Type": "application/octet-stream"}
            client.expect(201, "PUT", f"{location}{mark}digest={digest}", data, headers)
        reply = client.put_manifest(image, repository, tag or image.digest)
        if reply.status != 201:
            raise registry.RegistryError(f"PUT manifest: {reply.status} {reply.body[:500]!r}")

    def close(self):
        """Ends it and removes its data."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


class ScriptedRegistry:
    """Serves the images it was given; `rules` decide what happens instead.

    A rule is a function of the handler, by a part of the path; it answers the request itself and
    returns True, or returns False for the usual answer. `hits` counts requests by path.
    """

    def __init__(self):
        self.contents = {}  # path: (media type, bytes)
        self.rules = {}
        self.hits = {}
        self.lock = threading.Lock()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def add(self, image, repository, tag=None):
        """Serves the image and its blobs."""
        for reference in filter(None, (tag, image.digest)):
            path = f"/v2/{repository}/manifests/{reference}"
            self.contents[path] = (image.media_type, image.manifest)
        for digest, data in image.blobs.items():
            self.contents[f"/v2/{repository}/blobs/{digest}"] = ("application/octet-stream", data)

    def answer(self, handler):
        path = handler.path
        with self.lock:
            self.hits[path] = self.hits.get(path, 0) + 1
        for part, rule in list(self.rules.items()):
            if part in path and rule(handler):
                return
        if path == "/v2/":
            send(handler, 200, b"{}")
        elif path in self.contents:
            media_type, data = self.contents[path]
            send(handler, 200, data, {"Content-Type": media_type})
        else:
            send(handler, 404, b"{}")

    def close(self):
        """Ends it."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def send(handler, status, body, headers=None):
    """An answer with its length."""
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.wfile.write(body)


def status(code, headers=None):
    """A rule: every request gets this status."""

    def rule(handler):
        send(handler, code, b"", headers)
        return True

    return rule


def redirect(location):
    """A rule: every request is sent elsewhere."""
    return status(307, {"Location": location})


def cut(data, at):
    """A rule: the connection breaks off after `at` bytes."""

    def rule(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:at])
        handler.wfile.flush()
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)
        return True

    return rule


def until(event, data, first):
    """A rule: `first` bytes at once, the others when the event is set."""

    def rule(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(data[:first])
            handler.wfile.flush()
            event.wait(60)
            handler.wfile.write(data[first:])
        return True

    return rule


def hang(event):
    """A rule: no answer before the event is set."""

    def rule(_):
        event.wait(60)
        return False

    return rule
