"""Signatures: AWS's error types, messages and statuses, through boto3's core and the AWS CLI."""

import contextlib
import datetime
import importlib
import json
import os
import types
from unittest import mock

import harness
import registry
import signing

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details."
)
UNKNOWN_KEY = "The security token included in the request is invalid."
MISSING = "Missing Authentication Token"
EXPIRED = (
    r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z "
    r"\(\d{8}T\d{6}Z - 15 min\.\)"
)
TOO_EARLY = (
    r"Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z "
    r"\(\d{8}T\d{6}Z \+ 15 min\.\)"
)
KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
INACTIVE = "AKIAI44QH8DHBEXAMPLE"

USER = harness.user("jane", KEY, SECRET, harness.allow("ecr:*"))
USER["accessKeys"].append(
    {"accessKeyId": INACTIVE, "secretAccessKey": SECRET, "status": "Inactive"}
)
SEED = {"accounts": {harness.ACCOUNT: {"users": [USER]}}}


@contextlib.contextmanager
def shifted_clock(seconds):
    """Makes botocore's signers read a clock that is wrong by `seconds`."""
    harness.import_botocore()

    class Shifted(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return signing.now(seconds).replace(tzinfo=None)

    with contextlib.ExitStack() as patches:
        # botocore signs with the second where the AWS Common Runtime is installed.
        for name in ("botocore.auth", "botocore.crt.auth"):
            with contextlib.suppress(ImportError):
                module = importlib.import_module(name)
                clock = types.SimpleNamespace(**{**vars(datetime), "datetime": Shifted})
                patches.enter_context(mock.patch.object(module, "datetime", clock))
        yield


class SignatureTest(harness.ServerTest):
    seed = SEED

    def post(self, headers, body, path="/"):
        """(status, error type, message) of an ECR call that goes out as it is."""
        status, _, answer = self.server.request("POST", path, body, headers)
        error = json.loads(answer)
        return status, error.get("__type"), error.get("message")

    def signed(self, **options):
        """The same of a DescribeRepositories that is signed with these options."""
        headers, body = signing.ecr_request("DescribeRepositories")
        return self.post(signing.sign(self.server, headers, body, **options), body)


class BotocoreTest(SignatureTest):
    """What an SDK raises."""

    def test_right_signatures_are_accepted(self):
        for keys in (harness.ROOT_KEYS, (KEY, SECRET), ("123456789012", "test")):
            with self.subTest(key=keys[0]):
                self.assertEqual([], self.ecr(keys).describe_repositories()["repositories"])

    def test_wrong_secret_is_an_invalid_signature(self):
        for keys in (("test", "wrong"), (KEY, SECRET + "x"), ("123456789012", "wrong")):
            with self.subTest(key=keys[0]):
                call = self.ecr(keys).describe_repositories
                self.assert_error("InvalidSignatureException", MISMATCH, call)

    def test_unknown_key_is_an_unrecognized_client(self):
        for key in ("AKIAUNKNOWNUNKNOWN00", INACTIVE, "12345678901", "TEST"):
            with self.subTest(key=key):
                call = self.ecr((key, SECRET)).describe_repositories
                self.assert_error("UnrecognizedClientException", UNKNOWN_KEY, call)

    def test_clock_within_15_minutes_is_accepted(self):
        for seconds in (-14 * 60, 14 * 60):
            with self.subTest(seconds=seconds), shifted_clock(seconds):
                self.ecr().describe_repositories()

    def test_clock_more_than_15_minutes_off_is_an_invalid_signature(self):
        for seconds, message in ((-16 * 60, EXPIRED), (16 * 60, TOO_EARLY)):
            with self.subTest(seconds=seconds), shifted_clock(seconds):
                call = self.ecr().describe_repositories
                response = self.assert_error("InvalidSignatureException", None, call)
                self.assertRegex(response["Error"]["Message"], f"^{message}$")

    def test_body_changed_after_signing_is_an_invalid_signature(self):
        with signing.Proxy(self.server.port, b'"before"', b'"after!"') as proxy:
            call = self.ecr(url=proxy.url).create_repository
            self.assert_error("InvalidSignatureException", MISMATCH, call, repositoryName="before")

    def test_operation_changed_after_signing_is_an_invalid_signature(self):
        old, new = b".GetRepositoryPolicy", b".SetRepositoryPolicy"
        with signing.Proxy(self.server.port, old, new) as proxy:
            call = self.ecr(url=proxy.url).get_repository_policy
            self.assert_error("InvalidSignatureException", MISMATCH, call, repositoryName="app")

    def test_missing_signature_is_a_missing_token(self):
        harness.import_botocore()
        from botocore import UNSIGNED

        call = self.ecr(signature_version=UNSIGNED).describe_repositories
        self.assert_error("MissingAuthenticationTokenException", MISSING, call)

    def test_sts_answers_403_with_its_own_codes(self):
        cases = (
            (("test", "wrong"), "SignatureDoesNotMatch", MISMATCH),
            (("AKIAUNKNOWNUNKNOWN00", "x"), "InvalidClientTokenId", UNKNOWN_KEY),
        )
        for keys, code, message in cases:
            with self.subTest(code=code):
                call = self.server.client("sts", keys).get_caller_identity
                self.assert_error(code, message, call, status=403)


class HandSignedTest(SignatureTest):
    """What no client sends by itself."""

    def test_scope_must_be_right_in_every_part(self):
        day = signing.now().strftime("%Y%m%d")
        cases = {
            "Credential should be scoped to correct service: 'ecr'.": {"service": "sts"},
            "Credential should be scoped to a valid region, not 'nowhere'.": {
                "region": "nowhere"
            },
        }
        for message, options in cases.items():
            with self.subTest(message=message):
                expected = (400, "InvalidSignatureException", message)
                self.assertEqual(expected, self.signed(**options))
        headers, body = signing.ecr_request("DescribeRepositories")
        headers = signing.sign(self.server, headers, body)
        for old, new, message in (
            (f"/{day}/", "/20200101/", "Date in Credential scope does not match YYYYMMDD from"),
            ("/aws4_request", "/aws5_request", "with a valid terminator: 'aws4_request', not"),
        ):
            with self.subTest(message=message):
                changed = headers["Authorization"].replace(old, new, 1)
                status, kind, text = self.post({**headers, "Authorization": changed}, body)
                self.assertEqual((400, "InvalidSignatureException"), (status, kind))
                self.assertIn(message, text)

    def test_incomplete_authorization_says_what_is_missing(self):
        headers, body = signing.ecr_request("DescribeRepositories")
        headers["X-Amz-Date"] = signing.now().strftime("%Y%m%dT%H%M%SZ")
        cases = {
            "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0": "requires 'Credential' parameter.",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=0": "'SignedHeaders' parameter.",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host": "'Signature' parameter.",
            "AWS4-HMAC-SHA256 nonsense": "not a valid key=value pair (missing equal-sign)",
            "AWS3 Credential=a": "Unsupported AWS 'algorithm': 'AWS3'.",
        }
        for authorization, part in cases.items():
            with self.subTest(authorization=authorization):
                status, kind, text = self.post({**headers, "Authorization": authorization}, body)
                self.assertEqual((400, "IncompleteSignatureException"), (status, kind))
                self.assertIn(part, text)

    def test_unsigned_amz_header_is_refused(self):
        headers, body = signing.ecr_request("DescribeRepositories")
        target = headers.pop("X-Amz-Target")
        signed = signing.sign(self.server, headers, body)
        answer = self.post({**signed, "X-Amz-Target": target}, body)
        self.assertEqual((400, "InvalidSignatureException"), answer[:2])

    def test_payload_hash_of_other_bytes_and_unsigned_payload_are_refused(self):
        headers, body = signing.ecr_request("DescribeRepositories")
        for value in ("0" * 64, "UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
            with self.subTest(value=value):
                given = {**headers, "X-Amz-Content-SHA256": value}
                signed = signing.sign(self.server, given, body)
                self.assertEqual((400, "InvalidSignatureException"), self.post(signed, body)[:2])

    def test_presigned_query_is_verified_like_a_header(self):
        query = "/?Action=GetCallerIdentity&Version=" + signing.STS_VERSION
        path, headers = signing.presign(
            self.server, {}, "", service="sts", method="GET", path=query
        )
        self.assertEqual(200, self.server.request("GET", path, None, headers)[0])
        for changed in (path + "0", path[:-4] + "zzzz", path.replace("?", "?Added=1&")):
            with self.subTest(path=changed):
                status, _, body = self.server.request("GET", changed, None, headers)
                self.assertEqual(403, status)
                self.assertIn(b"<Code>SignatureDoesNotMatch</Code>", body)

    def test_session_token_nobody_issued_is_refused(self):
        answer = self.signed(keys=("test", "test", "a-token"))
        self.assertEqual((400, "UnrecognizedClientException", UNKNOWN_KEY), answer)

    def test_secret_stays_out_of_errors_and_logs(self):
        answers = [self.signed(keys=(KEY, SECRET + "x")), self.signed(keys=(KEY, SECRET))]
        written = "200 bytes_in="  # the second answer's line of the access log
        harness.wait_until(lambda: written in self.server.log(), 5, "the access log is written")
        self.assertNotIn(SECRET, repr(answers) + self.server.log())


class AwsCliTest(SignatureTest):
    """What `aws` prints."""

    def aws_error(self, *arguments, **options):
        result = self.server.aws(*arguments, **options)
        self.assertNotEqual(0, result.returncode, result.stdout)
        return result.stderr.strip()

    def describe(self, **options):
        return self.aws_error("ecr", "describe-repositories", **options)

    @staticmethod
    def printed(code, message, operation="DescribeRepositories"):
        return f"An error occurred ({code}) when calling the {operation} operation: {message}"

    def test_wrong_secret(self):
        expected = self.printed("InvalidSignatureException", MISMATCH)
        self.assertEqual(expected, self.describe(keys=("test", "wrong")))

    def test_unknown_key(self):
        expected = self.printed("UnrecognizedClientException", UNKNOWN_KEY)
        self.assertEqual(expected, self.describe(keys=("AKIAUNKNOWNUNKNOWN00", "x")))

    def test_shifted_clock(self):
        folder = os.path.join(self.server.directory, "shift")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "sitecustomize.py"), "w", encoding="utf-8") as file:
            file.write(
                "import datetime, os\n"
                "class Shifted(datetime.datetime):\n"
                "    @classmethod\n"
                "    def utcnow(cls):\n"
                "        shift = datetime.timedelta(seconds=int(os.environ['SHIFT']))\n"
                "        return datetime.datetime.__mro__[1].utcnow() + shift\n"
                "datetime.datetime = Shifted\n"
            )
        for seconds, message in (("-1000", EXPIRED), ("1000", TOO_EARLY)):
            with self.subTest(seconds=seconds):
                env = {"PYTHONPATH": folder, "SHIFT": seconds}
                self.assertRegex(
                    self.describe(env=env),
                    r"^An error occurred \(InvalidSignatureException\) when calling the "
                    rf"DescribeRepositories operation: {message}$",
                )

    def test_changed_body(self):
        with signing.Proxy(self.server.port, b'"before"', b'"after!"') as proxy:
            command = ("ecr", "create-repository", "--repository-name", "before")
            expected = self.printed("InvalidSignatureException", MISMATCH, "CreateRepository")
            self.assertEqual(expected, self.aws_error(*command, url=proxy.url))

    def test_missing_signature(self):
        expected = self.printed("MissingAuthenticationTokenException", MISSING)
        self.assertEqual(
            expected, self.aws_error("ecr", "describe-repositories", "--no-sign-request")
        )

    def test_login_password_has_no_colon(self):
        result = self.server.aws("ecr", "get-login-password")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertNotIn(":", result.stdout)
        reply = registry.Registry(self.server, result.stdout.strip()).request("GET", "/v2/")
        self.assertEqual(200, reply.status)


if __name__ == "__main__":
    harness.main()
