"""buildah against the server: build, push, pull."""

import json
import os
import shutil
import tempfile
import unittest

import daemon
import harness


class BuildahTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.tool = harness.tool("buildah")
        if os.geteuid() != 0:
            raise unittest.SkipTest("buildah's own storage needs root here")
        daemon.refuse_chroot()
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix="buildah-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.addClassCleanup(harness.run, "umount", f"{cls.directory}/root/vfs")
        cls.environment = harness.plain_environment(
            HOME=cls.directory,
            TMPDIR=cls.directory,
            REGISTRY_AUTH_FILE=f"{cls.directory}/auth.json",
        )

    def buildah(self, *arguments, stdin=None):
        storage = ("--root", f"{self.directory}/root", "--runroot", f"{self.directory}/run")
        command = (self.tool, *storage, "--storage-driver", "vfs", *arguments)
        result = harness.run(*command, stdin=stdin, env=self.environment)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr[-2000:]}")
        return result.stdout

    def test_built_image_is_pushed_and_pulled(self):
        created = self.ecr().create_repository(repositoryName="buildah/app")
        uri = created["repository"]["repositoryUri"] + ":v1"
        with open(f"{self.directory}/rootfs.tar", "wb") as file:
            file.write(daemon.root_filesystem("hello buildah"))
        with open(f"{self.directory}/Dockerfile", "w", encoding="utf-8") as file:
            file.write('FROM scratch\nADD rootfs.tar /\nCMD ["/bin/cat", "/greeting"]\n')
        self.buildah("bud", "--isolation", "chroot", "-t", uri, self.directory)
        login = ("login", "--tls-verify=false", "--username", "AWS", "--password-stdin")
        self.buildah(*login, self.server.address, stdin=self.server.password())
        self.buildah("push", "--tls-verify=false", uri)
        self.buildah("rmi", uri)
        self.buildah("pull", "--tls-verify=false", uri)
        (image,) = self.ecr().describe_images(repositoryName="buildah/app")["imageDetails"]
        (shown,) = json.loads(self.buildah("images", "--json", uri))
        self.assertEqual(image["imageDigest"], shown["digest"])
        container = self.buildah("from", "--pull-never", uri).strip()
        greeting = self.buildah("run", "--isolation", "chroot", container, "cat", "/greeting")
        self.assertEqual("hello buildah", greeting)


if __name__ == "__main__":
    harness.main()
