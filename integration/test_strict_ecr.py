"""--strict-ecr with real clients: ECR's quirks are none that they cannot live with."""

import json
import os
import tempfile
import unittest
import uuid

import daemon
import harness
import registry
import test_skopeo_podman as tools

FLAGS = ("--strict-ecr",)


class SkopeoTest(tools.ContainerToolTest):
    tool_name = "skopeo"
    flags = FLAGS

    def test_push_and_pull_through_the_redirect(self):
        uri = self.repository("skopeo/app")
        tools.write_dir_image(f"{self.directory}/source")
        password = "AWS:" + self.server.password()
        self.must("copy", "--insecure-policy", "--dest-tls-verify=false", "--dest-creds", password,
                  f"dir:{self.directory}/source", f"docker://{uri}:v1")
        back = tempfile.mkdtemp(dir=self.directory)
        mark = len(self.server.log())
        self.must("copy", "--insecure-policy", "--src-tls-verify=false", "--src-creds", password,
                  f"docker://{uri}:v1", f"dir:{back}")
        with open(f"{back}/manifest.json", "rb") as file:
            manifest = json.load(file)
        for blob in [manifest["config"], *manifest["layers"]]:
            with open(f"{back}/{blob['digest'].removeprefix('sha256:')}", "rb") as file:
                self.assertEqual(blob["digest"], registry.digest_of(file.read()))
        count = 1 + len(manifest["layers"])
        for what in ("/_layers/", " 307 bytes_in="):
            harness.wait_until(lambda w=what: self.server.log()[mark:].count(w) == count, 5, what)


class DockerTest(harness.ServerTest):
    flags = FLAGS

    def test_push_pull_and_run(self):
        engine = daemon.Daemon()
        self.addCleanup(engine.close)
        engine.start()
        uri = self.ecr().create_repository(repositoryName="app")["repository"]["repositoryUri"]
        login = engine.login(uri.split("/")[0], self.server.password())
        self.assertEqual(0, login.returncode, login.stderr)
        greeting = f"hello {uuid.uuid4()}"
        engine.import_image(f"{uri}:v1", greeting)
        for command in (("push", f"{uri}:v1"), ("rmi", f"{uri}:v1"), ("pull", f"{uri}:v1")):
            result = engine.docker(*command)
            self.assertEqual(0, result.returncode, result.stderr)
        result = engine.docker("run", "--rm", "--network", "host", f"{uri}:v1")
        self.assertEqual(greeting, result.stdout, result.stderr)
        harness.wait_until(lambda: " 307 bytes_in=" in self.server.log(), 5, "a redirect")


class RedirectTest(harness.ServerTest):
    flags = FLAGS

    def test_the_url_is_good_for_that_layer_alone_and_without_a_token(self):
        self.ecr().create_repository(repositoryName="app")
        client = registry.Registry(self.server, self.server.password())
        data = os.urandom(1000)
        location = client.request("POST", "/v2/app/blobs/uploads/").headers["location"]
        digest = registry.digest_of(data)
        client.expect(201, "PATCH", location, data)
        client.expect(201, "PUT", f"{location}?digest={digest}")
        reply = client.expect(307, "GET", f"/v2/app/blobs/{digest}")
        url = reply.headers["location"]
        self.assertTrue(url.startswith(self.server.url + "/_layers/"), url)
        path = url.removeprefix(self.server.url)
        status, headers, body = self.server.request("GET", path)
        self.assertEqual((200, data), (status, body))
        self.assertEqual("1000", headers["content-length"])
        self.assertEqual(403, self.server.request("GET", path.replace(digest, registry.digest_of(b"x")))[0])
        client.expect(202, "DELETE", f"/v2/app/blobs/{digest}")
        self.assertEqual(404, self.server.request("GET", path)[0])

    def test_head_is_answered_at_once(self):
        self.ecr().create_repository(repositoryName="head")
        client = registry.Registry(self.server, self.server.password())
        digest = registry.digest_of(b"one")
        client.expect(201, "POST", f"/v2/head/blobs/uploads/?digest={digest}", b"one")
        reply = client.expect(200, "HEAD", f"/v2/head/blobs/{digest}")
        self.assertEqual("3", reply.headers["content-length"])


def load_tests(loader, _tests, _pattern):
    """Only what is defined here: the module that is imported for its tools has tests of its own."""
    suite = unittest.TestSuite()
    for case in (SkopeoTest, DockerTest, RedirectTest):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    harness.main()
