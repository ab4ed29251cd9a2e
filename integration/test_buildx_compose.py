"""docker buildx and docker compose against the server, with a docker engine of their own.

Needs dockerd and root; skipped, with the reason, where it cannot start.
"""

import tempfile
import unittest

import clients
import daemon
import harness

DOCKER = daemon.Daemon()


def setUpModule():
    unittest.addModuleCleanup(DOCKER.close)
    DOCKER.start()


def install_plugin(name):
    """Where docker looks for its plugins; the plugin's path."""
    path = clients.client(name)
    DOCKER.plugin(path)
    return path


class PluginTest(harness.ServerTest):
    def docker(self, *arguments, **options):
        result = DOCKER.docker(*arguments, **options)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr[-2000:]}")
        return result.stdout + result.stderr

    def repository(self, name):
        uri = self.ecr().create_repository(repositoryName=name)["repository"]["repositoryUri"]
        login = DOCKER.login(self.server.address, self.server.password())
        self.assertEqual(0, login.returncode, login.stderr)
        return uri

    def build_context(self, greeting):
        context = tempfile.mkdtemp(dir=DOCKER.directory)
        with open(f"{context}/rootfs.tar", "wb") as file:
            file.write(daemon.root_filesystem(greeting))
        with open(f"{context}/Dockerfile", "w", encoding="utf-8") as file:
            file.write('FROM scratch\nADD rootfs.tar /\nCMD ["/bin/cat", "/greeting"]\n')
        return context


class BuildxTest(PluginTest):
    def setUp(self):
        install_plugin("docker-buildx")

    def test_build_and_push_in_one(self):
        uri = self.repository("buildx/app") + ":v1"
        build = ("buildx", "build", "--network", "host", "--push", "-t", uri)
        self.docker(*build, self.build_context("hello buildx"))
        (image,) = self.ecr().describe_images(repositoryName="buildx/app")["imageDetails"]
        self.assertEqual(["v1"], image["imageTags"])
        # The engine's builder keeps no image: it comes from the server.
        self.docker("pull", uri)
        self.assertEqual(
            "hello buildx", self.docker("run", "--rm", "--network", "host", uri)
        )

    def test_imagetools_reads_what_is_there(self):
        uri = self.repository("buildx/inspected") + ":v1"
        build = ("buildx", "build", "--network", "host", "--push", "-t", uri)
        self.docker(*build, self.build_context("inspected"))
        (image,) = self.ecr().describe_images(repositoryName="buildx/inspected")["imageDetails"]
        shown = self.docker("buildx", "imagetools", "inspect", uri)
        self.assertIn(image["imageDigest"], shown)


class ComposeTest(PluginTest):
    def test_up_pulls_the_image_and_runs_it(self):
        program = install_plugin("docker-compose")
        uri = self.repository("compose/app") + ":v1"
        DOCKER.import_image(uri, "hello compose")
        self.docker("push", uri)
        self.docker("rmi", uri)
        file = f"{DOCKER.directory}/compose.yaml"
        with open(file, "w", encoding="utf-8") as out:
            out.write(f"services:\n  app:\n    image: {uri}\n    network_mode: host\n")
        environment = DOCKER.environment()
        compose = (program, "-f", file, "-p", "test")
        up = harness.run(*compose, "up", "--no-color", env=environment)
        self.assertEqual(0, up.returncode, up.stderr[-2000:])
        self.assertIn("hello compose", up.stdout)
        down = harness.run(*compose, "down", env=environment)
        self.assertEqual(0, down.returncode, down.stderr)


if __name__ == "__main__":
    harness.main()
