"""What callers that nobody has authenticated yet can make the server hold and decode: a budget of
memory, limits of forms and JSON, signatures that are verified before a body is read.
"""

import contextlib
import hashlib
import json
import re
import resource
import select
import socket
import threading
import time

import harness
import signing

MIB = 1 << 20
ROOM_KIB = 64 << 10  # what the server may grow by
CONNECTIONS = 40
SECONDS = 1  # for which a body waits for memory


class BudgetTest(harness.ServerTest):
    flags = ("--progress-timeout", str(SECONDS), "--access-log", "off")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(harness.BINARY, "rb") as file:
            program = file.read()
        # A sanitizer keeps what is freed.
        cls.measured = b"__asan_init" not in program and b"__tsan_init" not in program
        cls.server.client().create_repository(repositoryName="app")

    def setUp(self):
        for _ in range(20):  # whatever a first request makes
            self.server.client().describe_repositories()
        with open(f"/proc/{self.server.process.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # VmHWM begins anew
        self.before_kib = self.status_kib("VmRSS")

    def status_kib(self, field):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith(field)).split()[1])

    def assert_small(self):
        if self.measured:
            self.assertLess(self.status_kib("VmHWM") - self.before_kib, ROOM_KIB)

    def metric(self, name):
        text = self.server.request("GET", "/metrics")[2].decode()
        return int(re.search(rf"^{name} (\d+)$", text, re.MULTILINE).group(1))

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port), 20)
        self.addCleanup(connection.close)
        return connection

    def head(self, length, *lines, start="POST / HTTP/1.1"):
        framing = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
        return "\r\n".join((start, "Host: localhost", framing, *lines)).encode() + b"\r\n\r\n"

    def flood(self, heads, chunk, seconds=2):
        """Sends bodies on as many connections at once, for so long; what came back on each."""
        connections = [self.connect() for _ in heads]
        for connection, head in zip(connections, heads):
            connection.sendall(head)
            connection.setblocking(False)
        answers = dict.fromkeys(connections, b"")
        open_ones = set(connections)
        end = time.monotonic() + seconds
        while open_ones and time.monotonic() < end:
            readable, writable, _ = select.select(open_ones, open_ones, [], 0.1)
            for connection in readable:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    answers[connection] += connection.recv(4096)
                open_ones.discard(connection)
            for connection in set(writable) & open_ones:
                try:
                    connection.send(chunk)
                except BlockingIOError:
                    pass
                except ConnectionError:
                    open_ones.discard(connection)
        for connection in connections:
            connection.close()
        return list(answers.values())

    UPLOAD = f"X-Amz-Target: {signing.ECR_TARGET}.UploadLayerPart"

    def test_large_bodies_of_strangers_share_one_budget(self):
        refused = self.metric("ecr_local_unauthenticated_refused_total")
        heads = [self.head(31 * MIB, self.UPLOAD)] * CONNECTIONS
        answers = self.flood(heads, b"x" * (256 << 10), seconds=SECONDS + 2)
        self.assert_small()
        busy = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
        self.assertGreater(len(busy), CONNECTIONS // 2)
        self.assertIn(b"ServiceUnavailableException", busy[0])
        self.assertIn(b"not authenticated yet", busy[0])
        self.assertGreater(self.metric("ecr_local_unauthenticated_refused_total"), refused)
        harness.wait_until(
            lambda: self.metric("ecr_local_unauthenticated_bytes") == 0, 5, "all is given back"
        )

    def test_chunked_bodies_are_counted_as_they_grow(self):
        heads = [self.head(None, self.UPLOAD)] * CONNECTIONS
        size = 256 << 10
        self.flood(heads, b"%x\r\n" % size + b"x" * size + b"\r\n", seconds=SECONDS + 1)
        self.assert_small()

    def test_ordinary_calls_go_on_meanwhile(self):
        heads = [self.head(31 * MIB, self.UPLOAD)] * 4
        thread = threading.Thread(target=self.flood, args=(heads, b"x" * MIB))
        thread.start()
        try:
            for _ in range(20):
                self.ecr().describe_repositories()
        finally:
            thread.join()

    def test_large_heads_are_counted(self):
        """Heads that are not complete, of all connections together."""
        line = b"X: " + b"x" * 1000 + b"\r\n"
        heads = [b"GET / HTTP/1.1\r\nHost: localhost\r\n" + line * 28] * 1500
        connections = [self.connect() for _ in heads]
        for connection, head in zip(connections, heads):
            with contextlib.suppress(ConnectionError):
                connection.sendall(head)
        self.assert_small()
        for connection in connections:
            connection.close()

    def test_a_form_without_meaning_costs_little(self):
        prefix = f"Action=AssumeRoleWithWebIdentity&Version={signing.STS_VERSION}&"
        # As many parameters as a form may have, of names as deep as they may be.
        deep = "&".join(f"a{i}." + "b." * 50 + "b=" for i in range(8000))
        large = prefix + "&".join(f"a{i}.b.b.b=" for i in range(90_000))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}

        def post(body):
            return self.server.request("POST", "/", body[:MIB], headers)

        status, _, text = post(large)
        self.assertEqual(400, status)
        self.assertIn(b"more than 8192 parameters", text)
        threads = [
            threading.Thread(target=lambda: [post(prefix + deep) for _ in range(3)])
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assert_small()
        status, _, text = post(prefix + deep)
        self.assertIn(b"roleArn", text)  # the parameters that the operation does need are missing

    def test_values_of_a_call_are_limited(self):
        headers, _ = signing.ecr_request("PutImage")
        body = json.dumps({"repositoryName": "app", "imageManifest": [{}] * 20_000})
        signed = signing.sign(self.server, headers, body)
        status, _, text = self.server.request("POST", "/", body, signed)
        self.assertEqual(400, status)
        self.assertIn(b"SerializationException", text)
        self.assertIn(b"more than 10000 values", text)


class BeforeTheBodyTest(harness.ServerTest):
    """A client that waits for "100 Continue" learns of a wrong signature before its body is sent."""

    def first_line(self, path, headers, length, method="POST"):
        lines = [f"{method} {path} HTTP/1.1", f"Content-Length: {length}", "Expect: 100-continue"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
            return connection.recv(65536).split(b"\r\n")[0].decode()

    def signed(self, keys):
        body = json.dumps({"repositoryName": "app", "layerPartBlob": "A" * MIB})
        headers, _ = signing.ecr_request("UploadLayerPart")
        headers["X-Amz-Content-Sha256"] = hashlib.sha256(body.encode()).hexdigest()
        return signing.sign(self.server, headers, body, keys), len(body)

    def test_of_a_signed_call(self):
        headers, length = self.signed(harness.ROOT_KEYS)
        self.assertIn(" 100 ", self.first_line("/", headers, length))
        headers, length = self.signed(("test", "wrong"))
        self.assertIn(" 400 ", self.first_line("/", headers, length))
        headers, length = self.signed(("AKIANOBODYNOBODYNOBO", "wrong"))
        self.assertIn(" 400 ", self.first_line("/", headers, length))

    def test_of_a_manifest_and_of_administration(self):
        manifest = ("/v2/app/manifests/1", {"Host": "localhost", "Authorization": "Basic QVdTOng="})
        self.assertIn(" 401 ", self.first_line(*manifest, MIB, "PUT"))
        seed = ("/_ecr-local/seed", {"Host": "evil.test"})
        self.assertIn(" 403 ", self.first_line(*seed, MIB))

    def test_a_body_of_another_hash_is_refused(self):
        headers, length = self.signed(harness.ROOT_KEYS)
        status, _, text = self.server.request("POST", "/", "x" * length, headers)
        self.assertEqual(400, status)
        self.assertIn(b"InvalidSignatureException", text)


class ConnectionsTest(harness.ServerTest):
    def test_there_are_only_so_many(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limit[1]), limit[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        connections = []
        try:
            for _ in range(2600):
                connections.append(socket.create_connection(("127.0.0.1", self.server.port), 10))
            answer = connections[-1].recv(1000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer)
            self.assertIn(b"too many connections", answer)
            connections[0].sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            text = b""
            while b"ecr_local_connections_refused_total" not in text:
                text += connections[0].recv(65536)
        finally:
            for connection in connections:
                connection.close()
        harness.wait_until(
            lambda: self.server.request("GET", "/_ecr-local/health")[0] == 200, 5, "there is room"
        )


if __name__ == "__main__":
    harness.main()
