"""What clients store may be deep, wide, large or hostile: the server goes on for everybody else."""

import json
import os
import signal
import tempfile
import threading
import time
import unittest

import harness
import registry
from harness import ACCOUNT, allow

PUSHER = ("AKIAPUSHERPUSHERPUSH", "push-secret")
NOBODY = ("AKIANOBODYNOBODYNOBO", "nothing-secret")
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [
                harness.user(
                    "pusher", *PUSHER, allow(["ecr:GetAuthorizationToken", "ecr:PutImage"])
                ),
                harness.user("nobody", *NOBODY),
            ],
            "repositories": [{"name": "app"}],
        }
    }
}
THERE = "eu-west-1"
# How long one write of somebody else may take meanwhile.
PATIENCE = 1.0


class Writer:
    """Another client, which writes all the time: its slowest write, in seconds."""

    def __init__(self, server):
        self.ecr = server.client()
        self.slowest = 0.0
        self.writes = 0
        self.failure = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        arn = f"arn:aws:ecr:{harness.REGION}:{ACCOUNT}:repository/app"
        try:
            while not self.stopping.is_set():
                begun = time.monotonic()
                self.ecr.tag_resource(resourceArn=arn, tags=[{"Key": "k", "Value": str(begun)}])
                self.slowest = max(self.slowest, time.monotonic() - begun)
                self.writes += 1
        except Exception as error:  # reported by the main thread
            self.failure = error

    def __enter__(self):
        self.thread.start()
        harness.wait_until(lambda: self.writes or self.failure, 20, "the first write")
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()


class WalksTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("--access-log", "off", seed=SEED)
        self.addCleanup(self.server.close)
        self.server.start()
        self.ecr = self.server.client()

    def replicate(self):
        rule = {"destinations": [{"region": THERE, "registryId": ACCOUNT}]}
        self.ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})

    def push(self, *layers):
        client = registry.Registry(self.server, self.server.password())
        image = registry.make_image(*layers)
        client.push(image, "app", "base")
        return image

    def nest(self, image, levels, times):
        """Indexes that each name the one before: how many the server took, and its last answer."""
        client = registry.Registry(self.server, self.server.password(PUSHER))
        for level in range(levels):
            image = registry.make_index(*[image] * times)
            reply = client.put_manifest(image, "app", f"level{level}")
            if reply.status != 201:
                return level, reply
        return levels, reply

    def settled(self, tag):
        found = self.ecr.describe_image_replication_status(
            repositoryName="app", imageId={"imageTag": tag}
        )["replicationStatuses"]
        return found and {one["status"] for one in found} == {"COMPLETE"}

    def assert_nested(self, levels, times):
        self.replicate()
        image = self.push(b"layer")
        with Writer(self.server) as writer:
            taken, reply = self.nest(image, levels, times)
            self.assertEqual((8, 403), (taken, reply.status), reply.body)
            self.assertIn("nest at most 8 levels", reply.error[1])
            harness.wait_until(lambda: self.settled("level7"), 20, "the index is replicated")
        self.assertIsNone(writer.failure)
        self.assertLess(writer.slowest, PATIENCE)
        self.assertEqual(0, self.server.stop())

    def test_27_indexes_that_each_name_the_one_before_twice(self):
        self.assert_nested(27, 2)

    def test_a_chain_of_indexes_without_end(self):
        self.assert_nested(8000, 1)

    def test_a_wide_index_is_copied_beside_other_writes(self):
        image = self.push(b"layer")
        client = registry.Registry(self.server, self.server.password())
        images = []
        for number in range(300):
            manifest = json.loads(image.manifest)
            manifest["annotations"] = {"n": str(number)}
            one = registry.Image(json.dumps(manifest).encode(), image.media_type)
            self.assertEqual(201, client.put_manifest(one, "app", one.digest).status)
            images.append(one)
        self.replicate()
        with Writer(self.server) as writer:
            reply = client.put_manifest(registry.make_index(*images), "app", "wide")
            self.assertEqual(201, reply.status, reply.body)
            harness.wait_until(lambda: self.settled("wide"), 60, "the index is replicated")
        self.assertIsNone(writer.failure)
        self.assertLess(writer.slowest, PATIENCE)
        copied = self.server.client(region=THERE).get_paginator("list_images")
        pages = copied.paginate(repositoryName="app")
        self.assertEqual(301, sum(len(page["imageIds"]) for page in pages))

    def test_a_large_body_of_a_caller_without_permissions_stops_no_other_write(self):
        body = '{"imageManifest":[' + ",".join(["{}"] * 3_000_000) + "]}"
        signed = self.signed("PutImage", body, NOBODY)
        with Writer(self.server) as writer:
            for _ in range(2):
                status, _, answer = self.server.request("POST", "/", body, signed)
                self.assertGreaterEqual(status, 400, answer[:300])
                self.assertLess(status, 500, answer[:300])
        self.assertIsNone(writer.failure)
        self.assertLess(writer.slowest, PATIENCE)

    def signed(self, operation, body, keys):
        """The headers of a signed call, with whatever body."""
        harness.import_botocore()
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        request = AWSRequest(
            "POST",
            self.server.url + "/",
            headers={
                "X-Amz-Target": f"AmazonEC2ContainerRegistry_V20150921.{operation}",
                "Content-Type": "application/x-amz-json-1.1",
            },
            data=body.encode(),
        )
        SigV4Auth(Credentials(*keys), "ecr", harness.REGION).add_auth(request)
        return dict(request.headers.items())

    def test_a_manifest_that_a_browser_would_run_is_refused(self):
        client = registry.Registry(self.server, self.server.password(PUSHER))
        page = json.dumps({"mediaType": "text/html", "x": "<script>alert(1)</script>"}).encode()
        reply = client.put_manifest(registry.Image(page, "text/html"), "app", "page")
        self.assertEqual((400, "MANIFEST_INVALID"), (reply.status, reply.error[0]))
        reply = client.request("GET", "/v2/app/manifests/page")
        self.assertIn(reply.status, (403, 404))

    def test_a_restore_that_takes_its_time_after_a_reset(self):
        self.push(os.urandom(100_000))
        _, _, tar = self.server.request("GET", "/_ecr-local/snapshot")
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/reset")[0])

        def slowly():
            yield tar[:-1024]
            # The sweep that the reset asked for comes within a few seconds.
            for _ in range(40):
                time.sleep(0.1)
                yield b""
            yield tar[-1024:]

        headers = {"Content-Length": str(len(tar))}
        status, _, body = self.server.request("PUT", "/_ecr-local/snapshot", slowly(), headers)
        self.assertEqual(200, status, body)
        registry.Registry(self.server, self.server.password()).pull("app", "base")

    def test_a_layout_with_a_pipe_in_it_blocks_nobody(self):
        with tempfile.TemporaryDirectory(prefix="ecr-local-test-") as layout:
            with open(os.path.join(layout, "oci-layout"), "w", encoding="utf-8") as file:
                json.dump({"imageLayoutVersion": "1.0.0"}, file)
            os.mkfifo(os.path.join(layout, "index.json"))
            images = {"name": "seeded", "images": [layout]}
            seed = json.dumps({"accounts": {ACCOUNT: {"repositories": [images]}}})
            for _ in range(20):
                status, _, body = self.server.request("POST", "/_ecr-local/seed", seed)
                self.assertEqual(400, status, body)
                self.assertIn(b"is no regular file", body)

    def test_300_small_images_of_a_seed_take_little_memory(self):
        with tempfile.TemporaryDirectory(prefix="ecr-local-test-") as directory:
            layouts = []
            for number in range(300):
                layouts.append(os.path.join(directory, str(number)))
                self.write_layout(layouts[-1], number)
            images = {"name": "seeded", "images": layouts}
            seed = json.dumps({"accounts": {ACCOUNT: {"repositories": [images]}}})
            before = self.peak_mib()
            status, _, body = self.server.request("POST", "/_ecr-local/seed", seed)
            self.assertEqual(200, status, body)
            self.assertLess(self.peak_mib() - before, 100)

    @staticmethod
    def write_layout(directory, number):
        blobs = os.path.join(directory, "blobs", "sha256")
        os.makedirs(blobs)
        image = registry.make_image(f"layer {number}".encode())
        for data in (image.manifest, *image.blobs.values()):
            name = registry.digest_of(data).removeprefix("sha256:")
            with open(os.path.join(blobs, name), "wb") as file:
                file.write(data)
        entry = {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.manifest),
            "annotations": {"org.opencontainers.image.ref.name": f"v{number}"},
        }
        for name, content in (
            ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
            ("index.json", {"schemaVersion": 2, "manifests": [entry]}),
        ):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                json.dump(content, file)

    def peak_mib(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(file.read().split("VmHWM:")[1].split()[0]) // 1024


class DeadlyJobTest(unittest.TestCase):
    # A scanner that takes the server with it.
    FLAGS = ("--access-log", "off", "--scanner-command", "sleep 0.5; kill -9 $PPID")

    def test_a_job_that_ends_the_program_is_given_up_after_three_attempts(self):
        server = harness.Server(*self.FLAGS)
        self.addCleanup(server.close)
        server.start()
        server.client().create_repository(
            repositoryName="app", imageScanningConfiguration={"scanOnPush": True}
        )
        client = registry.Registry(server, server.password())
        client.push(registry.make_image(b"layer"), "app", "v1")
        for _ in range(3):
            self.assertEqual(-signal.SIGKILL, server.wait())
            server.start()

        def given_up():
            _, _, body = server.request("GET", "/_ecr-local/jobs")
            return [job for job in json.loads(body)["jobs"] if job["state"] == "failed"]

        jobs = harness.wait_until(given_up, 20, "the job is given up")
        self.assertIn("the program ended", jobs[0]["error"])
        self.assertEqual(3, jobs[0]["attempts"])
        self.assertEqual(0, server.stop())


if __name__ == "__main__":
    harness.main()
