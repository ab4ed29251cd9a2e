"""--tls auto: clients that trust the server's own authority, whatever name they use."""

import json
import os
import re
import stat
import unittest

import harness
from harness import ACCOUNT, BINARY, REGION
from test_skopeo_podman import write_dir_image


class TlsServer(harness.Server):
    """A server with HTTP on one port and TLS on another."""

    def __init__(self, *flags, **options):
        tls = ("--tls", "auto", "--tls-listen", "127.0.0.1:0")
        super().__init__(*tls, *flags, **options)

    def start(self, *arguments):
        super().start(*arguments)
        found = re.findall(r"TLS on https://127\.0\.0\.1:(\d+)", self.log())
        self.tls_port = int(found[-1])
        self.ca = os.path.join(self.directory, "ca.pem")
        status, _, pem = self.request("GET", "/_ecr-local/ca")
        assert status == 200, pem
        with open(self.ca, "wb") as file:
            file.write(pem)
        return self

    @property
    def tls_url(self):
        return f"https://localhost:{self.tls_port}"

    def curl(self, url, *flags):
        """curl that trusts the authority alone: returncode, body, stderr."""
        trust = ("--silent", "--show-error", "--noproxy", "*", "--cacert", self.ca)
        return harness.run(harness.tool("curl"), *trust, *flags, url, timeout=30)

    def curl_as(self, name, path="/_ecr-local/health"):
        """The same by a name that stands for this machine."""
        port = self.tls_port
        return self.curl(
            f"https://{name}:{port}{path}", "--resolve", f"{name}:{port}:127.0.0.1"
        )


class TlsAutoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = TlsServer("--tls-name", "ecr.test")
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def test_every_name_is_trusted(self):
        for name in (
            "localhost",
            "ecr.test",
            f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            f"{ACCOUNT}.dkr.ecr.{REGION}.localhost.localstack.cloud",
            f"api.ecr.{REGION}.amazonaws.com",
            f"sts.{REGION}.amazonaws.com",
            "iam.amazonaws.com",
            "some.other.example",
        ):
            with self.subTest(name):
                result = self.server.curl_as(name)
                self.assertEqual((0, ""), (result.returncode, result.stderr))
                self.assertEqual("ready", json.loads(result.stdout)["status"])
        by_address = self.server.curl(f"https://127.0.0.1:{self.server.tls_port}/metrics")
        self.assertEqual((0, ""), (by_address.returncode, by_address.stderr))

    def test_nobody_else_trusts_it(self):
        result = harness.run(
            harness.tool("curl"), "--silent", "--show-error", "--noproxy", "*", self.server.tls_url
        )
        self.assertNotEqual(0, result.returncode)
        self.assertIn("certificate", result.stderr)

    def test_aws_cli_works_by_the_bundle(self):
        environment = {"AWS_CA_BUNDLE": self.server.ca}
        made = self.server.aws(
            *("ecr", "create-repository", "--repository-name", "cli/app"),
            env=environment,
            url=self.server.tls_url,
        )
        self.assertEqual(0, made.returncode, made.stderr)
        uri = json.loads(made.stdout)["repository"]["repositoryUri"]
        self.assertEqual(f"localhost:{self.server.tls_port}/cli/app", uri)
        without = self.server.aws("ecr", "describe-repositories", url=self.server.tls_url)
        self.assertNotEqual(0, without.returncode)
        self.assertIn("SSL", without.stderr)

    def test_skopeo_pushes_and_pulls(self):
        skopeo = harness.tool("skopeo")
        self.server.client().create_repository(repositoryName="skopeo/app")
        image = os.path.join(self.server.directory, "image")
        write_dir_image(image)
        certificates = os.path.join(self.server.directory, "certs")
        os.makedirs(certificates, exist_ok=True)
        os.link(self.server.ca, os.path.join(certificates, "ca.crt"))
        target = f"docker://localhost:{self.server.tls_port}/skopeo/app:1"
        credentials = f"AWS:{self.server.password()}"
        flags = ("--insecure-policy", "copy")
        pushed = harness.run(
            *(skopeo, *flags, "--dest-cert-dir", certificates, "--dest-creds", credentials),
            *(f"dir:{image}", target),
        )
        self.assertEqual(0, pushed.returncode, pushed.stderr)
        pulled = harness.run(
            *(skopeo, *flags, "--src-cert-dir", certificates, "--src-creds", credentials),
            *(target, f"dir:{image}-again"),
        )
        self.assertEqual(0, pulled.returncode, pulled.stderr)

    def test_the_authority_is_open_over_tls_as_well(self):
        result = self.server.curl_as("localhost", "/_ecr-local/ca")
        with open(self.server.ca, encoding="utf-8") as file:
            self.assertEqual(file.read(), result.stdout)


class AuthorityTest(unittest.TestCase):
    def server(self, *flags, **options):
        server = TlsServer(*flags, **options)
        self.addCleanup(server.close)
        return server.start()

    def printed(self, server, *flags):
        result = harness.run(BINARY, "ca", *flags, env=server.env)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        return result.stdout

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_it_is_kept_over_a_restart_and_printed(self):
        server = self.server()
        first = self.read(server.ca)
        self.assertEqual(first, self.printed(server, "--data-dir", server.data_dir))
        self.assertEqual(0, server.stop())
        server.start()
        self.assertEqual(first, self.read(server.ca))
        key = os.path.join(server.data_dir, "tls", "ca-key.pem")
        self.assertEqual(0o600, stat.S_IMODE(os.stat(key).st_mode))
        self.assertEqual(0, server.stop())
        self.assertEqual(0, server.check()[0])

    def test_it_can_be_printed_before_the_first_start(self):
        server = TlsServer()
        self.addCleanup(server.close)
        result = harness.run(BINARY, "ca", "--data-dir", server.data_dir, env=server.env)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("there was no certificate authority, so one was made", result.stderr)
        server.start()
        self.assertEqual(result.stdout, self.read(server.ca))

    def test_in_memory_nothing_of_it_is_kept(self):
        server = self.server("--in-memory")
        self.assertFalse(os.path.exists(os.path.join(server.data_dir, "tls")))
        self.assertEqual(0, server.curl_as("localhost").returncode)

    def test_without_it_there_is_none(self):
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        status, _, body = server.start().request("GET", "/_ecr-local/ca")
        self.assertEqual(404, status)
        self.assertIn(b"--tls auto", body)

    def test_flags_that_do_not_go_together_are_named(self):
        start = (BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0")
        for flags, part in (
            (("--tls", "auto", "--tls-cert", "x"), "--tls auto makes its own certificates"),
            (("--tls-listen", "127.0.0.1:0"), "--tls-cert and --tls-key, or --tls auto"),
            (("--tls", "maybe"), "--tls"),
            (("--tls-name", "a b"), "--tls-name"),
        ):
            result = harness.run(*start, *flags, env=harness.plain_environment(), timeout=10)
            self.assertNotEqual(0, result.returncode, flags)
            self.assertIn(part, result.stderr)


if __name__ == "__main__":
    harness.main()
