"""docker against the server: the name that CreateRepository answers is pushed and pulled as it is.

Needs dockerd and root; skipped, with the reason, where it cannot start.
"""

import json
import unittest
import uuid

import daemon
import harness

DOCKER = daemon.Daemon()


def setUpModule():
    unittest.addModuleCleanup(DOCKER.close)
    DOCKER.start()


class DockerTest(harness.ServerTest):
    def docker(self, *arguments, **options):
        result = DOCKER.docker(*arguments, **options)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr}")
        return result.stdout

    def aws(self, *arguments, url=None):
        result = self.server.aws(*arguments, url=url)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr}")
        return result.stdout

    def create_repository(self, name, url=None):
        """The repositoryUri, as the AWS CLI prints it."""
        command = ("ecr", "create-repository", "--repository-name", name)
        return json.loads(self.aws(*command, url=url))["repository"]["repositoryUri"]

    def round_trip(self, url, name):
        """create-repository, login, push, rmi, pull, run, with the answered URI unchanged."""
        uri = self.create_repository(name, url)
        self.assertEqual(url.removeprefix("http://") + "/" + name, uri)
        password = self.aws("ecr", "get-login-password", url=url)
        login = DOCKER.login(uri.split("/")[0], password)
        self.assertEqual(0, login.returncode, login.stderr)
        self.assertIn("Login Succeeded", login.stdout)
        greeting = f"hello {uuid.uuid4()}"
        DOCKER.import_image(f"{uri}:v1", greeting)
        pushed = self.docker("push", f"{uri}:v1")
        self.docker("rmi", f"{uri}:v1")
        pulled = self.docker("pull", f"{uri}:v1")
        digest = next(w for w in pushed.split() if w.startswith("sha256:") and len(w) == 71)
        self.assertIn(digest, pulled)
        self.assertEqual(greeting, self.docker("run", "--rm", "--network", "host", f"{uri}:v1"))
        return uri, digest

    def test_repository_uri_is_pushable_unchanged_through_127_0_0_1(self):
        self.round_trip(f"http://127.0.0.1:{self.server.port}", "by/address")

    def test_repository_uri_is_pushable_unchanged_through_localhost(self):
        self.round_trip(f"http://localhost:{self.server.port}", "by/name")

    def test_describe_images_shows_what_docker_pushed(self):
        uri, digest = self.round_trip(self.server.url, "described")
        self.docker("tag", f"{uri}:v1", f"{uri}:v2")
        self.docker("push", f"{uri}:v2")
        details = json.loads(self.aws("ecr", "describe-images", "--repository-name", "described"))
        (image,) = details["imageDetails"]
        manifest = json.loads(
            self.ecr().batch_get_image(
                repositoryName="described", imageIds=[{"imageDigest": digest}]
            )["images"][0]["imageManifest"]
        )
        blobs = [manifest["config"], *manifest["layers"]]
        self.assertEqual(digest, image["imageDigest"])
        self.assertEqual(["v1", "v2"], sorted(image["imageTags"]))
        self.assertEqual(sum(blob["size"] for blob in blobs), image["imageSizeInBytes"])
        self.assertEqual(
            "application/vnd.docker.distribution.manifest.v2+json", image["imageManifestMediaType"]
        )
        self.assertEqual(
            "application/vnd.docker.container.image.v1+json", image["artifactMediaType"]
        )

    def test_pull_by_digest_gives_the_same_image(self):
        uri, digest = self.round_trip(self.server.url, "by-digest")
        self.docker("rmi", f"{uri}:v1")
        self.docker("pull", f"{uri}@{digest}")
        shown = json.loads(self.docker("inspect", f"{uri}@{digest}"))
        self.assertEqual([f"{uri}@{digest}"], shown[0]["RepoDigests"])

    def test_image_built_by_docker_build_pushes_and_runs(self):
        uri = self.create_repository("built")
        DOCKER.login(uri.split("/")[0], self.server.password())
        DOCKER.import_image("base:1", "from the base")
        dockerfile = 'FROM base:1\nRUN echo built > /greeting\nLABEL kind="test"\n'
        build = ("build", "--network", "host", "-t", f"{uri}:1", "-")
        self.docker(*build, stdin=dockerfile)
        self.docker("push", f"{uri}:1")
        self.docker("rmi", f"{uri}:1")
        self.assertEqual(
            "built\n", self.docker("run", "--rm", "--network", "host", f"{uri}:1")
        )

    def test_layers_that_are_there_are_not_sent_again(self):
        uri, _ = self.round_trip(self.server.url, "layers")
        self.docker("tag", f"{uri}:v1", f"{uri}:again")
        self.assertIn("Layer already exists", self.docker("push", f"{uri}:again"))

    def test_push_to_a_missing_repository_is_refused_in_ecrs_words(self):
        host = self.server.address
        DOCKER.login(host, self.server.password())
        DOCKER.import_image(f"{host}/missing:v1", "x")
        result = DOCKER.docker("push", f"{host}/missing:v1")
        self.assertEqual(1, result.returncode)
        self.assertIn(
            "name unknown: The repository with name 'missing' does not exist in the registry with "
            f"id '{harness.ACCOUNT}'",
            result.stderr,
        )

    def test_pull_of_a_missing_tag_is_refused_in_ecrs_words(self):
        uri = self.create_repository("empty")
        DOCKER.login(uri.split("/")[0], self.server.password())
        result = DOCKER.docker("pull", f"{uri}:none")
        self.assertEqual(1, result.returncode)
        self.assertIn("manifest unknown: Requested image not found", result.stderr)

    def test_moving_an_immutable_tag_is_refused(self):
        self.ecr().create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
        uri = f"{self.server.address}/fixed"
        DOCKER.login(self.server.address, self.server.password())
        DOCKER.import_image(f"{uri}:v1", "first")
        self.docker("push", f"{uri}:v1")
        DOCKER.import_image(f"{uri}:v1", "second")
        result = DOCKER.docker("push", f"{uri}:v1")
        self.assertEqual(1, result.returncode)
        self.assertIn(
            "tag invalid: The image tag 'v1' already exists in the 'fixed' repository and cannot "
            "be overwritten because the",
            result.stderr,
        )

    def test_without_login_docker_has_no_credentials(self):
        uri = self.create_repository("closed")
        DOCKER.import_image(f"{uri}:v1", "x")
        result = DOCKER.docker("push", f"{uri}:v1", config="no-logins")
        self.assertEqual(1, result.returncode)
        self.assertIn("no basic auth credentials", result.stderr)

    def test_login_with_a_wrong_password_is_refused(self):
        for password in ("nonsense", self.server.password()[:-4] + "AAAA"):
            with self.subTest(password=password[:8]):
                result = DOCKER.login(self.server.address, password, config="wrong")
                self.assertEqual(1, result.returncode)
                self.assertIn("401 Unauthorized", result.stderr)


if __name__ == "__main__":
    harness.main()
