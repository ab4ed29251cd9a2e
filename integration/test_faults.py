"""/_ecr-local/faults: real clients get through what is injected, or are told as AWS tells them."""

import json
import os
import select
import shutil
import socket
import tempfile
import time

import daemon
import harness
import registry
from test_skopeo_podman import write_dir_image

PATH = "/_ecr-local/faults"


class FaultsTest(harness.ServerTest):
    def setUp(self):
        self.addCleanup(self.faults, "DELETE")

    def faults(self, method, document=None, status=200):
        """One request to the faults; the rules, or the message."""
        body = None if document is None else json.dumps(document)
        answered, _, text = self.server.request(method, PATH, body)
        self.assertEqual(status, answered, text)
        answer = json.loads(text)
        return answer["rules"] if status == 200 else answer["message"]

    def inject(self, **rule):
        return self.faults("PUT", {"rules": [rule]})

    def injected(self):
        return [rule["injected"] for rule in self.faults("GET")]


class ControlTest(FaultsTest):
    def test_rules_are_set_added_listed_and_cleared(self):
        self.assertEqual([], self.faults("GET"))
        rules = self.inject(operation="PutImage", kind="throttle", rate=0.5, seed=1)
        self.assertEqual(1, len(rules))
        self.assertEqual(2, len(self.faults("POST", {"kind": "error", "operation": "iam:*"})))
        self.assertEqual([0.5, 1.0], [rule["rate"] for rule in self.faults("GET")])
        self.assertEqual(1, len(self.inject(kind="reset", count=1)))
        self.assertEqual([], self.faults("DELETE"))

    def test_what_is_wrong_is_named_and_changes_nothing(self):
        self.inject(operation="PutImage", kind="throttle")
        for rule, message in (
            ({"kind": "slow"}, "rules[0].kind: must be throttle"),
            ({"kind": "error", "rate": 2}, "rules[0].rate: must be a number from 0 to 1"),
            ({"kind": "error", "operation": "GetManifset"}, "did you mean GetManifest?"),
            ({"kind": "latency"}, "rules[0].milliseconds: must be given"),
        ):
            self.assertIn(message, self.faults("PUT", {"rules": [rule]}, status=400))
        self.assertEqual(["PutImage"], [rule["operation"] for rule in self.faults("GET")])

    def test_a_web_page_cannot_set_them(self):
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            status, _, _ = self.server.request("PUT", PATH, '{"kind": "error"}', headers)
            self.assertEqual(403, status)
        self.assertEqual([], self.faults("GET"))

    def test_a_reset_clears_them(self):
        self.inject(kind="error", operation="PutImage")
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/reset")[0])
        self.assertEqual([], self.faults("GET"))

    def test_health_metrics_and_administration_are_never_hit(self):
        self.inject(kind="reset")
        for path in ("/_ecr-local/health", "/metrics", "/_localstack/health", PATH):
            self.assertEqual(200, self.server.request("GET", path)[0], path)
        self.assertEqual([0], self.injected())


class ApiTest(FaultsTest):
    def test_throttling_is_answered_as_aws_answers_it(self):
        self.inject(operation="DescribeRepositories", kind="throttle")
        self.assert_error(
            "ThrottlingException", "Rate exceeded", self.ecr().describe_repositories
        )
        self.inject(operation="iam:*", kind="throttle")
        iam = self.server.client("iam")
        self.assert_error("Throttling", "Rate exceeded", iam.list_users)
        self.ecr().describe_repositories()

    def test_errors_have_the_status_that_was_asked_for(self):
        self.inject(operation="ecr:*", kind="error")
        call = self.ecr().describe_repositories
        self.assert_error("ServerException", None, call, status=500)
        self.inject(operation="sts:GetCallerIdentity", kind="error", status=503)
        sts = self.server.client("sts")
        self.assert_error("ServiceUnavailable", None, sts.get_caller_identity, status=503)

    def test_boto3_retries_through_throttling(self):
        self.inject(operation="CreateRepository", kind="throttle", count=3)
        retries = {"total_max_attempts": 5, "mode": "standard"}
        self.ecr(retries=retries).create_repository(repositoryName="retried")
        self.assertEqual([3], self.injected())

    def test_aws_cli_retries_through_errors(self):
        self.inject(operation="CreateRepository", kind="error", count=1)
        self.faults("POST", {"operation": "CreateRepository", "kind": "reset", "count": 1})
        result = self.server.aws("ecr", "create-repository", "--repository-name", "cli")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual([1, 1], self.injected())

    def test_a_refused_request_was_not_carried_out(self):
        self.inject(operation="CreateRepository", kind="error", count=1)
        call = self.ecr().create_repository
        self.assert_error("ServerException", None, call, repositoryName="once", status=500)
        call(repositoryName="once")

    def test_a_lost_answer_was_carried_out(self):
        from botocore.exceptions import BotoCoreError

        self.inject(operation="CreateRepository", kind="reset", after=True, count=1)
        with self.assertRaises(BotoCoreError):
            self.ecr().create_repository(repositoryName="lost")
        message = None
        call = self.ecr().create_repository
        self.assert_error("RepositoryAlreadyExistsException", message, call, repositoryName="lost")

    def test_the_same_seed_gives_the_same_run(self):
        def run():
            self.inject(operation="DescribeRegistry", kind="error", rate=0.5, seed=42)
            ecr = self.ecr()
            outcome = ""
            for _ in range(30):
                try:
                    ecr.describe_registry()
                    outcome += "."
                except ecr.exceptions.ClientError:
                    outcome += "x"
            return outcome

        first = run()
        self.assertIn("x", first)
        self.assertIn(".", first)
        self.assertEqual(first, run())

    def test_latency_holds_nobody_else_up(self):
        """More late requests than there are threads, and a request that is not late."""
        self.inject(operation="ListTagsForResource", kind="latency", milliseconds=4000)
        request = (
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
            "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.ListTagsForResource\r\n\r\n{}"
        ).encode()
        late = []
        for _ in range(40):
            connection = socket.create_connection(("127.0.0.1", self.server.port), 20)
            self.addCleanup(connection.close)
            connection.sendall(request)
            late.append(connection)
        begun = time.monotonic()
        self.ecr().describe_repositories()
        self.assertEqual([], select.select(late, [], [], 0)[0], "the late ones came first")
        for connection in late:
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 "))
        self.assertGreater(time.monotonic() - begun, 1)

    def test_a_reset_is_a_reset(self):
        self.inject(operation="DescribeRepositories", kind="reset")
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
            target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"
            connection.sendall(
                f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: {target}\r\n"
                "Content-Length: 2\r\n\r\n{}".encode()
            )
            with self.assertRaises(ConnectionResetError):
                connection.recv(100)

    def test_they_are_counted_and_logged(self):
        self.inject(operation="DescribeRegistry", kind="throttle", count=1)
        self.assert_error("ThrottlingException", None, self.ecr().describe_registry)
        metrics = self.server.request("GET", "/metrics")[2].decode()
        self.assertRegex(metrics, r'ecr_local_faults_injected_total\{kind="throttle"\} [1-9]')
        harness.wait_until(
            lambda: "Rate exceeded (/_ecr-local/faults)" in self.server.log(), 5, "the log says so"
        )


class RegistryTest(FaultsTest):
    def setUp(self):
        super().setUp()
        self.registry = registry.Registry(self.server, self.server.password())

    def test_registry_errors_are_those_of_the_registry(self):
        self.inject(operation="ListTags", kind="throttle")
        reply = self.registry.request("GET", "/v2/any/tags/list")
        self.assertEqual((429, ("TOOMANYREQUESTS", "Rate exceeded")), (reply.status, reply.error))
        self.inject(operation="registry:Get*", kind="error", status=503)
        self.assertEqual(503, self.registry.request("GET", "/v2/any/manifests/1").status)
        self.assertEqual(404, self.registry.request("GET", "/v2/any/tags/list").status)

    def test_an_upload_that_is_refused_leaves_the_connection_usable(self):
        self.ecr().create_repository(repositoryName="up")
        self.inject(operation="PatchUpload", kind="error", count=1)
        location = self.registry.start_upload("up")
        data = os.urandom(3 << 20)
        self.assertEqual(500, self.registry.request("PATCH", location, data).status)
        self.assertEqual(202, self.registry.request("PATCH", location, data).status)

    def test_docker_pushes_and_pulls_through_errors(self):
        engine = daemon.Daemon()
        self.addCleanup(engine.close)
        engine.start()
        uri = self.ecr().create_repository(repositoryName="docker")["repository"]["repositoryUri"]
        engine.import_image(f"{uri}:1", "hello faults")
        logged_in = engine.login(self.server.address, self.server.password())
        self.assertEqual(0, logged_in.returncode, logged_in.stderr)
        self.inject(operation="StartUpload", kind="error", status=503, count=1)
        self.faults("POST", {"operation": "PatchUpload", "kind": "error", "count": 1})
        pushed = engine.docker("push", f"{uri}:1")
        self.assertEqual(0, pushed.returncode, pushed.stderr)
        self.assertEqual([1, 1], self.injected())
        engine.docker("rmi", f"{uri}:1")
        self.inject(operation="GetBlob", kind="reset", count=1)
        pulled = engine.docker("pull", f"{uri}:1")
        self.assertEqual(0, pulled.returncode, pulled.stderr)
        self.assertEqual([1], self.injected())

    def test_skopeo_pushes_and_pulls_through_resets_and_throttling(self):
        skopeo = harness.tool("skopeo")
        directory = tempfile.mkdtemp(prefix="skopeo-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        write_dir_image(f"{directory}/image")
        uri = self.ecr().create_repository(repositoryName="skopeo")["repository"]["repositoryUri"]
        credentials = f"AWS:{self.server.password()}"
        flags = ("--insecure-policy", "copy", "--retry-times", "5")

        def copy(access, source, target):
            result = harness.run(skopeo, *flags, *access, source, target, timeout=100)
            self.assertEqual(0, result.returncode, result.stderr)

        self.inject(operation="PutManifest", kind="reset", count=1)
        access = ("--dest-tls-verify=false", "--dest-creds", credentials)
        copy(access, f"dir:{directory}/image", f"docker://{uri}:1")
        self.assertEqual([1], self.injected())
        self.inject(operation="GetManifest", kind="throttle", count=1)
        access = ("--src-tls-verify=false", "--src-creds", credentials)
        copy(access, f"docker://{uri}:1", f"dir:{directory}/again")
        self.assertEqual([1], self.injected())


class LocalStackTest(harness.ServerTest):
    def test_its_health_check_is_answered_in_its_form(self):
        status, headers, body = self.server.request("GET", "/_localstack/health")
        self.assertEqual((200, "application/json"), (status, headers["content-type"]))
        health = json.loads(body)
        self.assertEqual({"ecr": "running", "iam": "running", "sts": "running"}, health["services"])
        self.assertTrue(health["version"])
        self.assertEqual(405, self.server.request("POST", "/_localstack/health", "{}")[0])

    def test_its_registry_names_are_those_of_the_account_and_region(self):
        """<account>.dkr.ecr.<region>.localhost.localstack.cloud, on both planes."""
        account, region = "111122223333", "eu-west-1"
        host = f"{account}.dkr.ecr.{region}.localhost.localstack.cloud:{self.server.port}"
        keys = (account, "test")
        ecr = self.ecr(keys, region=region)
        ecr.meta.events.register(
            "before-sign.ecr.*", lambda request, **_: request.headers.add_header("Host", host)
        )
        made = ecr.create_repository(repositoryName="app")["repository"]
        self.assertEqual(f"{host}/app", made["repositoryUri"])
        password = self.server.password(keys, region)
        there = registry.Registry(self.server, password, host=host)
        there.push(registry.make_image(b"layer"), "app", "1")
        self.assertEqual(200, there.request("GET", "/v2/app/manifests/1").status)
        elsewhere = host.replace(region, "us-west-2")
        refused = registry.Registry(self.server, password, host=elsewhere)
        self.assertEqual(400, refused.request("GET", "/v2/app/manifests/1").status)


if __name__ == "__main__":
    harness.main()
