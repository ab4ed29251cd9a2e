"""What people do first with the program: seed a server, ask the wrong port, read JSON, use a terminal."""

import base64
import http.server
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

import harness
import registry
import signing
from harness import ACCOUNT, BINARY

SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [harness.user("jane", "AKIAJANE000000000001", "secret")],
            "repositories": [{"name": "one"}, {"name": "two"}],
        }
    }
}


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-line-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def run_program(self, *arguments, stdin=None, **environment):
        env = harness.plain_environment(HOME=self.directory, **environment)
        return harness.run(BINARY, *arguments, stdin=stdin, env=env, timeout=60)

    def server(self, *flags, **options):
        server = harness.Server(*flags, **options)
        self.addCleanup(server.close)
        return server.start()

    def other_program(self):
        """The URL of a web server that is something else."""

        class Other(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_error(404)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        other = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        return f"http://127.0.0.1:{other.server_port}"


class SeedCommandTest(ProgramTest):
    def test_a_document_is_applied_and_what_it_had_is_said(self):
        server = self.server("--in-memory")
        path = self.file("seed.json", SEED)
        for source, stdin in ((path, None), ("-", json.dumps(SEED))):
            result = self.run_program("seed", source, "--url", server.address, stdin=stdin)
            self.assertEqual((0, ""), (result.returncode, result.stderr))
            said = f"applied {source} to {server.address}: 1 user, 2 repositories\n"
            self.assertEqual(said, result.stdout)
        names = [r["repositoryName"] for r in server.client().describe_repositories()["repositories"]]
        self.assertEqual({"one", "two"}, set(names))

    def test_what_was_applied_is_said_in_words(self):
        server = self.server("--in-memory")
        provider = {"url": "https://token.example.com", "clientIds": ["a"]}
        managed = {"name": "all", "document": harness.policy(harness.allow("ecr:*"))}
        account = {"oidcProviders": [provider], "managedPolicies": [managed, {**managed, "name": "b"}]}
        path = self.file("seed.json", {"accounts": {ACCOUNT: account}})
        result = self.run_program("seed", path, "--url", server.url)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertIn("1 OIDC provider", result.stdout)
        self.assertIn("2 managed policies", result.stdout)

    def test_it_may_come_from_a_web_server_and_need_a_token(self):
        server = self.server("--in-memory", "--admin-token", "hush")
        self.file("seed.json", SEED)
        place = self.directory

        class Files(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=place)

            def log_message(self, *_):
                pass

        folder = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
        threading.Thread(target=folder.serve_forever, daemon=True).start()
        self.addCleanup(folder.server_close)
        self.addCleanup(folder.shutdown)
        url = f"http://127.0.0.1:{folder.server_port}/seed.json"
        environment = {"ECR_LOCAL_URL": server.url}
        refused = self.run_program("seed", url, **environment)
        self.assertEqual(3, refused.returncode)
        self.assertIn("ECR_LOCAL_ADMIN_TOKEN", refused.stderr)
        environment["ECR_LOCAL_ADMIN_TOKEN"] = "hush"
        self.assertEqual(0, self.run_program("seed", url, **environment).returncode)

    def test_what_is_wrong_with_it_is_said_with_a_suggestion(self):
        server = self.server("--in-memory")
        user = dict(SEED["accounts"][ACCOUNT]["users"][0])
        user["polices"] = user.pop("policies")
        path = self.file("seed.json", {"accounts": {ACCOUNT: {"users": [user]}}})
        result = self.run_program("seed", path, "--url", server.url)
        self.assertEqual((1, ""), (result.returncode, result.stdout))
        self.assertIn("unknown key polices, did you mean policies?", result.stderr)
        missing = self.run_program("seed", "/nowhere/seed.json", "--url", server.url)
        self.assertEqual(3, missing.returncode)
        self.assertIn("/nowhere/seed.json: No such file or directory", missing.stderr)

    def test_an_action_that_does_not_exist_is_warned_of(self):
        user = harness.user("jane", "AKIAJANE000000000001", "s", harness.allow("ecr:PutImge"))
        seed = {"accounts": {ACCOUNT: {"users": [user]}}}
        server = self.server("--in-memory", seed=seed)
        self.assertRegex(server.log(), r"warning: --seed .*users\[0\]\.policies\.given: .*PutImge")
        path = self.file("seed.json", seed)
        result = self.run_program("seed", path, "--url", server.url)
        self.assertEqual(0, result.returncode)
        self.assertIn("PutImge", result.stderr)


class WrongPortTest(ProgramTest):
    def test_another_program_is_told_from_none(self):
        url = self.other_program()
        seed = self.file("seed.json", SEED)
        for command in (("seed", seed), ("explain",)):
            result = self.run_program(*command, "--url", url)
            self.assertEqual(3, result.returncode, result.stderr)
            self.assertIn(f"something answers on {url}, but it is not ecr-local", result.stderr)
            self.assertIn("use --url or ECR_LOCAL_URL", result.stderr)
        result = self.run_program("healthcheck", "--url", url)
        self.assertEqual(1, result.returncode)
        self.assertIn("not ecr-local", result.stderr)
        with socket.socket() as listener:  # it answers nobody
            listener.bind(("127.0.0.1", 0))
            url = f"127.0.0.1:{listener.getsockname()[1]}"
            result = self.run_program("explain", "--url", url)
        self.assertEqual(3, result.returncode)
        self.assertIn(f"nothing answers on {url}: is the server running?", result.stderr)

    def test_http_at_a_port_of_tls_and_https(self):
        server = self.server("--tls", "auto", "--tls-listen", "127.0.0.1:0")
        line = re.search(r"TLS on https://(127\.0\.0\.1:(\d+))", server.log())
        address, port = line.group(1), int(line.group(2))
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assertIn(b"use https://", answer)
        harness.wait_until(lambda: "use https://" in server.log(), 5, "a line in the log")
        # The authority is the one in the data directory, or in the file of AWS_CA_BUNDLE.
        https = ("healthcheck", "--url", f"https://{address}")
        untrusted = self.run_program(*https)
        self.assertEqual(1, untrusted.returncode)
        self.assertIn("AWS_CA_BUNDLE", untrusted.stderr)
        bundle = os.path.join(server.data_dir, "tls/ca.pem")
        for name, value in (("AWS_CA_BUNDLE", bundle), ("ECR_LOCAL_DATA_DIR", server.data_dir)):
            result = self.run_program(*https, **{name: value})
            self.assertEqual((0, "healthy\n"), (result.returncode, result.stdout), result.stderr)

    def test_tls_at_a_plain_port_is_no_error_in_the_log(self):
        server = self.server("--in-memory")
        for _ in range(3):
            server.raw(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
        harness.wait_until(lambda: "speaks TLS" in server.log(), 5, "a line in the log")
        self.assertEqual(0, server.stop())
        self.assertEqual(1, server.log().count("speaks TLS"))
        self.assertNotIn("error=", server.log())

    def test_health_checks_that_go_well_are_not_logged(self):
        server = self.server("--in-memory")
        for path in ("/_ecr-local/health", "/_localstack/health", "/nothing"):
            server.request("GET", path)
        self.assertEqual(0, self.run_program("healthcheck", "--url", server.url).returncode)
        self.assertEqual(0, server.stop())
        self.assertIn("/nothing", server.log())
        self.assertNotIn("health", server.log())

    def test_the_root_says_what_this_is(self):
        server = self.server("--in-memory")
        status, headers, body = server.request("GET", "/")
        self.assertEqual((200, "text/plain; charset=utf-8"), (status, headers["content-type"]))
        self.assertIn(f"--endpoint-url {server.url} ", body.decode())


class LogTest(ProgramTest):
    """The log tells whoever runs the server what AWS's texts do not tell a client."""

    def line_of(self, server, request_id):
        def found():
            return [line for line in server.log().split("\n") if request_id in line]

        return harness.wait_until(found, 5, f"a line of request {request_id}")[0]

    def log_in(self, server, user, password, **headers):
        """The status of what `docker login` asks, and the line in the log."""
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", **headers}
        status, found, _ = server.request("GET", "/v2/", b"", headers)
        return status, self.line_of(server, found["x-amzn-requestid"])

    def test_which_half_of_a_login_was_wrong(self):
        server = self.server("--in-memory")
        password = server.password()
        status, line = self.log_in(server, "AWS", password)
        self.assertEqual(200, status)
        self.assertNotIn("error=", line)
        status, line = self.log_in(server, "jane", password)
        self.assertEqual(401, status)
        self.assertIn('error="UNAUTHORIZED: the user name is not AWS"', line)
        self.assertNotIn("jane", line)
        status, line = self.log_in(server, "AWS", "secret")
        self.assertEqual(401, status)
        self.assertIn("UNAUTHORIZED: the password is no token of this server", line)
        host = {"Host": f"{ACCOUNT}.dkr.ecr.eu-west-1.localhost"}
        status, line = self.log_in(server, "AWS", password, **host)
        self.assertEqual(400, status)
        self.assertIn("is for the region us-east-1 and cannot be used in eu-west-1", line)
        self.assertNotIn(password, server.log())
        # Docker asks without credentials first: that is no error.
        request_id = server.request("GET", "/v2/")[1]["x-amzn-requestid"]
        self.assertNotIn("error=", self.line_of(server, request_id))

    def test_the_key_that_is_not_known(self):
        server = self.server("--in-memory")
        for keys in (("AKIANOBODY0000000000", "x"), ("akia/a+secret/in/the/wrong/place", "x")):
            headers, body = signing.ecr_request("DescribeRepositories")
            signed = signing.sign(server, headers, body, keys)
            status, found, _ = server.request("POST", "/", body, signed)
            self.assertEqual(400, status)
            line = self.line_of(server, found["x-amzn-requestid"])
            self.assertEqual(keys[0].startswith("AKIA"), f"(access key {keys[0]})" in line, line)
            self.assertEqual(keys[0].startswith("AKIA"), keys[0] in line)

    def test_a_token_file_that_ends_in_a_newline(self):
        server = self.server("--in-memory")
        role = f"arn:aws:iam::{ACCOUNT}:role/ci"
        form = {"RoleArn": role, "RoleSessionName": "run-1", "WebIdentityToken": "a.b.c\n"}
        headers, body = signing.sts_request("AssumeRoleWithWebIdentity", **form)
        status, found, _ = server.request("POST", "/", body, headers)
        self.assertEqual(400, status)
        line = self.line_of(server, found["x-amzn-requestid"])
        self.assertIn("(the token is no JWT: it ends in a newline)", line)

    def test_a_missing_repository_is_logged_with_its_region(self):
        server = self.server("--in-memory")
        headers, body = signing.ecr_request("ListImages", repositoryName="app")
        signed = signing.sign(server, headers, body)
        _, found, answer = server.request("POST", "/", body, signed)
        self.assertNotIn(b"region", answer)
        line = self.line_of(server, found["x-amzn-requestid"])
        self.assertIn(f"registry with id '{ACCOUNT}' (region us-east-1)", line)
        client = registry.Registry(server, server.password())
        reply = client.request("GET", "/v2/app/manifests/1")
        self.assertEqual(404, reply.status)
        self.assertNotIn(b"us-east-1", reply.body)
        request_id = reply.headers["x-amzn-requestid"]
        self.assertIn("(region us-east-1)", self.line_of(server, request_id))
        # With its id the request is explained: the repository is elsewhere.
        server.client("ecr", region="eu-west-1").create_repository(repositoryName="app")
        explained = self.run_program("explain", request_id, "--url", server.url).stdout
        self.assertIn("region eu-west-1: log in with --region eu-west-1 and use ", explained)


class StartTest(ProgramTest):
    def test_what_a_server_lacks_that_others_reach_is_said_with_the_flag(self):
        log = self.server(listen="0.0.0.0:0").log()
        self.assertIn("--registry-host NAME:{port}", log)
        self.assertIn("--admin-token TOKEN (ECR_LOCAL_ADMIN_TOKEN)", log)
        flags = ("--registry-host", "localhost:{port}", "--admin-token", "x")
        log = self.server(*flags, listen="0.0.0.0:0").log()
        self.assertNotIn("--registry-host", log)
        self.assertNotIn("--admin-token", log)

    def test_settings_that_nothing_reads_are_warned_of(self):
        log = self.server("--in-memory", env={"ECR_LOCAL_DATADIR": "x"}).log()
        self.assertIn("warning: --data-dir is not used", log)
        self.assertIn("ECR_LOCAL_DATADIR has no meaning here, did you mean ECR_LOCAL_DATA_DIR?", log)

    def test_what_cannot_be_used_is_named_with_its_flag(self):
        for arguments, status, part in (
            (("serve", "--data-dir", "/proc/x"), 3, "--data-dir /proc/x: "),
            (("serve", "--data-dir", "--in-memory"), 2, "--data-dir needs a value"),
            (("serve", "--seed", self.directory), 3, f"--seed {self.directory}: Is a directory"),
            (("check", "--data-dir", "/nowhere"), 3, "--data-dir /nowhere: does not exist"),
            (("validate-policy", "/nowhere"), 3, "/nowhere: No such file or directory"),
        ):
            with self.subTest(arguments):
                result = self.run_program(*arguments)
                self.assertEqual(status, result.returncode, result.stderr)
                self.assertIn(part, result.stderr)
        self.assertFalse(os.path.exists("--in-memory"))

    def test_ca_says_that_it_made_one(self):
        place = os.path.join(self.directory, "new")
        first = self.run_program("ca", "--data-dir", place)
        self.assertIn("there was no certificate authority, so one was made", first.stderr)
        second = self.run_program("ca", "--data-dir", place)
        self.assertEqual((0, "", first.stdout), (second.returncode, second.stderr, second.stdout))


class JsonTest(ProgramTest):
    def json(self, *arguments, status=0):
        result = self.run_program(*arguments, "--json")
        self.assertEqual((status, ""), (result.returncode, result.stderr))
        return json.loads(result.stdout)

    def test_every_command_that_answers_can_answer_in_json(self):
        bad = self.file("bad.json", harness.policy({**harness.allow("ecr:PutImage"), "Effect": "x"}))
        found = self.json("validate-policy", bad, status=1)
        self.assertFalse(found["valid"])
        problem = found["problems"][0]
        self.assertEqual(("error", "Statement[0].Effect"), (problem["severity"], problem["path"]))
        server = self.server()
        health = self.json("healthcheck", "--url", server.url)
        self.assertEqual("ready", health["status"])
        demo = self.json("demo", "--url", server.url)
        self.assertTrue(demo["works"])
        self.assertIn("push", [step["step"] for step in demo["steps"]])
        self.assertFalse(self.json("demo", "--url", self.other_program(), status=1)["works"])
        self.assertEqual(0, server.stop())
        checked = self.json("check", "--data-dir", server.data_dir)
        self.assertEqual((True, []), (checked["clean"], checked["problems"]))
        flags = [row["flag"] for row in self.json("print", "configuration")]
        self.assertIn("--listen", flags)


class TerminalTest(ProgramTest):
    """Standard output and standard error are a terminal."""

    def terminal(self, *arguments, until=None, **environment):
        env = harness.plain_environment(HOME=self.directory, TERM="xterm", **environment)
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [BINARY, *arguments], stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env=env
        )
        os.close(theirs)
        text = ""
        try:
            while until is None or until not in text:
                ready, _, _ = select.select([ours], [], [], 20)
                self.assertTrue(ready, text)
                try:
                    chunk = os.read(ours, 65536)
                except OSError:  # the other end is closed: the program has ended
                    break
                text += chunk.decode(errors="replace")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            os.close(ours)
        return text.replace("\r\n", "\n")

    def test_the_ready_line_is_followed_by_what_a_person_needs(self):
        place = os.path.join(self.directory, "data")
        flags = ("--listen", "127.0.0.1:0", "--data-dir", place)
        text = self.terminal("serve", *flags, until="Ctrl-C")
        lines = text.split("\n")
        self.assertRegex(lines[0], r"^ecr-local \S+ ready on http://127\.0\.0\.1:\d+$")
        url = lines[0].rsplit(" ", 1)[1]
        for part in (place, f"test / test is the root user of account {ACCOUNT}", f"--url {url}"):
            self.assertIn(part, text)

    def test_colours_are_for_terminals_that_want_them(self):
        policy = self.file("policy.json", "{}")
        command = ("validate-policy", policy)
        self.assertIn("\x1b[31merror\x1b[0m", self.terminal(*command))
        self.assertNotIn("\x1b", self.terminal(*command, NO_COLOR="1"))
        self.assertNotIn("\x1b", self.run_program(*command).stdout)


class DemoTest(ProgramTest):
    def test_it_names_no_command_for_a_server_that_is_gone(self):
        self.assertNotIn("ecr-local explain", self.run_program("demo").stdout)
        server = self.server("--in-memory")
        self.assertIn("ecr-local explain", self.run_program("demo", "--url", server.url).stdout)


if __name__ == "__main__":
    harness.main()
