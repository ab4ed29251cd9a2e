"""The OCI distribution specification 1.1, MUST by MUST, in the order of its workflows."""

import hashlib
import json
import re
import urllib.parse

import harness
import registry
from registry import OCI_INDEX_TYPE, OCI_MANIFEST_TYPE

SEED = {"accounts": {harness.ACCOUNT: {"repositories": [{"name": "one"}, {"name": "two"}]}}}
MISSING = registry.digest_of(b"never pushed")
ERROR_CODES = {
    "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN", "MANIFEST_INVALID", "MANIFEST_UNKNOWN", "NAME_INVALID",
    "NAME_UNKNOWN", "SIZE_INVALID", "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS",
}


def sha512_of(data):
    return "sha512:" + hashlib.sha512(data).hexdigest()


def descriptor(media_type, data, digest=None, **more):
    return {
        "mediaType": media_type,
        "size": len(data),
        "digest": digest or registry.digest_of(data),
        **more,
    }


class OciTest(harness.ServerTest):
    seed = SEED

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = registry.Registry(cls.server, cls.server.password())

    def request(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.registry.request(method, path, body, named)

    def expect(self, status, method, path, body=None, **headers):
        reply = self.request(method, path, body, **headers)
        self.assertEqual(status, reply.status, f"{method} {path}: {reply.body[:300]}")
        if status >= 400 and reply.body:
            for error in json.loads(reply.body)["errors"]:
                self.assertIn(error["code"], ERROR_CODES)
        return reply

    def begin(self, repository="one", query=""):
        reply = self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/{query}")
        location = reply.headers["location"]
        self.assertRegex(location, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
        return location

    def put_url(self, location, digest):
        mark = "&" if "?" in location else "?"
        return f"{location}{mark}digest={urllib.parse.quote(digest)}"

    def push_blob(self, data, repository="one", digest=None):
        digest = digest or registry.digest_of(data)
        self.expect(201, "PUT", self.put_url(self.begin(repository), digest), data)
        return digest

    def manifest(self, *layers, config=b"{}", subject=None, **more):
        """The bytes of an OCI image whose blobs are pushed."""
        for data in (config, *layers):
            self.push_blob(data)
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST_TYPE,
            "config": descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", d) for d in layers],
            **more,
        }
        if subject:
            document["subject"] = subject
        return json.dumps(document).encode()

    def put(self, manifest, reference=None, media_type=OCI_MANIFEST_TYPE, query=""):
        reference = reference or registry.digest_of(manifest)
        path = f"/v2/one/manifests/{reference}{query}"
        return self.expect(201, "PUT", path, manifest, Content_Type=media_type)


class NameTest(OciTest):
    def test_repository_names(self):
        ecr = self.ecr()
        for name in ("ab", "a1", "a/b", "a.b", "a_b", "a__b", "a-b", "a--b/c.d/e_f/9", "x" * 255):
            ecr.create_repository(repositoryName=name)
            with self.subTest(name=name):
                self.assertEqual([], json.loads(
                    self.expect(200, "GET", f"/v2/{name}/tags/list").body)["tags"])
        for name in ("A", "a..b", "a/", "-a", "a-", ".a", "a___b", "a._b", "a//b"):
            with self.subTest(name=name):
                reply = self.request("POST", f"/v2/{name}/blobs/uploads/")
                self.assertIn(reply.status, (400, 404))
                self.assertIn(reply.error[0], ("NAME_INVALID", "NAME_UNKNOWN", "UNSUPPORTED"))

    def test_tags(self):
        manifest = self.manifest(b"tag names")
        for tag in ("a", "A", "9", "_", "_.-", "v1.2.3-rc.1_x", "x" * 128):
            self.put(manifest, tag)
            self.expect(200, "HEAD", f"/v2/one/manifests/{tag}")
        for tag in (".a", "-a", "a%2Bb", "a%20b", "x" * 129):
            reply = self.request("PUT", f"/v2/one/manifests/{tag}", manifest,
                                 Content_Type=OCI_MANIFEST_TYPE)
            # Docker's code, and ECR's; the specification has none for a tag.
            self.assertEqual((400, "TAG_INVALID"), (reply.status, reply.error[0]))

    def test_errors_have_the_form_of_the_specification(self):
        for method, path in (
            ("GET", f"/v2/one/blobs/{MISSING}"), ("GET", "/v2/one/manifests/missing"),
            ("GET", "/v2/missing/tags/list"), ("GET", "/v2/one/blobs/sha256:short"),
            ("PUT", "/v2/one/manifests/bad"), ("PATCH", "/v2/one/manifests/x"),
        ):
            reply = self.request(method, path)
            self.assertTrue(reply.headers["content-type"].startswith("application/json"))
            errors = json.loads(reply.body)["errors"]
            self.assertTrue(errors)
            for error in errors:
                self.assertIn(error["code"], ERROR_CODES)
                self.assertRegex(error["code"], r"^[A-Z_]+$")
                self.assertIsInstance(error["message"], str)


class PullTest(OciTest):
    def test_base_says_that_the_specification_is_implemented(self):
        self.expect(200, "GET", "/v2/")

    def test_manifest_by_tag_and_digest(self):
        manifest = self.manifest(b"pull layer")
        digest = registry.digest_of(manifest)
        self.put(manifest, "pull")
        for reference in ("pull", digest):
            for method, body in (("GET", manifest), ("HEAD", b"")):
                with self.subTest(method=method, reference=reference):
                    reply = self.expect(200, method, f"/v2/one/manifests/{reference}")
                    self.assertEqual(body, reply.body)
                    self.assertEqual(digest, reply.headers["docker-content-digest"])
                    self.assertEqual(OCI_MANIFEST_TYPE, reply.headers["content-type"])
                    self.assertEqual(str(len(manifest)), reply.headers["content-length"])

    def test_blob(self):
        for data in (b"a blob to pull", b""):
            digest = self.push_blob(data)
            for method, body in (("GET", data), ("HEAD", b"")):
                reply = self.expect(200, method, f"/v2/one/blobs/{digest}")
                self.assertEqual(body, reply.body)
                self.assertEqual(digest, reply.headers["docker-content-digest"])
                self.assertEqual(str(len(data)), reply.headers["content-length"])

    def test_range_of_a_blob(self):
        digest = self.push_blob(b"0123456789")
        reply = self.expect(206, "GET", f"/v2/one/blobs/{digest}", Range="bytes=3-5")
        self.assertEqual(b"345", reply.body)
        self.expect(416, "GET", f"/v2/one/blobs/{digest}", Range="bytes=10-12")

    def test_what_is_not_there_is_not_found(self):
        for method in ("GET", "HEAD"):
            for path in (
                f"/v2/one/blobs/{MISSING}",
                f"/v2/one/manifests/{MISSING}",
                "/v2/one/manifests/missing",
                "/v2/one/manifests/.INVALID_MANIFEST_NAME",
                "/v2/missing/manifests/latest",
                f"/v2/missing/blobs/{MISSING}",
            ):
                with self.subTest(method=method, path=path):
                    self.expect(404, method, path)


class PushBlobTest(OciTest):
    def assert_pullable(self, location, data):
        self.assertEqual(data, self.expect(200, "GET", location).body)

    def test_post_then_put(self):
        data = b"post then put"
        url = self.put_url(self.begin(), registry.digest_of(data))
        reply = self.expect(201, "PUT", url, data, Content_Type="application/octet-stream")
        self.assert_pullable(reply.headers["location"], data)

    def test_single_post(self):
        data = b"single post"
        path = f"/v2/one/blobs/uploads/?digest={registry.digest_of(data)}"
        reply = self.expect(201, "POST", path, data)
        self.assert_pullable(reply.headers["location"], data)

    def test_streamed(self):
        data = b"streamed " * 1000
        parts = iter([data[:100], data[100:]])
        reply = self.expect(202, "PATCH", self.begin(), parts)
        url = self.put_url(reply.headers["location"], registry.digest_of(data))
        self.assert_pullable(self.expect(201, "PUT", url, b"").headers["location"], data)

    def chunk(self, method, location, data, first, status):
        """One chunk with its range."""
        content_range = f"{first}-{first + len(data) - 1}"
        return self.expect(status, method, location, data, Content_Range=content_range)

    def test_chunked_with_the_last_chunk_by_patch_or_put(self):
        for method in ("PATCH", "PUT"):
            for algorithm in (registry.digest_of, sha512_of):
                with self.subTest(method=method, algorithm=algorithm.__name__):
                    data = f"chunks {method} {algorithm.__name__}".encode()
                    location = self.begin()
                    reply = self.chunk("PATCH", location, data[:5], 0, 202)
                    self.assertEqual("0-4", reply.headers["range"])
                    location = reply.headers["location"]
                    digest = algorithm(data)
                    if method == "PUT":
                        url = self.put_url(location, digest)
                        reply = self.chunk("PUT", url, data[5:], 5, 201)
                    else:
                        reply = self.chunk("PATCH", location, data[5:], 5, 202)
                        self.assertEqual(f"0-{len(data) - 1}", reply.headers["range"])
                        url = self.put_url(reply.headers["location"], digest)
                        reply = self.expect(201, "PUT", url, b"")
                    self.assert_pullable(reply.headers["location"], data)

    def test_chunk_out_of_order(self):
        data = b"0123456789"
        location = self.begin()
        self.chunk("PATCH", location, data[5:], 5, 416)
        location = self.chunk("PATCH", location, data[:5], 0, 202).headers["location"]
        self.chunk("PATCH", location, data[:5], 0, 416)
        url = self.put_url(location, registry.digest_of(data))
        self.chunk("PUT", url, data[7:], 7, 416)
        reply = self.expect(204, "GET", location)
        self.assertEqual("0-4", reply.headers["range"])
        reply = self.chunk("PATCH", reply.headers["location"], data[5:], 5, 202)
        location = reply.headers["location"]
        url = self.put_url(location, registry.digest_of(data))
        self.assert_pullable(self.expect(201, "PUT", url, b"").headers["location"], data)

    def test_status_says_where_to_go_on(self):
        location = self.begin()
        self.expect(202, "PATCH", location, b"12345")
        reply = self.expect(204, "GET", location)
        self.assertEqual("0-4", reply.headers["range"])
        location = self.expect(202, "PATCH", reply.headers["location"], b"678").headers["location"]
        self.assertEqual("0-7", self.expect(204, "GET", location).headers["range"])
        self.expect(404, "GET", f"/v2/one/blobs/uploads/{'0' * 8}-0000-4000-8000-{'0' * 12}")

    def test_cancel(self):
        location = self.begin()
        self.expect(202, "PATCH", location, b"some bytes")
        self.expect(204, "DELETE", location)
        self.expect(404, "GET", location)
        self.expect(404, "PATCH", location, b"more")

    def test_digest_that_is_not_the_contents_or_none(self):
        for digest in (MISSING, "sha256:nothing", "md5:" + "0" * 32, "nothing"):
            with self.subTest(digest=digest):
                self.expect(400, "PUT", self.put_url(self.begin(), digest), b"data")
                query = f"?digest={digest}"
                self.expect(400, "POST", f"/v2/one/blobs/uploads/{query}", b"data")

    def test_sha512(self):
        data = b"sha512 blob"
        digest = sha512_of(data)
        location = self.begin(query="?digest-algorithm=sha512")
        location = self.expect(202, "PATCH", location, data).headers["location"]
        reply = self.expect(201, "PUT", self.put_url(location, digest), b"")
        self.assertEqual(digest, reply.headers["docker-content-digest"])
        self.assert_pullable(f"/v2/one/blobs/{digest}", data)
        self.expect(201, "POST", f"/v2/two/blobs/uploads/?digest={digest}", data)

    def test_mount(self):
        data = b"to be mounted"
        digest = self.push_blob(data)
        reply = self.expect(201, "POST", f"/v2/two/blobs/uploads/?mount={digest}&from=one")
        self.assertEqual(f"/v2/two/blobs/{digest}", reply.headers["location"])
        self.assert_pullable(reply.headers["location"], data)

    def test_mount_of_what_is_not_there_begins_an_upload(self):
        for query in (f"mount={MISSING}&from=one", f"mount={MISSING}", f"mount={MISSING}&from=no"):
            with self.subTest(query):
                location = self.begin("two", f"?{query}")
                self.assertTrue(location.startswith("/v2/two/blobs/uploads/"))


class PushManifestTest(OciTest):
    def test_bytes_are_kept_as_they_came(self):
        manifest = json.dumps(json.loads(self.manifest(b"spaced")), indent=3).encode() + b"\n "
        reply = self.put(manifest, "spaced")
        self.assertEqual(manifest, self.expect(200, "GET", reply.headers["location"]).body)
        self.assertEqual(registry.digest_of(manifest), reply.headers["docker-content-digest"])

    def test_by_sha512(self):
        manifest = self.manifest(b"by sha512")
        digest = sha512_of(manifest)
        reply = self.put(manifest, digest)
        self.assertEqual(digest, reply.headers["docker-content-digest"])
        self.assertEqual(manifest, self.expect(200, "GET", f"/v2/one/manifests/{digest}").body)

    def test_without_layers(self):
        self.put(self.manifest(), "no-layers")

    def test_empty_index(self):
        index = json.dumps(
            {"schemaVersion": 2, "mediaType": OCI_INDEX_TYPE, "manifests": []}
        ).encode()
        self.put(index, "empty-index", OCI_INDEX_TYPE)

    def test_index_of_an_index(self):
        inner = self.manifest(b"inner")
        self.put(inner)
        index = inner
        media_type = OCI_MANIFEST_TYPE
        for level in range(2):
            document = {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX_TYPE,
                "manifests": [descriptor(media_type, index)],
                "annotations": {"level": str(level)},
            }
            index, media_type = json.dumps(document).encode(), OCI_INDEX_TYPE
            self.put(index, media_type=OCI_INDEX_TYPE)

    def test_artifact_with_fields_nobody_knows_and_data(self):
        document = json.loads(self.manifest(b"artifact", artifactType="example/thing"))
        document["org.example.custom"] = {"deep": [1, 2.5, None, True]}
        document["layers"][0]["data"] = "YXJ0aWZhY3Q="
        self.put(json.dumps(document).encode(), "artifact")

    def test_layers_that_live_elsewhere_need_not_be_there(self):
        document = json.loads(self.manifest(b"here"))
        document["layers"].append(
            descriptor(
                "application/vnd.oci.image.layer.nondistributable.v1.tar",
                b"elsewhere",
                urls=["https://store.example.com/blob"],
            )
        )
        self.put(json.dumps(document).encode(), "foreign")

    def test_media_type_nobody_knows(self):
        manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.example.manifest"}).encode()
        self.put(manifest, "unknown", "application/vnd.example.manifest")
        reply = self.expect(200, "GET", "/v2/one/manifests/unknown")
        self.assertEqual("application/vnd.example.manifest", reply.headers["content-type"])

    def test_content_type_may_have_parameters(self):
        self.put(self.manifest(b"parameters"), "parameters", OCI_MANIFEST_TYPE + "; charset=utf-8")
        reply = self.expect(200, "HEAD", "/v2/one/manifests/parameters")
        self.assertEqual(OCI_MANIFEST_TYPE, reply.headers["content-type"])

    def test_descriptors_of_what_is_not_there(self):
        document = json.loads(self.manifest(b"x"))
        document["layers"].append(descriptor("example/layer", b"missing layer"))
        index = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX_TYPE,
            "manifests": [descriptor(OCI_MANIFEST_TYPE, b"missing manifest")],
        }
        # ECR's codes: both are in the specification's list.
        for what, media_type, code in (
            (document, OCI_MANIFEST_TYPE, "BLOB_UPLOAD_UNKNOWN"),
            (index, OCI_INDEX_TYPE, "MANIFEST_BLOB_UNKNOWN"),
        ):
            reply = self.expect(
                400, "PUT", "/v2/one/manifests/m", json.dumps(what), Content_Type=media_type
            )
            self.assertEqual(code, reply.error[0])

    def test_digest_of_other_bytes(self):
        manifest = self.manifest(b"bad digest")
        path = f"/v2/one/manifests/{registry.digest_of(manifest)}"
        self.expect(400, "PUT", path, manifest + b"  ", Content_Type=OCI_MANIFEST_TYPE)
        self.expect(404, "GET", path)
        bad = "/v2/one/manifests/sha256:baddigeststring"
        self.expect(400, "PUT", bad, manifest, Content_Type=OCI_MANIFEST_TYPE)
        self.expect(400, "GET", bad)

    def test_just_under_4_mebibytes_and_over(self):
        filler = "A" * ((4 << 20) - 2000)
        self.put(self.manifest(b"large", annotations={"large": filler}), "large")
        over = self.manifest(b"large", annotations={"large": filler + "A" * 3000})
        self.expect(413, "PUT", "/v2/one/manifests/over", over, Content_Type=OCI_MANIFEST_TYPE)

    def test_tags_by_parameter(self):
        manifest = self.manifest(b"many tags")
        tags = [f"param-{n}" for n in range(12)]
        query = "?" + "&".join(f"tag={tag}" for tag in tags)
        reply = self.put(manifest, query=query)
        accepted = [tag.strip() for tag in reply.headers["oci-tag"].split(",")]
        self.assertEqual(tags, accepted)
        for tag in tags:
            self.assertEqual(manifest, self.expect(200, "GET", f"/v2/one/manifests/{tag}").body)


class DiscoveryTest(OciTest):
    def tags(self, query=""):
        reply = self.expect(200, "GET", f"/v2/two/tags/list{query}")
        found = json.loads(reply.body)
        self.assertEqual("two", found["name"])
        return found["tags"], reply.headers.get("link")

    def test_tags(self):
        self.assertEqual(([], None), self.tags())
        image = registry.make_image(b"tagged")
        names = ["b", "A", "a", "_x", "10", "9", "a.b"]
        for tag in names:
            self.registry.push(image, "two", tag)
        ordered = sorted(names)
        self.assertEqual((ordered, None), self.tags())
        self.assertEqual(([], None), self.tags("?n=0"))
        self.assertEqual((ordered, None), self.tags("?n=100"))
        self.assertEqual((ordered[3:], None), self.tags(f"?last={ordered[2]}"))
        self.assertEqual((ordered[3:], None), self.tags("?last=ABC"))
        seen, query = [], "?n=3"
        while query:
            page, link = self.tags(query)
            seen += page
            match = re.fullmatch(r'</v2/two/tags/list(\?[^>]*)>; rel="next"', link or "")
            query = match.group(1) if match else None
        self.assertEqual(ordered, seen)
        self.expect(404, "GET", "/v2/missing/tags/list")

    def referrers(self, subject, query=""):
        reply = self.expect(200, "GET", f"/v2/one/referrers/{subject}{query}")
        self.assertEqual(OCI_INDEX_TYPE, reply.headers["content-type"])
        index = json.loads(reply.body)
        self.assertEqual((2, OCI_INDEX_TYPE), (index["schemaVersion"], index["mediaType"]))
        return index["manifests"], reply

    def test_referrers(self):
        base = self.manifest(b"subject")
        subject = descriptor(OCI_MANIFEST_TYPE, base)
        self.assertEqual([], self.referrers(subject["digest"])[0])
        pushed = {}
        for number, fields in enumerate(
            (
                {"artifactType": "example/a"},
                {"artifactType": "example/b"},
                {},  # its config's media type stands for it
                {"artifactType": "example/a"},
            )
        ):
            note = {"org.example.number": str(number)}
            manifest = self.manifest(b"r", subject=subject, annotations=note, **fields)
            reply = self.put(manifest)
            self.assertEqual(subject["digest"], reply.headers["oci-subject"])
            media_type = fields.get("artifactType", "application/vnd.oci.image.config.v1+json")
            pushed[registry.digest_of(manifest)] = (media_type, note, len(manifest))
        self.put(base, "subject")  # after its referrers
        found, reply = self.referrers(subject["digest"])
        self.assertNotIn("oci-filters-applied", reply.headers)
        self.assertEqual(
            pushed,
            {d["digest"]: (d["artifactType"], d["annotations"], d["size"]) for d in found},
        )
        found, reply = self.referrers(subject["digest"], "?artifactType=example/a")
        self.assertEqual("artifactType", reply.headers["oci-filters-applied"])
        self.assertEqual(["example/a"] * 2, [d["artifactType"] for d in found])
        self.assertEqual([], self.referrers(subject["digest"], "?artifactType=no/ne")[0])
        self.expect(400, "GET", "/v2/one/referrers/sha256:short")

    def test_index_as_a_referrer(self):
        subject = descriptor(OCI_MANIFEST_TYPE, b"not there")
        for number, fields in enumerate(({"artifactType": "example/index"}, {})):
            index = {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX_TYPE,
                "manifests": [],
                "subject": subject,
                "annotations": {"number": str(number)},
                **fields,
            }
            self.put(json.dumps(index).encode(), media_type=OCI_INDEX_TYPE)
        found, _ = self.referrers(subject["digest"])
        types = {d["annotations"]["number"]: d.get("artifactType") for d in found}
        self.assertEqual({"0": "example/index", "1": None}, types)


class ManagementTest(OciTest):
    def test_delete_tag_then_manifest_then_blobs(self):
        layer = b"to be deleted"
        manifest = self.manifest(layer, config=b'{"delete": true}')
        digest = registry.digest_of(manifest)
        self.put(manifest, "gone")
        self.put(manifest, "gone-too")
        self.expect(202, "DELETE", "/v2/one/manifests/gone")
        self.expect(404, "GET", "/v2/one/manifests/gone")
        self.expect(200, "GET", f"/v2/one/manifests/{digest}")
        self.expect(405, "DELETE", f"/v2/one/blobs/{registry.digest_of(layer)}")
        self.expect(202, "DELETE", f"/v2/one/manifests/{digest}")
        for reference in (digest, "gone-too"):
            self.expect(404, "GET", f"/v2/one/manifests/{reference}")
        tags = json.loads(self.expect(200, "GET", "/v2/one/tags/list").body)["tags"]
        self.assertFalse({"gone", "gone-too"} & set(tags))
        for data in (layer, b'{"delete": true}'):
            path = f"/v2/one/blobs/{registry.digest_of(data)}"
            self.expect(202, "DELETE", path)
            self.expect(404, "GET", path)
            self.expect(404, "DELETE", path)

    def test_delete_of_what_is_not_there(self):
        for path in (
            f"/v2/one/manifests/{MISSING}",
            "/v2/one/manifests/missing",
            f"/v2/missing/manifests/{MISSING}",
            f"/v2/one/blobs/{MISSING}",
        ):
            self.expect(404, "DELETE", path)


if __name__ == "__main__":
    harness.main()
