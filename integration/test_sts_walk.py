"""IAM, STS, Organizations and docker together, as a user sets them up: with the AWS CLI alone."""

import json

import daemon
import harness
from harness import ACCOUNT, REGION, allow, deny

MANAGEMENT = ("999999999999", "test")
PEOPLE = (ACCOUNT, "test")


class WalkTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemon = daemon.Daemon()
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.daemon.import_image("greeting", "hello\n")
        cls.secrets = []

    def aws(self, keys, *arguments, fails=None):
        """The CLI's answer; or its error, which has to contain `fails`."""
        result = self.server.aws(*arguments, "--output", "json", keys=keys, timeout=300)
        if fails is not None:
            self.assertNotEqual(0, result.returncode, result.stdout)
            self.assertIn(fails, " ".join(result.stderr.split()))
            return None
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr}")
        return json.loads(result.stdout) if result.stdout.strip() else {}

    def clock(self, **document):
        status, _, body = self.server.request("POST", "/_ecr-local/clock", json.dumps(document))
        self.assertEqual(200, status, body)

    def assume(self, keys, role):
        """Keys of a session of the role."""
        arguments = ["sts", "assume-role", "--role-arn", role, "--role-session-name", "walk"]
        found = self.aws(keys, *arguments)["Credentials"]
        self.secrets += [found["SecretAccessKey"], found["SessionToken"]]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def docker(self, *arguments, fails=None):
        result = self.daemon.docker(*arguments)
        if fails is None:
            self.assertEqual(0, result.returncode, result.stderr)
        else:
            self.assertNotEqual(0, result.returncode, result.stdout)
            self.assertIn(fails, " ".join(result.stderr.split()))

    def login(self, keys):
        result = self.server.aws("ecr", "get-login-password", keys=keys)
        self.assertEqual(0, result.returncode, result.stderr)
        result = self.daemon.login(self.server.address, result.stdout.strip())
        self.assertEqual(0, result.returncode, result.stderr)

    def simulate(self, arn, action, resource):
        """What the simulator says: the decision, and the whole result."""
        command = ["iam", "simulate-principal-policy", "--policy-source-arn", arn]
        command += ["--action-names", action, "--resource-arns", resource]
        (result,) = self.aws((arn.split(":")[4], "test"), *command)["EvaluationResults"]
        return result["EvalDecision"], result

    def organization(self):
        """An organization with one more account; its id, which is also its root's access key."""
        self.aws(MANAGEMENT, "organizations", "create-organization", "--feature-set", "ALL")
        command = ["create-account", "--email", "r@example.com", "--account-name", "registry"]
        account = self.aws(MANAGEMENT, "organizations", *command)["CreateAccountStatus"]["AccountId"]
        (root,) = self.aws(MANAGEMENT, "organizations", "list-roots")["Roots"]
        command = ["enable-policy-type", "--policy-type", "SERVICE_CONTROL_POLICY"]
        self.aws(MANAGEMENT, "organizations", *command, "--root-id", root["Id"])
        return account

    def people(self, role):
        """Jane, who may assume the role as a member of a group; her keys."""
        self.aws(PEOPLE, "iam", "create-user", "--user-name", "jane")
        self.aws(PEOPLE, "iam", "create-group", "--group-name", "devs")
        self.aws(
            *(PEOPLE, "iam", "add-user-to-group", "--group-name", "devs", "--user-name", "jane")
        )
        document = json.dumps(harness.policy(allow("sts:AssumeRole", role)))
        command = ["create-policy", "--policy-name", "assume", "--policy-document", document]
        policy = self.aws(PEOPLE, "iam", *command)["Policy"]["Arn"]
        command = ["attach-group-policy", "--group-name", "devs", "--policy-arn", policy]
        self.aws(PEOPLE, "iam", *command)
        key = self.aws(PEOPLE, "iam", "create-access-key", "--user-name", "jane")["AccessKey"]
        self.secrets.append(key["SecretAccessKey"])
        return key["AccessKeyId"], key["SecretAccessKey"]

    def registry(self, account):
        """A role that may push, within a boundary, and a repository; the ARNs of both."""
        root = (account, "test")
        boundary = harness.policy(allow("ecr:*"), deny("ecr:DeleteRepository"))
        command = ["create-policy", "--policy-name", "limit", "--policy-document"]
        limit = self.aws(root, "iam", *command, json.dumps(boundary))["Policy"]["Arn"]
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}
        command = ["create-role", "--role-name", "ci", "--permissions-boundary", limit]
        command += ["--assume-role-policy-document", json.dumps(harness.policy(trust))]
        role = self.aws(root, "iam", *command)["Role"]["Arn"]
        push = json.dumps(harness.policy(allow(["ecr:*", "iam:CreateUser"])))
        command = ["put-role-policy", "--role-name", "ci", "--policy-name", "push"]
        self.aws(root, "iam", *command, "--policy-document", push)
        command = ["create-repository", "--repository-name", "app"]
        repository = self.aws(root, "ecr", *command)["repository"]["repositoryArn"]
        return role, repository

    def test_walk(self):
        account = self.organization()
        role, repository = self.registry(account)
        jane = self.people(role)
        session_arn = f"arn:aws:sts::{account}:assumed-role/ci/walk"
        image = f"{self.server.address}/app"
        self.assertEqual(f"arn:aws:ecr:{REGION}:{account}:repository/app", repository)

        # Across accounts, and docker with the session.
        session = self.assume(jane, role)
        self.assertEqual(session_arn, self.aws(session, "sts", "get-caller-identity")["Arn"])
        self.login(session)
        self.docker("tag", "greeting", f"{image}:1")
        self.docker("push", f"{image}:1")
        self.assertEqual("allowed", self.simulate(role, "ecr:PutImage", repository)[0])

        # The boundary; the simulator gives the same answers.
        command = ["ecr", "delete-repository", "--repository-name", "app"]
        sentence = f"User: {session_arn} is not authorized to perform: ecr:DeleteRepository on resource: {repository}"
        self.aws(session, *command, fails=f"{sentence} with an explicit deny in a permissions boundary")
        decision, result = self.simulate(role, "ecr:DeleteRepository", repository)
        self.assertEqual("explicitDeny", decision)
        boundary = result["PermissionsBoundaryDecisionDetail"]
        self.assertFalse(boundary["AllowedByPermissionsBoundary"])
        user = f"arn:aws:iam::{account}:user/eve"
        self.aws(
            *(session, "iam", "create-user", "--user-name", "eve"),
            fails="because no permissions boundary allows the iam:CreateUser action",
        )
        self.assertEqual("implicitDeny", self.simulate(role, "iam:CreateUser", user)[0])

        # An SCP stops both planes at once, and the simulator says so.
        scp = json.dumps(harness.policy(deny(["ecr:InitiateLayerUpload", "ecr:PutImage"])))
        command = ["create-policy", "--name", "nopush", "--description", "no", "--content", scp]
        command += ["--type", "SERVICE_CONTROL_POLICY"]
        policy = self.aws(MANAGEMENT, "organizations", *command)["Policy"]["PolicySummary"]["Id"]
        target = ["--policy-id", policy, "--target-id", account]
        self.aws(MANAGEMENT, "organizations", "attach-policy", *target)
        self.daemon.import_image("other", "another\n")
        self.docker("tag", "other", f"{image}:2")
        scp_says = "with an explicit deny in a service control policy"
        self.docker("push", f"{image}:2", fails=f"ecr:InitiateLayerUpload on resource: {repository} {scp_says}")
        decision, result = self.simulate(role, "ecr:InitiateLayerUpload", repository)
        self.assertEqual("explicitDeny", decision)
        self.assertFalse(result["OrganizationsDecisionDetail"]["AllowedByOrganizations"])
        self.assertEqual("allowed", self.simulate(role, "ecr:BatchGetImage", repository)[0])
        self.docker("pull", f"{image}:1")
        self.aws(MANAGEMENT, "organizations", "detach-policy", *target)
        self.docker("push", f"{image}:2")

        # The session expires by the clock; docker's token with it, though it is good for 12 hours.
        self.clock(advance="1h")
        self.aws(session, *("ecr", "list-images", "--repository-name", "app"), fails="ExpiredToken")
        self.aws(session, "sts", "get-caller-identity", fails="ExpiredToken")
        self.docker("pull", f"{image}:1", fails="denied")

        # A new one works, until the role goes.
        session = self.assume(jane, role)
        self.login(session)
        self.docker("pull", f"{image}:1")
        root = (account, "test")
        self.aws(root, *("iam", "delete-role-policy", "--role-name", "ci", "--policy-name", "push"))
        self.docker("pull", f"{image}:1", fails="because no identity-based policy allows the ecr:BatchGetImage action")
        self.assertEqual("implicitDeny", self.simulate(role, "ecr:BatchGetImage", repository)[0])
        self.aws(root, "iam", "delete-role", "--role-name", "ci")
        self.docker("pull", f"{image}:1", fails="denied")
        self.aws(session, "sts", "get-caller-identity", fails="InvalidClientTokenId")

        # Nothing that is secret was written anywhere that people look.
        places = [self.server.log()]
        for path in ("decisions?trace=true", "events?kind=record&limit=1000"):
            places.append(self.server.request("GET", f"/_ecr-local/{path}")[2].decode())
        for text in places:
            for secret in self.secrets:
                self.assertNotIn(secret, text)


if __name__ == "__main__":
    harness.main()
