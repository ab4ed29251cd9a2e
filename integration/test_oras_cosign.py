"""Artifacts: oras, helm charts as oras pushes them, and signatures by cosign."""

import io
import json
import tarfile

import clients
import harness
import registry


class OrasTest(clients.ClientTest):
    client_name = "oras"

    def must(self, command, *arguments, **options):
        return super().must(*command.split(), "--plain-http", *arguments, **options)

    def push(self, name, tag="v1"):
        """The uri of an artifact of one file."""
        uri = f"{self.repository(name)}:{tag}"
        self.write("note.txt", f"contents of {name}")
        self.must("push", uri, "--artifact-type", "example/note", "note.txt:text/plain")
        return uri

    def test_pushed_file_is_pulled_again(self):
        uri = self.push("oras/file")
        self.must("pull", "-o", "pulled", uri)
        with open(f"{self.directory}/pulled/note.txt", encoding="utf-8") as file:
            self.assertEqual("contents of oras/file", file.read())
        (image,) = self.images("oras/file")
        self.assertEqual("example/note", image["artifactMediaType"])

    def test_attached_artifact_is_discovered_by_the_referrers_api(self):
        uri = self.push("oras/attached")
        self.write("sbom.json", "{}")
        attach = ("--artifact-type", "example/sbom", "--annotation", "made=here")
        self.must("attach", *attach, uri, "sbom.json:application/json")
        found = json.loads(self.must("discover", "--format", "json", uri))
        (referrer,) = found.get("referrers") or found["manifests"]
        self.assertEqual("example/sbom", referrer["artifactType"])
        self.assertEqual("here", referrer["annotations"]["made"])
        # No list of referrers under a tag: the server said that it keeps one.
        self.assertEqual(["v1"], self.must("repo tags", uri.rsplit(":", 1)[0]).split())
        filtered = self.must(
            "discover", "--format", "json", "--artifact-type", "example/none", uri
        )
        self.assertFalse(json.loads(filtered).get("referrers"))

    def test_copy_with_its_referrers(self):
        uri = self.push("oras/original")
        self.write("s.txt", "signature")
        self.must("attach", "--artifact-type", "example/signature", uri, "s.txt:text/plain")
        copy = self.repository("oras/copy") + ":v1"
        result = self.run_client("cp", "-r", "--from-plain-http", "--to-plain-http", uri, copy)
        self.assertEqual(0, result.returncode, result.stderr)
        found = json.loads(self.must("discover", "--format", "json", copy))
        self.assertEqual(1, len(found.get("referrers") or found["manifests"]))

    def test_blobs_and_manifests_are_deleted(self):
        uri = self.push("oras/deleted")
        name = uri.rsplit(":", 1)[0]
        manifest = json.loads(self.must("manifest fetch", uri))
        digest = manifest["layers"][0]["digest"]
        self.must("manifest delete", "--force", uri)
        self.assertEqual([], self.must("repo tags", name).split())
        self.must("blob delete", "--force", f"{name}@{digest}")
        blob = f"{name}@{digest}"
        result = self.run_client("blob", "fetch", "--plain-http", "-o", "-", blob)
        self.assertNotEqual(0, result.returncode)

    def test_a_refused_push_is_not_called_a_pull(self):
        """oras looks for the manifest before it pushes it."""
        actions = ("BatchCheckLayerAvailability", "CompleteLayerUpload", "GetAuthorizationToken",
                   "InitiateLayerUpload", "PutImage", "UploadLayerPart")
        keys = ("AKIAPUSHER0000000001", "pusher-secret")
        user = {
            "name": "pusher",
            "accessKeys": [{"accessKeyId": keys[0], "secretAccessKey": keys[1]}],
            "policies": {"p": harness.policy(harness.allow([f"ecr:{name}" for name in actions]))},
        }
        self.server.apply_seed({"accounts": {harness.ACCOUNT: {"users": [user]}}})
        uri = self.repository("oras/refused") + ":v1"
        self.write("note.txt", "refused")
        login = ("--username", "AWS", "--password", self.server.password(keys))
        result = self.run_client("push", "--plain-http", *login, uri, "note.txt:text/plain")
        self.assertNotEqual(0, result.returncode)
        explained = harness.run(harness.BINARY, "explain", "--url", self.server.url).stdout
        self.assertIn("✗ ecr:BatchGetImage on ", explained)
        self.assertIn("├─ to allow it\n", explained)
        self.assertNotIn("pull", explained)

    def test_helm_chart(self):
        chart = "apiVersion: v2\nname: demo\nversion: 0.1.0\n"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            info = tarfile.TarInfo("demo/Chart.yaml")
            info.size = len(chart)
            tar.addfile(info, io.BytesIO(chart.encode()))
        self.write("demo-0.1.0.tgz", packed.getvalue())
        self.write("chart.json", json.dumps({"name": "demo", "version": "0.1.0"}))
        uri = self.repository("charts/demo") + ":0.1.0"
        config = "chart.json:application/vnd.cncf.helm.config.v1+json"
        layer = "demo-0.1.0.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip"
        self.must("push", uri, "--config", config, layer)
        (image,) = self.images("charts/demo")
        self.assertEqual(
            "application/vnd.cncf.helm.config.v1+json", image["artifactMediaType"]
        )
        self.must("pull", "-o", "chart", uri)
        with open(f"{self.directory}/chart/demo-0.1.0.tgz", "rb") as file:
            self.assertEqual(packed.getvalue(), file.read())


class CosignTest(clients.ClientTest):
    """Signatures with a key that is made here; nothing is sent to any log."""

    client_name = "cosign"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.environment["COSIGN_PASSWORD"] = "secret"
        made = harness.run(
            cls.program, "generate-key-pair", env=cls.environment, cwd=cls.directory
        )
        if made.returncode != 0:
            raise AssertionError(made.stderr)

    def image(self, name):
        """An image by digest, pushed without a client."""
        client = registry.Registry(self.server, self.server.password())
        uri = self.repository(name)
        image = registry.make_image(name.encode())
        client.push(image, name, "v1")
        return f"{uri}@{image.digest}"

    def sign(self, image):
        self.must(
            *("sign", "--yes", "--key", "cosign.key", "--tlog-upload=false"),
            *("--allow-http-registry", "--allow-insecure-registry", *self.signing_flags(), image),
        )

    def signing_flags(self):
        """Newer releases ask a service which services to use, unless they are told not to."""
        usage = self.run_client("sign", "--help").stdout
        return ("--use-signing-config=false",) if "--use-signing-config" in usage else ()

    def verify(self, image, key="cosign.pub"):
        return self.run_client(
            *("verify", "--key", key, "--insecure-ignore-tlog=true"),
            *("--allow-http-registry", "--allow-insecure-registry", image),
        )

    def test_signed_image_verifies(self):
        image = self.image("cosign/signed")
        self.sign(image)
        result = self.verify(image)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn(image.split("@")[1], result.stdout)

    def test_image_that_is_not_signed_does_not_verify(self):
        self.assertNotEqual(0, self.verify(self.image("cosign/unsigned")).returncode)


if __name__ == "__main__":
    harness.main()
