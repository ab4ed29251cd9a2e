"""The container image: small, without root, healthy, and it keeps what it was given."""

import json
import os
import re
import unittest

import harness
import image
import namespace

SEED = {"accounts": {harness.ACCOUNT: {"repositories": [{"name": "app"}]}}}
RUN = ("run", "--detach", "--read-only", "--cap-drop", "ALL", "--publish", "127.0.0.1:4599:4599")
CREDENTIALS = ("--env", "ECR_LOCAL_DEFAULT_CREDENTIALS=true")
ENGINE = None
BUILT = ""
SERVER = None


def setUpModule():
    global ENGINE, BUILT, SERVER
    ENGINE, BUILT = image.start_engine()
    SERVER = image.server()


class ImageTest(unittest.TestCase):
    def docker(self, *arguments, **options):
        result = ENGINE.docker(*arguments, **options)
        self.assertEqual(0, result.returncode, f"{arguments}: {result.stderr[-2000:]}")
        return result.stdout.strip()

    def start(self, *arguments):
        """A container that has become healthy."""
        container = self.docker(*RUN, *arguments, "ecr-local")
        self.addCleanup(ENGINE.docker, "rm", "--force", "--volumes", container)
        self.wait_for_health(container)
        return container

    def wait_for_health(self, container):
        def healthy():
            state = json.loads(self.docker("inspect", "--format", "{{json .State}}", container))
            self.assertTrue(state["Running"], ENGINE.docker("logs", container).stderr[-2000:])
            return state["Health"]["Status"] == "healthy"

        harness.wait_until(healthy, 30, "the container is healthy")

    def push(self, name):
        login = ENGINE.login("localhost:4599", SERVER.password())
        self.assertEqual(0, login.returncode, login.stderr)
        ENGINE.import_image(name, "hello image")
        self.docker("push", name)
        self.docker("rmi", name)

    def test_size_is_printed_and_within_its_limit(self):
        kilobytes = int(BUILT.split("ecr-local: ")[-1].split()[0])
        with open(os.path.join(harness.ROOT, "docs/containers.md"), encoding="utf-8") as file:
            (megabytes,) = re.findall(r"smaller than (\d+) MB", file.read())
        self.assertLessEqual(kilobytes, int(megabytes) * 1000)
        self.assertGreater(kilobytes, 1_000)

    def test_push_and_pull_and_a_restart_keeps_both_seed_and_images(self):
        seed = os.path.join(ENGINE.directory, "seed.json")
        with open(seed, "w", encoding="utf-8") as file:
            json.dump(SEED, file)
        mount = ("--volume", f"{seed}:/etc/ecr-local/seed.json:ro")
        variable = ("--env", "ECR_LOCAL_SEED=/etc/ecr-local/seed.json")
        data = ("--volume", "kept:/data")
        container = self.start(*CREDENTIALS, *mount, *variable, *data)
        self.push("localhost:4599/app:1")
        self.docker("restart", container)
        self.wait_for_health(container)
        self.docker("pull", "localhost:4599/app:1")
        self.docker("rm", "--force", container)
        self.docker("rmi", "localhost:4599/app:1")
        self.start(*CREDENTIALS, *data)
        self.docker("pull", "localhost:4599/app:1")
        self.assertEqual("hello image", self.docker("run", "--rm", "localhost:4599/app:1"))

    def test_it_runs_without_root(self):
        container = self.start(*CREDENTIALS)
        pid = self.docker("inspect", "--format", "{{.State.Pid}}", container)
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(["65532"] * 4, lines["Uid"].split("\t"))
        self.assertEqual("0000000000000000", lines["CapEff"])

    def test_it_stops_when_told(self):
        container = self.start(*CREDENTIALS)
        self.docker("stop", container)
        self.assertEqual("0", self.docker("inspect", "--format", "{{.State.ExitCode}}", container))

    def test_default_credentials_are_off_unless_asked_for(self):
        self.start()
        refused = SERVER.aws("ecr", "describe-repositories")
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("UnrecognizedClientException", refused.stderr)

    def test_names_are_looked_up(self):
        container = self.start(*CREDENTIALS, "--network-alias", "registry", "--network", self.network())
        check = ("exec", container, "/ecr-local", "healthcheck", "--url")
        self.assertEqual("healthy", self.docker(*check, "http://registry:4599"))
        unknown = ENGINE.docker(*check, "http://no-such-name:4599")
        self.assertEqual(1, unknown.returncode, unknown.stdout)

    def network(self):
        """A network whose engine answers for the names of its containers."""
        self.docker("network", "create", "names")
        self.addCleanup(ENGINE.docker, "network", "rm", "names")
        return "names"


if __name__ == "__main__":
    namespace.enter()
    harness.main()
