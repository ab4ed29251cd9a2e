"""The registry plane, request by request: uploads, ranges, references, and whose blob is whose."""

import json
import socket
import threading

import harness
import registry
from harness import ACCOUNT, REGION, allow

JANE = ("AKIAJANEJANEJANEJANE", "jane-secret")
JOHN = ("AKIAJOHNJOHNJOHNJOHN", "john-secret")
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [
                harness.user("jane", *JANE, allow("ecr:*")),
                harness.user("john", *JOHN, allow("ecr:*")),
            ],
            "repositories": [{"name": name} for name in ("app", "other", "deep/er/name")],
        }
    }
}


class RegistryTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = registry.Registry(cls.server, cls.server.password(JANE))
        cls.john = registry.Registry(cls.server, cls.server.password(JOHN))

    def assert_refused(self, status, code, reply):
        self.assertEqual((status, code), (reply.status, reply.error[0]), reply.body)


class UploadTest(RegistryTest):
    def finish(self, location, data):
        """The answer of the PUT that ends an upload of these bytes."""
        return self.registry.request("PUT", f"{location}?digest={registry.digest_of(data)}")

    def test_post_patch_put_as_the_specification_has_it(self):
        reply = self.registry.expect(202, "POST", "/v2/app/blobs/uploads/")
        location, upload = reply.headers["location"], reply.headers["docker-upload-uuid"]
        self.assertTrue(location.endswith(upload))
        self.assertEqual("0-0", reply.headers["range"])
        for data, progress in ((b"12345", "0-4"), (b"67890", "0-9")):
            reply = self.registry.expect(202, "PATCH", location, data)
            self.assertEqual(progress, reply.headers["range"])
        self.assertEqual("0-9", self.registry.expect(204, "GET", location).headers["range"])
        reply = self.finish(location, b"1234567890")
        digest = registry.digest_of(b"1234567890")
        self.assertEqual(201, reply.status)
        self.assertEqual(digest, reply.headers["docker-content-digest"])
        found = self.registry.expect(200, "GET", reply.headers["location"])
        self.assertEqual(b"1234567890", found.body)
        self.assertEqual(404, self.registry.request("GET", location).status)

    def test_monolithic_and_chunked_forms_store_the_same(self):
        data = b"the whole at once"
        digest = registry.digest_of(data)
        self.registry.expect(201, "POST", f"/v2/app/blobs/uploads/?digest={digest}", data)
        location = self.registry.start_upload("app")
        self.registry.expect(201, "PUT", f"{location}?digest={digest}", data)
        location = self.registry.start_upload("app")
        self.registry.expect(202, "PATCH", location, iter([b"the whole", b" at once"]))
        self.assertEqual(201, self.finish(location, data).status)
        self.assertEqual(data, self.registry.pull_blob("app", digest))

    def test_empty_blob_is_a_blob(self):
        location = self.registry.start_upload("app")
        self.assertEqual(201, self.finish(location, b"").status)
        self.assertEqual(b"", self.registry.pull_blob("app", registry.digest_of(b"")))

    def test_chunk_must_begin_where_the_upload_ends(self):
        location = self.registry.start_upload("app")
        for data, content_range in ((b"12345", "0-4"), (b"67890", "5-9")):
            self.registry.expect(202, "PATCH", location, data, {"Content-Range": content_range})
        for content_range in ("0-4", "9-13", "20-24"):
            with self.subTest(range=content_range):
                reply = self.registry.request(
                    "PATCH", location, b"again", {"Content-Range": content_range}
                )
                self.assert_refused(416, "BLOB_UPLOAD_INVALID", reply)
                self.assertEqual("0-9", reply.headers["range"])
        self.assertEqual(201, self.finish(location, b"1234567890").status)

    def test_wrong_digest_leaves_no_blob(self):
        location = self.registry.start_upload("app")
        self.registry.expect(202, "PATCH", location, b"these bytes")
        reply = self.finish(location, b"other bytes")
        self.assert_refused(400, "DIGEST_INVALID", reply)
        for data in (b"these bytes", b"other bytes"):
            path = f"/v2/app/blobs/{registry.digest_of(data)}"
            self.assertEqual(404, self.registry.request("HEAD", path).status)

    def test_bad_digests_are_refused(self):
        for digest in ("md5:" + "0" * 32, "sha256:x", "sha256:" + "A" * 64, "sha256:../../x", ""):
            with self.subTest(digest=digest):
                location = self.registry.start_upload("app")
                reply = self.registry.request("PUT", f"{location}?digest={digest}", b"x")
                self.assert_refused(400, "DIGEST_INVALID", reply)

    def test_upload_is_its_principals_and_its_repositorys_alone(self):
        location = self.registry.start_upload("app")
        self.registry.expect(202, "PATCH", location, b"secret")
        elsewhere = location.replace("/app/", "/other/")
        finish = f"?digest={registry.digest_of(b'secret')}"
        for client, path in ((self.john, location), (self.registry, elsewhere)):
            for method, query in (("GET", ""), ("PATCH", ""), ("PUT", finish), ("DELETE", "")):
                with self.subTest(method=method, path=path):
                    body = b"more" if method == "PATCH" else None
                    reply = client.request(method, path + query, body)
                    self.assert_refused(404, "BLOB_UPLOAD_UNKNOWN", reply)
        self.assertEqual(201, self.finish(location, b"secret").status)

    def test_cancelled_upload_is_gone(self):
        location = self.registry.start_upload("app")
        self.registry.expect(204, "DELETE", location)
        reply = self.registry.request("PATCH", location, b"x")
        self.assert_refused(404, "BLOB_UPLOAD_UNKNOWN", reply)

    def test_cut_off_chunk_does_not_spoil_the_upload(self):
        location = self.registry.start_upload("app")
        self.registry.expect(202, "PATCH", location, b"begin, ")
        head = (
            f"PATCH {location} HTTP/1.1\r\nHost: {self.server.address}\r\n"
            f"Authorization: {self.registry.headers['Authorization']}\r\nContent-Length: 1000\r\n"
        )
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            connection.sendall(f"{head}\r\nmiddle, ".encode())
            # Not before the server works on it: it could still begin after what follows here.
            harness.wait_until(
                lambda: self.registry.request("GET", location).status != 204, 5, "the chunk begins"
            )

        def resume():
            """The size at which "end" was added; None: the chunk that was cut off is under way."""
            progress = self.registry.request("GET", location).headers.get("range")
            size = int(progress.split("-")[1]) + 1 if progress else 0
            at = {"Content-Range": f"{size}-{size + 2}"}
            reply = self.registry.request("PATCH", location, b"end", at)
            return size if reply.status == 202 else None

        size = harness.wait_until(resume, 5, "the upload is free")
        kept = b"begin, middle, "[:size]
        self.assertEqual(201, self.finish(location, kept + b"end").status)


class BlobTest(RegistryTest):
    DATA = bytes(range(256)) * 40

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.path = "/v2/app/blobs/" + cls.registry.push_blob("app", cls.DATA)

    def test_head_and_get_have_the_same_headers(self):
        get, head = (self.registry.expect(200, method, self.path) for method in ("GET", "HEAD"))
        self.assertEqual((self.DATA, b""), (get.body, head.body))
        for name in ("content-length", "docker-content-digest", "etag", "content-type"):
            self.assertEqual(get.headers[name], head.headers[name])
        self.assertEqual(str(len(self.DATA)), head.headers["content-length"])

    def test_ranges_are_parts_of_the_blob(self):
        size = len(self.DATA)
        for given, first, last in (
            ("0-0", 0, 0),
            ("100-199", 100, 199),
            (f"{size - 1}-", size - 1, size - 1),
            ("-10", size - 10, size - 1),
            (f"0-{size * 2}", 0, size - 1),
        ):
            with self.subTest(range=given):
                reply = self.registry.expect(
                    206, "GET", self.path, headers={"Range": f"bytes={given}"}
                )
                self.assertEqual(self.DATA[first : last + 1], reply.body)
                self.assertEqual(f"bytes {first}-{last}/{size}", reply.headers["content-range"])

    def test_range_beyond_the_end_is_not_satisfiable(self):
        headers = {"Range": f"bytes={len(self.DATA)}-"}
        reply = self.registry.request("GET", self.path, headers=headers)
        self.assertEqual(416, reply.status)
        self.assertEqual(f"bytes */{len(self.DATA)}", reply.headers["content-range"])

    def test_blob_of_another_repository_is_not_there(self):
        path = self.path.replace("/app/", "/other/")
        for method in ("HEAD", "GET"):
            self.assertEqual(404, self.registry.request(method, path).status)
        self.registry.push_blob("other", self.DATA)
        self.assertEqual(self.DATA, self.registry.expect(200, "GET", path).body)


class ManifestTest(RegistryTest):
    def test_by_tag_and_by_digest_the_same(self):
        image = registry.make_image(b"layer")
        self.registry.push(image, "deep/er/name", "v1")
        for reference in ("v1", image.digest):
            for method, body in (("GET", image.manifest), ("HEAD", b"")):
                with self.subTest(method=method, reference=reference):
                    path = f"/v2/deep/er/name/manifests/{reference}"
                    reply = self.registry.expect(200, method, path)
                    self.assertEqual(body, reply.body)
                    self.assertEqual(image.digest, reply.headers["docker-content-digest"])
                    self.assertEqual(image.media_type, reply.headers["content-type"])
                    self.assertEqual(str(len(image.manifest)), reply.headers["content-length"])

    def test_missing_things_are_named(self):
        none = registry.digest_of(b"none")
        missing = (
            f"The repository with name 'none' does not exist in the registry with id '{ACCOUNT}'"
        )
        for path, error in (
            ("app/manifests/none", ("MANIFEST_UNKNOWN", "Requested image not found")),
            (f"app/manifests/{none}", ("MANIFEST_UNKNOWN", "Requested image not found")),
            (f"app/blobs/{none}", ("BLOB_UNKNOWN", "blob unknown to registry")),
            ("none/manifests/v1", ("NAME_UNKNOWN", missing)),
            ("none/tags/list", ("NAME_UNKNOWN", missing)),
        ):
            with self.subTest(path=path):
                reply = self.registry.request("GET", f"/v2/{path}")
                self.assertEqual((404, error), (reply.status, reply.error))

    def test_manifest_whose_layers_are_elsewhere_is_refused(self):
        image = registry.make_image(b"only in other")
        self.registry.push(image, "other", "v1")
        reply = self.registry.put_manifest(image, "app", "v1")
        self.assert_refused(400, "BLOB_UPLOAD_UNKNOWN", reply)

    def test_bad_manifests_are_refused(self):
        good = json.loads(registry.make_image(b"x").manifest)
        bad = {
            "other media type": {**good, "mediaType": registry.OCI_MANIFEST_TYPE},
            "layers and manifests": {**good, "manifests": []},
            "negative size": {**good, "config": {**good["config"], "size": -1}},
            "bad digest": {**good, "config": {**good["config"], "digest": "sha256:x"}},
            "schema 1": {**good, "schemaVersion": 1},
            "no config": {k: v for k, v in good.items() if k != "config"},
        }
        texts = {what: json.dumps(manifest).encode() for what, manifest in bad.items()}
        texts.update({"no JSON": b"{", "deep": b'{"a":' + b"[" * 100_000, "empty": b""})
        for what, text in texts.items():
            with self.subTest(what):
                reply = self.registry.put_manifest(registry.Image(text), "app", "bad")
                self.assert_refused(400, "MANIFEST_INVALID", reply)

    def test_manifest_of_more_than_4_mib_is_refused(self):
        text = b'{"a":"' + b"x" * (4 << 20) + b'"}'
        reply = self.registry.put_manifest(registry.Image(text), "app", "large")
        self.assertEqual(413, reply.status)

    def test_bad_references_are_refused(self):
        for reference in ("+", ".INVALID", "a" * 129):
            with self.subTest(reference=reference[:10]):
                path = f"/v2/app/manifests/{reference}"
                reply = self.registry.request("GET", path)
                self.assert_refused(404, "MANIFEST_UNKNOWN", reply)
                self.assertEqual(404, self.registry.request("HEAD", path).status)
                reply = self.registry.request("PUT", path, b"{}")
                self.assert_refused(400, "TAG_INVALID", reply)
        reply = self.registry.request("GET", "/v2/app/manifests/sha256:x")
        self.assert_refused(400, "DIGEST_INVALID", reply)

    def test_one_of_many_pushes_of_an_immutable_tag_wins(self):
        self.ecr().create_repository(repositoryName="race", imageTagMutability="IMMUTABLE")
        images = [registry.make_image(f"racer {n}".encode()) for n in range(20)]
        for image in images:
            self.registry.push(image, "race")
        replies = [None] * len(images)

        def put(number):
            replies[number] = self.registry.put_manifest(images[number], "race", "v1")

        threads = [threading.Thread(target=put, args=(n,)) for n in range(len(images))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = [reply.status for reply in replies]
        self.assertEqual([201] + [400] * 19, sorted(statuses))
        winner = images[statuses.index(201)]
        self.assertEqual(winner.digest, self.registry.pull("race", "v1").digest)
        codes = {reply.error[0] for reply in replies if reply.status == 400}
        self.assertEqual({"TAG_INVALID"}, codes)


class RouteTest(RegistryTest):
    def test_base_says_which_api_this_is(self):
        for path in ("/v2/", "/v2"):
            reply = self.registry.expect(200, "GET", path)
            self.assertEqual("registry/2.0", reply.headers["docker-distribution-api-version"])

    def test_names_that_are_none_are_refused(self):
        names = ("App", "a_-b", "-a", "a/../b", "%2e%2e/b", "a%00b", "..", "x" * 300, "a%5Cb")
        for name in names:
            with self.subTest(name=name[:20]):
                reply = self.registry.request("GET", f"/v2/{name}/manifests/v1")
                self.assertIn(reply.status, (400, 404))

    def test_methods_without_a_meaning_are_refused(self):
        for method, path in (
            ("DELETE", "/v2/"),
            ("POST", "/v2/app/manifests/v1"),
            ("PATCH", "/v2/app/manifests/v1"),
            ("POST", "/v2/app/tags/list"),
            ("PUT", "/v2/app/blobs/" + registry.digest_of(b"")),
        ):
            with self.subTest(method=method, path=path):
                reply = self.registry.request(method, path, b"")
                self.assert_refused(405, "UNSUPPORTED", reply)

    def test_page_of_tags_has_its_limits(self):
        for query in ("n=abc", "n=-1"):
            reply = self.registry.request("GET", f"/v2/app/tags/list?{query}")
            self.assertEqual(400, reply.status)
        self.registry.expect(200, "GET", "/v2/app/tags/list?n=9223372036854775808")

    def test_host_names_the_registry(self):
        image = registry.make_image(b"layer of a name")
        self.registry.push(image, "app", "named")
        token = self.server.password(JANE)
        for host in (f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com", f"{ACCOUNT}.dkr-ecr.{REGION}.x"):
            named = registry.Registry(self.server, token, host=host)
            self.assertEqual(image.digest, named.pull("app", "named").digest)
        host = f"111122223333.dkr.ecr.{REGION}.amazonaws.com"
        other = registry.Registry(self.server, token, host=host)
        self.assertEqual(403, other.request("GET", "/v2/app/manifests/named").status)


if __name__ == "__main__":
    harness.main()
