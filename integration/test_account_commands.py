"""import-account, can and who-can on the command line; and the script that exports an account, run
against a server in AWS's place."""

import json
import os
import random
import shutil
import subprocess
import tempfile
import unittest

import harness
import made_up_account
from harness import BINARY
from made_up_account import ACCOUNT, OTHER


def run(*arguments):
    return harness.run(BINARY, *arguments, env=harness.plain_environment())


class CommandsTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-import-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def file(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            json.dump(content, file)
        return self.path(name)

    def test_the_script_exports_what_import_account_reads(self):
        statement = harness.allow("ecr:*", f"arn:aws:ecr:*:{ACCOUNT}:repository/a/*")
        trust = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sts:AssumeRole"}
        rule = {
            "rulePriority": 1,
            "action": {"type": "expire"},
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 5,
            },
        }
        seed = {
            "accounts": {
                ACCOUNT: {
                    "accountAlias": "made-up",
                    "users": [{"name": "jane", "policies": {"p": harness.policy(statement)}}],
                    "roles": [{"name": "ci", "trustPolicy": harness.policy(trust)}],
                    "oidcProviders": [{"url": "https://issuer.example.com", "clientIds": ["x"]}],
                    "repositories": [
                        {"name": "a/b", "tags": {"k": "v"}, "lifecyclePolicy": {"rules": [rule]}}
                    ],
                }
            },
            "organization": {
                "id": "o-example123",
                "managementAccount": ACCOUNT,
                "policies": [
                    {
                        "id": "p-keep0001",
                        "type": "SERVICE_CONTROL_POLICY",
                        "document": harness.policy(harness.deny("ecr:DeleteRepository")),
                    }
                ],
                "units": [{"id": "ou-ab12-00000001", "policies": ["p-keep0001"]}],
                "accounts": {OTHER: {"parent": "ou-ab12-00000001"}},
            },
        }
        server = harness.Server("--in-memory", seed=seed)
        self.addCleanup(server.close)
        server.start()
        script = run("import-account", "--print-commands")
        self.assertEqual(0, script.returncode, script.stderr)
        env = harness.plain_environment(
            AWS=f"{harness.tool('aws')} --endpoint-url {server.url}",
            PAUSE="0",
            REGIONS="us-east-1",
            AWS_ACCESS_KEY_ID=ACCOUNT,
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="us-east-1",
            HOME=self.directory,
        )
        exported = harness.run(
            "sh", "-s", stdin=script.stdout, env=env, cwd=self.directory, timeout=300
        )
        self.assertEqual(0, exported.returncode, exported.stderr)
        answer = run("import-account", self.path("aws-export"))
        self.assertEqual(0, answer.returncode, answer.stderr)
        self.assertNotIn("no output", answer.stderr)  # what is not there has no file
        found = json.loads(answer.stdout)
        account = found["accounts"][ACCOUNT]
        self.assertEqual(harness.policy(statement), account["users"][0]["policies"]["p"])
        self.assertEqual("made-up", account["accountAlias"])
        self.assertEqual({"k": "v"}, account["repositories"][0]["tags"])
        self.assertEqual(1, len(account["repositories"][0]["lifecyclePolicy"]["rules"]))
        self.assertEqual("https://issuer.example.com", account["oidcProviders"][0]["url"])
        self.assertEqual(["p-keep0001"], found["organization"]["units"][0]["policies"])
        self.assertEqual("ou-ab12-00000001", found["organization"]["accounts"][OTHER]["parent"])

    def test_the_script_only_reads(self):
        script = run("import-account", "--print-commands").stdout
        calls = [line.split() for line in script.splitlines() if not line.startswith("#")]
        services = ("iam", "ecr", "sts", "organizations")
        verbs = {
            words[i + 1].split("-")[0]
            for words in calls
            for i, word in enumerate(words[:-1])
            if word in services and words[i + 1][0].isalpha()
        }
        self.assertEqual({"get", "list", "describe"}, verbs)

    def test_the_script_has_no_faults_that_shellcheck_finds(self):
        checker = harness.tool("shellcheck")
        script = run("import-account", "--print-commands").stdout
        checked = subprocess.run([checker, "-s", "sh", "-"], input=script, text=True, check=False)
        self.assertEqual(0, checked.returncode)

    def test_it_seeds_a_running_server(self):
        sizes = {"roles": 5, "users": 5, "policies": 10, "repositories": 3}
        company = made_up_account.Company(random.Random(3), **sizes)
        company.write(self.path("aws-export"))
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        server.start()
        answer = run("import-account", self.path("aws-export"), "--apply", "--url", server.url)
        self.assertEqual(0, answer.returncode, answer.stderr)
        self.assertIn("3 repositories", answer.stdout)
        who = run("who-can", "iam:ListUsers", "*", "--url", server.url)
        self.assertIn(f"✓ arn:aws:iam::{ACCOUNT}:root", who.stdout)

    def test_a_file_of_others_is_not_written_over(self):
        self.file("details.json", {"UserDetailList": []})
        self.file("credentials", {})
        command = ("import-account", self.path("details.json"), "--account", ACCOUNT)
        command += ("--credentials", self.path("credentials"))
        answer = run(*command)
        self.assertEqual(3, answer.returncode)
        self.assertIn("not of import-account", answer.stderr)
        os.remove(self.path("credentials"))
        for _ in range(2):  # its own is
            answer = run(*command, "--output", self.path("seed.json"))
            self.assertEqual(0, answer.returncode, answer.stderr)

    def test_a_seed_that_cannot_be_applied_is_named(self):
        role = {
            "Arn": f"arn:aws:iam::{ACCOUNT}:role/x",
            "RoleName": "x",
            "AssumeRolePolicyDocument": harness.policy({"Effect": "Perhaps"}),
        }
        export = self.file("details.json", {"RoleDetailList": [role]})
        answer = run("import-account", export, "--output", self.path("seed.json"))
        self.assertEqual(1, answer.returncode)
        place = f"accounts.{ACCOUNT}.roles[0].trustPolicy: "
        self.assertIn(f"cannot be applied: {place}", answer.stderr)

    def test_wrong_usage_and_mistakes_have_their_status(self):
        seed = self.file("seed.json", {"accounts": {}})
        for status, arguments in (
            (2, ["import-account"]),
            (2, ["can", "arn:aws:iam::1:user/x"]),
            (2, ["who-can", "ecr:PutImage"]),
            (3, ["import-account", self.path("nothing")]),
            (1, ["import-account", self.file("bad.json", [])]),
            (2, ["can", "jane", "ecr:PutImage", "*", "--seed", seed]),
            (2, ["can", f"arn:aws:iam::{ACCOUNT}:root", "ecr:PutImage", "App", "--seed", seed]),
            (2, ["who-can", "ecr:*", "*", "--seed", seed]),
            (2, ["who-can", "ecr:X", "*", "--seed", self.file("wrong.json", {"accounts": 7})]),
            (3, ["who-can", "ecr:X", "*", "--seed", self.path("nothing")]),
        ):
            answer = run(*arguments)
            self.assertEqual(status, answer.returncode, f"{arguments} {answer.stderr}")
            self.assertTrue(answer.stderr.startswith("ecr-local: "), answer.stderr)

    def test_a_server_says_what_is_wrong_with_a_question_and_what_is_not_there(self):
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        server.start()
        root = f"arn:aws:iam::{harness.ACCOUNT}:root"
        app = f"arn:aws:ecr:us-east-1:{harness.ACCOUNT}:repository/app"
        for words, message in (
            (["can", "jane", "ecr:PutImage", "*"], f'such as {root}, or the name of a service'),
            (["who-can", "ecr:PutImage", "App"], '*; it is "App"'),
            (["who-can", "PutImage", "*"], 'such as ecr:PutImage; it is "PutImage"'),
        ):
            answer = run(*words, "--url", server.url)
            self.assertEqual(2, answer.returncode, answer.stderr)
            self.assertIn(message, answer.stderr)
        answer = run("can", root, "ecr:PutImages", app, "--url", server.url)
        self.assertIn("note: there is no action ecr:PutImages, did you mean", answer.stdout)
        self.assertIn("note: there is no repository app in account", answer.stdout)
        answer = run("can", root, "ecr:PutImages", app, "--url", server.url, "--json")
        self.assertEqual(2, len(json.loads(answer.stdout)["notes"]))

    def test_what_an_export_lacks_is_named(self):
        name = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"
        repository = {"repositoryArn": name, "repositoryName": "app", "registryId": ACCOUNT}
        export = self.file("x/repositories.json", {"repositories": [repository]})
        answer = run("import-account", export, "--output", self.path("seed.json"))
        self.assertEqual(0, answer.returncode, answer.stderr)
        for kind in ("ecr list-tags-for-resource", "ecr get-repository-policy", "organizations"):
            self.assertIn(kind, answer.stderr)

    def test_can_and_who_can_speak_to_people(self):
        inside = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
        office = harness.policy(harness.allow("ecr:PutImage", Condition=inside))
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/jane"},
        }
        ci = {
            "name": "ci",
            "trustPolicy": harness.policy(trust),
            "policies": {"push": harness.policy(harness.allow("ecr:PutImage"))},
        }
        account = {
            "users": [{"name": "jane"}, {"name": "mark", "policies": {"office": office}}],
            "roles": [ci],
            "repositories": [{"name": "app"}],
        }
        seed = self.file("seed.json", {"accounts": {ACCOUNT: account}})
        app = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"
        jane, mark = (f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("jane", "mark"))

        def ask(*arguments):
            answer = run(*arguments, "--seed", seed)
            return answer.returncode, answer.stdout

        status, text = ask("can", jane, "ecr:PutImage", app)
        self.assertEqual(1, status)
        self.assertIn("✗ denied: ecr:PutImage", text)
        self.assertIn("because no identity-based policy allows", text)
        status, text = ask("can", jane, "ecr:PutImage", app, "--via-roles")
        self.assertEqual(0, status)
        self.assertIn(f"1. sts:AssumeRole of arn:aws:iam::{ACCOUNT}:role/ci", text)
        status, text = ask("can", mark, "ecr:PutImage", app)
        self.assertEqual(0, status)
        self.assertIn('if aws:SourceIp IpAddress "10.0.0.0/8"', text)
        for address, expected in (("10.1.1.1", 0), ("1.1.1.1", 1)):
            context = ("--context", f"aws:SourceIp={address}")
            self.assertEqual(expected, ask("can", mark, "ecr:PutImage", app, *context)[0])
        status, text = ask("who-can", "ecr:PutImage", app, "--via-roles")
        self.assertIn(f"✓ {jane} by 1 role\n", text)
        self.assertIn(f"? {mark}\n", text)
        self.assertNotIn("000000000000", text)
        self.assertEqual(1, ask("who-can", "ecr:PutImage", app, "--account", OTHER)[0])


if __name__ == "__main__":
    harness.main()
