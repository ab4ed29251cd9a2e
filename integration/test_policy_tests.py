"""`ecr-local test` and `ecr-local lifecycle`: policies tested as data, without a server."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import BINARY

SCHEMA = os.path.join(harness.ROOT, "integration/junit.xsd")
ACCOUNT = "000000000000"
REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/"
JANE = f"arn:aws:iam::{ACCOUNT}:user/jane"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"


class PolicyTestsCase(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-policies-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def file(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def run_program(self, *arguments, status=0):
        env = harness.plain_environment(HOME=self.directory)
        result = harness.run(BINARY, *arguments, env=env, cwd=self.directory, timeout=60)
        self.assertEqual(status, result.returncode, result.stdout + result.stderr)
        return result.stdout if status < 2 else result.stderr

    def check_junit(self, path):
        """It is JUnit's XML; its text."""
        xmllint = harness.tool("xmllint")
        result = harness.run(xmllint, "--noout", "--schema", SCHEMA, path)
        self.assertEqual(0, result.returncode, result.stderr)
        with open(path, encoding="utf-8") as file:
            return file.read()


def cookbook_policies():
    """Every policy document of the cookbook, in its order."""
    with open(os.path.join(harness.ROOT, "docs/iam-cookbook.md"), encoding="utf-8") as file:
        text = file.read()
    decoder = json.JSONDecoder()
    found = []
    at = text.find('{"Version"')
    while at >= 0:
        document, _ = decoder.raw_decode(text[at:])
        found.append(document)
        at = text.find('{"Version"', at + 1)
    return found


class CookbookTest(PolicyTestsCase):
    """The policies of the cookbook, as they stand there, tested as a project would."""

    def policy(self, *parts):
        """The one that has all these texts."""
        found = [one for one in cookbook_policies()
                 if all(part in json.dumps(one) for part in parts)]
        self.assertTrue(found, parts)
        return found[0]

    def seed(self):
        pull = self.policy("AllowPull")
        return {"accounts": {
            ACCOUNT: {
                "users": [
                    {"name": "jane", "policies": {
                        "one-repository": self.policy("repository/team-a/*"),
                        "own-permissions": self.policy("${aws:username}"),
                        "delete-here": self.policy("BatchDeleteImage", "192.0.2.0/24")}},
                    {"name": "bob", "tags": {"team": "web"},
                     "attachedPolicies":
                         ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"],
                     "policies": {"keep": self.policy("ecr:DeleteRepository", "BatchDeleteImage")}},
                    {"name": "eve", "tags": {"team": "web"}, "policies": {
                        "dev-only": self.policy("aws:RequestTag/environment"),
                        "not-prod": self.policy("ecr:ResourceTag/environment"),
                        "own-team": self.policy("${aws:PrincipalTag/team}")}}],
                "roles": [{"name": "build", "trustPolicy": self.policy("sts:AssumeRole", JANE),
                           "attachedPolicies": [
                               "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"]}],
                "repositories": [
                    {"name": "app", "policy": pull},
                    {"name": "prod", "tags": {"environment": "prod"}},
                    {"name": "shop", "tags": {"team": "web"}},
                    {"name": "bank", "tags": {"team": "money"}},
                    {"name": "jobs", "policy": self.policy("codebuild.amazonaws.com")},
                    {"name": "shared", "policy": self.policy("222222222222:root")}]},
            "222222222222": {"users": [{"name": "guest", "policies": {
                "all": {"Version": "2012-10-17", "Statement": [
                    {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}}}]}}}

    TESTS = f"""
# The cookbook's promises.
seed: seed.json
cases:
  - name: Jane pushes below team-a
    principal: {JANE}
    actions: [ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload, ecr:PutImage]
    resource: {REPOSITORY}team-a/web
    expect: allowed
  - name: ... and nowhere else
    principal: {JANE}
    action: ecr:PutImage
    resources: [{REPOSITORY}app, {REPOSITORY}prod]
    expect: denied because no identity-based policy allows
  - principal: {JANE}
    action: iam:ListUserPolicies
    resource: {JANE}
    expect: allowed because own-permissions
  - principal: {JANE}
    action: iam:ListUserPolicies
    resource: {BOB}
    expect: denied
  - name: from the right network
    principal: {JANE}
    action: ecr:BatchDeleteImage
    resource: {REPOSITORY}app
    context: {{aws:SourceIp: 192.0.2.7}}
    expect: allowed because delete-here
  - name: from another one
    principal: {JANE}
    action: ecr:BatchDeleteImage
    resource: {REPOSITORY}app
    context: {{aws:SourceIp: 198.51.100.7}}
    expect: denied
  - name: Bob deletes nothing
    principal: {BOB}
    actions: [ecr:DeleteRepository, ecr:BatchDeleteImage]
    resource: {REPOSITORY}app
    expect: denied because with an explicit deny in an identity-based policy
  - principal: arn:aws:iam::{ACCOUNT}:user/eve
    action: ecr:CreateRepository
    resource: {REPOSITORY}new
    context: {{aws:RequestTag/environment: dev}}
    expect: allowed
  - principal: arn:aws:iam::{ACCOUNT}:user/eve
    action: ecr:CreateRepository
    resource: {REPOSITORY}new
    context: {{aws:RequestTag/environment: prod}}
    expect: denied
  - principal: codebuild.amazonaws.com
    action: ecr:BatchGetImage
    resource: {REPOSITORY}jobs
    context:
      aws:SourceAccount: "{ACCOUNT}"
      aws:SourceArn: arn:aws:codebuild:us-east-1:{ACCOUNT}:project/build
    expect: allowed
  - principal: codebuild.amazonaws.com
    action: ecr:BatchGetImage
    resource: {REPOSITORY}jobs
    context:
      aws:SourceAccount: "222222222222"
      aws:SourceArn: arn:aws:codebuild:us-east-1:222222222222:project/build
    expect: denied
  - principal: arn:aws:iam::222222222222:user/guest
    action: ecr:ListImages
    resource: {REPOSITORY}shared
    expect: allowed
  - principal: arn:aws:iam::222222222222:user/guest
    action: ecr:ListImages
    resource: {REPOSITORY}prod
    expect: denied because no resource-based policy allows
  - principal: {JANE}
    action: sts:AssumeRole
    resource: arn:aws:iam::{ACCOUNT}:role/build
    expect: allowed
  - principal: {BOB}
    action: sts:AssumeRole
    resource: arn:aws:iam::{ACCOUNT}:role/build
    expect: denied
matrix:
  - name: tags
    actions: [ecr:ListImages, ecr:DescribeImages]
    resource: {REPOSITORY}bank
    rows:
      {BOB}: [allowed, allowed]
      arn:aws:iam::{ACCOUNT}:user/eve: [denied, allowed because not-prod]
      arn:aws:sts::{ACCOUNT}:assumed-role/build/b-1: [allowed, allowed]
  - actions: [ecr:ListImages, ecr:DescribeImages]
    resource: {REPOSITORY}prod
    rows:
      arn:aws:iam::{ACCOUNT}:user/eve: [denied, denied because explicit deny]
"""

    def setUp(self):
        super().setUp()
        self.file("seed.json", self.seed())
        self.file("tests.yaml", self.TESTS)

    def test_they_hold(self):
        output = self.run_program("test", "tests.yaml", "--junit", "junit.xml")
        self.assertEqual("tests.yaml: 28 checks, all good\n", output)
        text = self.check_junit(self.path("junit.xml"))
        self.assertIn('tests="28" failures="0" errors="0"', text)

    def test_a_change_that_opens_a_hole_is_a_flip(self):
        everything = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}
        self.file("open.json", everything)
        output = self.run_program("test", "tests.yaml", "--changed",
                                  f"{JANE}#one-repository=open.json", "--junit", "junit.xml", status=1)
        self.assertIn(f"FLIP tests.yaml: cases[1]: ecr:PutImage by {JANE} on {REPOSITORY}app: "
                      "denied before, allowed now", output)
        self.assertIn("28 checks, 3 failed; 3 get another verdict", output)
        self.assertIn('failures="3"', self.check_junit(self.path("junit.xml")))

    def test_a_policy_that_is_taken_away_is_a_change_too(self):
        output = self.run_program("test", "tests.yaml", "--changed", f"{BOB}#keep=", status=1)
        self.assertIn("ecr:DeleteRepository by " + BOB, output)
        output = self.run_program("test", "tests.yaml", "--json",
                                  "--changed", f"{REPOSITORY}jobs=", status=1)
        self.assertEqual(1, json.loads(output)["flips"])

    def test_a_change_without_effect_flips_nothing(self):
        self.file("same.json", self.seed()["accounts"][ACCOUNT]["users"][1]["policies"]["keep"])
        output = self.run_program("test", "tests.yaml", "--changed", f"{BOB}#keep=same.json")
        self.assertEqual("tests.yaml: 28 checks, all good; 0 get another verdict\n", output)

    def test_the_schema_takes_the_file(self):
        try:
            import jsonschema
            import yaml
        except ImportError:
            raise unittest.SkipTest("python3-jsonschema or python3-yaml is missing") from None
        schema = json.loads(self.run_program("print", "policy-tests-schema"))
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        document = yaml.safe_load(self.TESTS)
        self.assertEqual([], [str(error) for error in validator.iter_errors(document)])
        for wrong in (
            {"cases": [{"principal": "x", "action": "ecr:*", "resource": "*", "expect": "denied"}]},
            {"cases": [{"principal": "x", "action": "ecr:A", "resource": "*", "expect": "allow"}]},
            {"cases": [{"action": "ecr:A", "resource": "*", "expect": "denied"}]},
            {"case": []},
        ):
            with self.subTest(wrong):
                self.assertFalse(validator.is_valid(wrong))
                self.file("wrong.json", wrong)
                self.run_program("test", "wrong.json", status=3)


class TestCommandTest(PolicyTestsCase):
    def document(self, expect="denied", **more):
        return {"seed": {"accounts": {ACCOUNT: {"users": [{"name": "jane"}]}}},
                "cases": [{"principal": JANE, "action": "ecr:PutImage",
                           "resource": REPOSITORY + "app", "expect": expect, **more}]}

    def test_a_failure_is_explained(self):
        self.file("t.json", self.document("allowed", name="<Jane> pushes"))
        output = self.run_program("test", "t.json", "--junit", "j.xml", status=1)
        self.assertIn("FAIL t.json: cases[0]: <Jane> pushes: ecr:PutImage by", output)
        self.assertIn("no identity-based policy allows the ecr:PutImage action", output)
        self.assertIn("identity-based policies: none", output)
        self.assertIn("t.json: 1 check, 1 failed", output)
        text = self.check_junit(self.path("j.xml"))
        self.assertIn("&lt;Jane&gt; pushes", text)
        output = self.run_program("test", "t.json", "--tap", status=1)
        self.assertEqual(["TAP version 14", "1..1"], output.splitlines()[:2])
        self.assertIn("not ok 1 - t.json: <Jane> pushes", output)
        report = json.loads(self.run_program("test", "t.json", "--json", status=1))
        self.assertEqual((False, 1), (report["good"], report["failed"]))
        self.assertTrue(report["files"][0]["checks"][0]["decision"]["suggestion"])

    def test_the_principal_has_to_be_there(self):
        wrong = self.document()
        wrong["cases"][0]["principal"] = JANE + "x"
        self.file("t.json", wrong)
        output = self.run_program("test", "t.json", "--junit", "j.xml", status=1)
        self.assertIn(f"there is no user, role, session or root user {JANE}x", output)
        self.assertIn('errors="1"', self.check_junit(self.path("j.xml")))

    def test_seeds_come_from_files_and_flags(self):
        os.mkdir(self.path("sub"))
        seed = self.document()["seed"]
        self.file("sub/seed.yaml", json.dumps(seed))
        self.file("sub/t.json", {**self.document(), "seed": "seed.yaml"})
        self.run_program("test", "sub/t.json")
        without = self.document()
        del without["seed"]
        self.file("t.json", without)
        self.run_program("test", "t.json", status=1)
        self.run_program("test", "t.json", "--seed", "sub/seed.yaml")
        self.run_program("test", "--seed", "sub/seed.yaml", "t.json", "sub/t.json")

    def test_mistakes_are_named_with_their_file(self):
        for name, content, part in (
            ("t.yaml", "cases: [", "t.yaml:"),
            ("t.yaml", "cases: [1]\ncases: [2]\n", "t.yaml:2: the key cases is there twice"),
            ("t.json", "{", "t.json:1:"),
            ("t.json", {"cases": []}, "t.json: cases: there is neither a case nor a matrix"),
            ("t.json", {**self.document(), "seed": {"accounts": {"1": {}}}}, "t.json: seed: accounts.1"),
            ("t.json", {**self.document(), "seed": "none.json"}, "none.json: No such file"),
        ):
            with self.subTest(content):
                self.file(name, content)
                self.assertIn(part, self.run_program("test", name, status=3))
        self.file("t.json", self.document())
        self.assertIn("FILE is required", self.run_program("test", status=2))
        self.assertIn("POLICY=FILE", self.run_program("test", "t.json", "--changed", "x", status=2))
        self.assertIn("--changed x:", self.run_program("test", "t.json", "--changed", "x=", status=3))

    def test_decisions_of_a_server_become_tests(self):
        keys = ("AKIAJANE000000000001", "jane-secret")
        seed = {"accounts": {ACCOUNT: {
            "users": [harness.user("jane", *keys, harness.allow(
                ["ecr:ListImages", "ecr:GetAuthorizationToken"],
                Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))],
            "repositories": [{"name": "app"}]}}}
        self.file("seed.json", seed)
        server = harness.Server("--in-memory", seed=seed)
        self.addCleanup(server.close)
        server.start()
        jane = server.client(keys=keys)
        jane.list_images(repositoryName="app")
        with self.assertRaises(jane.exceptions.ClientError):
            jane.delete_repository(repositoryName="app")
        self.run_program("test", "--record", "--url", server.url, "--seed", "seed.json", "r.json")
        with open(self.path("r.json"), encoding="utf-8") as file:
            recorded = json.load(file)
        self.assertEqual("seed.json", recorded["seed"])
        allowed = [one for one in recorded["cases"] if one["expect"] == "allowed"]
        self.assertEqual(["ecr:ListImages"], allowed[0]["actions"])
        self.assertEqual({"aws:SourceIp": "127.0.0.1"}, allowed[0]["context"])
        self.assertIn("all good", self.run_program("test", "r.json"))
        everybody = {"Version": "2012-10-17", "Statement": []}
        self.file("none.json", {**everybody, "Statement": [
            {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}]})
        output = self.run_program("test", "r.json", "--changed", f"{JANE}#=none.json", status=3)
        self.assertIn("--changed", output)

    def test_ci_files_run_the_tests(self):
        try:
            import yaml
        except ImportError:
            raise unittest.SkipTest("python3-yaml is not installed") from None
        workflow = yaml.safe_load(self.run_program("print", "github-policy-tests"))
        steps = [step.get("run", "") for step in workflow["jobs"]["test"]["steps"]]
        pipeline = yaml.safe_load(self.run_program("print", "gitlab-policy-tests"))["policies"]
        self.file("policies.yaml", json.dumps(self.document()))
        os.symlink(BINARY, self.path("ecr-local"))
        for line in (steps[-2], pipeline["script"][-1]):
            with self.subTest(line):
                self.assertIn("ecr-local test", line)
                subprocess.run(["sh", "-ec", line], cwd=self.directory, check=True,
                               env=harness.plain_environment(), stdout=subprocess.DEVNULL)
                self.check_junit(self.path("policies.xml"))
        self.assertEqual("policies.xml", pipeline["artifacts"]["reports"]["junit"])


class LifecycleTest(PolicyTestsCase):
    POLICY = {"rules": [
        {"rulePriority": 1, "selection": {
            "tagStatus": "tagged", "tagPatternList": ["prod-*"],
            "countType": "imageCountMoreThan", "countNumber": 2}, "action": {"type": "expire"}},
        {"rulePriority": 2, "selection": {
            "tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days",
            "countNumber": 30}, "action": {"type": "expire"}}]}

    def image(self, digest, day, *tags):
        return {"registryId": ACCOUNT, "repositoryName": "app", "imageDigest": f"sha256:{digest}",
                "imageTags": list(tags), "imageSizeInBytes": 7,
                "imagePushedAt": f"2026-{day}T12:00:00.123000+01:00"}

    def images(self):
        return {"imageDetails": [
            self.image("a", "01-01", "prod-1"), self.image("b", "02-01", "prod-2", "dev-9"),
            self.image("c", "03-01", "prod-3"), self.image("d", "02-20"),
            self.image("e", "03-02", "dev-1")]}

    def test_which_images_go(self):
        self.file("policy.json", self.POLICY)
        self.file("images.json", self.images())
        output = self.run_program("lifecycle", "policy.json", "--images", "images.json",
                                  "--at", "2026-03-29")
        self.assertIn("at 2026-03-29T00:00:00Z: of 5 images, 2 would expire, 0 would be archived",
                      output)
        self.assertIn("expires   sha256:a (prod-1)  rule 1\n", output)
        self.assertIn("expires   sha256:d  rule 2\n", output)
        self.assertIn("after 2026-04-01T11:00:00Z  sha256:e (dev-1)  rule 2\n", output)
        self.assertIn("rule 2: 1 image stays, because rule 1 is applied first and keeps it: "
                      "sha256:b (prod-2, dev-9)", output)
        run = json.loads(self.run_program("lifecycle", "policy.json", "--images", "images.json",
                                          "--at", "2026-03-29", "--json"))
        self.assertTrue(run["valid"])
        self.assertEqual(2, run["dryRun"]["expiring"])
        # The list alone, and the policy as the API has it.
        self.file("list.json", self.images()["imageDetails"])
        self.file("got.json", {"lifecyclePolicyText": json.dumps(self.POLICY)})
        again = json.loads(self.run_program("lifecycle", "got.json", "--images", "list.json",
                                            "--at", "2026-03-29", "--json"))
        self.assertEqual(run["dryRun"], again["dryRun"])

    def test_the_lint_is_that_of_validate_policy(self):
        wrong = json.loads(json.dumps(self.POLICY))
        wrong["rules"][0]["selection"]["tagPatternList"] = ["prod-*", "qa-*"]
        self.file("and.json", wrong)
        output = self.run_program("lifecycle", "and.json")
        self.assertIn("and.json:4: warning: rule 1: tagPatternList [prod-*, qa-*] means and", output)
        same = self.run_program("validate-policy", "--type", "lifecycle", "and.json")
        self.assertEqual(output, same)
        report = json.loads(self.run_program("validate-policy", "--type", "lifecycle", "--json",
                                             "and.json"))
        self.assertEqual((True, 1), (report["valid"], len(report["problems"])))
        self.file("bad.json", {"rules": []})
        self.assertIn("bad.json:1: error: ", self.run_program("lifecycle", "bad.json", status=1))
        self.run_program("validate-policy", "--type", "lifecycle", "bad.json", status=1)

    def test_what_cannot_be_used_is_named(self):
        self.file("policy.json", self.POLICY)
        self.file("images.json", {"imageDetails": [{"imageDigest": "a"}]})
        self.assertIn("images.json: imageDetails[0].imagePushedAt: is missing", self.run_program(
            "lifecycle", "policy.json", "--images", "images.json", status=3))
        self.file("images.json", {"images": []})
        self.assertIn("images.json: has no imageDetails", self.run_program(
            "lifecycle", "policy.json", "--images", "images.json", status=3))
        self.assertIn("--at: must be a time", self.run_program(
            "lifecycle", "policy.json", "--at", "sunday", status=2))

    def test_a_repository_of_aws_size(self):
        details = [self.image(f"{number:06}", f"{number % 12 + 1:02}-{number % 28 + 1:02}",
                              f"{'dev' if number % 2 else 'prod'}-{number}")
                   for number in range(100_000)]
        self.file("policy.json", self.POLICY)
        self.file("images.json", {"imageDetails": details})
        run = json.loads(self.run_program("lifecycle", "policy.json", "--images", "images.json",
                                          "--at", "2027-01-01", "--json"))["dryRun"]
        self.assertEqual(100_000, run["rules"][1]["count"])
        self.file("images.json", {"imageDetails": [*details, self.image("x", "01-01")]})
        self.assertIn("imageDetails: must have at most 100000 elements", self.run_program(
            "lifecycle", "policy.json", "--images", "images.json", status=3))


if __name__ == "__main__":
    harness.main()
