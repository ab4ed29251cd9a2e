"""kill -9 in the middle of pushes: what was acknowledged is there, and the data directory is whole.

ECR_LOCAL_CRASH_RUNS says how often (50).
"""

import contextlib
import http.client
import os
import random
import threading
import time
import unittest

import harness
import registry

RUNS = int(os.environ.get("ECR_LOCAL_CRASH_RUNS", "50"))
SYNCS = 20
PUSHERS = 4
REPOSITORIES = ("crash/one", "crash/two")
LOST = (OSError, http.client.HTTPException, ValueError)


class Pusher(threading.Thread):
    """Pushes one image after another until the server is gone; remembers what was acknowledged."""

    def __init__(self, server, password, number, run, tag_at):
        super().__init__(daemon=True)
        self.registry = registry.Registry(server, password)
        self.repository = REPOSITORIES[number % len(REPOSITORIES)]
        self.moving_tag = f"moving-{number}"
        self.prefix = f"run-{run}-{number}"
        self.random = random.Random(self.prefix)
        self.acknowledged = []  # (repository, tag, image)
        self.tag_may_be_at = [tag_at]  # digests: where it was put at last, where it was being put
        self.refused = None

    def run(self):
        count = 0
        try:
            while True:
                self.push_one(f"{self.prefix}-{count}")
                count += 1
        except LOST:
            pass  # the server was killed
        except registry.RegistryError as error:
            self.refused = error

    def push_one(self, tag):
        sizes = [self.random.randrange(1, 200_000) for _ in range(3)]
        layers = [self.random.randbytes(size) for size in sizes]
        image = registry.make_image(b"a layer of every image", *layers)
        self.registry.push(image, self.repository, tag)
        self.acknowledged.append((self.repository, tag, image))
        self.tag_may_be_at.append(image.digest)
        reply = self.registry.put_manifest(image, self.repository, self.moving_tag)
        if reply.status != 201:
            raise registry.RegistryError(f"moving the tag: {reply.status} {reply.body!r}")
        self.tag_may_be_at = [image.digest]


class CrashCase(unittest.TestCase):
    """A server with two repositories, and what must hold after it was killed."""

    def setUp(self):
        self.server = harness.Server("--access-log", "off")
        self.addCleanup(self.server.close)
        self.server.start()
        self.password = self.server.password()
        for name in REPOSITORIES:
            self.server.client().create_repository(repositoryName=name)

    def assert_there(self, acknowledged):
        """Every image is pulled with every blob, and each has its digest."""
        client = registry.Registry(self.server, self.password)
        for repository, tag, image in acknowledged:
            pulled = client.pull(repository, tag)
            self.assertEqual(image.digest, pulled.digest, f"{repository}:{tag}")
            self.assertEqual(image.blobs, pulled.blobs, f"{repository}:{tag}")

    def assert_clean(self):
        status, output = self.server.check()
        self.assertEqual(0, status, output)


class CrashTest(CrashCase):
    def test_every_acknowledged_push_survives_kill_9(self):
        acknowledged, tags = [], {}
        chance = random.Random(1)
        begun = time.monotonic()
        for run in range(RUNS):
            pushers = [
                Pusher(self.server, self.password, number, run, tags.get(number))
                for number in range(PUSHERS)
            ]
            for pusher in pushers:
                pusher.start()
            harness.wait_until(lambda: any(p.acknowledged for p in pushers), 20, "a first push")
            time.sleep(chance.uniform(0, 0.25))  # the moment of the crash
            self.server.kill()
            for pusher in pushers:
                pusher.join(30)
                self.assertIsNone(pusher.refused)
            if run % 10 == 9:
                self.assert_clean()
            self.server.start()
            for number, pusher in enumerate(pushers):
                self.assert_there(pusher.acknowledged)
                tags[number] = self.digest_of_tag(pusher.repository, pusher.moving_tag)
                self.assertIn(tags[number], pusher.tag_may_be_at)
                acknowledged += pusher.acknowledged
        self.assert_there(acknowledged)
        self.assertEqual(0, self.server.stop())
        self.assert_clean()
        seconds = time.monotonic() - begun
        print(f"{RUNS} kills, {len(acknowledged)} acknowledged pushes, none lost, {seconds:.0f} s")

    def digest_of_tag(self, repository, tag):
        """None: there is no such tag."""
        client = registry.Registry(self.server, self.password)
        reply = client.request("HEAD", f"/v2/{repository}/manifests/{tag}")
        self.assertIn(reply.status, (200, 404))
        return reply.headers.get("docker-content-digest")


class KilledAtSyncTest(CrashCase):
    """Not at random: SIGKILL just as one of the server's threads makes its n-th fsync."""

    def setUp(self):
        self.strace = harness.tool("strace")
        probe = harness.run(self.strace, "-o", "/dev/null", "true")
        if probe.returncode != 0:
            self.skipTest(f"strace cannot trace here: {probe.stderr.strip()}")
        super().setUp()
        self.server.stop()

    def start_to_be_killed_at(self, count):
        """False: it was killed before it was ready."""
        calls = "fsync,fdatasync"
        inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={count}"]
        try:
            # -D: the process that was started stays the server itself.
            self.server.start([self.strace, "-D", "-f", "-qq", "-o", "/dev/null", *inject])
        except AssertionError:
            return False
        return True

    def push_until_killed(self, count):
        """What was acknowledged."""
        client = registry.Registry(self.server, self.password)
        acknowledged = []
        with contextlib.suppress(*LOST):
            for number in range(1000):
                tag = f"sync-{count}-{number}"
                image = registry.make_image(f"layer {tag}".encode())
                client.push(image, REPOSITORIES[0], tag)
                acknowledged.append((REPOSITORIES[0], tag, image))
        return acknowledged

    def test_acknowledged_push_survives_a_kill_at_any_sync(self):
        acknowledged = []
        for count in range(1, SYNCS + 1):
            if self.start_to_be_killed_at(count):
                acknowledged += self.push_until_killed(count)
                self.server.kill()
            self.assert_clean()
        self.server.start()
        self.assert_there(acknowledged)
        print(f"{SYNCS} kills at a sync, {len(acknowledged)} acknowledged pushes, none lost")


if __name__ == "__main__":
    harness.main()
