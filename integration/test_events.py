"""Events, records of calls, the live stream, the webhook and metrics, with real clients."""

import contextlib
import http.client
import http.server
import json
import os
import re
import shutil
import tempfile
import threading
import urllib.parse

import harness
import registry

DENIED_KEYS = ("AKIADENIED0000000001", "denied-secret")
SECRETS = ("planted-secret-of-the-root", "denied-secret", "planted-admin-token")
SEED = {
    "accounts": {
        "000000000000": {
            "users": [
                harness.user("denied", *DENIED_KEYS, harness.allow("ecr:GetAuthorizationToken"))
            ],
            "repositories": [{"name": "seeded"}],
        }
    }
}


def events(server, headers=None, **filters):
    """The log of events, newest first."""
    path = "/_ecr-local/events?" + urllib.parse.urlencode(
        {"limit": 1000, **filters}, quote_via=urllib.parse.quote
    )
    status, _, body = server.request("GET", path, headers=headers)
    if status != 200:
        raise AssertionError(f"{path}: {status} {body!r}")
    return json.loads(body)["events"]


def bodies(server, **filters):
    """The events or records themselves, oldest first."""
    return [entry["event"] for entry in reversed(events(server, **filters))]


class EventsTest(harness.ServerTest):
    seed = SEED

    def push(self, repository, tag, *layers):
        image = registry.make_image(*layers)
        registry.Registry(self.server, self.server.password()).push(image, repository, tag)
        return image

    def test_a_skopeo_push_and_pull_is_told_and_recorded(self):
        skopeo = harness.tool("skopeo")
        uri = self.ecr().create_repository(repositoryName="skopeo")["repository"]["repositoryUri"]
        self.push("seeded", "source", b"a layer of skopeo")
        credentials = "AWS:" + self.server.password()
        source = f"docker://{self.server.address}/seeded:source"
        flags = ["--src-tls-verify=false", "--dest-tls-verify=false"]
        flags += ["--src-creds", credentials, "--dest-creds", credentials]
        result = harness.run(
            *(skopeo, "--insecure-policy", "copy", *flags, source, f"docker://{uri}:v1"),
            env=harness.plain_environment(HOME=self.server.directory),
        )
        self.assertEqual(0, result.returncode, result.stderr)
        told = [
            event
            for event in bodies(self.server, **{"detail-type": "ECR Image Action"})
            if event["detail"]["repository-name"] == "skopeo"
        ]
        self.assertEqual(1, len(told), told)
        self.assertEqual("aws.ecr", told[0]["source"])
        self.assertEqual("PUSH", told[0]["detail"]["action-type"])
        (pushed,) = self.ecr().describe_images(repositoryName="skopeo")["imageDetails"]
        self.assertEqual(pushed["imageDigest"], told[0]["detail"]["image-digest"])
        self.assertEqual("v1", told[0]["detail"]["image-tag"])
        records = [
            record for record in bodies(self.server, kind="record")
            if (record["requestParameters"] or {}).get("repositoryName") == "skopeo"
            and record["eventName"] not in ("CreateRepository", "DescribeImages")
        ]
        names = [record["eventName"] for record in records if "errorCode" not in record]
        for name in ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage"):
            self.assertIn(name, names)
        self.assertEqual("PutImage", names[-1])
        for record in records:
            self.assertRegex(record["userAgent"], "(?i)skopeo|containers")
            self.assertEqual("Root", record["userIdentity"]["type"])
            self.assertEqual("127.0.0.1", record["sourceIPAddress"])

    def test_calls_of_the_aws_cli_are_recorded_with_the_request_id_of_their_answer(self):
        result = self.server.aws("ecr", "create-repository", "--repository-name", "cli", "--debug")
        self.assertEqual(0, result.returncode, result.stderr)
        request_id = re.search(r"x-amzn-RequestId': '([^']+)'", result.stderr).group(1)
        (record,) = bodies(self.server, kind="record", requestId=request_id)
        self.assertEqual("CreateRepository", record["eventName"])
        self.assertEqual(request_id, record["requestID"])
        self.assertTrue(record["userAgent"].startswith("aws-cli/"))
        self.assertEqual(
            "cli", record["responseElements"]["repository"]["repositoryName"]
        )
        self.assertRegex(
            record["responseElements"]["repository"]["createdAt"],
            r"^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$",
        )
        result = self.server.aws("sts", "get-caller-identity")
        self.assertEqual(0, result.returncode, result.stderr)
        record = bodies(self.server, eventName="GetCallerIdentity")[-1]
        self.assertEqual("sts.amazonaws.com", record["eventSource"])

    def test_a_denial_names_who_and_why(self):
        self.server.aws("ecr", "describe-repositories", keys=DENIED_KEYS)
        record = bodies(self.server, eventName="DescribeRepositories")[-1]
        self.assertEqual("AccessDenied", record["errorCode"])
        sentence = "is not authorized to perform: ecr:DescribeRepositories"
        self.assertIn(sentence, record["errorMessage"])
        self.assertEqual("denied", record["userIdentity"]["userName"])

    def test_deleting_an_image_is_told(self):
        image = self.push("seeded", "gone", b"to be deleted")
        self.ecr().batch_delete_image(repositoryName="seeded", imageIds=[{"imageTag": "gone"}])
        last = bodies(self.server, kind="event")[-1]
        self.assertEqual("DELETE", last["detail"]["action-type"])
        self.assertEqual(image.digest, last["detail"]["image-digest"])

    def test_the_live_stream_tells_a_push_as_it_happens(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/_ecr-local/events?follow=true&kind=event")
            reply = connection.getresponse()
            self.assertEqual("text/event-stream", reply.getheader("content-type"))
            image = self.push("seeded", "live", b"live layer")
            for line in reply:
                if line.startswith(b"data: "):
                    break
            entry = json.loads(line[len(b"data: "):])
            self.assertEqual(image.digest, entry["event"]["detail"]["image-digest"])

    def test_the_live_stream_tells_a_call_that_nobody_asked_the_log_for(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/_ecr-local/events?follow=true&eventName=ListTagsForResource")
            reply = connection.getresponse()
            arn = "arn:aws:ecr:us-east-1:000000000000:repository/seeded"
            self.ecr().list_tags_for_resource(resourceArn=arn)
            line = next(line for line in reply if line.startswith(b"data: "))
            record = json.loads(line[len(b"data: "):])["event"]
            self.assertEqual({"resourceArn": arn}, record["requestParameters"])

    def test_a_restart_keeps_the_log_and_goes_on_counting(self):
        self.push("seeded", "kept", b"kept")
        before = events(self.server)
        self.assertEqual(0, self.server.stop())
        self.server.start()
        after = events(self.server, limit=1000)
        self.assertEqual(before, after[-len(before):])
        self.push("seeded", "kept", b"kept again")
        sequences = [entry["sequence"] for entry in events(self.server)]
        self.assertEqual(sorted(set(sequences), reverse=True), sequences)


class MetricsTest(harness.ServerTest):
    flags = ("--admin-token", "planted-admin-token")

    def test_metrics_are_open_and_in_prometheus_form(self):
        self.ecr().create_repository(repositoryName="counted")
        self.server.aws("ecr", "describe-repositories", "--repository-names", "missing")
        status, headers, body = self.server.request("GET", "/metrics")
        self.assertEqual(200, status)
        self.assertTrue(headers["content-type"].startswith("text/plain; version=0.0.4"))
        values = {}
        for line in body.decode().splitlines():
            if line.startswith("#"):
                self.assertRegex(line, r"^# (HELP|TYPE) [a-z_]+ .+$")
                continue
            labels = r'\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\}'
            match = re.fullmatch(rf"([a-z_]+(?:{labels})?) (\S+)", line)
            self.assertIsNotNone(match, line)
            values[match.group(1)] = float(match.group(2))
        requests = 'ecr_local_requests_total{plane="api",operation="ecr:%s",status="%s"}'
        self.assertEqual(1, values[requests % ("CreateRepository", "2xx")])
        self.assertEqual(1, values["ecr_local_repositories"])
        self.assertGreater(values["process_resident_memory_bytes"], 1 << 20)
        self.assertGreater(values['ecr_local_decisions_total{decision="allowed"}'], 0)
        self.assertEqual(1, values[requests % ("DescribeRepositories", "4xx")])


class SecretsTest(harness.ServerTest):
    seed = SEED
    flags = (
        "--admin-token", "planted-admin-token",
        "--root-access-key", "AKIAROOT000000000001",
        "--root-secret-key", "planted-secret-of-the-root",
    )

    def test_no_output_shows_a_secret(self):
        root = ("AKIAROOT000000000001", "planted-secret-of-the-root")
        password = self.server.password(root)
        self.server.password(DENIED_KEYS)
        for keys in (root, DENIED_KEYS, (root[0], "planted-wrong-secret")):
            self.server.aws("ecr", "describe-repositories", keys=keys)
            self.server.aws("sts", "get-caller-identity", keys=keys)
        registry.Registry(self.server, password).request("GET", "/v2/seeded/manifests/v1")
        image = registry.make_image(b"layer")
        registry.Registry(self.server, password).push(image, "seeded", "v1")
        admin = {"Authorization": "Bearer planted-admin-token"}
        outputs = {
            path: self.server.request("GET", path, headers=admin)[2].decode()
            for path in (
                "/_ecr-local/events?limit=1000",
                "/_ecr-local/decisions?limit=1000&trace=true",
                "/_ecr-local/coverage",
                "/metrics",
            )
        }
        self.assertIn("GetAuthorizationToken", outputs["/_ecr-local/events?limit=1000"])
        outputs["log"] = self.server.log()
        for name, text in outputs.items():
            for secret in (*SECRETS, "planted-wrong-secret", password[:80]):
                self.assertNotIn(secret, text, name)

    def test_a_user_or_a_token_opens_no_administration(self):
        password = self.server.password(DENIED_KEYS)
        for method, path in (
            ("GET", "/_ecr-local/events"),
            ("GET", "/_ecr-local/snapshot"),
            ("PUT", "/_ecr-local/snapshot"),
            ("POST", "/_ecr-local/reset"),
            ("POST", "/_ecr-local/seed"),
        ):
            for scheme in ("Basic ", "Bearer ", None):
                headers = {"Authorization": scheme + password} if scheme else {}
                status, _, _ = self.server.request(method, path, headers=headers)
                self.assertEqual(403, status, f"{method} {path}")


class Receiver:
    """A webhook's other end; answers with `statuses` first, then with 200."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.received = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.received.append(json.loads(self.rfile.read(length)))
                self.send_response(outer.statuses.pop(0) if outer.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tags(self):
        return [event["detail"]["image-tag"] for event in self.received]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebhookTest(harness.unittest.TestCase):
    def push(self, server, tag):
        image = registry.make_image(tag.encode())
        registry.Registry(server, server.password()).push(image, "seeded", tag)

    def test_every_event_is_posted_in_order_also_after_failures_and_a_restart(self):
        receiver = Receiver(503, 500)
        with contextlib.closing(receiver):
            with harness.Server("--events-webhook", receiver.url, seed=SEED) as server:
                self.push(server, "one")
                self.push(server, "two")
                harness.wait_until(lambda: len(receiver.received) >= 4, 20, "two events")
                self.assertEqual(["one", "one", "one", "two"], receiver.tags())
                self.assertEqual("ECR Image Action", receiver.received[0]["detail-type"])
                # What nobody could take is taken after the restart.
                receiver.statuses = [503] * 1000
                self.push(server, "three")
                harness.wait_until(lambda: "three" in receiver.tags(), 20, "an attempt")
                server.kill()
                receiver.statuses = []
                receiver.received.clear()
                server.start()
                self.push(server, "four")
                harness.wait_until(lambda: len(receiver.received) >= 2, 20, "two more events")
                self.assertEqual(["three", "four"], receiver.tags())

    def test_a_url_that_is_none_stops_the_start(self):
        directory = tempfile.mkdtemp(prefix="ecr-local-test-")
        self.addCleanup(shutil.rmtree, directory)
        result = harness.run(
            harness.BINARY, "serve", "--listen", "127.0.0.1:0", "--data-dir",
            os.path.join(directory, "data"), "--events-webhook", "ftp://x/",
            env=harness.plain_environment(),
        )
        self.assertNotEqual(0, result.returncode)
        self.assertIn("--events-webhook ftp://x/", result.stderr)


if __name__ == "__main__":
    harness.main()
