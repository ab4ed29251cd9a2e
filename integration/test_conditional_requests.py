"""/v2/ as RFC 9110 has it: conditions and ranges, with the bytes that go over the wire; and what the
two ways to push agree on."""

import contextlib
import http.client
import json

import harness
import registry

OTHER = '"sha256:' + "0" * 64 + '"'
ODD_TYPE = "application/vnd.dev.sigstore.bundle+json;version=0.2"
WORDS = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"


class ConditionsTest(harness.ServerTest):
    def setUp(self):
        self.name = self.id().rsplit(".", 1)[1].replace("_", "-")
        self.ecr().create_repository(repositoryName=self.name)
        self.client = registry.Registry(self.server, self.server.password())
        self.image = registry.make_image(b"0123456789" * 100)
        self.client.push(self.image, self.name, "v1")
        self.layer = list(self.image.blobs)[1]
        self.manifest_path = f"/v2/{self.name}/manifests/v1"
        self.blob_path = f"/v2/{self.name}/blobs/{self.layer}"

    def test_not_modified_has_no_body_and_the_connection_goes_on(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        with contextlib.closing(connection):
            for path in (self.manifest_path, self.blob_path):
                for method in ("HEAD", "GET"):
                    connection.request(method, path, headers=self.client.headers)
                    first = connection.getresponse()
                    first.read()
                    etag = first.headers["ETag"]
                    headers = {**self.client.headers, "If-None-Match": f'"x", {etag}'}
                    connection.request(method, path, headers=headers)
                    second = connection.getresponse()
                    self.assertEqual((304, b""), (second.status, second.read()), path)
                    self.assertEqual(etag, second.headers["ETag"])
                    self.assertIsNone(second.headers["Content-Length"])
                    self.assertIsNone(second.headers["Content-Type"])

    def test_a_condition_that_is_not_met(self):
        for path in (self.manifest_path, self.blob_path):
            for method in ("GET", "HEAD", "DELETE"):
                reply = self.client.request(method, path, headers={"If-Match": OTHER})
                wanted = 405 if (method, path) == ("DELETE", self.blob_path) else 412
                self.assertEqual(wanted, reply.status, f"{method} {path}")
        headers = {"Content-Type": self.image.media_type, "If-None-Match": "*"}
        self.client.expect(412, "PUT", self.manifest_path, self.image.manifest, headers)
        new = f"/v2/{self.name}/manifests/new"
        self.client.expect(201, "PUT", new, self.image.manifest, headers)
        self.client.expect(412, "PUT", new, self.image.manifest, headers)

    def test_ranges(self):
        def get(value, **more):
            return self.client.request("GET", self.blob_path, headers={"Range": value, **more})

        self.assertEqual(b"234", get("bytes=2-4").body)
        self.assertEqual(1000, len(get("bytes=2-4", **{"If-Range": OTHER}).body))
        self.assertEqual(b"234", get("bytes=2-4", **{"If-Range": f'"{self.layer}"'}).body)
        for outside in ("bytes=500-0", "bytes=1000-", "bytes=-0"):
            reply = get(outside)
            self.assertEqual(416, reply.status, outside)
            self.assertEqual("bytes */1000", reply.headers["content-range"])
            self.assertEqual("SIZE_INVALID", reply.error[0])
        location = self.client.start_upload(self.name)
        reply = self.client.request("PATCH", location, b"x", {"Content-Range": "500-0"})
        self.assertEqual((416, "BLOB_UPLOAD_INVALID"), (reply.status, reply.error[0]))

    def test_tags_by_parameter_belong_to_a_push_by_digest(self):
        headers = {"Content-Type": self.image.media_type}
        reply = self.client.request("PUT", self.manifest_path + "?tag=v2", self.image.manifest,
                                    headers)
        self.assertEqual((400, "TAG_INVALID"), (reply.status, reply.error[0]))
        self.client.expect(404, "HEAD", f"/v2/{self.name}/manifests/v2")
        by_digest = f"/v2/{self.name}/manifests/{self.image.digest}?tag=v2&tag=v3"
        self.client.expect(201, "PUT", by_digest, self.image.manifest, headers)
        self.client.expect(200, "HEAD", f"/v2/{self.name}/manifests/v3")

    def test_a_wrong_digest_ends_the_upload_on_both_planes(self):
        wrong = registry.digest_of(b"other")
        location = self.client.start_upload(self.name)
        location = self.client.expect(202, "PATCH", location, b"bytes").headers["location"]
        self.client.expect(400, "PUT", f"{location}?digest={wrong}")
        self.client.expect(404, "GET", location)
        ecr = self.ecr()
        upload = ecr.initiate_layer_upload(repositoryName=self.name)["uploadId"]
        named = {"repositoryName": self.name, "uploadId": upload}
        ecr.upload_layer_part(**named, partFirstByte=0, partLastByte=4, layerPartBlob=b"bytes")
        for digest, error in ((wrong, "InvalidLayerException"),
                              (registry.digest_of(b"bytes"), "UploadNotFoundException")):
            with self.assertRaisesRegex(Exception, error):
                ecr.complete_layer_upload(**named, layerDigests=[digest])


class StrictTest(harness.ServerTest):
    flags = ("--strict-ecr",)

    def test_media_types_and_mounts(self):
        ecr = self.ecr()
        for name in ("a", "b"):
            ecr.create_repository(repositoryName="strict/" + name)
        client = registry.Registry(self.server, self.server.password())
        image = registry.make_image(b"layer")
        for data in image.blobs.values():
            location = client.start_upload("strict/a")
            client.expect(201, "PUT", f"{location}?digest={registry.digest_of(data)}", data)
        odd = json.loads(image.manifest)
        odd["layers"][0]["mediaType"] = ODD_TYPE
        headers = {"Content-Type": image.media_type}
        path = "/v2/strict/a/manifests/v1"
        reply = client.request("PUT", path, json.dumps(odd), headers)
        self.assertEqual((405, ("UNSUPPORTED", WORDS)), (reply.status, reply.error))
        with self.assertRaisesRegex(Exception, "Invalid JSON syntax"):
            ecr.put_image(repositoryName="strict/a", imageManifest=json.dumps(odd), imageTag="v1")
        ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
        layer = registry.digest_of(b"layer")
        mount = f"/v2/strict/b/blobs/uploads/?mount={layer}&from=strict/a"
        client.expect(202, "POST", mount)  # no image names it yet
        client.expect(201, "PUT", path, image.manifest, headers)
        client.expect(201, "POST", mount)


if __name__ == "__main__":
    harness.main()
