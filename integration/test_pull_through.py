"""Pull-through caches, with our own program, Debian's docker-registry and a misbehaving registry as
upstreams, by docker, skopeo and plain requests."""

import base64
import http.client
import json
import os
import random
import threading
import time
import unittest

import daemon
import harness
import registry
import upstream

HOST = "registry.example.com"
LARGE = 64 << 20


class PullThroughCase(unittest.TestCase):
    """A server whose rule `mirror` fetches from `self.source`."""

    flags = ("--access-log", "off", "--upstream-timeout", "5")

    def start(self, url, secrets=None, **more):
        flags = [*self.flags, "--upstream", f"{HOST}={url}"]
        self.server = harness.Server(*flags)
        self.addCleanup(self.server.close)
        if secrets is not None:
            path = os.path.join(self.server.directory, "secrets.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(secrets, file)
            self.server.flags += ["--upstream-secrets", path]
        self.server.start()
        self.ecr = self.server.client()
        self.ecr.create_pull_through_cache_rule(
            ecrRepositoryPrefix="mirror", upstreamRegistryUrl=HOST, **more
        )
        self.client = registry.Registry(self.server, self.server.password())

    def tags(self, name):
        """What DescribeImages shows: digest by tag."""
        try:
            images = self.ecr.describe_images(repositoryName=name)["imageDetails"]
        except self.ecr.exceptions.RepositoryNotFoundException:
            return {}
        return {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", ())}

    def wait_for(self, name, tag, digest):
        harness.wait_until(
            lambda: self.tags(name).get(tag) == digest, 30, f"{name}:{tag} is imported"
        )

    def events(self):
        """Details of the cache's events, oldest first."""
        path = "/_ecr-local/events?kind=event&limit=1000"
        _, _, body = self.server.request("GET", path)
        entries = [entry["event"] for entry in json.loads(body)["events"]]
        kind = "ECR Pull Through Cache Action"
        return [e["detail"] for e in reversed(entries) if e.get("detail-type") == kind]

    def assert_clean(self):
        """Stopped, the data directory is sound, and no upload is left."""
        self.assertEqual(0, self.server.stop())
        self.assertEqual([], os.listdir(os.path.join(self.server.data_dir, "uploads")))
        code, output = self.server.check()
        self.assertEqual(0, code, output)


class OwnUpstreamTest(PullThroughCase):
    """The upstream is another process of ours, which lets nobody in without credentials."""

    def setUp(self):
        self.source = harness.Server("--access-log", "off")
        self.addCleanup(self.source.close)
        self.source.start()
        self.source.client().create_repository(repositoryName="team/app")
        self.image = registry.make_image(b"layer one", b"layer two")
        password = self.source.password()
        registry.Registry(self.source, password).push(self.image, "team/app", "v1")
        self.start(self.source.url, {HOST: {"username": "AWS", "accessToken": password}})

    def test_an_image_comes_through_and_stays(self):
        valid = self.ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="mirror")
        self.assertTrue(valid["isValid"], valid)
        pulled = self.client.pull("mirror/team/app", "v1")
        self.assertEqual(self.image.blobs, pulled.blobs)
        self.wait_for("mirror/team/app", "v1", self.image.digest)
        self.assertEqual("SUCCESS", self.events()[-1]["sync-status"])
        self.source.stop()
        self.assertEqual(self.image.digest, self.client.pull("mirror/team/app", "v1").digest)
        valid = self.ecr.validate_pull_through_cache_rule(ecrRepositoryPrefix="mirror")
        self.assertFalse(valid["isValid"])
        self.assertTrue(valid["failure"])
        # A day later, too: the upstream is asked, and does not answer.
        body = json.dumps({"advance": "25h"})
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/clock", body)[0])
        self.client = registry.Registry(self.server, self.server.password())
        self.assertEqual(self.image.digest, self.client.pull("mirror/team/app", "v1").digest)
        self.assert_clean()

    def test_coverage_is_whole(self):
        listed = self.server.coverage()["ecr"]["operations"]
        missing = {name for name, there in listed.items() if not there}
        # Replication backfill is AWS's newest, and may still be missing.
        self.assertEqual(set(), {name for name in missing if "ReplicationBackfill" not in name})

    def test_kill_in_the_middle(self):
        data = registry.Registry(self.source, self.source.password())
        randomness = random.Random(7)
        for run in range(4):
            image = registry.make_image(randomness.randbytes(3_000_000), f"run {run}".encode())
            data.push(image, "team/app", f"k{run}")
            reply = self.client.request("GET", f"/v2/mirror/team/app/manifests/k{run}")
            self.assertEqual(200, reply.status)
            time.sleep(0.005 * run)
            self.server.kill()
            self.server.start()
            self.wait_for("mirror/team/app", f"k{run}", image.digest)
            self.assertEqual(image.blobs, self.client.pull("mirror/team/app", f"k{run}").blobs)
        self.assert_clean()


class DockerRegistryTest(PullThroughCase):
    """The upstream is Debian's docker-registry."""

    def setUp(self):
        self.source = upstream.DockerRegistry()
        self.addCleanup(self.source.close)
        self.start(self.source.url)

    def test_skopeo_copies_an_index(self):
        skopeo = harness.tool("skopeo")
        one = registry.make_image(b"for amd64")
        two = registry.make_image(b"for arm64")
        index = registry.make_index(one, two)
        for image, tag in ((one, None), (two, None), (index, "multi")):
            self.source.push(image, "team/app", tag)
        target = os.path.join(self.server.directory, "copied")
        copied = harness.run(
            skopeo, "--insecure-policy", "copy", "--all", "--src-tls-verify=false",
            f"--src-creds=AWS:{self.server.password()}",
            f"docker://{self.server.address}/mirror/team/app:multi", f"dir:{target}",
        )
        self.assertEqual(0, copied.returncode, copied.stderr)
        self.wait_for("mirror/team/app", "multi", index.digest)
        images = self.ecr.describe_images(repositoryName="mirror/team/app")["imageDetails"]
        self.assertEqual({one.digest, two.digest, index.digest}, {i["imageDigest"] for i in images})
        self.assert_clean()

    def test_docker_pulls_and_runs(self):
        engine = daemon.Daemon()
        self.addCleanup(engine.close)
        engine.start()
        source = f"127.0.0.1:{self.source.port}/team/greeter:v1"
        engine.import_image(source, "greetings from the upstream")
        pushed = engine.docker("push", source)
        self.assertEqual(0, pushed.returncode, pushed.stderr)
        self.assertEqual(0, engine.login(self.server.address, self.server.password()).returncode)
        name = f"{self.server.address}/mirror/team/greeter:v1"
        pulled = engine.docker("pull", name)
        self.assertEqual(0, pulled.returncode, pulled.stderr)
        inspected = engine.docker("image", "inspect", "--format", "{{.Id}}", name, source)
        self.assertEqual(1, len(set(inspected.stdout.split())), inspected)
        harness.wait_until(
            lambda: "v1" in self.tags("mirror/team/greeter"), 30, "the image is imported"
        )
        missing = engine.docker("pull", f"{self.server.address}/mirror/team/none:v1")
        self.assertNotEqual(0, missing.returncode)


class MisbehavingUpstreamTest(PullThroughCase):
    """The upstream does what no registry should."""

    def setUp(self):
        self.source = upstream.ScriptedRegistry()
        self.addCleanup(self.source.close)
        self.image = registry.make_image(random.Random(1).randbytes(300_000), b"small")
        self.source.add(self.image, "app", "v1")
        self.layer = next(d for d, data in self.image.blobs.items() if len(data) == 300_000)
        self.start(self.source.url)

    def manifest(self, tag="v1", name="app"):
        return self.client.request("GET", f"/v2/mirror/{name}/manifests/{tag}")

    def test_failures_of_manifests_have_their_codes(self):
        other = registry.digest_of(b"other")
        cases = [
            (upstream.status(401), 502, "UpstreamAccessDenied"),
            (upstream.status(403), 502, "UpstreamAccessDenied"),
            (upstream.status(429), 502, "UpstreamTooManyRequests"),
            (upstream.status(500), 502, "UpstreamUnavailable"),
            (upstream.status(404), 404, "UpstreamUnavailable"),
            (upstream.status(200, {"Docker-Content-Digest": other}), 502, "UpstreamUnavailable"),
            (upstream.redirect("http://169.254.169.254/latest/meta-data"), 502, None),
            (upstream.redirect(f"http://127.0.0.1:{self.server.port}/v2/"), 502, None),
            (upstream.redirect("http://[::1]:1/"), 502, None),
            (upstream.redirect("http://[::ffff:127.0.0.1]:1/"), 502, None),
            (upstream.redirect("http://localhost:1/"), 502, None),
            (upstream.redirect("http://2130706433:1/"), 502, None),
            (upstream.redirect("file:///etc/passwd"), 502, None),
            (upstream.redirect("/v2/app/manifests/v1"), 502, None),
            (
                upstream.status(
                    401, {"WWW-Authenticate": f'Bearer realm="http://127.0.0.2:{self.source.port}/"'}
                ),
                502,
                "UpstreamAccessDenied",
            ),
        ]
        for rule, status, code in cases:
            self.source.rules["/manifests/"] = rule
            reply = self.manifest()
            self.assertEqual(status, reply.status, reply.body)
            last = self.events()[-1]
            self.assertEqual("FAILURE", last["sync-status"])
            self.assertEqual(code or "UpstreamUnavailable", last["failure-code"], last)
            if code is None:
                self.assertNotIn("nothing answers", last["failure-reason"], "it was connected to")
        self.assertEqual([], self.ecr.describe_repositories()["repositories"])
        self.source.rules.clear()
        self.assertEqual(self.image.blobs, self.client.pull("mirror/app", "v1").blobs)
        self.wait_for("mirror/app", "v1", self.image.digest)
        self.assert_clean()

    def test_a_layer_breaks_off(self):
        data = self.image.blobs[self.layer]
        self.source.rules[self.layer] = upstream.cut(data, 100_000)
        self.assertEqual(200, self.manifest().status)
        try:
            reply = self.client.request("GET", f"/v2/mirror/app/blobs/{self.layer}")
            self.assertEqual(502, reply.status)  # it broke off before anything was passed on
        except http.client.IncompleteRead:
            pass
        self.source.rules.clear()
        # Tried again by itself.
        self.wait_for("mirror/app", "v1", self.image.digest)
        self.assertEqual(self.image.blobs, self.client.pull("mirror/app", "v1").blobs)
        self.assert_clean()

    def test_a_layer_of_another_digest(self):
        wrong = b"x" * len(self.image.blobs[self.layer])
        self.source.contents[f"/v2/app/blobs/{self.layer}"] = ("application/octet-stream", wrong)
        self.assertEqual(200, self.manifest().status)
        try:
            reply = self.client.request("GET", f"/v2/mirror/app/blobs/{self.layer}")
            self.assertIn(reply.status, (404, 502))
        except http.client.IncompleteRead:
            pass  # the last byte was never sent
        harness.wait_until(lambda: self.events(), 20, "the import is given up")
        self.assertEqual("FAILURE", self.events()[-1]["sync-status"])
        self.assertEqual({}, self.tags("mirror/app"))
        self.assertEqual(404, self.client.request("GET", f"/v2/mirror/app/blobs/{self.layer}").status)
        self.assert_clean()

    def test_layers_answer_as_the_upstream_does(self):
        for status in (401, 429, 500):
            self.source.rules[self.layer] = upstream.status(status)
            self.assertEqual(200, self.manifest().status)
            reply = self.client.request("GET", f"/v2/mirror/app/blobs/{self.layer}")
            self.assertIn(reply.status, (502, 404), status)  # 404: the job was there before
        self.source.rules[self.layer] = upstream.redirect("http://169.254.169.254/")
        self.manifest()
        reply = self.client.request("GET", f"/v2/mirror/app/blobs/{self.layer}")
        self.assertIn(reply.status, (502, 404))

    def test_pulls_that_hang_keep_nobody_waiting(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.source.rules["/hang/"] = upstream.hang(go_on)
        self.source.add(self.image, "hang/app", "v1")
        replies = []

        def pull(number):
            client = registry.Registry(self.server, self.client_password)
            replies.append(client.request("GET", f"/v2/mirror/hang/app{number}/manifests/v1").status)

        self.client_password = self.server.password()
        threads = [threading.Thread(target=pull, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        harness.wait_until(lambda: len(self.source.hits) >= 16, 10, "all of them hang")
        started = time.monotonic()
        for _ in range(20):
            self.assertEqual(200, self.server.request("GET", "/_ecr-local/health")[0])
            self.ecr.describe_repositories()
        self.assertEqual(self.image.blobs, self.client.pull("mirror/app", "v1").blobs)
        self.assertLess(time.monotonic() - started, 4)
        self.assertEqual([], replies)
        for thread in threads:
            thread.join()
        self.assertEqual([502] * 16, replies)  # after --upstream-timeout

    def test_concurrent_pulls_fetch_each_blob_once(self):
        password = self.server.password()
        images = []

        def pull():
            images.append(registry.Registry(self.server, password).pull("mirror/app", "v1"))

        threads = [threading.Thread(target=pull) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(8, len(images))
        self.wait_for("mirror/app", "v1", self.image.digest)
        for digest in self.image.blobs:
            self.assertEqual(1, self.source.hits[f"/v2/app/blobs/{digest}"])

    def test_a_large_layer_streams(self):
        data = random.Random(2).randbytes(LARGE)
        image = registry.make_image(data)
        self.source.add(image, "large", "v1")
        digest = registry.digest_of(data)
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.source.rules[digest] = upstream.until(go_on, data, LARGE // 4)
        self.assertEqual(200, self.manifest(name="large").status)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request(
            "GET", f"/v2/mirror/large/blobs/{digest}", headers=self.client.headers
        )
        reply = connection.getresponse()
        self.assertEqual(200, reply.status)
        self.assertEqual(str(LARGE), reply.getheader("Content-Length"))
        received = b""
        while len(received) < LARGE // 8:
            received += reply.read1(1 << 20)
        self.assertFalse(go_on.is_set(), "the first bytes come before the upstream has sent all")
        self.assertEqual({}, self.tags("mirror/large"))
        go_on.set()
        received += reply.read()
        self.assertEqual(data, received)
        self.wait_for("mirror/large", "v1", image.digest)
        self.assertEqual(1, self.source.hits[f"/v2/large/blobs/{digest}"])
        self.assert_clean()

    def test_kill_while_a_layer_comes(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.source.rules[self.layer] = upstream.until(
            go_on, self.image.blobs[self.layer], 100_000
        )
        self.assertEqual(200, self.manifest().status)
        path = f"/v2/app/blobs/{self.layer}"
        harness.wait_until(lambda: self.source.hits.get(path), 10, "the layer is fetched")
        self.server.kill()
        code, output = self.server.check()
        self.assertEqual(0, code, output)
        go_on.set()
        self.server.start()
        self.wait_for("mirror/app", "v1", self.image.digest)
        self.assert_clean()

    def test_stops_at_once_while_an_upstream_hangs(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.source.rules[self.layer] = upstream.until(go_on, self.image.blobs[self.layer], 1000)
        self.assertEqual(200, self.manifest().status)
        path = f"/v2/app/blobs/{self.layer}"
        harness.wait_until(lambda: self.source.hits.get(path), 10, "the layer is fetched")
        started = time.monotonic()
        self.assertEqual(0, self.server.stop())
        self.assertLess(time.monotonic() - started, 3)


class SecretsTest(PullThroughCase):
    """A rule's credentials, sent where they belong."""

    def test_tokens_and_basic(self):
        source = upstream.ScriptedRegistry()
        self.addCleanup(source.close)
        image = registry.make_image(b"layer")
        source.add(image, "app", "v1")
        basic = "Basic " + base64.b64encode(b"jane:s3cret").decode()

        def guard(handler):
            if handler.headers.get("Authorization") == "Bearer t0ken":
                return False
            challenge = f'Bearer realm="{source.url}/token",service="upstream"'
            upstream.send(handler, 401, b"", {"WWW-Authenticate": challenge})
            return True

        def token(handler):
            good = handler.headers.get("Authorization") == basic
            body = json.dumps({"token": "t0ken"}).encode() if good else b"{}"
            upstream.send(handler, 200 if good else 401, body)
            return True

        source.rules.update({"/token": token, "/v2/": guard})
        secrets = {
            "ecr-pullthroughcache/hub": {"username": "jane", "accessToken": "s3cret"},
            "ecr-pullthroughcache/bad": {"username": "jane", "accessToken": "wrong"},
        }
        arn = f"arn:aws:secretsmanager:us-east-1:{harness.ACCOUNT}:secret:ecr-pullthroughcache/"
        self.start(source.url, secrets, credentialArn=arn + "hub-AbCdEf")
        self.assertEqual(image.blobs, self.client.pull("mirror/app", "v1").blobs)
        validate = self.ecr.validate_pull_through_cache_rule
        self.assertTrue(validate(ecrRepositoryPrefix="mirror")["isValid"])
        self.ecr.update_pull_through_cache_rule(
            ecrRepositoryPrefix="mirror", credentialArn=arn + "bad-AbCdEf"
        )
        self.assertFalse(validate(ecrRepositoryPrefix="mirror")["isValid"])
        self.assertNotIn("s3cret", self.server.log())


if __name__ == "__main__":
    harness.main()
