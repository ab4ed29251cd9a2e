"""HTTP as attackers write it: bad framing is refused and ends the connection.

Each request here carries a second one behind it, for a route that answers everybody; whoever sees
two answers has smuggled it.
"""

import contextlib
import socket

import harness
import registry

HEALTH = b"GET /_ecr-local/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class HttpTest(harness.ServerTest):
    seed = {"accounts": {harness.ACCOUNT: {"repositories": [{"name": "app"}]}}}

    def tearDown(self):
        self.assertIsNone(self.server.process.poll(), "the server is alive")

    def head(self, *lines, start="POST / HTTP/1.1", host="Host: localhost"):
        return "\r\n".join(filter(None, (start, host, *lines))).encode() + b"\r\n\r\n"

    def send(self, data):
        """What comes back until the server closes the connection; a reset ends it too."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            with contextlib.suppress(ConnectionError):
                while chunk := connection.recv(65536):
                    received += chunk
        return received

    def assert_closed_with(self, statuses, data):
        """One answer with one of these statuses, then the end; the request behind is not seen."""
        answer = self.send(data + HEALTH)
        self.assertIn(answer[:13], [f"HTTP/1.1 {status} ".encode() for status in statuses])
        self.assertEqual(1, answer.count(b"HTTP/1.1 "), answer)
        self.assertNotIn(b'"ecr-local"', answer)

    def test_ambiguous_framing_is_refused(self):
        cases = (
            ("Transfer-Encoding: gzip", "Content-Length: 5"),
            ("Transfer-Encoding: identity",),
            ("Transfer-Encoding: chunked, gzip",),
            ("Transfer-Encoding: xchunked",),
            ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 5"),
            ("Content-Length: 5", "Content-Length: 6"),
            ("Content-Length: 5", "Content-Length: 5"),
            ("Content-Length: +5",),
            ("Content-Length: -1",),
            ("Content-Length: 99999999999999999999",),
            ("Content-Length : 5",),
        )
        for lines in cases:
            with self.subTest(lines):
                self.assert_closed_with((400,), self.head(*lines))

    def test_host_must_be_given_once_and_well(self):
        for host in ("", "Host: a\r\nHost: b", "Host: a b", "Host: user@localhost", "Host: a/b"):
            with self.subTest(host=host):
                self.assert_closed_with((400,), self.head("Content-Length: 0", host=host))

    def test_repeated_headers_that_decide_are_refused(self):
        names = ("Authorization", "X-Amz-Date", "X-Amz-Target", "X-Amz-Security-Token")
        for name in (*names, "Content-Type", "X-Amz-Content-Sha256"):
            with self.subTest(name=name):
                lines = (f"{name}: a", f"{name}: b", "Content-Length: 0")
                self.assert_closed_with((400,), self.head(*lines))

    def test_other_versions_are_refused(self):
        cases = (
            b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        )
        for data in cases:
            with self.subTest(data=data):
                answer = self.send(data + HEALTH)
                self.assertNotIn(b'"ecr-local"', answer)
                self.assertIn(answer[:12], (b"", b"HTTP/1.1 400", b"HTTP/1.1 505"))

    def test_large_heads_are_refused(self):
        cases = {
            "one header": self.head("X-Large: " + "x" * 100_000),
            "many headers": self.head(*[f"X-{n}: y" for n in range(10_000)]),
            "the target": self.head(start="GET /" + "x" * 100_000 + " HTTP/1.1"),
        }
        for what, data in cases.items():
            with self.subTest(what):
                answer = self.send(data)
                self.assertIn(answer[9:12], (b"431", b"414", b"400", b""))

    def test_trailers_change_nothing(self):
        target = "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"
        for trailer in ("Authorization: evil", target, "X-Large: " + "x" * 300_000):
            with self.subTest(trailer=trailer[:20]):
                head = self.head(target, "Transfer-Encoding: chunked", "Connection: close")
                answer = self.send(head + b"2\r\n{}\r\n0\r\n" + trailer.encode() + b"\r\n\r\n")
                self.assertTrue(answer == b"" or answer[9:12] == b"400", answer[:200])

    def test_bad_chunks_are_refused(self):
        for chunks in (b"ffffffffffffffffff\r\n", b"-1\r\n", b"x\r\n", b"1;" + b"x" * 300_000):
            with self.subTest(chunks=chunks[:10]):
                head = self.head("Transfer-Encoding: chunked")
                answer = self.send(head + chunks + HEALTH)
                self.assertNotIn(b'"ecr-local"', answer)

    def test_compressed_bodies_are_not_inflated(self):
        status, _, _ = self.server.request("POST", "/", b"x", {"Content-Encoding": "gzip"})
        self.assertEqual(415, status)

    def test_large_api_bodies_are_refused(self):
        head = self.head(f"Content-Length: {1 << 30}", "X-Amz-Target: x.ListImages")
        self.assertEqual(b"413", self.send(head)[9:12])

    def test_pipelined_requests_are_answered_in_order(self):
        keep = HEALTH.replace(b"Connection: close\r\n", b"")
        self.assertEqual(3, self.send(keep + keep + HEALTH).count(b"HTTP/1.1 200"))

    def test_expect_100_is_answered_before_the_body_and_only_where_it_is_wanted(self):
        client = registry.Registry(self.server, self.server.password())
        location = client.start_upload("app")
        lines = ("Content-Length: 5", "Expect: 100-continue")
        start = f"PATCH {location} HTTP/1.1"
        authorization = f"Authorization: {client.headers['Authorization']}"
        address = ("127.0.0.1", self.server.port)
        with socket.create_connection(address, 10) as connection:
            connection.sendall(self.head(*lines, authorization, start=start))
            self.assertEqual(b"HTTP/1.1 100 Continue\r\n\r\n", connection.recv(4096))
            connection.sendall(b"12345")
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 202"))
        with socket.create_connection(address, 10) as connection:
            connection.sendall(self.head(*lines, start=start))
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 401"))

    def test_admin_routes_are_not_for_web_pages(self):
        cases = (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        )
        for headers in cases:
            with self.subTest(headers):
                for method, path in (("POST", "/_ecr-local/seed"), ("GET", "/_ecr-local/coverage")):
                    status, _, _ = self.server.request(method, path, "{}", headers)
                    self.assertEqual(403, status)

    def test_no_answer_lets_other_origins_read_it(self):
        for path in ("/_ecr-local/health", "/v2/", "/"):
            _, headers, _ = self.server.request("GET", path, None, {"Origin": "https://a.example"})
            self.assertNotIn("access-control-allow-origin", headers)

    def test_paths_that_are_nothing_are_not_found(self):
        for path in ("/x", "/_ecr-local/none", "/v1/", "/v2x", "//"):
            with self.subTest(path=path):
                self.assertIn(self.server.request("GET", path)[0], (401, 404))


class AdminTokenTest(harness.ServerTest):
    flags = ("--admin-token", "a-long-admin-token")

    def coverage_status(self, authorization):
        headers = {"Authorization": authorization} if authorization else {}
        return self.server.request("GET", "/_ecr-local/coverage", None, headers)[0]

    def test_token_is_needed_where_it_is_set(self):
        self.assertEqual(200, self.coverage_status("Bearer a-long-admin-token"))
        for wrong in (None, "Bearer wrong", "Bearer ", "Basic a-long-admin-token"):
            with self.subTest(authorization=wrong):
                self.assertEqual(403, self.coverage_status(wrong))

    def test_health_stays_open(self):
        self.assertEqual(200, self.server.request("GET", "/_ecr-local/health")[0])


if __name__ == "__main__":
    harness.main()
