"""The registry plane against people who mean harm: names, other people's blobs, hostile manifests,
ranges and numbers."""

import http.client
import json
import os
import threading
import time

import harness
import registry
from harness import ACCOUNT, REGION, allow

PULLER = ("AKIAPULLERPULLERPULL", "pull-secret")
PUSHER = ("AKIAPUSHERPUSHERPUSH", "push-secret")
NARROW = ("AKIANARROWNARROWNARR", "narrow-secret")
TOKEN = "ecr:GetAuthorizationToken"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]
MINE = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/mine"
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [
                harness.user("puller", *PULLER, allow([TOKEN, *PULL])),
                harness.user("pusher", *PUSHER, allow([TOKEN, *PUSH])),
                harness.user("narrow", *NARROW, allow(TOKEN), allow("ecr:*", MINE)),
            ],
            "repositories": [{"name": name} for name in ("app", "other", "mine", "secret")],
        }
    }
}
OCI = registry.OCI_MANIFEST_TYPE


class AbuseTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = registry.Registry(cls.server, cls.server.password())

    def client(self, keys):
        return registry.Registry(self.server, self.server.password(keys))

    def put(self, document, tag="x", media_type=OCI, client=None):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return (client or self.registry).request(
            "PUT", f"/v2/app/manifests/{tag}", body, {"Content-Type": media_type}
        )

    def assert_refused(self, status, code, reply):
        self.assertEqual((status, code), (reply.status, reply.error[0]), reply.body[:300])

    def resident_kib(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


class NameTest(AbuseTest):
    def test_names_are_no_paths(self):
        names = ("..", "../x", "%2e%2e%2fkey", "a%00b", "a%5Cb", "UPPER", "n" * 300, "a//b", "%ff")
        upload = "0" * 8 + "-0000-4000-8000-" + "0" * 12
        for name in names:
            for method, path in (
                ("GET", f"/v2/{name}/manifests/v1"),
                ("GET", f"/v2/{name}/blobs/sha256:{'0' * 64}"),
                ("POST", f"/v2/{name}/blobs/uploads/"),
                ("PUT", f"/v2/{name}/manifests/v1"),
                ("DELETE", f"/v2/{name}/manifests/v1"),
                ("GET", f"/v2/{name}/tags/list"),
                ("GET", f"/v2/{name}/blobs/uploads/{upload}"),
                ("POST", f"/v2/app/blobs/uploads/?mount=sha256:{'0' * 64}&from={name}"),
            ):
                with self.subTest(method=method, path=path[:60]):
                    reply = self.registry.request(method, path, b"" if method != "GET" else None)
                    expected = (202,) if "from=" in path else (400, 404)
                    self.assertIn(reply.status, expected, reply.body)

    def test_digests_and_uploads_are_no_paths(self):
        for digest in ("sha256:../../x", "sha256:..%2f..%2fkey", "../key", "sha256:" + "g" * 64):
            for path in (f"/v2/app/blobs/{digest}", f"/v2/app/referrers/{digest}"):
                with self.subTest(path=path):
                    self.assertIn(self.registry.request("GET", path).status, (400, 404))
        for upload in ("..", "..%2f..%2fkey", "a/b", "x", "00000000"):
            path = f"/v2/app/blobs/uploads/{upload}"
            for method in ("GET", "PATCH", "PUT", "DELETE"):
                with self.subTest(method=method, path=path):
                    self.assertIn(self.registry.request(method, path, b"").status, (400, 404, 405))
        outside = [name for name in os.listdir(self.server.directory) if name not in ("data", "log")]
        self.assertEqual(["seed.json"], [name for name in outside if name != "models"])

    def test_line_breaks_reach_no_header(self):
        evil = "x%0d%0aSet-Cookie:%20a=b"
        for method, path in (
            ("GET", f"/v2/app/manifests/{evil}"),
            ("GET", f"/v2/app/tags/list?n=1&last={evil}"),
            ("POST", f"/v2/app/blobs/uploads/?digest={evil}"),
            ("POST", f"/v2/app/blobs/uploads/?digest-algorithm={evil}"),
            ("GET", f"/v2/{evil}/tags/list"),
            ("GET", f"/v2/app/referrers/sha256:{'0' * 64}?artifactType={evil}"),
        ):
            with self.subTest(path=path):
                self.assertNotIn("set-cookie", self.registry.request(method, path).headers)

    def test_host_is_reflected_nowhere_but_in_the_challenge(self):
        evil = registry.Registry(self.server, self.server.password(PUSHER), host="evil.test")
        reply = evil.request("POST", "/v2/app/blobs/uploads/")
        self.assertTrue(reply.headers["location"].startswith("/v2/app/"))
        self.assertNotIn("evil.test", str(reply.headers))
        data = self.server.raw(
            b"GET /v2/ HTTP/1.1\r\nHost: evil.test\"x\r\nConnection: close\r\n\r\n"
        )
        self.assertTrue(data.startswith(b"HTTP/1.1 400"), data[:100])


class OtherPeoplesBlobsTest(AbuseTest):
    def setUp(self):
        self.narrow = self.client(NARROW)
        self.data = os.urandom(40)
        self.digest = self.registry.push_blob("secret", self.data)

    def test_mount_tells_nothing(self):
        replies = [
            self.narrow.request("POST", f"/v2/mine/blobs/uploads/?mount={digest}&from={name}")
            for digest in (self.digest, registry.digest_of(b"never"))
            for name in ("secret", "not-there")
        ]
        for reply in replies:
            self.assertEqual((202, b""), (reply.status, reply.body))
            self.assertEqual(set(replies[0].headers), set(reply.headers))
        reply = self.narrow.request("HEAD", f"/v2/mine/blobs/{self.digest}")
        self.assertEqual(404, reply.status)

    def test_blob_of_another_repository_is_not_there_before_or_after(self):
        path = f"/v2/mine/blobs/{self.digest}"

        def assert_unknown():
            for method in ("GET", "HEAD"):
                self.assertEqual(404, self.narrow.request(method, path).status)

        assert_unknown()
        self.narrow.push_blob("mine", self.data)
        self.assertEqual(200, self.narrow.request("HEAD", path).status)
        self.narrow.expect(202, "DELETE", path)
        assert_unknown()
        self.registry.push_blob("other", self.data)
        assert_unknown()

    def test_manifest_cannot_name_it(self):
        image = registry.make_image(self.data)
        config = next(data for digest, data in image.blobs.items() if digest != self.digest)
        self.narrow.push_blob("mine", config)
        reply = self.narrow.put_manifest(image, "mine", "v1")
        self.assert_refused(400, "BLOB_UPLOAD_UNKNOWN", reply)
        index = registry.make_index(image)
        self.registry.push(image, "secret", "v1")
        reply = self.narrow.put_manifest(index, "mine", "v2")
        self.assert_refused(400, "MANIFEST_BLOB_UNKNOWN", reply)


class ActionTest(AbuseTest):
    def test_puller_changes_nothing_and_pusher_deletes_nothing(self):
        image = registry.make_image(b"to stay")
        self.registry.push(image, "app", "stay")
        blob = next(iter(image.blobs))
        upload = self.registry.start_upload("app")
        writes = (
            ("POST", "/v2/app/blobs/uploads/"),
            ("POST", f"/v2/app/blobs/uploads/?digest={blob}"),
            ("POST", f"/v2/app/blobs/uploads/?mount={blob}&from=app"),
            ("PATCH", upload),
            ("PUT", f"{upload}?digest={blob}"),
            ("DELETE", upload),
            ("PUT", "/v2/app/manifests/stay"),
        )
        deletes = (("DELETE", f"/v2/app/manifests/{image.digest}"), ("DELETE", "/v2/app/manifests/stay"))
        for keys, requests in ((PULLER, (*writes, *deletes)), (PUSHER, deletes)):
            client = self.client(keys)
            for method, path in (*requests, ("DELETE", f"/v2/app/blobs/{blob}")):
                with self.subTest(method=method, path=path):
                    self.assert_refused(403, "DENIED", client.request(method, path, b"{}"))
        self.assertEqual(image.digest, self.registry.pull("app", "stay").digest)

    def test_what_is_mapped_to_no_action_is_refused(self):
        for method in ("POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"):
            for path in ("/v2/app/manifests/v1", "/v2/_catalog", "/v2/app/tags/list"):
                with self.subTest(method=method, path=path):
                    self.assertIn(self.registry.request(method, path).status, (400, 405, 501))
        for path in ("/v2/app", "/v2/app/secrets/list", "/v2/_other", "/v2/app/tags/listing"):
            self.assertEqual(404, self.registry.request("GET", path).status)


class ManifestTest(AbuseTest):
    def good(self):
        return json.loads(registry.make_image(b"x").manifest)

    def test_hostile_manifests(self):
        size = {**self.good()["config"]}
        texts = {
            "layers and manifests": json.dumps({**self.good(), "manifests": []}),
            "duplicate key": '{"schemaVersion":2,"schemaVersion":2}',
            "deep": '{"a":' * 5000 + "1" + "}" * 5000,
            "size of 2^63": json.dumps({**self.good(), "config": {**size, "size": 1 << 63}}),
            "negative size": json.dumps({**self.good(), "config": {**size, "size": -1}}),
            "size as text": json.dumps({**self.good(), "config": {**size, "size": "1"}}),
            "size of half a byte": json.dumps({**self.good(), "config": {**size, "size": 0.5}}),
            "100,000 layers": json.dumps({**self.good(), "layers": self.good()["layers"] * 20_001}),
            "not UTF-8": b'{"a":"\xff"}',
            "with a mark": b"\xef\xbb\xbf{}",
        }
        before = self.resident_kib()
        for what, text in texts.items():
            with self.subTest(what):
                body = text if isinstance(text, bytes) else text.encode()
                reply = self.put(body, media_type=registry.MANIFEST_TYPE)
                self.assertIn(reply.status, (400, 413), reply.body[:200])
                expected = "SIZE_INVALID" if reply.status == 413 else "MANIFEST_INVALID"
                self.assertEqual(expected, reply.error[0])
        with open(harness.BINARY, "rb") as file:
            program = file.read()
        # A sanitizer keeps what is freed.
        if b"__asan_init" not in program and b"__tsan_init" not in program:
            self.assertLess(self.resident_kib() - before, 64 << 10)

    def test_content_type_and_media_type_must_agree(self):
        for sent in (registry.OCI_INDEX_TYPE, OCI, "text/html"):
            self.assert_refused(400, "MANIFEST_INVALID", self.put(self.good(), media_type=sent))

    def test_endless_manifest_is_cut_off(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {**self.registry.headers, "Content-Type": OCI}
        try:
            sent = (b" " * 65536 for _ in range(1 << 20))
            connection.request("PUT", "/v2/app/manifests/x", sent, headers, encode_chunked=True)
            self.fail("64 GiB were taken")
        except OSError:
            pass  # the server closed
        finally:
            connection.close()

    def test_index_of_10000_children(self):
        child = registry.make_image(b"child")
        self.registry.push(child, "app", "child")
        entry = {
            "mediaType": child.media_type, "size": len(child.manifest), "digest": child.digest
        }
        index = {
            "schemaVersion": 2, "mediaType": registry.OCI_INDEX_TYPE, "manifests": [entry] * 10_000
        }
        began = time.monotonic()
        self.assertEqual(201, self.put(index, "wide", registry.OCI_INDEX_TYPE).status)
        self.assertLess(time.monotonic() - began, 10)

    def test_referrers_fan_out_in_pages(self):
        subject = registry.digest_of(b"subject")
        self.registry.push_blob("app", b"{}")
        config = {"mediaType": "example/c", "size": 2, "digest": registry.digest_of(b"{}")}
        count = 1100
        for number in range(count):
            manifest = {
                "schemaVersion": 2, "mediaType": OCI, "config": config, "layers": [],
                "subject": {"mediaType": OCI, "size": 1, "digest": subject},
                "annotations": {"n": str(number)},
            }
            body = json.dumps(manifest).encode()
            reply = self.put(body, registry.digest_of(body))
            self.assertEqual(201, reply.status)
        seen, pages, path = set(), 0, f"/v2/app/referrers/{subject}"
        while path:
            reply = self.registry.expect(200, "GET", path)
            seen |= {entry["digest"] for entry in json.loads(reply.body)["manifests"]}
            link = reply.headers.get("link", "")
            path = link[1 : link.index(">")] if link else ""
            pages += 1
        self.assertEqual((count, 3), (len(seen), pages))


class NumberTest(AbuseTest):
    def test_pages_are_clamped_or_refused(self):
        for path in ("/v2/_catalog", "/v2/app/tags/list"):
            for n in ("-1", "abc", "1.5", "", "0x10", "%00", "+5"):
                self.assertEqual(400, self.registry.request("GET", f"{path}?n={n}").status, n)
            for n in ("0", "1", str(1 << 31), str(1 << 63), str(1 << 200)):
                self.registry.expect(200, "GET", f"{path}?n={n}")

    def test_ranges_of_a_blob(self):
        path = "/v2/app/blobs/" + self.registry.push_blob("app", b"x" * 1000)
        many = ",".join(f"{n}-{n}" for n in range(0, 600))
        for header, statuses in (
            (f"bytes={many}", (200, 416)),
            ("bytes=-1000000", (206,)),
            ("bytes=-0", (416,)),
            ("bytes=18446744073709551615-", (416,)),
            ("bytes=18446744073709551616-", (200, 416)),
            ("bytes=0-18446744073709551615", (206,)),
            ("bytes=5-2", (200, 416)),
            ("bytes=--1", (200, 416)),
        ):
            with self.subTest(header=header[:40]):
                reply = self.registry.request("GET", path, headers={"Range": header})
                self.assertIn(reply.status, statuses)
                if reply.status == 200:
                    self.assertEqual(1000, len(reply.body))

    def test_lying_chunks(self):
        location = self.registry.start_upload("app")
        for content_range, status in (
            ("0-99", 400),  # 5 bytes come
            ("5-9", 416),
            ("4-0", 416),
            ("x-y", 400),
            ("0-18446744073709551615", 400),
            ("18446744073709551615-18446744073709551616", 400),
        ):
            with self.subTest(content_range):
                reply = self.registry.request(
                    "PATCH", location, b"12345", {"Content-Range": content_range}
                )
                self.assertEqual(status, reply.status, reply.body)
        self.registry.expect(202, "PATCH", location, b"12345", {"Content-Range": "0-4"})
        digest = registry.digest_of(b"12345")
        self.registry.expect(201, "PUT", f"{location}?digest={digest}")
        self.assertEqual(404, self.registry.request("PUT", f"{location}?digest={digest}").status)

    def test_two_patches_at_once_leave_one_upload_whole(self):
        location = self.registry.start_upload("app")
        body = b"z" * (4 << 20)
        replies = []

        def patch():
            replies.append(
                self.registry.request("PATCH", location, body, {"Content-Range": f"0-{len(body)-1}"})
            )

        threads = [threading.Thread(target=patch) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = sorted(reply.status for reply in replies)
        self.assertEqual(1, statuses.count(202), statuses)
        self.assertLessEqual(set(statuses), {202, 409, 416})
        self.registry.expect(201, "PUT", f"{location}?digest={registry.digest_of(body)}")


if __name__ == "__main__":
    harness.main()
