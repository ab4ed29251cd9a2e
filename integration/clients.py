"""Clients that are newer than Debian 12's: scripts/get_clients unpacks them into build/clients."""

import base64
import json
import os
import shutil
import tempfile
import unittest

import harness

FOLDER = os.environ.get("ECR_LOCAL_CLIENTS", os.path.join(harness.ROOT, "build/clients"))


def client(name):
    """The path of a client. Skips the test where it is not to be had."""
    path = os.path.join(FOLDER, "bin", name)
    if os.access(path, os.X_OK):
        return path
    found = shutil.which(name)
    if found is None:
        raise unittest.SkipTest(f"{name} is not there: scripts/get_clients gets it")
    return found


class ClientTest(harness.ServerTest):
    """One client program with a home, and docker's configuration, of its own; it is logged in."""

    client_name = ""

    @classmethod
    def setUpClass(cls):
        cls.program = client(cls.client_name)
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix=f"{cls.client_name}-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.environment = harness.plain_environment(
            HOME=cls.directory, TMPDIR=cls.directory, DOCKER_CONFIG=cls.directory
        )
        pair = base64.b64encode(f"AWS:{cls.server.password()}".encode()).decode()
        config = {"auths": {cls.server.address: {"auth": pair}}}
        cls.write("config.json", json.dumps(config))

    @classmethod
    def write(cls, name, text):
        """A file of the client's directory; its path."""
        path = os.path.join(cls.directory, name)
        with open(path, "w" if isinstance(text, str) else "wb") as file:
            file.write(text)
        return path

    def run_client(self, *arguments, stdin=None, env=None):
        return harness.run(
            self.program,
            *arguments,
            stdin=stdin,
            env={**self.environment, **(env or {})},
            cwd=self.directory,
        )

    def must(self, *arguments, stdin=None, env=None):
        result = self.run_client(*arguments, stdin=stdin, env=env)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr[-2000:]}")
        return result.stdout

    def repository(self, name):
        return self.ecr().create_repository(repositoryName=name)["repository"]["repositoryUri"]

    def images(self, name):
        return self.ecr().describe_images(repositoryName=name)["imageDetails"]
