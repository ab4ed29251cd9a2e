"""--endpoint-policy: every call of ECR and of the registry has to pass it, as at a VPC endpoint."""

import json
import os
import shutil
import tempfile
import unittest

import harness
from harness import BINARY, allow, deny
from test_skopeo_podman import write_dir_image

PULLER = ("AKIAENDPOINTPULLER01", "puller-secret")
PUSHER = ("AKIAENDPOINTPUSHER01", "pusher-secret")
ACCOUNT = harness.ACCOUNT
PULL = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
        "ecr:BatchCheckLayerAvailability"]


def arn_of(user):
    return f"arn:aws:iam::{ACCOUNT}:user/{user}"


SEED = {"accounts": {ACCOUNT: {
    "users": [harness.user("puller", *PULLER, allow("ecr:*")),
              harness.user("pusher", *PUSHER, allow("ecr:*"), allow("sts:*"))],
    "repositories": [{"name": "app"}],
}}}
ENDPOINT = {"Statement": [
    allow(PULL, Principal={"AWS": arn_of("puller")}),
    allow("*", Principal={"AWS": arn_of("pusher")}),
    allow("s3:GetObject", "arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", Principal="*"),
    deny("ecr:DeleteRepository", Principal="*"),
]}


class EndpointPolicyTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="ecr-local-endpoint-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.flags = ("--endpoint-policy", cls.write("endpoint.json", ENDPOINT))
        super().setUpClass()

    @classmethod
    def write(cls, name, document):
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(document if isinstance(document, str) else json.dumps(document))
        return path

    def run_program(self, *arguments, stdin=None):
        return harness.run(BINARY, *arguments, stdin=stdin, env=harness.plain_environment())

    def test_a_call_that_it_does_not_allow_is_refused(self):
        self.assert_error(
            "AccessDeniedException",
            f"User: {arn_of('puller')} is not authorized to perform: ecr:ListImages on resource: "
            f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app because no VPC endpoint policy allows "
            "the ecr:ListImages action",
            self.ecr(PULLER).list_images, repositoryName="app")
        self.ecr(PUSHER).list_images(repositoryName="app")

    def test_an_explicit_deny_is_for_everybody(self):
        response = self.assert_error("AccessDeniedException", None,
                                     self.ecr(PUSHER).delete_repository, repositoryName="app")
        self.assertIn("with an explicit deny in a VPC endpoint policy",
                      response["Error"]["Message"])

    def test_other_services_have_other_endpoints(self):
        client = self.server.client("sts", PUSHER)
        client.get_session_token()
        client.get_federation_token(Name="somebody")

    def test_explain_names_the_file_and_what_to_add(self):
        with self.assertRaises(Exception):
            self.ecr(PULLER).list_images(repositoryName="app")
        result = self.run_program("explain", "--principal", "puller", "--url", self.server.url)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("verdict: ImplicitlyDenied (endpoint)", result.stdout)
        self.assertIn(f"the VPC endpoint policy in {self.flags[1]}", result.stdout)
        self.assertIn("no VPC endpoint policy allows it", result.stdout)

    def test_skopeo_pulls_and_does_not_push(self):
        skopeo = harness.tool("skopeo")
        environment = harness.plain_environment(
            HOME=self.directory, TMPDIR=self.directory,
            REGISTRY_AUTH_FILE=f"{self.directory}/auth.json")
        write_dir_image(f"{self.directory}/source")
        target = f"docker://{self.server.address}/app:v1"
        source = f"dir:{self.directory}/source"

        def copy(keys, *arguments):
            side = "--src-" if arguments[0] == target else "--dest-"
            return harness.run(skopeo, "--insecure-policy", "copy", f"{side}tls-verify=false",
                               f"{side}creds", "AWS:" + self.server.password(keys), *arguments,
                               env=environment)

        refused = copy(PULLER, source, target)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("no VPC endpoint policy allows", self.explained("puller"))
        pushed = copy(PUSHER, source, target)
        self.assertEqual(0, pushed.returncode, pushed.stderr)
        pulled = copy(PULLER, target, f"dir:{self.directory}/pulled")
        self.assertEqual(0, pulled.returncode, pulled.stderr)

    def explained(self, user):
        return self.run_program("explain", "--principal", user, "--url", self.server.url).stdout

    def test_can_and_who_can_know_it(self):
        repository = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"
        result = self.run_program("can", arn_of("puller"), "ecr:ListImages", repository,
                                  "--url", self.server.url)
        self.assertEqual(1, result.returncode, result.stdout)
        result = self.run_program("who-can", "ecr:ListImages", repository, "--json",
                                  "--url", self.server.url)
        names = [one["principal"] for one in json.loads(result.stdout)["principals"]]
        self.assertEqual([arn_of("pusher")], names)

    def test_the_console_makes_changes_as_ever(self):
        body = {"kind": "repository", "document": harness.policy(
            {"Effect": "Allow", "Principal": "*", "Action": "ecr:ListImages"}),
            "target": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"}
        status, _, answer = self.server.request("PUT", "/_ecr-local/policies", json.dumps(body))
        self.assertEqual(200, status, answer)


class EndpointPolicyFileTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-endpoint-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.path = os.path.join(self.directory, "endpoint.json")

    def write(self, document):
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(document, file)

    def test_a_bad_file_is_an_error_at_once(self):
        def started():
            return harness.run(BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0",
                               "--endpoint-policy", self.path, env=harness.plain_environment())

        missing = started()
        self.assertNotEqual(0, missing.returncode)
        self.assertIn(f"--endpoint-policy {self.path}: No such file or directory", missing.stderr)
        self.write({"Statement": [allow("*")]})
        refused = started()
        self.assertNotEqual(0, refused.returncode)
        self.assertIn(f"--endpoint-policy {self.path}: line 1: Statement[0]: "
                      "Missing required field Principal", refused.stderr)

    def test_the_bucket_of_the_layers_is_missed(self):
        self.write({"Statement": [allow("ecr:*", Principal="*")]})
        with harness.Server("--endpoint-policy", self.path) as server:
            self.assertIn("arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", server.log())
        self.write(ENDPOINT)
        with harness.Server("--endpoint-policy", self.path) as server:
            self.assertNotIn("starport-layer-bucket", server.log())

    def test_validate_policy_and_evaluate_know_the_kind(self):
        self.write({"Statement": [allow("*")]})
        result = harness.run(BINARY, "validate-policy", "--type", "endpoint", self.path)
        self.assertEqual(1, result.returncode)
        self.assertIn("Missing required field Principal", result.stdout)
        self.write(ENDPOINT)
        result = harness.run(BINARY, "validate-policy", "--type", "endpoint", self.path)
        self.assertEqual(0, result.returncode, result.stdout)
        line = {"request": {"principal": arn_of("puller"), "action": "ecr:PutImage"},
                "policies": {"identity": [harness.policy(allow("*"))], "endpoint": ENDPOINT}}
        result = harness.run(BINARY, "evaluate", stdin=json.dumps(line))
        self.assertEqual("endpoint", json.loads(result.stdout)["decided_by"])

    def test_policy_tests_flip_with_a_changed_endpoint(self):
        seed = os.path.join(self.directory, "seed.json")
        with open(seed, "w", encoding="utf-8") as file:
            json.dump(SEED, file)
        tests = os.path.join(self.directory, "tests.json")
        with open(tests, "w", encoding="utf-8") as file:
            json.dump({"seed": "seed.json", "cases": [
                {"principal": arn_of("puller"), "action": "ecr:ListImages", "expect": "allowed",
                 "resource": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"}]}, file)
        self.write(ENDPOINT)
        plain = harness.run(BINARY, "test", tests)
        self.assertEqual(0, plain.returncode, plain.stdout + plain.stderr)
        changed = harness.run(BINARY, "test", tests, "--changed", f"endpoint={self.path}")
        self.assertEqual(1, changed.returncode, changed.stdout + changed.stderr)
        self.assertIn("no VPC endpoint policy allows", changed.stdout)


if __name__ == "__main__":
    harness.main()
