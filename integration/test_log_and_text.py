"""Texts that clients make, in the log and in answers: they forge nothing, they are valid, they have an
end. And a log that nobody reads stops nothing.
"""

import contextlib
import http.client
import json
import re
import select
import signal
import subprocess
import time
import xml.etree.ElementTree

import harness
import signing

LINE = re.compile(
    r'^\S+ \S+ \S+ "\S+ \S+" \d+ bytes_in=\d+ bytes_out=\d+ microseconds=\d+( action=\S+)?( principal=\S+)?'
    r'( error="([^"\\]|\\.)*")?( console=\S+)?$'
)
LONGEST = 4096


class TextLogTest(harness.ServerTest):
    def lines_of(self, marker):
        def found():
            return [line for line in self.server.log().split("\n") if marker in line]

        return harness.wait_until(found, 5, f"a line with {marker}")

    def test_a_client_forges_no_fields(self):
        for target in ('/mark1"x', "/mark1\\x", "/mark1'", "/mark1\u202e", "/mark1\xc2\x9b1m"):
            data = target.encode("latin-1", "ignore") if "\u202e" not in target else target.encode()
            self.server.raw(
                b"GET " + data + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
        self.server.raw(
            b'GET /mark1" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
        )
        harness.wait_until(lambda: len(self.lines_of("mark1")) == 6, 5, "six lines")
        for line in self.lines_of("mark1"):
            self.assertRegex(line, LINE)
            self.assertNotIn("\x9b", line)

    def test_an_error_that_quotes_a_client_stays_in_its_field(self):
        headers, body = signing.ecr_request("DescribeRepositories", nextToken='x" status=200\n')
        signed = signing.sign(self.server, headers, body)
        status, found, _ = self.server.request("POST", "/", body, signed)
        self.assertEqual(400, status)
        (line,) = self.lines_of(found["x-amzn-requestid"])
        self.assertRegex(line, LINE)

    def test_lines_have_an_end(self):
        name = "A" * 400_000
        headers, body = signing.ecr_request("CreateRepository", repositoryName=name)
        signed = signing.sign(self.server, headers, body)
        ids = [self.server.request("POST", "/", body, signed)[1]["x-amzn-requestid"]]
        for request in (
            signing.iam_request("GetUser", UserName=name),
            signing.iam_request("x" * 400_000),
        ):
            signed = signing.sign(self.server, *request, service="iam")
            _, found, _ = self.server.request("POST", "/", request[1], signed)
            ids.append(found["x-amzn-requestid"])
        path = "/v2/" + "x" * 16_000
        ids.append(self.server.request("GET", path)[1]["x-amzn-requestid"])
        for request_id in ids:
            (line,) = self.lines_of(request_id)
            self.assertLessEqual(len(line), LONGEST)


class JsonLogTest(harness.ServerTest):
    flags = ("--access-log", "json")

    def test_every_line_is_json_and_has_an_end(self):
        self.server.raw(
            b"GET /v2/\xff\xfe\"" + b"\x80" * 8000 +
            b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        harness.wait_until(lambda: "/v2/" in self.server.log(), 5, "a line")
        for line in filter(None, self.server.log().split("\n")):
            self.assertLessEqual(len(line), LONGEST)
            json.loads(line)


class AnswersTest(harness.ServerTest):
    def test_xml_is_valid_whatever_a_client_sends(self):
        for body in (
            b"Action=%FF%FE%80&Version=2010-05-08",
            b"Action=\xff\xfe&Version=\x80",
            b"Action=%EF%BF%BF%01&Version=2011-06-15",
        ):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            status, _, text = self.server.request("POST", "/", body, headers)
            self.assertEqual(400, status)
            text.decode("utf-8")
            xml.etree.ElementTree.fromstring(text)
        status, _, text = self.server.request("GET", "/_layers/%FF%FE?signature=%FF")
        xml.etree.ElementTree.fromstring(text)

    def test_json_with_a_byte_order_mark_is_refused(self):
        headers, body = signing.ecr_request("CreateRepository", repositoryName="marked")
        body = b"\xef\xbb\xbf" + body.encode()
        signed = signing.sign(self.server, headers, body)
        status, _, text = self.server.request("POST", "/", body, signed)
        self.assertEqual(400, status)
        self.assertEqual("SerializationException", json.loads(text)["__type"])
        self.assertIn("byte order mark", json.loads(text)["message"])

    def test_folded_header_fields_are_refused(self):
        for fold in (
            b"Transfer-Encoding:\r\n chunked\r\n",
            b"Content-Length: 0\r\n\t\r\n",
            b"X-Other: a\r\n b\r\n",
        ):
            data = self.server.raw(
                b"POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\n" + fold +
                b"\r\n0\r\n\r\n"
            )
            self.assertTrue(data.startswith(b"HTTP/1.1 400 "), data[:100])


class UnreadLogTest(harness.ServerTest):
    """Standard error is a pipe, and nothing reads it."""

    REQUESTS = 4000

    def start(self):
        process = subprocess.Popen(
            [harness.BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=harness.plain_environment(),
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        ready = process.stdout.readline().decode()
        return process, int(ready.rsplit(":", 1)[1])

    def send_many(self, port):
        """Requests whose lines are longer than a pipe and the lines that wait may hold together."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            for _ in range(self.REQUESTS):
                connection.request("GET", "/v2/" + "x" * 600)
                connection.getresponse().read()
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return int(re.search(r"^ecr_local_log_lines_dropped_total (\d+)$", text, re.M).group(1))

    def test_it_stops_nothing_and_what_is_dropped_is_counted(self):
        process, port = self.start()
        dropped = self.send_many(port)
        self.assertGreater(dropped, 0)
        self.assertLess(dropped, self.REQUESTS)
        begin = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(0, process.wait(10))
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_reader_that_comes_late_is_told(self):
        process, port = self.start()
        self.send_many(port)
        text = b""
        end = time.monotonic() + 10
        while b"were dropped" not in text and time.monotonic() < end:
            if select.select([process.stderr], [], [], 0.2)[0]:
                text += process.stderr.read1(1 << 16)
            self.ask(port)
        self.assertIn(b"lines of the log were dropped", text)

    def ask(self, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/_ecr-local/health")
            self.assertEqual(200, connection.getresponse().status)


if __name__ == "__main__":
    harness.main()
