"""skopeo and podman against the server, with the repositoryUri as it was answered."""

import gzip
import json
import os
import shutil
import tempfile
import unittest

import daemon
import harness
import registry


class ContainerToolTest(harness.ServerTest):
    tool_name = ""

    @classmethod
    def setUpClass(cls):
        cls.tool = harness.tool(cls.tool_name)
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix=f"{cls.tool_name}-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.environment = harness.plain_environment(
            HOME=cls.directory,
            TMPDIR=cls.directory,
            REGISTRY_AUTH_FILE=f"{cls.directory}/auth.json",
        )

    def run_tool(self, *arguments, stdin=None):
        command = [self.tool, *self.common_flags(), *arguments]
        return harness.run(*command, stdin=stdin, env=self.environment)

    def common_flags(self):
        return ()

    def must(self, *arguments, stdin=None):
        result = self.run_tool(*arguments, stdin=stdin)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr}")
        return result.stdout

    def repository(self, name):
        return self.ecr().create_repository(repositoryName=name)["repository"]["repositoryUri"]

    def described(self, name):
        return self.ecr().describe_images(repositoryName=name)["imageDetails"]


class SkopeoTest(ContainerToolTest):
    tool_name = "skopeo"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = f"dir:{cls.directory}/source"
        write_dir_image(f"{cls.directory}/source")
        cls.credentials = "AWS:" + cls.server.password()

    def common_flags(self):
        return ("--insecure-policy",)

    def push(self, uri, *flags):
        access = ("--dest-tls-verify=false", "--dest-creds", self.credentials)
        self.must("copy", *flags, *access, self.source, f"docker://{uri}")

    def round_trip(self, name, *flags):
        """Pushes, pulls and compares; the image as DescribeImages has it."""
        uri = self.repository(name)
        self.push(f"{uri}:v1", *flags)
        back = tempfile.mkdtemp(dir=self.directory)
        access = ("--src-tls-verify=false", "--src-creds", self.credentials)
        self.must("copy", *access, f"docker://{uri}:v1", f"dir:{back}")
        with open(f"{back}/manifest.json", "rb") as file:
            manifest = file.read()
        for blob in [json.loads(manifest)["config"], *json.loads(manifest)["layers"]]:
            hexadecimal = blob["digest"].removeprefix("sha256:")
            self.assertEqual(blob["size"], os.path.getsize(f"{back}/{hexadecimal}"))
        (image,) = self.described(name)
        self.assertEqual(registry.digest_of(manifest), image["imageDigest"])
        return image

    def test_docker_image_copies_there_and_back(self):
        image = self.round_trip("skopeo/docker", "--format", "v2s2")
        self.assertEqual(registry.MANIFEST_TYPE, image["imageManifestMediaType"])

    def test_oci_image_copies_there_and_back(self):
        image = self.round_trip("skopeo/oci", "--format", "oci")
        self.assertEqual(registry.OCI_MANIFEST_TYPE, image["imageManifestMediaType"])

    def test_list_tags_has_every_tag(self):
        uri = self.repository("skopeo/tags")
        for tag in ("v2", "v1", "latest"):
            self.push(f"{uri}:{tag}")
        access = ("--tls-verify=false", "--creds", self.credentials)
        listed = json.loads(self.must("list-tags", *access, f"docker://{uri}"))
        self.assertEqual(["latest", "v1", "v2"], sorted(listed["Tags"]))

    def test_inspect_has_the_digest_that_describe_images_has(self):
        uri = self.repository("skopeo/inspect")
        self.push(f"{uri}:v1")
        access = ("--tls-verify=false", "--creds", self.credentials)
        shown = json.loads(self.must("inspect", *access, f"docker://{uri}:v1"))
        self.assertEqual(self.described("skopeo/inspect")[0]["imageDigest"], shown["Digest"])
        self.assertEqual(["v1"], shown["RepoTags"])

    def test_second_repository_takes_the_same_layers(self):
        first, second = self.repository("skopeo/first"), self.repository("skopeo/second")
        self.push(f"{first}:v1")
        self.push(f"{second}:v1")
        digests = {self.described(f"skopeo/{n}")[0]["imageDigest"] for n in ("first", "second")}
        self.assertEqual(1, len(digests))

    def test_wrong_password_is_refused(self):
        uri = self.repository("skopeo/closed")
        access = ("--tls-verify=false", "--creds", "AWS:wrong")
        result = self.run_tool("inspect", *access, f"docker://{uri}:v1")
        self.assertNotEqual(0, result.returncode)
        self.assertIn("unauthorized: authentication required", result.stderr)


class PodmanTest(ContainerToolTest):
    tool_name = "podman"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if os.geteuid() != 0:
            raise unittest.SkipTest("podman's own storage needs root here")
        cls.addClassCleanup(cls.empty_storage)

    @classmethod
    def empty_storage(cls):
        flags = cls.common_flags(cls)
        harness.run(cls.tool, *flags, "rm", "--all", "--force", env=cls.environment)
        for driver in ("overlay", "vfs"):
            harness.run("umount", f"{cls.directory}/root/{driver}")

    def common_flags(self):
        storage = ("--root", f"{self.directory}/root", "--runroot", f"{self.directory}/runroot")
        return (*storage, "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs")

    def build(self, name, greeting):
        context = tempfile.mkdtemp(dir=self.directory)
        with open(f"{context}/rootfs.tar", "wb") as file:
            file.write(daemon.root_filesystem(greeting))
        with open(f"{context}/Dockerfile", "w", encoding="utf-8") as file:
            file.write("FROM scratch\nADD rootfs.tar /\n")
            file.write("RUN echo built >> /greeting\n")
            file.write('CMD ["/bin/cat", "/greeting"]\n')
        isolation = ("--isolation", "chroot", "--network", "host")
        result = self.run_tool("build", *isolation, "-t", name, context)
        if result.returncode != 0:
            self.skipTest(f"podman build does not work here: {result.stderr[-300:]}")

    def push_and_pull(self, name):
        uri = self.repository(name) + ":v1"
        self.build(uri, f"hello {name} ")
        login = ("login", "--tls-verify=false", "--username", "AWS", "--password-stdin")
        self.must(*login, self.server.address, stdin=self.server.password())
        self.must("push", "--tls-verify=false", uri)
        self.must("rmi", uri)
        self.must("pull", "--tls-verify=false", uri)
        return uri

    def test_built_image_pushes_and_pulls(self):
        uri = self.push_and_pull("podman/app")
        (image,) = self.described("podman/app")
        self.assertEqual(registry.OCI_MANIFEST_TYPE, image["imageManifestMediaType"])
        digests = json.loads(self.must("image", "inspect", uri))[0]["RepoDigests"]
        self.assertIn(f"{uri.removesuffix(':v1')}@{image['imageDigest']}", digests)

    def test_pulled_image_runs(self):
        uri = self.push_and_pull("podman/run")
        limits = ("--ulimit", "nofile=1024:20000", "--ulimit", "nproc=1024:1024")
        runtime = ("--runtime", harness.tool("runc"))
        result = self.run_tool(*runtime, "run", "--rm", *limits, "--network", "host", uri)
        if result.returncode != 0:
            self.skipTest(f"podman run does not work here: {result.stderr[-300:]}")
        self.assertEqual("hello podman/run built\n", result.stdout)


def write_dir_image(folder):
    """An image in skopeo's dir: layout: one gzipped layer, a config, a Docker manifest."""
    tar = daemon.root_filesystem("hello skopeo")
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["/bin/cat", "/greeting"]},
        "rootfs": {"type": "layers", "diff_ids": [registry.digest_of(tar)]},
        "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "a test"}],
    }
    layer = gzip.compress(tar, compresslevel=1, mtime=0)
    image = registry.make_image(layer, config=json.dumps(config).encode())
    files = {"manifest.json": image.manifest, "version": b"Directory Transport Version: 1.1\n"}
    files.update({digest.removeprefix("sha256:"): data for digest, data in image.blobs.items()})
    os.makedirs(folder)
    for name, data in files.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)


if __name__ == "__main__":
    harness.main()
