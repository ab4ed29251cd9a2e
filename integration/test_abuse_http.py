"""HTTP from people who mean harm: what is smuggled is never run, what is slow is hung up on, what is
large costs the server little. (test_http.py has the single requests that are not well-formed.)

The deadlines of the server under test are a second or two, so that they can be waited for.
"""

import contextlib
import gzip
import http.client
import json
import os
import resource
import select
import socket
import statistics
import threading
import time

import harness
import registry
import signing
from harness import ACCOUNT, allow

PULLER = ("AKIAPULLERPULLERPULL", "pull-secret")
PULL = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ROOM_KIB = 64 << 10  # what the server may grow by in a test
SECONDS = 1  # of a header, and without progress
IDLE_SECONDS = 3


class AbuseTest(harness.ServerTest):
    seed = {
        "accounts": {
            ACCOUNT: {
                "users": [harness.user("puller", *PULLER, allow(PULL))],
                "repositories": [{"name": "app"}, {"name": "other"}],
            }
        }
    }
    flags = (
        *("--header-timeout", str(SECONDS), "--progress-timeout", str(SECONDS)),
        *("--idle-timeout", str(IDLE_SECONDS)),
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = registry.Registry(cls.server, cls.server.password())
        cls.puller = registry.Registry(cls.server, cls.server.password(PULLER))
        cls.image = registry.make_image(b"to stay")
        cls.root.push(cls.image, "app", "stay")
        with open(harness.BINARY, "rb") as file:
            program = file.read()
        # A sanitizer keeps what is freed.
        cls.measured = b"__asan_init" not in program and b"__tsan_init" not in program

    def setUp(self):
        self.before_kib = self.status_kib("VmRSS")

    def tearDown(self):
        """Alive, as small as before, and nothing has changed."""
        self.assertIsNone(self.server.process.poll(), "the server is alive")
        if self.measured:
            self.assertLess(self.status_kib("VmHWM") - self.before_kib, ROOM_KIB)
        self.assertEqual(self.image.digest, self.root.pull("app", "stay").digest)
        tags = json.loads(self.root.expect(200, "GET", "/v2/app/tags/list").body)["tags"]
        self.assertEqual(["stay"], tags)

    def status_kib(self, field):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith(field)).split()[1])

    def cpu_seconds(self):
        with open(f"/proc/{self.server.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.server.port), 20)
        self.addCleanup(connection.close)
        return connection

    def head(self, start, *lines, who=None):
        """A request's head; `who`: the registry client whose token it carries."""
        if who is not None:
            lines = (f"Authorization: {who.headers['Authorization']}", *lines)
        return "\r\n".join((start, "Host: localhost", *lines)).encode() + b"\r\n\r\n"

    def rest(self, connection):
        """All that comes until the server closes; a reset ends it, too."""
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
        return received

    def talk(self, *parts):
        """What comes back on one connection. The server may hang up while it is sent."""
        connection = self.connect()
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        return self.rest(connection)

    def assert_refused(self, statuses, answer):
        """One answer of these statuses and the end, or (where the answer was lost) the end."""
        if answer:
            self.assertIn(answer[9:12].decode(), statuses, answer[:200])
            self.assertEqual(1, answer.count(b"HTTP/1.1 "), answer[:400])


class SmugglingTest(AbuseTest):
    def test_a1_to_a4_what_is_behind_bad_framing_is_not_run(self):
        delete = self.head("DELETE /v2/app/manifests/stay HTTP/1.1", who=self.root)
        post = "POST /v2/app/blobs/uploads/ HTTP/1.1"
        cases = (
            (post, "Transfer-Encoding: gzip", f"Content-Length: {len(delete)}"),
            (post, f"Content-Length: {len(delete)}", "Transfer-Encoding: gzip"),
            (post, "Transfer-Encoding: identity"),
            (post, "Transfer-Encoding: chunked, gzip"),
            (post, "Transfer-Encoding: gzip, chunked"),
            (post, "Transfer-Encoding: xchunked"),
            (post, "Transfer-Encoding: chunked, chunked"),
            (post, "Transfer-Encoding: \x0bchunked"),
            (post, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
            (post, "Transfer-Encoding: chunked", "Content-Length: 4"),
            (post, "Content-Length: 0", f"Content-Length: {len(delete)}"),
            ("POST /v2/app/blobs/uploads/ HTTP/1.0", "Transfer-Encoding: chunked"),
            ("PRI * HTTP/2.0",),
            ("GET /v2/",),
        )
        for start, *lines in cases:
            with self.subTest(start=start, lines=lines):
                answer = self.talk(self.head(start, *lines, who=self.root) + delete)
                self.assert_refused(("400", "505"), answer)
                self.assertEqual(200, self.root.request("HEAD", "/v2/app/manifests/stay").status)

    def test_a3_white_space_around_chunked_is_no_other_coding(self):
        answer = self.talk(
            self.head("PUT /v2/app/manifests/x HTTP/1.1", "Transfer-Encoding: chunked \t",
                      "Connection: close", who=self.root) + b"2\r\n{}\r\n0\r\n\r\n"
        )
        self.assert_refused(("400",), answer)  # as a chunked body, or as bad framing: not twice

    def test_a5_trailers_change_neither_the_caller_nor_the_action(self):
        root = f"Authorization: {self.root.headers['Authorization']}"
        body = json.loads(self.image.manifest)
        body["annotations"] = {"new": "one"}
        text = json.dumps(body).encode()
        head = self.head(
            "PUT /v2/app/manifests/stay HTTP/1.1", "Transfer-Encoding: chunked",
            f"Content-Type: {self.image.media_type}", "Connection: close", who=self.puller
        )
        chunks = b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(text), text, root.encode())
        self.assert_refused(("403",), self.talk(head + chunks))
        headers, body = signing.ecr_request("DescribeRepositories")
        signed = signing.sign(self.server, headers, body)
        lines = [f"{name}: {value}" for name, value in signed.items() if name != "Host"]
        start = f"POST / HTTP/1.1\r\nHost: {self.server.address}\r\n" + "\r\n".join(lines)
        for trailer in (
            "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.DeleteRepository",
            "X-Amz-Content-Sha256: 0", "Content-Type: text/html", "Host: evil.test",
        ):
            with self.subTest(trailer):
                answer = self.talk(
                    start.encode() + b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                    + b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(body), body.encode(), trailer.encode())
                )
                self.assertIn(answer[9:12], (b"200", b"400"), answer[:300])
                if answer[9:12] == b"200":
                    self.assertIn(b'"repositories"', answer)

    def test_a8_another_host_in_the_target_is_refused(self):
        for target in ("http://evil.test/v2/", "http://localhost/v2/", "evil.test:80", "*"):
            with self.subTest(target):
                answer = self.talk(self.head(f"GET {target} HTTP/1.1", who=self.root))
                self.assert_refused(("400",), answer)


class SizeTest(AbuseTest):
    def test_a6_large_trailers(self):
        start = self.head("PUT /v2/app/manifests/x HTTP/1.1", "Transfer-Encoding: chunked",
                          who=self.root)
        for size in (70_000, 1 << 20, 10 << 20):
            with self.subTest(size=size):
                trailer = b"2\r\n{}\r\n0\r\nX-Large: " + b"x" * size + b"\r\n\r\n"
                self.assert_refused(("400",), self.talk(start, trailer))

    def test_a7_chunk_extensions_and_impossible_chunks(self):
        start = self.head("PUT /v2/app/manifests/x HTTP/1.1", "Transfer-Encoding: chunked",
                          who=self.root)
        for chunks in (b"1;" + b"x" * (1 << 20) + b"\r\na\r\n", b"8000000000000000\r\nabc",
                       b"7fffffffffffffff\r\nabc", b"1\r\nab\r\n", b"1\nab"):
            with self.subTest(chunks=chunks[:20]):
                self.assert_refused(("400", "413"), self.talk(start, chunks))

    def test_a7_a_million_chunks_of_one_byte(self):
        location = self.root.start_upload("other")
        head = self.head(f"PATCH {location} HTTP/1.1", "Transfer-Encoding: chunked",
                         "Connection: close", who=self.root)
        before = self.cpu_seconds()
        chunks = b"1\r\nx\r\n" * 10_000
        answer = self.talk(head, *([chunks] * 100), b"0\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 202"), answer[:200])
        self.assertIn(b"0-999999", answer)
        if self.measured:
            self.assertLess(self.cpu_seconds() - before, 5)

    def test_a10_heads_that_are_too_large(self):
        cases = (
            ("431", self.head("GET /v2/ HTTP/1.1", "X-Large: " + "x" * 65_536)),
            ("431", self.head("GET /v2/ HTTP/1.1", *(f"X-{n}: y" for n in range(10_000)))),
            ("431", self.head("GET /v2/ HTTP/1.1", *(f"X-{n}: y" for n in range(150)))),
            ("414", self.head("GET /v2/" + "x" * 65_536 + " HTTP/1.1")),
            ("414", self.head("GET /v2/" + "x" * 20_000 + " HTTP/1.1")),
            ("414", b"GET /" + b"x" * 100_000),
        )
        for status, data in cases:
            with self.subTest(status=status, data=data[:60]):
                answer = self.talk(data)
                self.assertEqual(status, answer[9:12].decode(), answer[:200])
                self.assertIn(b"Connection: close", answer)

    def test_a13_ten_gigabytes_that_nobody_wants(self):
        size = f"Content-Length: {10 << 30}"
        location = self.root.start_upload("other")
        for who, status in ((None, b"401"), (self.puller, b"403")):
            for expect in ((), ("Expect: 100-continue",)):
                with self.subTest(status=status, expect=expect):
                    mark = len(self.server.log())
                    connection = self.connect()
                    connection.sendall(self.head(f"PATCH {location} HTTP/1.1", size, *expect, who=who))
                    answer = self.rest_of_head(connection)
                    self.assertEqual(status, answer[9:12], answer[:200])
                    self.assertNotIn(b"100 Continue", answer)
                    connection.close()
                    log = harness.wait_until(
                        lambda m=mark: self.server.log()[m:], 5, "the line of the request")
                    self.assertIn(" bytes_in=0 ", log)

    def rest_of_head(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
        return received

    def test_a14_nothing_is_inflated(self):
        bomb = gzip.compress(b"\0" * (64 << 20))
        for path, who in (("/", None), ("/v2/app/manifests/x", self.root)):
            headers = {"Content-Encoding": "gzip", **(who.headers if who else {})}
            method = "POST" if path == "/" else "PUT"
            status = self.server.request(method, path, bomb, headers)[0]
            self.assertIn(status, (415,) if path == "/" else (400, 415))


class SlownessTest(AbuseTest):
    def drip(self, connection, data, pause=0.1):
        """Sends a byte at a time; the seconds until the server has hung up."""
        began = time.monotonic()
        connection.setblocking(False)
        for byte in data:
            try:
                connection.send(bytes([byte]))
            except ConnectionError:
                break
            if select.select([connection], [], [], pause)[0]:
                try:
                    if not connection.recv(4096):
                        break
                except ConnectionError:
                    break
        return time.monotonic() - began

    def test_a11_slow_heads_and_bodies_end_at_their_deadline(self):
        location = self.root.start_upload("other")
        cases = {
            "head": (b"", b"GET /v2/ HTTP/1.1\r\n" + b"X-Slow: y\r\n" * 100),
            "body in memory": (
                self.head("PUT /v2/app/manifests/x HTTP/1.1", "Content-Length: 100000",
                          who=self.root), b"x" * 1000),
            "streamed body": (
                self.head(f"PATCH {location} HTTP/1.1", "Content-Length: 100000", who=self.root),
                b"x" * 1000),
            "chunked body": (
                self.head(f"PATCH {location} HTTP/1.1", "Transfer-Encoding: chunked",
                          who=self.root), b"1\r\nx\r\n" * 200),
        }
        for what, (at_once, slowly) in cases.items():
            with self.subTest(what):
                connection = self.connect()
                connection.sendall(at_once)
                self.assertLess(self.drip(connection, slowly), 10)

    def test_a11_who_does_not_read_is_hung_up_on(self):
        digest = self.root.push_blob("other", os.urandom(32 << 20))
        before = self.server_connections()
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", self.server.port))
        connection.sendall(self.head(f"GET /v2/other/blobs/{digest} HTTP/1.1", who=self.root))
        harness.wait_until(lambda: self.server_connections() > before, 5, "it is accepted")
        harness.wait_until(
            lambda: self.server_connections() <= before, 15, "the connection is closed")
        self.assertLess(len(self.rest(connection)), 32 << 20)

    def server_connections(self):
        folder = f"/proc/{self.server.process.pid}/fd"
        count = 0
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                count += os.readlink(f"{folder}/{name}").startswith("socket:")
        return count

    def latencies(self, count):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        found = []
        with contextlib.closing(connection):
            for _ in range(count):
                began = time.perf_counter()
                connection.request("GET", "/v2/app/manifests/stay", headers=self.root.headers)
                connection.getresponse().read()
                found.append(time.perf_counter() - began)
        return found

    def test_a11_two_thousand_idle_connections_slow_nobody_down(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2_200 if hard == resource.RLIM_INFINITY else min(hard, 2_200)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        count = min(2_000, wanted - 200)
        self.latencies(50)
        alone = statistics.median(self.latencies(300))
        before = self.server_connections()
        idle = []
        try:
            for _ in range(count):
                idle.append(socket.create_connection(("127.0.0.1", self.server.port), 20))
                if len(idle) % 2:  # one byte: in the middle of a head
                    idle[-1].send(b"G")
            beside = statistics.median(self.latencies(300))
            # Other work on the machine moves both, by milliseconds at times.
            self.assertLess(beside, 2 * alone + 0.005)
            harness.wait_until(
                lambda: self.server_connections() <= before + 20, 10 * IDLE_SECONDS,
                "the idle connections are closed")
        finally:
            for connection in idle:
                connection.close()

    def test_a12_answers_that_nobody_reads_do_not_pile_up(self):
        data = self.head("GET /v2/app/manifests/stay HTTP/1.1", who=self.root) * 10_000
        connection = self.connect()
        connection.setblocking(False)
        deadline = time.monotonic() + 15
        sent = 0
        closed = False
        while not closed and time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                try:
                    sent += connection.send(data[sent : sent + 65536])
                except ConnectionError:
                    closed = True
            if sent == len(data):
                sent = 0
            select.select([], [connection], [], 0.1)
        self.assertTrue(closed, "the server hangs up")

    def test_a12_pipelined_requests_that_are_read_are_all_answered(self):
        one = self.head("GET /v2/ HTTP/1.1", who=self.root)
        last = self.head("GET /v2/ HTTP/1.1", "Connection: close", who=self.root)
        connection = self.connect()
        sender = threading.Thread(target=lambda: connection.sendall(one * 9_999 + last))
        sender.start()
        answers = self.rest(connection)
        sender.join()
        self.assertEqual(10_000, answers.count(b"HTTP/1.1 200"))


if __name__ == "__main__":
    harness.main()
