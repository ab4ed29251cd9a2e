"""The program on the command line: subcommands, configuration, and how it refuses to start."""

import base64
import json
import os
import re
import shutil
import tempfile
import unittest

import harness
import registry
import signing
from harness import ACCOUNT, BINARY

VERSION = r"\d+\.\d+\.\d+\S*"


class CliTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-cli-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def file(self, name, content):
        text = content if isinstance(content, str) else json.dumps(content)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def run_program(self, *arguments, stdin=None, **environment):
        env = harness.plain_environment(HOME=self.directory, **environment)
        return harness.run(BINARY, *arguments, stdin=stdin, env=env, timeout=10)

    def server(self, *flags, **options):
        server = harness.Server(*flags, **options)
        self.addCleanup(server.close)
        return server.start()

    def assert_refused(self, result, *parts):
        """It ended at once, with a message on standard error that has these parts."""
        self.assertNotEqual(0, result.returncode)
        self.assertEqual("", result.stdout)
        for part in parts:
            self.assertIn(part, result.stderr)


class ServeTest(CliTest):
    def test_ready_line_is_the_only_output_and_sigterm_exits_0(self):
        server = self.server()
        self.assertRegex(
            server.ready_line, rf"^ecr-local {VERSION} ready on http://127\.0\.0\.1:\d+$"
        )
        server.process.terminate()
        self.assertEqual(b"", server.process.stdout.read())
        self.assertEqual(0, server.wait())

    def test_health_is_open_and_says_who_it_is(self):
        status, _, body = self.server().request("GET", "/_ecr-local/health")
        health = json.loads(body)
        self.assertEqual((200, "ecr-local", "ready"), (status, health["name"], health["status"]))
        self.assertRegex(health["version"], f"^{VERSION}$")
        self.assertGreaterEqual(health["uptimeSeconds"], 0)

    def test_healthcheck_exits_0_only_where_a_server_answers(self):
        server = self.server()
        self.assertEqual(0, self.run_program("healthcheck", "--url", server.url).returncode)
        environment = {"ECR_LOCAL_HEALTHCHECK_URL": server.url}
        self.assertEqual(0, self.run_program("healthcheck", **environment).returncode)
        url = server.url
        self.assertEqual(0, server.stop())
        result = self.run_program("healthcheck", "--url", url)
        self.assertEqual(1, result.returncode)
        self.assertIn(f"nothing answers on {url}", result.stderr)

    def test_port_in_use_is_named(self):
        server = self.server()
        listen = ("--listen", server.address, "--data-dir", self.path("other"))
        result = self.run_program("serve", *listen)
        self.assert_refused(result, server.address, "another process uses the port")

    def test_data_directory_in_use_names_the_process(self):
        server = self.server()
        place = ("--data-dir", server.data_dir)
        expected = (server.data_dir, f"in use by process {server.process.pid}")
        self.assert_refused(self.run_program("serve", "--listen", "127.0.0.1:0", *place), *expected)
        self.assert_refused(self.run_program("check", *place), *expected)

    def test_bad_seed_names_its_place_and_stops_the_start(self):
        user = {"name": "jane"}
        key = {"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "secretAccessKey": ""}
        cases = (
            ("{", "line 1"),
            ({"unknown": 1}, "unknown key unknown; known are accounts, organization, roleTemplates"),
            ({"acounts": {}}, "unknown key acounts, did you mean accounts?"),
            ({"accounts": {"1": {}}}, "accounts.1: an account id has 12 digits"),
            (self.seed_of({"name": "a b"}), f"accounts.{ACCOUNT}.users[0].name"),
            (self.seed_of(user, {**user, "path": "x"}), f"accounts.{ACCOUNT}.users[1].path"),
            (self.seed_of({**user, "accessKeys": [key]}), "users[0].accessKeys[0].secretAccessKey"),
            (self.seed_of({**user, "policies": {"p": {}}}), "users[0].policies.p"),
            ({"accounts": {ACCOUNT: {"repositories": [{"name": "A"}]}}}, "repositories[0].name"),
        )
        for content, place in cases:
            with self.subTest(place=place):
                seed = self.file("seed.json", content)
                result = self.serve_once("--seed", seed)
                self.assert_refused(result, f"--seed {seed}: ", place)
        self.assert_refused(self.serve_once("--seed", self.path("none")), "none: No such file")

    @staticmethod
    def seed_of(*users):
        return {"accounts": {ACCOUNT: {"users": list(users)}}}

    def serve_once(self, *flags, **environment):
        """A start that is expected to fail."""
        places = ("--listen", "127.0.0.1:0", "--data-dir", self.path("data"))
        return self.run_program("serve", *places, *flags, **environment)

    def test_bad_flags_are_named(self):
        cases = (
            ("--account", "1", "12 digits"),
            ("--region", "Nowhere", "region"),
            ("--iam", "maybe", "--iam"),
            ("--bogus", "1", "--bogus"),
            ("--tls-listen", "127.0.0.1:0", "--tls-cert and --tls-key"),
            ("--root-access-key", "AKIAROOTROOTROOTROOT", "go together"),
        )
        for flag, value, part in cases:
            with self.subTest(flag=flag):
                self.assert_refused(self.serve_once(flag, value), part)
        for address in ("nonsense", "127.0.0.1:", "127.0.0.1:65536", "65536"):
            with self.subTest(address=address):
                result = self.run_program("serve", "--in-memory", "--listen", address)
                self.assert_refused(result, "--listen ", f"{address}: must be HOST:PORT")
        result = self.run_program("serve", "--in-memory", "--listen", "::1:4599")
        self.assert_refused(result, "--listen ::1:4599: an IPv6 address needs brackets")


class DefaultCredentialsTest(CliTest):
    def caller(self, server, keys):
        """The ARN that the server sees; the error's code where it refuses."""
        headers, body = signing.sts_request("GetCallerIdentity")
        signed = signing.sign(server, headers, body, keys, "sts")
        answer = server.request("POST", "/", body, signed)[2].decode()
        return re.search("<(Arn|Code)>(.*)</", answer).group(2).partition("<")[0]

    def test_are_root_of_the_default_account_and_of_any_other(self):
        server = self.server("--account", "111122223333")
        for keys, account in (
            (("test", "test"), "111122223333"),
            (("444455556666", "test"), "444455556666"),
        ):
            self.assertEqual(f"arn:aws:iam::{account}:root", self.caller(server, keys))

    def test_are_off_when_the_listener_is_not_on_loopback(self):
        server = self.server(listen="0.0.0.0:0")
        for keys in (("test", "test"), ("444455556666", "test")):
            self.assertEqual("InvalidClientTokenId", self.caller(server, keys))
        self.assertIn("the default credentials are off", server.log())

    def test_stay_on_beyond_loopback_where_asked_for(self):
        server = self.server("--default-credentials", listen="0.0.0.0:0")
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:root", self.caller(server, ("test", "test")))
        server = self.server(listen="0.0.0.0:0", env={"ECR_LOCAL_DEFAULT_CREDENTIALS": "true"})
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:root", self.caller(server, ("test", "test")))

    def test_are_off_where_they_are_not_wanted(self):
        server = self.server("--no-default-credentials")
        for keys in (("test", "test"), ("444455556666", "test")):
            self.assertEqual("InvalidClientTokenId", self.caller(server, keys))

    def test_given_root_keys_replace_both(self):
        keys = ("AKIAROOTROOTROOTROOT", "a-secret")
        flags = ("--root-access-key", keys[0], "--root-secret-key", keys[1])
        server = self.server(*flags, listen="0.0.0.0:0")
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:root", self.caller(server, keys))
        for other in (("test", "test"), ("444455556666", "test")):
            self.assertEqual("InvalidClientTokenId", self.caller(server, other))


class ConfigurationTest(CliTest):
    def account(self, *flags, config=None, **environment):
        """The default account of a server that is configured like this."""
        if config is not None:
            flags = (*flags, "--config", self.file("config.json", config))
        server = self.server(*flags, env=environment)
        return server.client("sts").get_caller_identity()["Account"]

    def test_file_alone_configures_everything(self):
        config = {
            "listen": ["127.0.0.1:0"],
            "in-memory": True,
            "account": "111122223333",
            "access-log": "off",
        }
        self.assertEqual("111122223333", self.account(config=config))

    def test_flag_beats_environment_beats_file(self):
        config, variable = {"account": "1" * 12}, {"ECR_LOCAL_ACCOUNT": "2" * 12}
        flag = ("--account", "3" * 12)
        self.assertEqual("1" * 12, self.account(config=config))
        self.assertEqual("2" * 12, self.account(config=config, **variable))
        self.assertEqual("3" * 12, self.account(*flag, config=config, **variable))
        self.assertEqual("3" * 12, self.account(*flag, config=config))
        self.assertEqual("2" * 12, self.account(**variable))

    def test_file_may_be_named_by_the_environment(self):
        path = self.file("config.json", {"account": "4" * 12})
        self.assertEqual("4" * 12, self.account(ECR_LOCAL_CONFIG=path))
        other = {"account": "5" * 12}
        self.assertEqual("5" * 12, self.account(config=other, ECR_LOCAL_CONFIG=self.path("none")))

    def test_bad_files_are_refused(self):
        serve = ("serve", "--listen", "127.0.0.1:0", "--data-dir", self.path("data"))
        for content, part in (
            ('{"bogus": 1}', "unknown key bogus"),
            ('{"account": "1"}', "12 digits"),
            ('{"account": {}}', "account"),
            ("[]", "--config"),
            ("{", "--config"),
        ):
            with self.subTest(content=content):
                config = self.file("config.json", content)
                self.assert_refused(self.run_program(*serve, "--config", config), part)
                self.assert_refused(self.run_program(*serve, ECR_LOCAL_CONFIG=config), part)
        missing = self.path("none")
        self.assert_refused(self.run_program(*serve, "--config", missing), missing)
        self.assert_refused(self.run_program(*serve, ECR_LOCAL_CONFIG=missing), missing)

    def test_registry_host_is_a_template(self):
        server = self.server("--registry-host", "{account}.dkr.ecr.{region}.example:{port}")
        made = server.client().create_repository(repositoryName="app")["repository"]
        expected = f"{ACCOUNT}.dkr.ecr.us-east-1.example:{server.port}/app"
        self.assertEqual(expected, made["repositoryUri"])

    def test_soft_enforcement_allows_and_logs_what_it_would_deny(self):
        keys = ("AKIANOBODYNOBODY0000", "secret")
        users = [harness.user("nobody", *keys)]
        seed = {"accounts": {ACCOUNT: {"users": users}}}
        for mode, logged in (("soft", True), ("off", False)):
            with self.subTest(mode=mode):
                server = self.server("--iam", mode, seed=seed)
                server.client(keys=keys).describe_repositories()
                self.assertEqual(0, server.stop())
                self.assertEqual(logged, ' iam_soft="User: ' in server.log())
                self.assertNotIn(" error=", server.log())

    def test_access_log_is_text_json_or_off(self):
        for form in ("text", "json", "off"):
            with self.subTest(form=form):
                server = self.server("--access-log", form)
                server.client().describe_repositories()
                self.assertEqual(0, server.stop())
                lines = server.log().splitlines()
                self.assertEqual(0 if form == "off" else 1, len(lines), lines)
                if form == "json":
                    self.assertIn("ecr:DescribeRepositories", json.loads(lines[0]).values())
                elif form == "text":
                    self.assertIn("action=ecr:DescribeRepositories", lines[0])


class CheckTest(CliTest):
    def filled(self):
        """The data directory of a stopped server, and an image that is in it."""
        server = self.server()
        server.client().create_repository(repositoryName="app")
        image = registry.make_image(b"a layer")
        registry.Registry(server, server.password()).push(image, "app", "v1")
        self.assertEqual(0, server.stop())
        return server.data_dir, image

    def blob_file(self, data_dir, digest):
        name = digest.removeprefix("sha256:")
        return next(
            os.path.join(folder, name)
            for folder, _, names in os.walk(os.path.join(data_dir, "blobs"))
            if name in names
        )

    def test_whole_data_is_clean(self):
        data_dir, _ = self.filled()
        result = self.run_program("check", "--data-dir", data_dir)
        self.assertEqual(0, result.returncode, result.stdout)
        self.assertRegex(result.stdout, r"^checked 1 image and 2 blobs \(\d+ bytes\): clean$")

    def test_changed_missing_and_unreadable_blobs_are_found(self):
        data_dir, image = self.filled()
        digest = registry.digest_of(b"a layer")
        path = self.blob_file(data_dir, digest)
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            file.write(b"A")
        result = self.run_program("check", "--data-dir", data_dir)
        self.assertEqual(1, result.returncode)
        self.assertIn(digest, result.stdout)
        os.remove(path)
        result = self.run_program("check", "--data-dir", data_dir)
        self.assertEqual(1, result.returncode)
        self.assertIn(digest, result.stdout)

    def test_missing_directory_is_refused_and_not_made(self):
        missing = self.path("none")
        self.assert_refused(self.run_program("check", "--data-dir", missing), "does not exist")
        self.assertFalse(os.path.exists(missing))


class ToolTest(CliTest):
    def lines(self, command, *inputs):
        """(exit status, one decoded answer a line)."""
        text = "".join(f"{json.dumps(i) if isinstance(i, dict) else i}\n" for i in inputs)
        result = self.run_program(*command.split(), stdin=text)
        return result.returncode, [json.loads(line) for line in result.stdout.splitlines()]

    def test_version(self):
        result = self.run_program("version")
        self.assertEqual(0, result.returncode)
        self.assertRegex(result.stdout, rf"^ecr-local {VERSION}\n$")

    def test_help_names_every_subcommand(self):
        result = self.run_program("--help")
        self.assertEqual(0, result.returncode)
        for name in ("serve", "check", "evaluate", "verify-sigv4", "validate-policy", "version"):
            self.assertIn(name, result.stdout)
        self.assertEqual(result.stdout, self.run_program().stdout)
        self.assertEqual(result.stdout, self.run_program("help").stdout)

    def test_evaluate_answers_a_line_for_a_line(self):
        request = {
            "principal": f"arn:aws:iam::{ACCOUNT}:user/jane",
            "action": "ecr:PutImage",
            "resource": f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app",
            "resource_account": ACCOUNT,
            "context": {"aws:SourceIp": "10.0.0.1"},
        }
        allow = harness.policy(harness.allow("ecr:*"))
        inside = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
        deny = harness.policy(harness.deny("ecr:Put*", Condition=inside))
        status, answers = self.lines(
            "evaluate",
            {"request": request, "policies": {"identity": [allow]}},
            {"request": request},
            {"request": request, "policies": {"identity": [allow, deny]}},
        )
        self.assertEqual(0, status)
        decisions = ["Allowed", "ImplicitlyDenied", "ExplicitlyDenied"]
        self.assertEqual(decisions, [answer["decision"] for answer in answers])
        self.assertEqual("identity", answers[2]["decided_by"])
        self.assertEqual(deny["Statement"][0], answers[2]["statement"])

    def test_evaluate_goes_on_after_a_malformed_line(self):
        request = {"principal": None, "action": "ecr:PutImage", "resource": "*"}
        status, answers = self.lines("evaluate", "{", {"request": request}, "[]", "", "\xff")
        self.assertEqual(1, status)
        self.assertEqual(5, len(answers), "a line for a line")
        self.assertEqual(["error"], list(answers[0]))
        self.assertEqual("ImplicitlyDenied", answers[1]["decision"])
        for answer in answers[2:4]:
            self.assertEqual(["error"], list(answer))

    def test_evaluate_explains_itself_when_asked(self):
        request = {"principal": f"arn:aws:iam::{ACCOUNT}:root", "action": "ecr:PutImage"}
        request["resource"] = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app"
        line = {"request": request, "policies": {"identity": [harness.policy(harness.allow("*"))]}}
        self.assertNotIn("trace", self.lines("evaluate", line)[1][0])
        self.assertTrue(self.lines("evaluate --explain", line)[1][0]["trace"])

    def test_verify_sigv4_tells_right_from_wrong(self):
        # The request of AWS's own example of Signature Version 4 ("get-vanilla").
        raw = (
            "GET / HTTP/1.1\nHost:example.amazonaws.com\nX-Amz-Date:20150830T123600Z\n"
            "Authorization: AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        )
        secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
        line = {
            "now": "2015-08-30T12:36:00Z",
            "region": "us-east-1",
            "service": "service",
            "credentials": {"access_key_id": "AKIDEXAMPLE", "secret_access_key": secret},
            "raw_request": raw,
        }
        late = {**line, "now": "2015-08-30T12:51:01Z"}
        status, answers = self.lines("verify-sigv4", line, {**line, "service": "ecr"}, late, "{}")
        self.assertEqual(1, status)
        self.assertEqual({"valid": True}, answers[0])
        scope = "Credential should be scoped to correct service: 'ecr'."
        wrong = {"valid": False, "error": "InvalidSignatureException"}
        self.assertEqual({**wrong, "message": scope}, answers[1])
        expired = (
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
            "(20150830T125101Z - 15 min.)"
        )
        self.assertEqual({**wrong, "message": expired}, answers[2])
        self.assertEqual(["error"], list(answers[3]))

    def test_validate_policy_names_every_problem(self):
        good = harness.policy(harness.allow("ecr:PutImage"))
        path = self.file("good.json", good)
        result = self.run_program("validate-policy", path)
        self.assertEqual(0, result.returncode)
        self.assertEqual(f"{path}: a valid identity policy\n", result.stdout)
        bad = harness.policy(dict(harness.allow("ecr:PutImage"), Effect="Maybe"))
        result = self.run_program("validate-policy", "-", stdin=json.dumps(bad, indent=1))
        self.assertEqual(1, result.returncode)
        self.assertRegex(
            result.stdout,
            r"(?m)^-:\d+: error: Statement\[0\]\.Effect: Syntax errors in policy\. "
            r"\(neither Allow nor Deny\)$",
        )

    def test_validate_policy_prints_all_of_it_with_lines(self):
        document = (
            '{"Version": "2012-10-17",\n"Statement": [\n'
            '{"Effect": "Maybe", "Action": "ecr:*", "Resource": "*"},\n'
            '{"Effect": "Allow", "Action": ["ecr:PutImage",\n"ecr:PutImagee"], "Resource": "*",\n'
            '"Condition": {"Bool": {"aws:SecureTransport": "yes"},\n'
            '"StringEquals": {"aws:RequestTag/team": "a"}}}]}\n'
        )
        result = self.run_program("validate-policy", self.file("policy.json", document))
        self.assertEqual(1, result.returncode)
        prefix = self.path("policy.json")
        found = [line.removeprefix(prefix) for line in result.stdout.splitlines()]
        places = [line.split(": ")[:3] for line in found]
        condition = "Statement[1].Condition"
        expected = [
            [":3", "error", "Statement[0].Effect"],
            [":5", "warning", "Statement[1].Action[1]"],
            [":6", "warning", f"{condition}.Bool.aws:SecureTransport"],
            [":7", "warning", f"{condition}.StringEquals.aws:RequestTag/team"],
        ]
        self.assertEqual(expected, places, result.stdout)

    def test_validate_policy_says_what_is_wrong_with_a_whole_document(self):
        cases = ("", "{", "[]", '{"Statement": []}', '{"Version": "2012-10-17"}', "\xff")
        for content in cases:
            with self.subTest(content=content):
                result = self.run_program("validate-policy", "-", stdin=content)
                self.assertEqual(1, result.returncode)
                self.assertRegex(result.stdout, r"(?m)^-:1: error: .*\(.+\)$")

    def test_validate_policy_knows_the_types_apart(self):
        statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:PutImage"}
        path = self.file("policy.json", harness.policy(statement))
        kinds = (("repository", 0), ("identity", 1), ("session", 1), ("registry", 1))
        for kind, status in kinds:
            with self.subTest(type=kind):
                result = self.run_program("validate-policy", path, "--type", kind)
                self.assertEqual(status, result.returncode, result.stdout)
        # ECR has no registry policies of scope V1 any more.
        for unknown in ("other", "registry-v1"):
            self.assert_refused(
                self.run_program("validate-policy", path, "--type", unknown),
                "--type: must be identity",
            )

    def test_token_is_opaque(self):
        server = self.server()
        password = server.password()
        padded = password + "=" * (-len(password) % 4)
        self.assertNotIn(b"test", base64.urlsafe_b64decode(padded))


if __name__ == "__main__":
    harness.main()
