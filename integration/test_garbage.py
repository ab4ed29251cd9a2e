"""Garbage collection through a real server: by its interval, by the clock, on request."""

import json
import os
import unittest

import harness
import registry

SEED = {"accounts": {harness.ACCOUNT: {"repositories": [{"name": "app"}]}}}
NOTHING = {"uploads": 0, "unnamedBlobs": 0, "blobs": 0, "bytes": 0}


class GarbageCase(harness.ServerTest):
    seed = SEED

    def setUp(self):
        self.registry = registry.Registry(self.server, self.server.password())

    def post(self, path, body=None, status=200):
        got, _, reply = self.server.request("POST", path, body)
        self.assertEqual(status, got, reply)
        return json.loads(reply)

    def abandon_upload(self, data):
        location = self.registry.start_upload("app")
        return self.registry.expect(202, "PATCH", location, data).headers["location"]

    def file_of(self, digest):
        name = digest.removeprefix("sha256:")
        return f"{self.server.data_dir}/blobs/sha256/{name[:2]}/{name}"

    def uploads(self):
        return os.listdir(f"{self.server.data_dir}/uploads")


class ByTheClockTest(GarbageCase):
    def test_what_nobody_needed_for_a_day_goes(self):
        image = registry.make_image(b"a layer of an image")
        self.registry.push(image, "app", "v1")
        lone = self.registry.push_blob("app", b"a layer of no image")
        location = self.abandon_upload(b"half of a layer")
        self.assertEqual(NOTHING, self.post("/_ecr-local/gc"))
        self.registry.expect(204, "GET", location)
        self.assertEqual(1, len(self.uploads()))

        self.post("/_ecr-local/clock", json.dumps({"advance": "1d1s"}))
        # Nothing more is due once this returns, whoever did it.
        self.post("/_ecr-local/jobs/run")
        password = self.server.password()  # the old one has expired
        self.registry = registry.Registry(self.server, password)
        self.registry.expect(404, "GET", location)
        self.registry.expect(404, "PATCH", location, b"the other half")
        self.assertEqual([], self.uploads())
        self.registry.expect(404, "HEAD", f"/v2/app/blobs/{lone}")
        self.assertFalse(os.path.exists(self.file_of(lone)))
        self.assertEqual(image.blobs, self.registry.pull("app", "v1").blobs)

    def test_a_request_says_what_it_took(self):
        self.post("/_ecr-local/gc?grace=0s")
        digest = self.registry.push_blob("app", b"12345")
        self.abandon_upload(b"half of a layer")
        self.assertEqual(NOTHING, self.post("/_ecr-local/gc"))
        expected = {"uploads": 1, "unnamedBlobs": 1, "blobs": 1, "bytes": 5}
        self.assertEqual(expected, self.post("/_ecr-local/gc?grace=0s"))
        self.assertFalse(os.path.exists(self.file_of(digest)))
        self.assertEqual(NOTHING, self.post("/_ecr-local/gc?grace=0s"))

    def test_a_foreign_page_cannot_ask_for_it(self):
        headers = {"Origin": "http://evil.example"}
        status, _, _ = self.server.request("POST", "/_ecr-local/gc", None, headers)
        self.assertEqual(403, status)


class ByTheIntervalTest(GarbageCase):
    flags = ("--gc-interval", "100ms", "--gc-grace", "300ms")

    def test_it_goes_by_itself(self):
        digest = self.registry.push_blob("app", b"a layer of no image")
        self.abandon_upload(b"half of a layer")

        def gone():
            return not os.path.exists(self.file_of(digest)) and not self.uploads()

        harness.wait_until(gone, 20, "the garbage is gone")


class FlagsTest(unittest.TestCase):
    def test_a_duration_must_be_one(self):
        for flag in ("--gc-grace", "--gc-interval"):
            result = harness.run(harness.BINARY, "serve", flag, "soon")
            self.assertNotEqual(0, result.returncode)
            self.assertIn(flag, result.stderr)


if __name__ == "__main__":
    harness.main()
