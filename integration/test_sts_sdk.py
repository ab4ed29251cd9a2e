"""The credential providers of AWS's SDK, as they are: roles from a profile, and web identities.

The SDK is told by its own data files where STS and ECR are (older ones know no AWS_ENDPOINT_URL).
"""

import json
import os
import sys
import unittest

import harness
from harness import ACCOUNT, REGION, allow
from issuer import Issuer

OTHER = "111122223333"
ROLE = f"arn:aws:iam::{OTHER}:role/build/ci"
GITHUB = "token.actions.githubusercontent.com"
JANE = ("AKIASTSSDKJANE000001", "jane-secret")

# What an application does: nothing but the standard chain of credentials.
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
import botocore.session
session = botocore.session.Session()
who = session.create_client("sts").get_caller_identity()["Arn"]
provider = session.get_credentials().method
ecr = session.create_client("ecr")
answer = {"arn": who, "provider": provider}
try:
    ecr.describe_repositories()
    answer["repositories"] = "allowed"
except Exception as error:
    answer["repositories"] = str(error)
print(json.dumps(answer))
"""


def trust(principal, action="sts:AssumeRole", condition=None):
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return harness.policy({**statement, **({"Condition": condition} if condition else {})})


def web_trust(issuer, condition):
    """A trust policy for identities of one issuer."""
    provider = f"arn:aws:iam::{OTHER}:oidc-provider/{issuer.removeprefix('https://')}"
    return trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", condition)


class SdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.import_botocore()
        cls.github = Issuer(f"https://{GITHUB}")
        cls.addClassCleanup(cls.github.close)
        cls.issuer = Issuer().start()
        cls.addClassCleanup(cls.issuer.close)
        jane = harness.user("jane", *JANE, allow("sts:AssumeRole", ROLE))
        cls.server = harness.Server(
            *("--oidc-keys", f"https://{GITHUB}={cls.github.keys_file}"),
            *("--oidc-ca", cls.issuer.certificate),
            *("--oidc-private", cls.issuer.url),
            seed={"accounts": {ACCOUNT: {"users": [jane]}}},
        )
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        iam = cls.server.client("iam", (OTHER, "test"))
        for url in (cls.github.url, cls.issuer.url):
            iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
        cls.data = os.path.join(cls.server.directory, "endpoints")
        for service, version in (("sts", "2011-06-15"), ("ecr", "2015-09-21")):
            cls.write_rules(os.path.join(cls.data, service, version))

    @classmethod
    def write_rules(cls, folder):
        """Whatever is asked, the endpoint is the server under test."""
        os.makedirs(folder)
        kinds = {"Region": "String", "Endpoint": "String"}
        kinds |= {name: "Boolean" for name in ("UseDualStack", "UseFIPS", "UseGlobalEndpoint")}
        built_in = {
            "Region": "AWS::Region",
            "Endpoint": "SDK::Endpoint",
            "UseDualStack": "AWS::UseDualStack",
            "UseFIPS": "AWS::UseFIPS",
            "UseGlobalEndpoint": "AWS::STS::UseGlobalEndpoint",
        }
        parameters = {
            name: {"type": kind, "required": False, "documentation": "", "builtIn": built_in[name]}
            for name, kind in kinds.items()
        }
        endpoint = {"url": cls.server.url, "properties": {}, "headers": {}}
        rule = {"conditions": [], "endpoint": endpoint, "type": "endpoint"}
        rules = {"version": "1.0", "parameters": parameters, "rules": [rule]}
        with open(os.path.join(folder, "endpoint-rule-set-1.json"), "w", encoding="utf-8") as file:
            json.dump(rules, file)

    def role(self, trust_policy):
        """The role with this trust policy and nothing but DescribeRepositories."""
        policies = {"see": harness.policy(allow("ecr:DescribeRepositories"))}
        role = {"name": "ci", "path": "/build/", "trustPolicy": trust_policy, "policies": policies}
        self.server.apply_seed({"accounts": {OTHER: {"roles": [role]}}})

    def run_program(self, expected=0, **environment):
        """What the program prints, or says on standard error where it is to fail."""
        env = harness.plain_environment(
            AWS_DATA_PATH=self.data,
            AWS_DEFAULT_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            HOME=self.server.directory,
            **environment,
        )
        result = harness.run(sys.executable, "-c", PROGRAM, env=env)
        self.assertEqual(expected, result.returncode, result.stderr)
        return json.loads(result.stdout) if expected == 0 else result.stderr

    def web_identity(self, token_file, expected=0):
        return self.run_program(
            expected,
            AWS_ROLE_ARN=ROLE,
            AWS_ROLE_SESSION_NAME="run-7",
            AWS_WEB_IDENTITY_TOKEN_FILE=token_file,
        )

    def assert_session(self, answer, name, provider):
        session = f"arn:aws:sts::{OTHER}:assumed-role/ci/{name}"
        expected = {"arn": session, "provider": provider, "repositories": "allowed"}
        self.assertEqual(expected, answer)

    def test_profile_with_a_role_of_another_account(self):
        self.role(trust({"AWS": ACCOUNT}, condition={"StringEquals": {"sts:ExternalId": "e1"}}))
        config = os.path.join(self.server.directory, "config")
        lines = ["[profile jane]", f"aws_access_key_id = {JANE[0]}"]
        lines += [f"aws_secret_access_key = {JANE[1]}", "[profile ci]", f"role_arn = {ROLE}"]
        lines += ["source_profile = jane", "role_session_name = sdk", "external_id = e1", ""]
        with open(config, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        answer = self.run_program(AWS_CONFIG_FILE=config, AWS_PROFILE="ci")
        self.assert_session(answer, "sdk", "assume-role")
        self.role(trust({"AWS": OTHER}))
        error = self.run_program(1, AWS_CONFIG_FILE=config, AWS_PROFILE="ci")
        jane = f"arn:aws:iam::{ACCOUNT}:user/jane"
        sentence = f"User: {jane} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
        self.assertIn(sentence, error)

    def test_github_actions_with_keys_by_configuration(self):
        claims = {f"{GITHUB}:repository": "octo/app", f"{GITHUB}:aud": "sts.amazonaws.com"}
        self.role(web_trust(GITHUB, {"StringEquals": claims}))
        good = self.github.token_file(repository="octo/app")
        self.assert_session(self.web_identity(good), "run-7", "assume-role-with-web-identity")
        for name, why, more in (
            ("fork", "Not authorized to perform sts:AssumeRoleWithWebIdentity", {"repository": "x/y"}),
            ("aud", "Incorrect token audience", {"aud": "https://github.com/octo"}),
            ("old", "Token expired", {"exp": 1_700_000_000}),
        ):
            with self.subTest(name):
                self.assertIn(why, self.web_identity(self.github.token_file(name, **more), 1))

    def test_issuer_that_is_asked_for_its_keys(self):
        name = self.issuer.url.removeprefix("https://")
        self.role(web_trust(self.issuer.url, {"StringLike": {f"{name}:sub": "repo:octo/app:*"}}))
        good = self.issuer.token_file()
        for _ in range(2):
            answer = self.web_identity(good)
            self.assert_session(answer, "run-7", "assume-role-with-web-identity")
        # Asked once, and by nobody who is not trusted.
        self.assertEqual(["/.well-known/openid-configuration", "/keys"], self.issuer.asked)
        stranger = Issuer(self.issuer.url)
        self.addCleanup(stranger.close)
        self.assertIn("InvalidIdentityToken", self.web_identity(stranger.token_file(), 1))


if __name__ == "__main__":
    harness.main()
