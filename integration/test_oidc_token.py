"""`ecr-local oidc-token`: tokens as providers issue them, exchanged by AWS's SDK, and explained."""

import base64
import json
import os
import unittest

import harness
from harness import ACCOUNT

GITHUB = "token.actions.githubusercontent.com"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"


def claims_of(token):
    """What a token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def seed(url, condition, audience="sts.amazonaws.com"):
    """The role "ci", for tokens of the issuer that fulfil the condition."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": condition},
    }
    role = {"name": "ci", "trustPolicy": harness.policy(statement)}
    provider = {"url": f"https://{url}", "clientIds": [audience]}
    return {"accounts": {ACCOUNT: {"oidcProviders": [provider], "roles": [role]}}}


class OidcTokenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        harness.import_botocore()

    def start(self, *flags, document=None):
        server = harness.Server(*flags, seed=document)
        self.addCleanup(server.close)
        return server.start()

    def command(self, server, *words, expected=0, env=None):
        environment = harness.plain_environment(HOME=server.directory, **(env or {}))
        result = harness.run(harness.BINARY, *words, "--url", server.url, env=environment)
        self.assertEqual(expected, result.returncode, result.stderr + result.stdout)
        return result

    def token(self, server, *words):
        return self.command(server, "oidc-token", *words).stdout

    def assume(self, server, token):
        """The session's ARN, or the error's code."""
        from botocore.exceptions import ClientError

        sts = server.client("sts")
        try:
            answer = sts.assume_role_with_web_identity(
                RoleArn=ROLE, RoleSessionName="run", WebIdentityToken=token
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return answer["AssumedRoleUser"]["Arn"]

    def explain(self, server):
        return self.command(server, "explain").stdout

    def test_a_job_of_github_gets_its_role_and_others_are_told_why_not(self):
        condition = {f"{GITHUB}:sub": "repo:octo/app:ref:refs/heads/main"}
        server = self.start("--oidc-test-issuer", "github", document=seed(GITHUB, condition))
        good = self.token(server, "--claim", "repository=octo/app")
        self.assertFalse(good.endswith("\n"))
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run"
        self.assertEqual(session, self.assume(server, good))
        pull = ("--claim", "repository=octo/app", "--claim", "event_name=pull_request")
        for words, code, why in (
            (pull, "AccessDenied", 'the request has "repo:octo/app:pull_request"'),
            (("--audience", "x"), "InvalidIdentityToken", 'for the audience "x"'),
            (("--claim", "exp=1600000000"), "ExpiredTokenException", "expired at 2020-09-13"),
        ):
            with self.subTest(words):
                self.assertEqual(code, self.assume(server, self.token(server, *words)))
                self.assertIn(why, " ".join(self.explain(server).split()))
        head, _, signature = good.split(".")
        changed = base64.urlsafe_b64encode(json.dumps({**claims_of(good), "sub": "x"}).encode())
        forged = ".".join((head, changed.decode().rstrip("="), signature))
        self.assertEqual("InvalidIdentityToken", self.assume(server, forged))
        self.assertIn("was changed since", " ".join(self.explain(server).split()))

    def test_claims_of_other_providers_and_of_an_issuer_of_ones_own(self):
        own = "gitlab.example.com"
        server = self.start(
            *("--oidc-test-issuer", f"https://{own}/", "--oidc-test-issuer", "circleci"),
            document=seed(own, {f"{own}:sub": "project_path:a/b:ref_type:tag:ref:v1"}),
        )
        words = ("--provider", "gitlab", "--issuer", f"https://{own}")
        claims = ("--claim", "project_path=a/b", "--claim", "ref_type=tag", "--claim", "ref=v1")
        token = self.token(server, *words, *claims)
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", self.assume(server, token))
        shown = self.command(server, "oidc-token", "--provider", "circleci", "--lifetime", "10m", "--json")
        answer = json.loads(shown.stdout)
        self.assertEqual(answer["claims"], claims_of(answer["token"]))
        self.assertEqual(600, answer["claims"]["exp"] - answer["claims"]["iat"])
        self.assertIn(answer["claims"]["aud"], answer["claims"]["iss"])

    def test_session_tags_come_as_json(self):
        condition = {f"{GITHUB}:repository": "octo-org/app", "aws:RequestTag/team": "a"}
        document = seed(GITHUB, condition)
        role = document["accounts"][ACCOUNT]["roles"][0]
        role["trustPolicy"]["Statement"][0]["Action"] = [
            "sts:AssumeRoleWithWebIdentity",
            "sts:TagSession",
        ]
        server = self.start("--oidc-test-issuer", "github", document=document)
        tags = 'https://aws.amazon.com/tags={"principal_tags": {"team": ["a"]}}'
        session = self.assume(server, self.token(server, "--claim", tags))
        self.assertEqual(f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/run", session)

    def test_a_server_that_was_not_told_to_signs_nothing(self):
        server = self.start()
        result = self.command(server, "oidc-token", expected=1)
        self.assertIn("--oidc-test-issuer github", result.stderr)
        self.assertEqual("", result.stdout)

    def test_only_administrators_get_tokens(self):
        server = self.start("--oidc-test-issuer", "github", "--admin-token", "secret")
        self.assertIn("admin token", self.command(server, "oidc-token", expected=3).stderr)
        self.command(server, "oidc-token", "--admin-token", "secret")

    def test_wrong_usage_is_named(self):
        server = self.start("--oidc-test-issuer", "github")
        for words, text in (
            (("--provider", "gihub"), "must be github, gitlab"),
            (("--claim", "repository"), "must be KEY=VALUE"),
            (("--lifetime", "25h"), "must be a duration from 1s to 24h"),
            (("--issuer", "http://x"), "begins with https://"),
        ):
            with self.subTest(words):
                self.assertIn(text, self.command(server, "oidc-token", *words, expected=2).stderr)
        for words, text in (
            (("--claim", "exp=soon"), "--claim exp"),
            (("--claim", "a={"), "--claim a: is not JSON"),
            (("--claim", "a=1", "--claim", "a=2"), "--claim a: is given twice"),
        ):
            with self.subTest(words):
                self.assertIn(text, self.command(server, "oidc-token", *words, expected=3).stderr)
        keys = os.path.join(server.directory, "keys.json")
        with open(keys, "w", encoding="utf-8") as file:
            n = base64.urlsafe_b64encode(b"\xc5" + b"\x11" * 255).decode().rstrip("=")
            key = {"kty": "RSA", "kid": "k", "alg": "RS256", "e": "AQAB", "n": n}
            json.dump({"keys": [key]}, file)
        both = ("--oidc-test-issuer", "github", "--oidc-keys", f"https://{GITHUB}={keys}")
        result = harness.run(
            *(harness.BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0", *both),
            env=harness.plain_environment(HOME=server.directory),
        )
        self.assertEqual(3, result.returncode)
        self.assertIn("are both given", result.stderr)


if __name__ == "__main__":
    harness.main()
