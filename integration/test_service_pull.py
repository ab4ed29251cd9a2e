"""service-pull: what Lambda, ECS, CodeBuild and SageMaker could pull, on a server and with a seed alone."""

import json
import os
import shutil
import tempfile
import unittest

import harness
from harness import BINARY, allow

OWNER, OTHER = "111122223333", "444455556666"
APP = f"arn:aws:ecr:us-east-1:{OWNER}:repository/app"
FUNCTION = "arn:aws:lambda:us-east-1:{}:function:resize"
READ = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def role(name, number, service, *statements):
    """The number makes its unique id, so that a server and a seed file have the same."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return {"name": name, "uniqueId": f"AROASERVICEPULLROLE{number:02}", "trustPolicy": harness.policy(trust),
            "policies": {"given": harness.policy(*statements)}}


PULLS = (allow(["ecr:GetAuthorizationToken", *READ]),)
SEED = {"accounts": {
    OWNER: {"repositories": [{"name": "app"}],
            "roles": [role("task", 1, "ecs-tasks.amazonaws.com", *PULLS)]},
    OTHER: {"roles": [role("task", 2, "ecs-tasks.amazonaws.com", *PULLS),
                      role("deploy", 3, "ec2.amazonaws.com", allow("ecr:*"))]},
}}


class ServicePullTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix="ecr-local-pull-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.seed_file = os.path.join(cls.directory, "seed.json")
        with open(cls.seed_file, "w", encoding="utf-8") as file:
            json.dump(SEED, file)

    def setUp(self):
        self.owner().delete_repository(repositoryName="app", force=True)
        self.server.apply_seed(SEED)

    def owner(self):
        return self.server.client("ecr", (OWNER, "test"))

    def pull(self, *arguments, seed=False):
        """The exit status, and the answer."""
        where = ["--seed", self.seed_file] if seed else ["--url", self.server.url]
        result = harness.run(BINARY, "service-pull", *arguments, "--json", *where,
                             env=harness.plain_environment())
        return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr

    def set_policy(self, document):
        self.owner().set_repository_policy(repositoryName="app", policyText=json.dumps(document))

    def test_a_server_and_a_seed_answer_the_same(self):
        for arguments in (
            ("lambda", APP, "--source-arn", FUNCTION.format(OWNER)),
            ("lambda", APP, "--source-account", OTHER),
            ("ecs", APP, "--role", f"arn:aws:iam::{OWNER}:role/task"),
            ("ecs", APP, "--role", f"arn:aws:iam::{OTHER}:role/task"),
            ("codebuild", APP),
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.pull(*arguments, seed=True), self.pull(*arguments))

    def test_the_advised_policies_let_the_service_in(self):
        for arguments in (
            ("lambda", APP, "--source-arn", FUNCTION.format(OWNER)),
            ("lambda", APP, "--source-arn", FUNCTION.format(OTHER)),
            ("lambda", APP, "--source-account", OTHER, "--role", f"arn:aws:iam::{OTHER}:role/deploy"),
            ("ecs", APP, "--role", f"arn:aws:iam::{OTHER}:role/task"),
            ("codebuild", APP, "--source-account", OWNER),
        ):
            with self.subTest(arguments=arguments):
                self.setUp()
                status, answer = self.pull(*arguments)
                self.assertEqual((1, False), (status, answer["allowed"]))
                self.assertEqual(1, len(answer["documents"]), answer["documents"])
                self.set_policy(answer["documents"][0]["document"])
                status, answer = self.pull(*arguments)
                self.assertEqual((0, True), (status, answer["allowed"]), answer["checks"])

    def test_the_trace_says_why(self):
        self.set_policy(harness.policy({
            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": READ,
            "Condition": {"StringEquals": {"aws:SourceAccount": OWNER}}}))
        status, answer = self.pull("lambda", APP, "--source-account", OTHER)
        self.assertEqual(1, status)
        entry = answer["checks"][0]["requests"][0]["trace"][0]
        self.assertEqual("ConditionMismatch", entry["outcome"])
        self.assertEqual(OTHER, entry["condition"]["actual"])
        self.assertEqual(0, self.pull("lambda", APP, "--source-account", OWNER)[0])

    def test_a_pull_that_ecs_could_make_is_made_by_its_role(self):
        """What service-pull says of a role holds for a session of the role."""
        role_arn = f"arn:aws:iam::{OWNER}:role/task"
        self.assertEqual(0, self.pull("ecs", APP, "--role", role_arn)[0])
        trust = harness.policy(
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"Service": "ecs-tasks.amazonaws.com", "AWS": OWNER}})
        self.server.client("iam", (OWNER, "test")).update_assume_role_policy(
            RoleName="task", PolicyDocument=json.dumps(trust))
        given = self.server.client("sts", self.user()).assume_role(
            RoleArn=role_arn, RoleSessionName="ecs")["Credentials"]
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        ecr = self.server.client("ecr", keys)
        ecr.get_authorization_token()
        answer = ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "none"}])
        self.assertEqual("ImageNotFound", answer["failures"][0]["failureCode"])

    def user(self):
        keys = ("AKIASERVICEPULLUSER1", "secret")
        self.server.apply_seed({"accounts": {OWNER: {
            "users": [harness.user("deployer", *keys, allow("sts:AssumeRole"))]}}})
        return keys

    def test_people_read_it(self):
        result = harness.run(BINARY, "service-pull", "lambda", APP, "--url", self.server.url)
        self.assertEqual(1, result.returncode)
        self.assertIn(f"✗ lambda cannot pull from {APP}", result.stdout)
        self.assertIn("make this the repository policy of app", result.stdout)

    def test_what_cannot_be_asked(self):
        for status, words in (
            (2, ["fargate", APP]),
            (2, ["lambda"]),
            (2, ["ecs", APP]),
            (2, ["ecs", APP, "--role", f"arn:aws:iam::{OWNER}:role/nobody"]),
        ):
            with self.subTest(words=words):
                self.assertEqual(status, self.pull(*words)[0])
        self.assertEqual(2, self.pull("ecs", APP, seed=True)[0])


if __name__ == "__main__":
    harness.main()
