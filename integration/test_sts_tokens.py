"""Temporary credentials that narrow themselves, tokens that name the caller to others, and answers
of STS and IAM in JSON: through botocore and raw requests."""

import base64
import json
import re
import urllib.parse

import harness
from harness import ACCOUNT, REGION, allow

ROLE = f"arn:aws:iam::{ACCOUNT}:role/build/ci"
JANE = ("AKIASTSTOKENSJANE001", "jane-secret")
AUDIENCE = "https://api.example.com"


def trust(principal, *actions):
    statement = {"Effect": "Allow", "Principal": principal, "Action": list(actions)}
    return harness.policy(statement)


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class TokensTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        jane = harness.user("jane", *JANE, allow("*"))
        role = {
            "name": "ci",
            "path": "/build/",
            "maxSessionDuration": 43200,
            "trustPolicy": trust({"AWS": ACCOUNT}, "sts:AssumeRole", "sts:SetSourceIdentity"),
            "policies": {"all": harness.policy(allow("*"))},
        }
        account = {"users": [jane], "roles": [role], "repositories": [{"name": "app"}]}
        cls.server.apply_seed({"accounts": {ACCOUNT: account}})

    def sts(self, keys=JANE):
        return self.server.client("sts", keys)

    def keys_of(self, output):
        found = output["Credentials"]
        return found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]

    def role_keys(self, **more):
        sts = self.sts()
        return self.keys_of(
            sts.assume_role(RoleArn=ROLE, RoleSessionName="build", SourceIdentity="jane", **more)
        )

    def error(self, call, **arguments):
        """The code of the error; empty: there was none."""
        try:
            call(**arguments)
        except Exception as error:  # botocore makes the classes of its errors at run time
            if not hasattr(error, "response"):
                raise
            return error.response["Error"]["Code"]
        return ""

    def test_scoped_credentials_with_every_member(self):
        keys = self.role_keys()
        before = self.sts(keys).get_caller_identity()
        output = self.sts(keys).get_scoped_credentials(
            Policy=json.dumps(harness.policy(allow("ecr:ListImages"))),
            DurationSeconds=600,
            ScopedSessionDescription="one task of an agent",
            MinimumSessionTokenSize=2048,
        )
        self.assertEqual(before["Arn"], output["SessionInfo"]["Arn"])
        self.assertEqual(before["UserId"], output["SessionInfo"]["ScopedSessionId"])
        self.assertEqual(1, output["ScopedPoliciesCount"])
        self.assertEqual("jane", output["SourceIdentity"])
        scoped = self.keys_of(output)
        self.assertEqual(2048, len(scoped[2]))
        self.assertEqual(2048, output["SessionTokenSize"])
        self.assertEqual(50, output["SessionTokenUtilization"])
        self.assertEqual(before["Arn"], self.sts(scoped).get_caller_identity()["Arn"])
        ecr = self.server.client("ecr", scoped)
        ecr.list_images(repositoryName="app")
        self.assertEqual(
            "AccessDeniedException", self.error(ecr.describe_images, repositoryName="app")
        )
        status, _, body = self.server.request("GET", "/_ecr-local/decisions?limit=1")
        self.assertEqual(200, status)
        self.assertIn("scope_down", body.decode())

    def test_scoped_credentials_are_refused(self):
        call = self.sts(self.role_keys(DurationSeconds=900)).get_scoped_credentials
        for expected, arguments in (
            ("ValidationError", {}),
            ("ValidationError", {"DurationSeconds": 0}),
            ("ValidationError", {"DurationSeconds": 129_601}),
            ("InsufficientSessionLifetime", {"DurationSeconds": 901}),
            ("ValidationError", {"Policy": " " * 2049}),
            ("MalformedPolicyDocument", {"Policy": "{"}),
            ("ValidationError", {"DurationSeconds": 1, "ScopedSessionDescription": "x" * 257}),
            ("ValidationError", {"DurationSeconds": 1, "MinimumSessionTokenSize": 4097}),
        ):
            with self.subTest(expected, **arguments):
                self.assertEqual(expected, self.error(call, **arguments))
        for keys in (JANE, harness.ROOT_KEYS):
            call = self.sts(keys).get_scoped_credentials
            self.assertEqual("InvalidSubjectCredentials", self.error(call, DurationSeconds=60))

    def test_web_identity_token_with_every_member(self):
        iam = self.server.client("iam")
        issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        info = iam.get_outbound_web_identity_federation_info()
        self.assertEqual((issuer, True), (info["IssuerIdentifier"], info["JwtVendingEnabled"]))
        keys = self.role_keys()
        for algorithm in ("RS256", "ES384"):
            output = self.sts(keys).get_web_identity_token(
                Audience=[AUDIENCE, "second"],
                DurationSeconds=60,
                SigningAlgorithm=algorithm,
                SubjectMode="AWSIdentity",
                Tags=[{"Key": "job", "Value": "7"}],
            )
            claims = claims_of(output["WebIdentityToken"])
            self.assertEqual((issuer, ROLE), (claims["iss"], claims["sub"]))
            self.assertEqual([AUDIENCE, "second"], claims["aud"])
            self.assertEqual({"job": "7"}, claims["https://sts.amazonaws.com/"]["request_tags"])
            self.assertEqual(claims["exp"], int(output["Expiration"].timestamp()))
        path = urllib.parse.urlsplit(issuer).path
        for name in ("/.well-known/openid-configuration", "/jwks"):
            status, _, body = self.server.request("GET", path + name)
            self.assertEqual(200, status)
        self.assertEqual(2, len(json.loads(body)["keys"]))
        self.assert_believed_here(issuer, keys)
        call = self.sts(keys).get_web_identity_token
        good = {"Audience": [AUDIENCE], "SigningAlgorithm": "ES384"}
        for more in (
            {"Audience": []},
            {"Audience": ["x"] * 11},
            {"SigningAlgorithm": "HS256"},
            {"DurationSeconds": 59},
            {"DurationSeconds": 3601},
            {"SubjectMode": "OriginIdentity"},
            {"Scope": "read"},
        ):
            with self.subTest(**more):
                self.assertEqual("ValidationError", self.error(call, **{**good, **more}))
        iam.disable_outbound_web_identity_federation()
        self.assertEqual(
            "OutboundWebIdentityFederationDisabledException", self.error(call, **good)
        )

    def assert_believed_here(self, issuer, keys):
        """A provider of this issuer lets its tokens in."""
        name = re.sub("^https?://", "", issuer)
        iam = self.server.client("iam")
        arn = iam.create_open_id_connect_provider(Url=f"https://{name}", ClientIDList=[AUDIENCE])
        condition = {"StringEquals": {f"{name}:sub": ROLE}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": arn["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }
        policy = json.dumps(harness.policy(statement))
        iam.create_role(RoleName="web", AssumeRolePolicyDocument=policy)
        token = self.sts(keys).get_web_identity_token(
            Audience=[AUDIENCE], SigningAlgorithm="ES384"
        )["WebIdentityToken"]
        output = self.sts().assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/web",
            RoleSessionName="run",
            WebIdentityToken=token,
            MinimumSessionTokenSize=1024,
        )
        self.assertEqual(1024, output["SessionTokenSize"])
        self.assertEqual(ROLE, output["SubjectFromWebIdentityToken"])

    def test_the_smallest_size_of_every_token(self):
        sts = self.sts()
        for call, arguments in (
            (sts.assume_role, {"RoleArn": ROLE, "RoleSessionName": "build"}),
            (sts.get_session_token, {}),
            (sts.get_federation_token, {"Name": "guest"}),
        ):
            output = call(MinimumSessionTokenSize=4096, **arguments)
            self.assertEqual(4096, len(output["Credentials"]["SessionToken"]))
            self.assertEqual(4096, output["SessionTokenSize"])
            self.assertEqual(100, output["SessionTokenUtilization"])
            keys = self.keys_of(output)
            self.assertIn(ACCOUNT, self.sts(keys).get_caller_identity()["Arn"])

    def test_json_for_clients_that_accept_it(self):
        form = "Action=GetCallerIdentity&Version=2011-06-15"
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        status, found, body = self.server.request("POST", "/", form, headers)
        self.assertEqual((403, "application/json"), (status, found["content-type"]))
        error = json.loads(body)["Error"]
        self.assertEqual(("MissingAuthenticationToken", "Sender"), (error["Code"], error["Type"]))
        good = self.presigned("sts", form)
        status, _, body = self.server.request("GET", good, headers={"accept": "application/json"})
        answer = json.loads(body)["GetCallerIdentityResponse"]
        self.assertEqual(200, status)
        self.assertTrue(answer["GetCallerIdentityResult"]["Arn"].endswith("user/jane"))
        self.assertIn("RequestId", answer["ResponseMetadata"])

    def presigned(self, service, form):
        """The path of a signed URL with these parameters."""
        harness.import_botocore()
        from botocore.auth import SigV4QueryAuth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest("GET", f"{self.server.url}/?{form}")
        SigV4QueryAuth(Credentials(*JANE), service, REGION, expires=60).add_auth(request)
        return request.url.removeprefix(self.server.url)


if __name__ == "__main__":
    harness.main()
