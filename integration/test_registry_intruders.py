"""The registry plane against people who have a right to something and reach for more: other people's
uploads, layers of repositories they cannot read, files of the server, one tag that many want; and
what is left behind. (test_registry_abuse.py has the single hostile requests.)
"""

import json
import os
import re
import signal
import statistics
import subprocess
import threading
import time

import harness
import registry
from harness import ACCOUNT, REGION, allow

MINE = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mine"
NARROW = ("AKIANARROWNARROWNARR", "narrow-secret")
NEIGHBOUR = ("AKIANEIGHBOURNEIGHBO", "neighbour-secret")
OTHER_ACCOUNT = "111122223333"
EVERYTHING = allow("ecr:*")
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [
                harness.user("narrow", *NARROW, allow("ecr:GetAuthorizationToken"),
                             allow("ecr:*", MINE)),
                harness.user("neighbour", *NEIGHBOUR, EVERYTHING),
            ],
            "repositories": [{"name": name} for name in ("app", "mine", "secret")],
        },
        OTHER_ACCOUNT: {"repositories": [{"name": "app"}]},
    }
}


class IntruderTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.root = registry.Registry(cls.server, cls.server.password())
        cls.narrow = registry.Registry(cls.server, cls.server.password(NARROW))

    def assert_refused(self, status, code, reply):
        self.assertEqual((status, code), (reply.status, reply.error[0]), reply.body[:300])


class UploadTest(IntruderTest):
    def test_c2_an_upload_is_its_principals_and_its_repositorys(self):
        location = self.root.start_upload("mine")
        self.root.expect(202, "PATCH", location, b"12345")
        upload = location.rsplit("/", 1)[1]
        digest = registry.digest_of(b"12345")
        neighbour = registry.Registry(self.server, self.server.password(NEIGHBOUR))
        stranger = registry.Registry(self.server, self.server.password((OTHER_ACCOUNT, "test")))
        for client, repository in (
            (self.narrow, "mine"), (neighbour, "mine"), (neighbour, "app"), (stranger, "app"),
            (self.root, "app"),
        ):
            path = f"/v2/{repository}/blobs/uploads/{upload}"
            for method, target in (
                ("GET", path), ("PATCH", path), ("PUT", f"{path}?digest={digest}"), ("DELETE", path)
            ):
                with self.subTest(repository=repository, method=method):
                    reply = client.request(method, target, b"" if method == "GET" else b"x")
                    self.assert_refused(404, "BLOB_UPLOAD_UNKNOWN", reply)
        self.root.expect(201, "PUT", f"{location}?digest={digest}")
        self.assertEqual(b"12345", self.root.pull_blob("mine", digest))

    def test_c11_a_wrong_digest_leaves_nothing(self):
        data = os.urandom(100)
        digest = registry.digest_of(data)
        for wrong, status in (
            (registry.digest_of(b"other"), 400), ("sha512:" + "0" * 128, 400),
            ("md5:" + "0" * 32, 400), ("sha256:" + "0" * 63, 400), ("sha256:", 400), ("", 400),
        ):
            with self.subTest(wrong):
                location = self.root.start_upload("app")
                self.root.expect(202, "PATCH", location, data)
                reply = self.root.request("PUT", f"{location}?digest={wrong}")
                self.assert_refused(status, "DIGEST_INVALID", reply)
                self.assertEqual(404, self.root.request("HEAD", f"/v2/app/blobs/{digest}").status)
                # The upload is over, or goes on as it was.
                state = self.root.request("GET", location)
                if state.status == 204:
                    self.assertEqual("0-99", state.headers["range"])
                    self.root.expect(201, "PUT", f"{location}?digest={digest}")
                    self.root.expect(202, "DELETE", f"/v2/app/blobs/{digest}")
                else:
                    self.assertEqual(404, state.status)

    def test_c11_the_empty_blob_and_a_put_twice(self):
        digest = registry.digest_of(b"")
        for _ in range(2):
            location = self.root.start_upload("app")
            self.root.expect(201, "PUT", f"{location}?digest={digest}")
            reply = self.root.request("PUT", f"{location}?digest={digest}")
            self.assert_refused(404, "BLOB_UPLOAD_UNKNOWN", reply)
        self.assertEqual(b"", self.root.pull_blob("app", digest))

    def test_c11_chunks_that_overlap_or_leave_a_gap(self):
        location = self.root.start_upload("app")
        self.root.expect(202, "PATCH", location, b"01234", {"Content-Range": "0-4"})
        for first in (0, 3, 4, 6, 1 << 40):
            reply = self.root.request(
                "PATCH", location, b"xxxxx", {"Content-Range": f"{first}-{first + 4}"})
            self.assert_refused(416, "BLOB_UPLOAD_INVALID", reply)
            self.assertEqual("0-4", reply.headers["range"])
        location = self.root.expect(
            202, "PATCH", location, b"56789", {"Content-Range": "5-9"}).headers["location"]
        self.root.expect(201, "PUT", f"{location}?digest={registry.digest_of(b'0123456789')}")


class LayerTest(IntruderTest):
    def setUp(self):
        self.data = os.urandom(40)
        self.digest = self.root.push_blob("secret", self.data)

    def test_c3_a_mount_takes_as_long_whatever_is_there(self):
        times = {"readable not": [], "not there": []}
        for _ in range(60):
            for what, name in (("readable not", "secret"), ("not there", "nowhere")):
                began = time.perf_counter()
                reply = self.narrow.request(
                    "POST", f"/v2/mine/blobs/uploads/?mount={self.digest}&from={name}")
                times[what].append(time.perf_counter() - began)
                self.assertEqual(202, reply.status)
        a, b = (statistics.median(values) for values in times.values())
        self.assertLess(max(a, b), 2 * min(a, b) + 0.001)

    def test_c4_the_api_does_not_tell_of_a_layer_elsewhere(self):
        ecr = self.ecr(NARROW)

        def availability():
            answer = ecr.batch_check_layer_availability(
                repositoryName="mine", layerDigests=[self.digest])
            self.assertEqual([], answer["failures"])
            return answer["layers"][0]["layerAvailability"]

        self.assertEqual("UNAVAILABLE", availability())
        self.assert_error("LayersNotFoundException", None, ecr.get_download_url_for_layer,
                          repositoryName="mine", layerDigest=self.digest)
        self.narrow.push_blob("mine", self.data)
        self.assertEqual("AVAILABLE", availability())
        self.narrow.expect(202, "DELETE", f"/v2/mine/blobs/{self.digest}")
        self.assertEqual("UNAVAILABLE", availability())
        self.root.push_blob("app", self.data)
        self.assertEqual("UNAVAILABLE", availability())

    def test_c5_the_api_takes_no_manifest_that_names_it(self):
        image = registry.make_image(self.data)
        for digest, data in image.blobs.items():
            if digest != self.digest:
                self.narrow.push_blob("mine", data)
        self.assert_error(
            "LayersNotFoundException", None, self.ecr(NARROW).put_image, repositoryName="mine",
            imageManifest=image.manifest.decode(), imageTag="v1")
        index = registry.make_index(image)
        self.root.push(image, "secret", "v1")
        self.assert_error(
            "ReferencedImagesNotFoundException", None, self.ecr(NARROW).put_image,
            repositoryName="mine", imageManifest=index.manifest.decode(), imageTag="v1")


class TagTest(IntruderTest):
    def race(self, repository, images):
        """The replies of as many pushes of one tag at the same time."""
        for image in images:
            for data in image.blobs.values():
                self.root.push_blob(repository, data)
        replies = []
        gate = threading.Barrier(len(images))

        def push(image):
            gate.wait()
            replies.append((image, self.root.put_manifest(image, repository, "latest")))

        threads = [threading.Thread(target=push, args=(image,)) for image in images]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return replies

    def test_c7_of_fifty_who_want_an_immutable_tag_one_gets_it(self):
        ecr = self.ecr()
        ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
        images = [registry.make_image(b"%d" % number) for number in range(50)]
        replies = self.race("fixed", images)
        winners = [image for image, reply in replies if reply.status == 201]
        self.assertEqual(1, len(winners))
        for image, reply in replies:
            if image is not winners[0]:
                self.assert_refused(400, "TAG_INVALID", reply)
        self.assertEqual(winners[0].digest, self.root.pull("fixed", "latest").digest)
        loser = next(image for image in images if image is not winners[0])
        self.assert_error(
            "ImageTagAlreadyExistsException", None, ecr.put_image, repositoryName="fixed",
            imageManifest=loser.manifest.decode(), imageTag="latest")
        # Immutable is the tag, not the image: deleting frees it, by either door.
        self.root.expect(202, "DELETE", f"/v2/fixed/manifests/{winners[0].digest}")
        self.assertEqual(201, self.root.put_manifest(loser, "fixed", "latest").status)
        answer = ecr.batch_delete_image(
            repositoryName="fixed", imageIds=[{"imageDigest": loser.digest}])
        self.assertEqual([], answer["failures"])

    def test_c7_a_mutable_tag_ends_at_one_of_them(self):
        images = [registry.make_image(b"m%d" % number) for number in range(20)]
        replies = self.race("app", images)
        self.assertEqual({201}, {reply.status for _, reply in replies})
        self.assertIn(self.root.pull("app", "latest").digest, {image.digest for image in images})
        details = self.ecr().describe_images(repositoryName="app")["imageDetails"]
        tagged = [detail for detail in details if "latest" in detail.get("imageTags", ())]
        self.assertEqual(1, len(tagged))

    def test_c9_referrers_that_refer_to_each_other(self):
        """Nothing follows them; each is listed under its own subject."""
        self.root.push_blob("app", b"{}")
        config = {"mediaType": "example/c", "size": 2, "digest": registry.digest_of(b"{}")}
        subject = registry.digest_of(b"nothing")
        for _ in range(50):
            manifest = {
                "schemaVersion": 2, "mediaType": registry.OCI_MANIFEST_TYPE, "config": config,
                "layers": [],
                "subject": {"mediaType": "example/m", "size": 1, "digest": subject},
            }
            body = json.dumps(manifest).encode()
            digest = registry.digest_of(body)
            headers = {"Content-Type": registry.OCI_MANIFEST_TYPE}
            self.root.expect(201, "PUT", f"/v2/app/manifests/{digest}", body, headers)
            reply = self.root.expect(200, "GET", f"/v2/app/referrers/{subject}")
            found = [entry["digest"] for entry in json.loads(reply.body)["manifests"]]
            self.assertEqual([digest], found)
            subject = digest


class LeftoverTest(harness.ServerTest):
    seed = SEED
    UPLOADS = int(os.environ.get("ECR_LOCAL_ABANDONED_UPLOADS", "1000"))

    def test_c12_abandoned_uploads_are_gone_after_a_day(self):
        client = registry.Registry(self.server, self.server.password())
        locations = [client.start_upload("app") for _ in range(self.UPLOADS)]
        for location in locations[:100]:
            client.expect(202, "PATCH", location, b"x" * 1000)
        folder = os.path.join(self.server.data_dir, "uploads")
        self.assertEqual(100, len(os.listdir(folder)))
        body = json.dumps({"advance": "25h"})
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/clock", body)[0])
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/jobs/run", "")[0])
        harness.wait_until(lambda: not os.listdir(folder), 20, "the files are removed")
        client = registry.Registry(self.server, self.server.password())
        for location in (locations[0], locations[-1]):
            self.assertEqual(404, client.request("GET", location).status)
        client.push(registry.make_image(b"goes on"), "app", "v1")


class TracedTest(harness.ServerTest):
    """C1: no hostile name makes the server open a file outside of its data directory."""

    CALLS = "open,openat,openat2,unlink,unlinkat,link,linkat,rename,renameat,renameat2,mkdir,mkdirat"
    SYSTEM = ("/etc/", "/proc/", "/sys/", "/dev/", "/usr/", "/lib", "/run/")

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(seed=SEED)
        cls.addClassCleanup(cls.server.close)
        cls.trace = os.path.join(cls.server.directory, "trace")
        command = (harness.tool("strace"), "-f", "-y", "-qq", "-e", f"trace={cls.CALLS}")
        probe = subprocess.run([*command, "-o", "/dev/null", "true"], check=False,
                               stderr=subprocess.DEVNULL)
        if probe.returncode != 0:
            raise cls.skipTest(cls, "strace may not trace here")
        cls.server.start(wrapper=(*command, "-o", cls.trace))
        with open(os.path.join(cls.server.data_dir, "lock"), encoding="ascii") as file:
            cls.traced = int(file.read())  # strace would keep a signal for itself
        cls.addClassCleanup(cls.end)

    @classmethod
    def end(cls):
        """Ends the program under strace, and strace with it; nothing where it has ended."""
        if cls.server.process is not None:
            os.kill(cls.traced, signal.SIGTERM)
            cls.server.wait()

    def paths(self, text):
        """Each path of a call: absolute, with the directory that its descriptor stands for."""
        for line in text.splitlines():
            call = re.search(r"\b(\w+)\((.*)", line)
            if call is None:
                continue
            pieces = re.finditer(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', call[2])
            for piece in pieces:
                yield os.path.normpath(os.path.join(piece[1] or self.server.directory, piece[2]))

    def test_c1_no_name_leads_out_of_the_data_directory(self):
        client = registry.Registry(self.server, self.server.password())
        with open(self.trace, encoding="utf-8", errors="replace") as file:
            before = len(file.read())
        evil = ("..", "../..", "%2e%2e%2f%2e%2e%2fetc", "..%2f..%2f..%2fetc%2fpasswd", "a%00b",
                "a%5C..%5Cb", "%2fetc%2fpasswd", "sha256:..%2f..%2f..%2fetc%2fpasswd",
                "sha256:../../../key", "sha512:%2e%2e", "A" * 300, "....//", "~root")
        upload = "0" * 8 + "-0000-4000-8000-" + "0" * 12
        for name in evil:
            for method, path in (
                ("GET", f"/v2/{name}/manifests/v1"), ("GET", f"/v2/app/manifests/{name}"),
                ("PUT", f"/v2/app/manifests/{name}"), ("DELETE", f"/v2/app/manifests/{name}"),
                ("GET", f"/v2/app/blobs/{name}"), ("HEAD", f"/v2/app/blobs/{name}"),
                ("DELETE", f"/v2/app/blobs/{name}"), ("GET", f"/v2/app/referrers/{name}"),
                ("PATCH", f"/v2/app/blobs/uploads/{name}"),
                ("PUT", f"/v2/app/blobs/uploads/{upload}?digest={name}"),
                ("POST", f"/v2/app/blobs/uploads/?digest={name}"),
                ("POST", f"/v2/app/blobs/uploads/?mount={name}&from={name}"),
                ("POST", f"/v2/{name}/blobs/uploads/"),
                ("GET", f"/_layers/{ACCOUNT}/{REGION}/{name}/{name}?expires=9&signature=0"),
                ("GET", f"/{name}"), ("GET", f"/_ecr-local/{name}"),
            ):
                with self.subTest(method=method, path=path[:80]):
                    status = client.request(method, path, None if method == "GET" else b"x").status
                    self.assertIn(status, (202, 400, 401, 403, 404, 405))
        client.push(registry.make_image(b"as ever"), "app", "v1")
        self.end()
        with open(self.trace, encoding="utf-8", errors="replace") as file:
            found = set(self.paths(file.read()[before:]))
        inside = {path for path in found if path.startswith(self.server.data_dir + "/")}
        self.assertTrue(inside, "the trace shows the push")
        outside = {path for path in found - inside
                   if not path.startswith(self.SYSTEM) and path != self.server.data_dir}
        self.assertEqual(set(), outside)
        self.assertFalse({path for path in found if "passwd" in path})


if __name__ == "__main__":
    harness.main()
