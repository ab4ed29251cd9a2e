"""What the program asks of others, and what it does beside the requests, holds up nothing else:
identity providers, scanners, and the end of the program."""

import concurrent.futures
import contextlib
import json
import os
import socket
import threading
import time
import unittest
import urllib.parse

import harness
import registry
from harness import ACCOUNT
from issuer import Issuer

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
EXPIRE_ALL_BUT_ONE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}


class Listener:
    """Accepts connections on 127.0.0.1 and gives each to `serve`; counts them."""

    def __init__(self, serve=lambda connection: None):
        self.serve = serve
        self.connections = []
        self.closed = False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed:
            with contextlib.suppress(OSError):
                connection, _ = self.socket.accept()
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def drip(self, connection):
        """A TLS record that never ends: its header, then a byte now and then."""
        with contextlib.suppress(OSError):
            connection.recv(4096)
            connection.sendall(b"\x16\x03\x03\x3f\xff")
            while not self.closed:
                connection.sendall(b"\x02")
                time.sleep(0.3)

    def close(self):
        self.closed = True
        self.socket.close()
        for connection in self.connections:
            connection.close()


class IdentityProviders(unittest.TestCase):
    def start(self, *flags):
        server = harness.Server("--access-log", "off", *flags)
        self.addCleanup(server.close)
        return server.start()

    def trust(self, server, url):
        """Registers the provider, and a role for its identities."""
        iam = server.client("iam")
        iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
        name = url.removeprefix("https://")
        principal = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{name}"}
        statement = {"Effect": "Allow", "Principal": principal}
        statement |= {
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {f"{name}:sub": "repo:octo/*"}},
        }
        document = json.dumps(harness.policy(statement))
        iam.create_role(RoleName="ci", AssumeRolePolicyDocument=document)

    def token(self, url):
        issuer = Issuer(url)
        self.addCleanup(issuer.close)
        return issuer.token()

    def assume(self, server, token):
        """One unsigned call: status and body."""
        form = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"}
        form |= {"RoleArn": ROLE, "RoleSessionName": "run", "WebIdentityToken": token}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urllib.parse.urlencode(form)
        status, _, answer = server.request("POST", "/", body, headers)
        return status, answer.decode()

    def test_calls_that_hang_at_an_issuer_stop_neither_the_api_nor_the_end(self):
        issuer = Listener()
        issuer.serve = issuer.drip
        self.addCleanup(issuer.close)
        server = self.start("--oidc-private", issuer.url)
        self.trust(server, issuer.url)
        token = self.token(issuer.url)
        ecr = server.client(read_timeout=5)
        # As many as there are workers, without credentials.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(self.assume, server, token) for _ in range(8)]
            harness.wait_until(lambda: issuer.connections, 20, "the issuer is asked")
            for _ in range(10):
                began = time.monotonic()
                ecr.describe_repositories()
                self.assertLess(time.monotonic() - began, 2)
            self.assertFalse(any(call.done() for call in calls))
            began = time.monotonic()
            self.assertEqual(0, server.stop())
            self.assertLess(time.monotonic() - began, 5)
            for call in calls:
                with contextlib.suppress(OSError):  # the connection may be gone
                    self.assertIn("IDPCommunicationError", call.result()[1])

    def test_an_issuer_that_drips_is_given_up(self):
        issuer = Listener()
        issuer.serve = issuer.drip
        self.addCleanup(issuer.close)
        server = self.start("--oidc-private", issuer.url)
        self.trust(server, issuer.url)
        began = time.monotonic()
        status, body = self.assume(server, self.token(issuer.url))
        self.assertEqual(400, status)
        self.assertIn("IDPCommunicationError", body)
        self.assertLess(time.monotonic() - began, 10)

    def test_an_issuer_on_this_machine_is_not_asked_unless_it_was_named(self):
        issuer = Listener()
        self.addCleanup(issuer.close)
        port = issuer.url.rsplit(":", 1)[1]
        server = self.start()
        for url in (issuer.url, f"https://localhost:{port}"):
            with self.subTest(url):
                with contextlib.suppress(Exception):
                    server.client("iam").delete_role(RoleName="ci")
                self.trust(server, url)
                status, body = self.assume(server, self.token(url))
                self.assertEqual(400, status)
                self.assertIn("IDPCommunicationError", body)
        self.assertEqual([], issuer.connections)

    def test_an_issuer_leads_to_no_other_server_of_this_machine(self):
        other = Listener()
        self.addCleanup(other.close)
        issuer = Issuer().start()
        self.addCleanup(issuer.close)
        issuer.keys_url = other.url + "/keys"
        server = self.start("--oidc-private", issuer.url, "--oidc-ca", issuer.certificate)
        self.trust(server, issuer.url)
        status, body = self.assume(server, issuer.token())
        self.assertEqual(400, status)
        self.assertIn("IDPCommunicationError", body)
        self.assertEqual(["/.well-known/openid-configuration"], issuer.asked)
        self.assertEqual([], other.connections)


class Scanners(unittest.TestCase):
    def start(self, *flags, **options):
        server = harness.Server("--access-log", "off", *flags, **options)
        self.addCleanup(server.close)
        return server.start()

    def push(self, server, name, count=1):
        server.client().create_repository(repositoryName=name)
        client = registry.Registry(server, server.password())
        for number in range(count):
            client.push(registry.make_image(f"{name} {number}".encode()), name, f"v{number}")

    def scan(self, server, name="app"):
        server.client().start_image_scan(repositoryName=name, imageId={"imageTag": "v0"})

    def status(self, server, name="app"):
        return server.client().describe_image_scan_findings(
            repositoryName=name, imageId={"imageTag": "v0"}
        )["imageScanStatus"]

    def test_a_slow_scan_stops_no_other_work(self):
        server = self.start("--scanner-command", "sleep 100", "--gc-interval", "1h")
        self.push(server, "app")
        self.scan(server)
        staging = os.path.join(server.data_dir, "staging")
        harness.wait_until(lambda: os.path.isdir(staging) and os.listdir(staging), 20, "the scan")
        self.push(server, "kept", 3)
        ecr = server.client()
        policy = json.dumps(EXPIRE_ALL_BUT_ONE)
        ecr.put_lifecycle_policy(repositoryName="kept", lifecyclePolicyText=policy)
        clock = json.dumps({"advance": "24h"})
        self.assertEqual(200, server.request("POST", "/_ecr-local/clock", clock)[0])
        images = lambda: ecr.list_images(repositoryName="kept")["imageIds"]  # noqa: E731
        harness.wait_until(lambda: len(images()) == 1, 20, "two images expire")
        collected = 'ecr_local_jobs_total{kind="garbage-collection",result="done"}'
        metrics = lambda: server.request("GET", "/metrics")[2].decode()  # noqa: E731
        harness.wait_until(lambda: collected in metrics(), 20, "garbage is collected")
        self.assertEqual("IN_PROGRESS", self.status(server)["status"])

    def test_a_scanner_inherits_no_secrets_and_clients_see_none_of_its_words(self):
        server = harness.Server(
            "--scanner-command",
            'env > "$TMPDIR/environment"; echo "password: hunter2" >&2; exit 3',
            env={
                "ECR_LOCAL_ADMIN_TOKEN": "admin-secret",
                "ECR_LOCAL_ROOT_ACCESS_KEY": harness.ROOT_KEYS[0],
                "ECR_LOCAL_ROOT_SECRET_KEY": harness.ROOT_KEYS[1],
            },
        )
        self.addCleanup(server.close)
        server.env |= {"TMPDIR": server.directory, "AWS_SECRET_ACCESS_KEY": "cloud-secret"}
        server.start()
        self.push(server, "app")
        self.scan(server)
        harness.wait_until(lambda: self.status(server)["status"] == "FAILED", 20, "the scan")
        with open(os.path.join(server.directory, "environment"), encoding="utf-8") as file:
            environment = file.read()
        self.assertIn("IMAGE_REPOSITORY=app\n", environment)
        self.assertIn("PATH=", environment)
        for secret in ("ECR_LOCAL_", "admin-secret", "cloud-secret", "AWS_"):
            self.assertNotIn(secret, environment)
        self.assertEqual(
            "The scanner ended with status 3", self.status(server)["description"]
        )
        harness.wait_until(lambda: "password: hunter2" in server.log(), 20, "a line in the log")


class TheEnd(unittest.TestCase):
    def test_work_that_cannot_be_stopped_is_cut_off(self):
        """A file of findings that is a pipe without a writer: a job and a worker hang for ever."""
        server = harness.Server("--access-log", "off", "--stop-timeout", "1")
        self.addCleanup(server.close)
        findings = os.path.join(server.directory, "findings.json")
        server.flags += ["--scan-findings", findings]
        self.write(findings)
        server.start()
        ecr = server.client()
        ecr.create_repository(repositoryName="app")
        client = registry.Registry(server, server.password())
        client.push(registry.make_image(b"content"), "app", "v0")
        os.remove(findings)
        os.mkfifo(findings)
        ecr.start_image_scan(repositoryName="app", imageId={"imageTag": "v0"})
        threading.Thread(target=self.run_jobs, args=(server,), daemon=True).start()
        harness.wait_until(lambda: self.blocked(server), 20, "a thread that opens the pipe")
        began = time.monotonic()
        self.assertEqual(0, server.stop())
        self.assertLess(time.monotonic() - began, 8)
        self.assertIn("are cut off", server.log())
        os.remove(findings)
        self.write(findings)
        server.start()
        names = [one["repositoryName"] for one in server.client().describe_repositories()["repositories"]]
        self.assertEqual(["app"], names)
        self.assertEqual(0, server.stop())
        status, output = server.check()
        self.assertEqual(0, status, output)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"images": []}, file)

    def run_jobs(self, server):
        with contextlib.suppress(OSError):
            server.request("POST", "/_ecr-local/jobs/run")

    def blocked(self, server):
        """Whether a thread of the server waits for the other end of a pipe."""
        tasks = f"/proc/{server.process.pid}/task"
        for task in os.listdir(tasks):
            with contextlib.suppress(OSError):
                with open(f"{tasks}/{task}/wchan", encoding="ascii") as file:
                    if "partner" in file.read():
                        return True
                with open(f"{tasks}/{task}/syscall", encoding="ascii") as file:
                    if file.read().startswith("257 "):  # openat(2) on x86-64
                        return True
        return False


if __name__ == "__main__":
    harness.main()
