"""docker/compose.yaml and the examples beside it, as they are, with a real engine.

Images that only Docker Hub has are replaced: by one that borrows the programs of this machine.
"""

import io
import os
import shutil
import tarfile
import unittest

import clients
import harness
import image
import namespace
import sdk_programs

FOLDER = os.path.join(harness.ROOT, "docker")
ENGINE = None
SERVER = None
PROGRAM = None


def setUpModule():
    global ENGINE, SERVER, PROGRAM
    PROGRAM = clients.client("docker-compose")
    for name in ("aws", "curl"):
        harness.tool(name)
    ENGINE, _ = image.start_engine()
    SERVER = image.server()
    make_tools_image()


def make_tools_image():
    """An image of a root directory whose /usr is that of this machine, once it is mounted."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("bin", "sbin", "lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
        for name in ("etc", "usr", "tmp", "root", "var", "var/run", "var/lib", "run"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(folder)
    path = f"{ENGINE.directory}/tools.tar"
    with open(path, "wb") as file:
        file.write(buffer.getvalue())
    made = ENGINE.docker("import", "-c", "ENV PATH=/usr/sbin:/usr/bin:/usr/local/bin", path, "tools")
    if made.returncode != 0:
        raise AssertionError(made.stderr)


class ComposeTest(unittest.TestCase):
    def compose(self, files, *arguments):
        """docker compose with these files; what it printed."""
        project = [part for file in files for part in ("-f", file)]
        command = (PROGRAM, *project, "-p", "example", *arguments)
        result = harness.run(*command, env=ENGINE.environment(), timeout=300)
        logs = ""
        if result.returncode != 0:
            shown = harness.run(PROGRAM, *project, "-p", "example", "logs", env=ENGINE.environment())
            logs = shown.stdout[-4000:]
        self.assertEqual(0, result.returncode, f"{result.stdout}{result.stderr[-4000:]}{logs}")
        return result.stdout + result.stderr

    def up(self, files):
        """Starts the services, with what both versions 1 and 2 of compose know, and waits."""
        self.compose(files, "up", "--detach")
        self.wait_until_healthy(files)

    def wait_until_healthy(self, files):
        healthy = ("exec", "-T", "ecr-local", "/ecr-local", "healthcheck")
        project = [part for file in files for part in ("-f", file)]
        command = (PROGRAM, *project, "-p", "example", *healthy)
        ask = lambda: harness.run(*command, env=ENGINE.environment()).returncode == 0
        harness.wait_until(ask, 30, "the server answers")

    def override(self, text):
        path = f"{ENGINE.directory}/override.yaml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def start(self, *files):
        self.addCleanup(self.compose, files, "down", "--volumes", "--timeout", "5")
        return files

    def test_the_service_becomes_healthy_and_keeps_its_data(self):
        files = self.start(f"{FOLDER}/compose.yaml")
        self.up(files)
        made = SERVER.client().create_repository(repositoryName="app")
        self.assertEqual("localhost:4599/app", made["repository"]["repositoryUri"])
        self.compose(files, "down")
        self.up(files)
        found = SERVER.client().describe_repositories()["repositories"]
        self.assertEqual(["app"], [repository["repositoryName"] for repository in found])
        status, _, _ = SERVER.request("POST", "/_ecr-local/reset")
        self.assertEqual(403, status)
        token = {"Authorization": "Bearer admin"}
        status, _, _ = SERVER.request("POST", "/_ecr-local/reset", headers=token)
        self.assertEqual(200, status)

    def test_an_applications_tests(self):
        socket = ENGINE.socket.removeprefix("unix://")
        override = self.override(f"""
services:
  tests:
    image: tools
    build: !reset null
    volumes:
      - /usr:/usr:ro
      - {socket}:/var/run/docker.sock
""")
        files = self.start(f"{FOLDER}/examples/app-tests/compose.yaml", override)
        printed = self.compose(files, "run", "--rm", "tests")
        self.assertIn("the repository is localhost:4599/app", printed)
        self.assertIn("denied: User: arn:aws:iam::000000000000:user/reader", printed)
        self.assertIn("all tests passed", printed)

    def test_docker_in_docker(self):
        # Not all of what `privileged` gives is there in a sandbox.
        override = self.override("""
services:
  docker:
    image: tools
    privileged: false
    cap_add: [SYS_ADMIN, NET_ADMIN]
    security_opt: ["seccomp:unconfined", "apparmor:unconfined", "systempaths=unconfined"]
    command: ["dockerd", "--host=unix:///run/engine/docker.sock", "--storage-driver=vfs",
              "--iptables=false", "--ip6tables=false", "--bridge=none"]
    volumes:
      - /usr:/usr:ro
      - /sys/fs/cgroup:/sys/fs/cgroup
      - engine-data:/var/lib/docker
  tests:
    image: tools
    build: !reset null
    volumes:
      - /usr:/usr:ro
volumes:
  engine-data:
""")
        files = self.start(f"{FOLDER}/examples/docker-in-docker/compose.yaml", override)
        printed = self.compose(files, "run", "--rm", "tests")
        self.assertIn("the repository is localhost:4599/app", printed)
        self.assertIn("all tests passed", printed)

    def test_services_with_a_role_each(self):
        services = ("builder", "reader", "instance")
        modules = os.path.join(clients.FOLDER, "npm/node_modules")
        override = "services:\n"
        for service in services:
            override += f"""
  {service}:
    image: tools
    build: !reset null
    environment: {{SERVER: "http://ecr-local:4599", AWS_REGION: us-east-1}}
    volumes:
      - /usr:/usr:ro
      - {ENGINE.directory}/programs:/programs:ro
"""
        programs = os.path.join(ENGINE.directory, "programs")
        os.makedirs(programs, exist_ok=True)
        for name, text in (("list.py", sdk_programs.PYTHON), ("list.mjs", sdk_programs.JAVASCRIPT)):
            with open(os.path.join(programs, name), "w", encoding="utf-8") as file:
                file.write(text)
        has_sdk = os.path.isdir(os.path.join(modules, "@aws-sdk/client-ecr"))
        if has_sdk:
            shutil.copytree(modules, f"{programs}/node_modules", symlinks=True, dirs_exist_ok=True)
        files = self.start(f"{FOLDER}/examples/two-roles/compose.yaml", self.override(override))
        self.compose(files, "up", "--detach", "ecr-local")
        self.wait_until_healthy(files)
        role = "arn:aws:sts::000000000000:assumed-role"
        token = "export AWS_CONTAINER_AUTHORIZATION_TOKEN=$(cat /run/credentials-token); "
        sdks = ["python3 /programs/list.py"] + (["node /programs/list.mjs"] if has_sdk else [])
        for service, session, creates in (
            ("builder", "builder/ecr-local", True),
            ("reader", "reader/ecr-local", False),
            ("instance", "instance/i-0ec210ca100000001", False),
        ):
            with self.subTest(service):
                printed = self.compose(files, "run", "--rm", service)
                self.assertIn(f"I am {role}/{session}", printed)
                self.assertIn("I see app", printed)
                self.assertEqual(creates, "I may create repositories" in printed, printed)
                self.assertEqual(not creates, "not authorized to perform: ecr:Create" in printed)
                if creates:
                    continue  # it would delete the repository
                for sdk in sdks:
                    command = sdk if service == "instance" else token + sdk
                    printed = self.compose(files, "run", "--rm", service, "sh", "-c", command)
                    self.assertIn('"list":"allowed"', printed.replace(" ", ""))
                    self.assertIn("not authorized to perform: ecr:DeleteRepository", printed)
        refused = ("run", "--rm", "-e", self.credentials_of("instance"), "reader")
        self.assertNotIn("I am arn:", self.compose(files, *refused))
        explained = self.compose(files, "exec", "-T", "ecr-local", "/ecr-local", "explain")
        self.assertIn("sts:AssumeRole on arn:aws:iam::000000000000:role/instance", explained)

    @staticmethod
    def credentials_of(role):
        path = f"/_ecr-local/credentials/role/{role}"
        return f"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2:4599{path}"


if __name__ == "__main__":
    namespace.enter()
    harness.main()
