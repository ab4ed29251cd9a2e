"""Every kind of principal, against every way to be let in or kept out, at every door.

What is expected comes from matrix_model.py. A repository a cell: its name says what the policies
do about it, and the principals' policies are written in terms of these names.
"""

import functools
import unittest

import daemon
import harness
import registry
from harness import ACCOUNT as OWNER
from harness import REGION
from matrix_model import Cell, cells, expected, refusal, repository_name
from matrix_people import BY_NAME, PRINCIPALS, bare_seed, full_seed

IMAGE = registry.make_image(b"a layer that everybody has")
OWNERS_HOST = f"{OWNER}.dkr.ecr.{REGION}.localhost"


class MatrixTest(harness.ServerTest):
    """One server for the file, its repositories filled before anybody was kept out of them."""

    @classmethod
    def setUpClass(cls):
        if MatrixTest.server is None:
            server = harness.Server(seed=bare_seed())
            unittest.addModuleCleanup(server.close)
            server.start()
            cls.fill(server)
            server.apply_seed(full_seed())
            MatrixTest.server = server

    @staticmethod
    def fill(server):
        root = registry.Registry(server, server.password())
        for repository in bare_seed()["accounts"][OWNER]["repositories"]:
            for data in IMAGE.blobs.values():
                path = f"/v2/{repository['name']}/blobs/uploads/?digest={registry.digest_of(data)}"
                root.expect(201, "POST", path, data)
            reply = root.put_manifest(IMAGE, repository["name"], "v1")
            assert reply.status == 201, reply.body

    def check(self, principal, actions):
        """Every cell: each of `actions` (by its name, a function of the cell) as expected.

        The functions return the refusal's sentence, None where they succeed.
        """
        for cell in cells(principal):
            for action, attempt in actions.items():
                with self.subTest(principal=principal.name, cell=cell.slug, action=action):
                    name = repository_name(principal, cell)
                    self.assertEqual(expected(principal, cell, action), attempt(name))


class ApiMatrixTest(MatrixTest):
    def attempt(self, call, name, **parameters):
        """The sentence with which the call is refused, or None."""
        from botocore.exceptions import ClientError

        try:
            call(registryId=OWNER, repositoryName=name, **parameters)
        except ClientError as error:
            found = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.assertEqual(("AccessDeniedException", 400), (found["Code"], status), found)
            return found["Message"]
        return None

    def check_principal(self, principal):
        ecr = self.ecr(principal.keys)
        image = {"imageIds": [{"imageTag": "v1"}]}
        new = {"imageManifest": IMAGE.manifest.decode(), "imageTag": "by-api"}
        self.check(
            principal,
            {
                "ecr:BatchGetImage": lambda name: self.attempt(ecr.batch_get_image, name, **image),
                "ecr:ListImages": lambda name: self.attempt(ecr.list_images, name),
                "ecr:PutImage": lambda name: self.attempt(ecr.put_image, name, **new),
            },
        )


class RegistryMatrixTest(MatrixTest):
    def registry(self, principal):
        """As docker would: with a token of the caller's, at the owner's registry."""
        host = f"{OWNERS_HOST}:{self.server.port}"
        return registry.Registry(self.server, self.server.password(principal.keys), host=host)

    def attempt(self, client, status, method, path, body=None, headers=None):
        reply = client.request(method, path, body, headers)
        if reply.status == 403:
            code, message = reply.error
            self.assertEqual("DENIED", code)
            return message
        self.assertEqual(status, reply.status, reply.body)
        return None


class PullMatrixTest(RegistryMatrixTest):
    def check_principal(self, principal):
        client = self.registry(principal)
        blob = next(iter(IMAGE.blobs))

        def get(path, name):
            return self.attempt(client, 200, "GET", f"/v2/{name}/{path}")

        self.check(
            principal,
            {
                "ecr:BatchGetImage": functools.partial(get, "manifests/v1"),
                "ecr:GetDownloadUrlForLayer": functools.partial(get, f"blobs/{blob}"),
                "ecr:ListImages": functools.partial(get, "tags/list"),
            },
        )

    def test_refused_head_has_no_body(self):
        user = BY_NAME["user"]
        name = repository_name(user, Cell(boundary="absent", session="absent"))
        for path in ("manifests/v1", f"blobs/{next(iter(IMAGE.blobs))}"):
            with self.subTest(path=path):
                reply = self.registry(user).request("HEAD", f"/v2/{name}/{path}")
                self.assertEqual((403, b""), (reply.status, reply.body))


class PushMatrixTest(RegistryMatrixTest):
    def check_principal(self, principal):
        client = self.registry(principal)
        layer = b"a layer pushed by " + principal.name.encode()
        uploads = {}

        def start(name):
            path = f"/v2/{name}/blobs/uploads/"
            reply = client.request("POST", path)
            if reply.status == 202:
                uploads[name] = reply.headers["location"]
                return None
            return self.attempt(client, 202, "POST", path)

        def patch(name):
            # Refused before anybody looks for the upload.
            location = uploads.get(name, f"/v2/{name}/blobs/uploads/none")
            return self.attempt(client, 202, "PATCH", location, layer)

        def complete(name):
            location = uploads.get(name, f"/v2/{name}/blobs/uploads/none")
            path = f"{location}?digest={registry.digest_of(layer)}"
            return self.attempt(client, 201, "PUT", path)

        def put(name):
            headers = {"Content-Type": IMAGE.media_type}
            path = f"/v2/{name}/manifests/by-push"
            return self.attempt(client, 201, "PUT", path, IMAGE.manifest, headers)

        self.check(
            principal,
            {
                "ecr:InitiateLayerUpload": start,
                "ecr:UploadLayerPart": patch,
                "ecr:CompleteLayerUpload": complete,
                "ecr:PutImage": put,
            },
        )


class DockerMatrixTest(MatrixTest):
    """For each principal a repository that lets it in and one that does not, with docker itself.

    One after the other the principals are refused for another reason each.
    """

    @classmethod
    def setUpClass(cls):
        docker = daemon.Daemon(hosts=[OWNERS_HOST])
        cls.addClassCleanup(docker.close)
        cls.docker = docker.start()
        super().setUpClass()
        cls.host = f"{OWNERS_HOST}:{cls.server.port}"
        cls.docker.import_image("greeting", "hello")

    def run_docker(self, *arguments, config):
        return self.docker.docker(*arguments, config=config)

    def check_principal(self, principal):
        config = principal.name
        login = self.docker.login(self.host, self.server.password(principal.keys), config)
        self.assertEqual(0, login.returncode, login.stderr)
        allowed, refused = self.chosen_cells(principal)
        with self.subTest(cell=allowed.slug):
            self.check_allowed(f"{self.host}/{repository_name(principal, allowed)}:new", config)
        with self.subTest(cell=refused.slug):
            self.check_refused(principal, refused, config)

    @staticmethod
    def chosen_cells(principal):
        allowed, refused = [], {}
        for cell in cells(principal):
            why = refusal(principal, cell, "ecr:X")
            if why is None:
                allowed.append(cell)
            else:
                refused.setdefault(why, cell)
        turn = PRINCIPALS.index(principal)
        spread = turn * len(allowed) // len(PRINCIPALS)
        return allowed[spread], refused[sorted(refused)[turn % len(refused)]]

    def check_allowed(self, image, config):
        self.run_docker("tag", "greeting", image, config=config)
        for command in ("push", "rmi", "pull"):
            result = self.run_docker(command, image, config=config)
            self.assertEqual(0, result.returncode, result.stderr)

    def check_refused(self, principal, cell, config):
        image = f"{self.host}/{repository_name(principal, cell)}:v1"
        pulled = self.run_docker("pull", image, config=config)
        sentence = expected(principal, cell, "ecr:BatchGetImage")
        self.assertEqual(1, pulled.returncode)
        # In front of it, by the engine's version: "Error response from daemon: [pull access ...]".
        self.assertTrue(pulled.stderr.strip().endswith(f": denied: {sentence}"), pulled.stderr)
        self.run_docker("tag", "greeting", image, config=config)
        pushed = self.run_docker("push", image, config=config)
        sentence = expected(principal, cell, "ecr:InitiateLayerUpload")
        self.assertEqual((1, f"denied: {sentence}"), (pushed.returncode, pushed.stderr.strip()))


def _add_tests(case):
    """A test for each principal."""
    for principal in PRINCIPALS:

        def test(self, principal=principal):
            self.check_principal(principal)

        setattr(case, f"test_{principal.name.replace('-', '_')}", test)


for _case in (ApiMatrixTest, PullMatrixTest, PushMatrixTest, DockerMatrixTest):
    _add_tests(_case)


if __name__ == "__main__":
    harness.main()
