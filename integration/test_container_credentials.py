"""Credentials of roles, as SDKs in containers and on instances get them by themselves.

The SDKs are told nothing but what AWS tells them: the variables of ECS and EKS, or where the
instance metadata service is.
"""

import json
import os
import re
import stat
import sys
import unittest

import clients
import harness
from harness import ACCOUNT, REGION, allow
from sdk_programs import JAVASCRIPT, PYTHON


def role(name, *services):
    """A role that these services may assume, and that may list images and ask who it is."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    policies = {"list": harness.policy(allow("ecr:ListImages"))}
    return {"name": name, "trustPolicy": harness.policy(statement), "policies": policies}


SEED = {
    "accounts": {
        ACCOUNT: {
            "repositories": [{"name": "app"}],
            "roles": [
                role("web", "ecs-tasks", "pods.eks"),
                role("function", "lambda"),
                role("worker", "ec2"),
            ],
        }
    }
}


class CredentialsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.import_botocore()
        cls.server = harness.Server(seed=SEED)
        cls.addClassCleanup(cls.server.close)
        cls.token_file = os.path.join(cls.server.directory, "token")
        cls.server.flags += ["--credentials-token", cls.token_file]
        cls.server.flags += ["--imds-listen", "127.0.0.1:0", "--imds-role", "worker"]
        cls.server.start()
        with open(cls.token_file, encoding="utf-8") as file:
            cls.token = file.read().strip()
        found = re.search(r"instance metadata on (http://127\.0\.0\.1:(\d+))", cls.server.log())
        cls.imds, cls.imds_port = found.group(1), int(found.group(2))

    def setUp(self):
        self.server.apply_seed(SEED)

    def environment(self, **more):
        return harness.plain_environment(
            AWS_DEFAULT_REGION=REGION,
            AWS_REGION=REGION,
            AWS_PAGER="",
            HOME=self.server.directory,
            SERVER=self.server.url,
            **more,
        )

    def container(self, name, query="", token=None):
        """What ECS and EKS set in a container."""
        path = f"/_ecr-local/credentials/role/{name}{query}"
        return self.environment(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=self.server.url + path,
            AWS_CONTAINER_AUTHORIZATION_TOKEN=token or self.token,
            AWS_EC2_METADATA_DISABLED="true",
        )

    def instance(self):
        return self.environment(AWS_EC2_METADATA_SERVICE_ENDPOINT=f"{self.imds}/")

    def python(self, environment):
        result = harness.run(sys.executable, "-c", PYTHON, env=environment)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def javascript(self, environment):
        modules = os.path.join(clients.FOLDER, "npm/node_modules")
        if not os.path.isdir(os.path.join(modules, "@aws-sdk/client-ecr")):
            self.skipTest("AWS's SDK for JavaScript is not there: scripts/get_clients gets it")
        link = os.path.join(self.server.directory, "node_modules")
        if not os.path.islink(link):
            os.symlink(modules, link)
        script = os.path.join(self.server.directory, "list.mjs")
        with open(script, "w", encoding="utf-8") as file:
            file.write(JAVASCRIPT)
        result = harness.run(harness.tool("node"), script, env=environment)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def cli(self, environment):
        """aws ecr list-images; its result."""
        words = ("--endpoint-url", self.server.url, "ecr", "list-images", "--repository-name", "app")
        return harness.run(harness.tool("aws"), *words, env=environment)

    def advance(self, text):
        body = json.dumps({"advance": text} if text else {"reset": True})
        status, _, answer = self.server.request("POST", "/_ecr-local/clock", body)
        self.assertEqual(200, status, answer)

    def explain(self):
        command = (harness.BINARY, "explain", "--url", self.server.url)
        return harness.run(*command, env=self.environment()).stdout

    def assert_role(self, answer, session, provider):
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/{session}", answer["arn"], answer)
        self.assertEqual(provider, answer["provider"])
        self.assertEqual("allowed", answer["list"])
        self.assertIn("not authorized to perform: ecr:DeleteRepository", answer["error"])

    def test_boto3_in_a_task_a_pod_and_a_function(self):
        self.assert_role(self.python(self.container("web")), "web/ecr-local", "container-role")
        pod = self.python(self.container("web", "?service=pods.eks&session=pod-1"))
        self.assert_role(pod, "web/pod-1", "container-role")
        function = self.python(self.container("function", "?service=lambda"))
        self.assert_role(function, "function/ecr-local", "container-role")

    def test_boto3_on_an_instance(self):
        answer = self.python(self.instance())
        self.assert_role(answer, "worker/i-0ec210ca100000001", "iam-role")

    def test_javascript_in_a_container_and_on_an_instance(self):
        for environment in (self.container("web"), self.instance()):
            answer = self.javascript(environment)
            self.assertEqual("allowed", answer.get("list"), answer)
            self.assertIn("not authorized to perform: ecr:DeleteRepository", answer["error"])

    def test_the_cli_in_a_container_and_on_an_instance(self):
        for environment in (self.container("web"), self.instance()):
            result = self.cli(environment)
            self.assertEqual(0, result.returncode, result.stderr)
            self.assertEqual([], json.loads(result.stdout)["imageIds"])

    def test_a_token_file_is_made_for_its_owner_and_read_by_sdks(self):
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.token_file).st_mode))
        environment = self.container("web")
        del environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = self.token_file
        answer = self.javascript(environment)
        self.assertEqual("allowed", answer.get("list"), answer)
        botocore = harness.import_botocore()
        if tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 34):
            self.assert_role(self.python(environment), "web/ecr-local", "container-role")

    def test_without_the_token_nobody_gets_credentials(self):
        answer = self.python(self.container("web", token="not-the-token"))
        self.assertNotIn("arn", answer)
        status, _, body = self.server.request("GET", "/_ecr-local/credentials/role/web")
        self.assertEqual(401, status)
        self.assertNotIn(b"SecretAccessKey", body)
        # Nor by what opens the rest of /_ecr-local/, or from a web page.
        page = {"Authorization": self.token, "Origin": "https://evil.example"}
        status, _, _ = self.server.request("GET", "/_ecr-local/credentials/role/web", None, page)
        self.assertEqual(403, status)
        self.assertNotIn(self.token, self.server.log())

    def test_a_role_that_does_not_trust_the_service_is_refused_and_explained(self):
        answer = self.python(self.container("worker"))
        self.assertNotIn("arn", answer)
        shown = " ".join(self.explain().split())
        self.assertIn("✗ sts:AssumeRole on arn:aws:iam::000000000000:role/worker", shown)
        self.assertIn("ecs-tasks.amazonaws.com", shown)
        seed = {"accounts": {ACCOUNT: {"roles": [role("worker", "ecs-tasks")]}}}
        self.server.apply_seed(seed)
        self.assertNotIn("arn", self.python(self.instance()))
        self.assertNotEqual(0, self.cli(self.instance()).returncode)
        self.assertIn("ec2.amazonaws.com", self.explain())

    def test_credentials_are_renewed_and_end_by_the_servers_clock(self):
        self.addCleanup(self.advance, None)
        for environment in (self.container("web"), self.instance()):
            first = self.python(environment)["key"]
            self.assertEqual(first, self.python(environment)["key"])
            self.advance("5h50m")
            second = self.python(environment)
            self.assertEqual("allowed", second["list"])
            self.assertNotEqual(first, second["key"])
            self.advance(None)

    def container_credentials(self):
        headers = {"Authorization": self.token}
        path = "/_ecr-local/credentials/role/web"
        status, _, body = self.server.request("GET", path, None, headers)
        self.assertEqual(200, status)
        return json.loads(body)

    def test_old_credentials_are_refused_after_their_end(self):
        self.addCleanup(self.advance, None)
        given = self.container_credentials()
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["Token"])
        self.server.client(keys=keys).list_images(repositoryName="app")
        self.advance("6h1s")
        with self.assertRaisesRegex(Exception, "ExpiredToken"):
            self.server.client(keys=keys).list_images(repositoryName="app")

    def imds_request(self, method, path, headers=None):
        other = harness.Server()
        self.addCleanup(other.close)
        other.port = self.imds_port
        return other.request(method, path, None, headers or {})

    def test_the_metadata_listener_has_nothing_else(self):
        status, headers, body = self.imds_request(
            "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        )
        self.assertEqual((200, "60"), (status, headers["x-aws-ec2-metadata-token-ttl-seconds"]))
        token = {"X-aws-ec2-metadata-token": body.decode()}
        for path in ("/_ecr-local/health", "/v2/", "/metrics", "/_ecr-local/credentials/role/web"):
            self.assertEqual(404, self.imds_request("GET", path, token)[0], path)
        self.assertEqual(405, self.imds_request("POST", "/", token)[0])
        self.assertEqual(401, self.imds_request("GET", "/latest/meta-data/")[0])
        status, _, body = self.imds_request("GET", "/latest/meta-data/placement/region", token)
        self.assertEqual((200, REGION), (status, body.decode()))
        page = {"X-aws-ec2-metadata-token-ttl-seconds": "60", "Origin": "https://evil.example"}
        self.assertEqual(403, self.imds_request("PUT", "/latest/api/token", page)[0])
        # Nor has any other listener the metadata.
        self.assertEqual(404, self.server.request("GET", "/latest/meta-data/", None, token)[0])

    def test_what_cannot_be_used_is_named(self):
        short = os.path.join(self.server.directory, "short")
        with open(short, "w", encoding="utf-8") as file:
            file.write("1234567\n")
        for flags, status, text in (
            (("--credentials-token", short), 3, "must hold a token of 8 characters"),
            (("--credentials-token", "/nowhere/token"), 3, "/nowhere/token: No such file"),
            (("--imds-listen", f"127.0.0.1:{self.imds_port}"), 3, "--imds-listen HOST:PORT"),
            (("--imds-role", "a/b"), 2, "must be the name of a role, or its ARN"),
        ):
            with self.subTest(flags):
                command = (harness.BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0", *flags)
                result = harness.run(*command, env=self.environment())
                self.assertEqual(status, result.returncode, result.stderr)
                self.assertIn(text, result.stderr)


if __name__ == "__main__":
    harness.main()
