"""What the tests that kill or starve the server share: who pushes meanwhile, what must hold after."""

import contextlib
import http.client
import os
import random
import subprocess
import threading
import unittest

import harness
import registry

REPOSITORIES = ("crash/one", "crash/two")
LOST = (OSError, http.client.HTTPException, ValueError)
SYNCS = "fsync,fdatasync"


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

    flags = ("--access-log", "off")

    def setUp(self):
        self.server = harness.Server(*self.flags)
        self.addCleanup(self.server.close)
        self.server.start()
        self.password = self.server.password()
        for name in REPOSITORIES:
            self.server.client().create_repository(repositoryName=name)

    def client(self):
        return registry.Registry(self.server, self.password)

    def assert_there(self, acknowledged):
        """Every image is pulled with every blob, and each has its digest."""
        client = self.client()
        for repository, tag, image in acknowledged:
            pulled = client.pull(repository, tag)
            self.assertEqual(image.digest, pulled.digest, f"{repository}:{tag}")
            self.assertEqual(image.blobs, pulled.blobs, f"{repository}:{tag}")

    def assert_clean(self):
        """REQUIRES: the server is stopped."""
        status, output = self.server.check()
        self.assertEqual(0, status, output)

    def stored_files(self):
        """Files of blobs and of uploads."""
        counts = []
        for folder in ("blobs", "uploads"):
            found = os.walk(os.path.join(self.server.data_dir, folder))
            counts.append(sum(len(files) for _, _, files in found))
        return tuple(counts)


def require_strace():
    """The path of strace; skips the test where it cannot trace."""
    strace = harness.tool("strace")
    probe = harness.run(strace, "-o", "/dev/null", "true")
    if probe.returncode != 0:
        raise unittest.SkipTest(f"strace cannot trace here: {probe.stderr.strip()}")
    return strace


class Injection:
    """strace on a running server: from here on its system calls fail, or kill it, as `fault` says.

    A context: ends with the server going on as before, if it still does.
    """

    def __init__(self, server, calls, fault):
        self.pid = server.process.pid
        self.log = os.path.join(server.directory, "strace")
        trace = ["-e", f"trace={calls}", "-e", f"inject={calls}:{fault}"]
        self.command = [require_strace(), "-f", "-p", str(self.pid), "-o", self.log, *trace]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            harness.wait_until(self._attached, 10, "strace is attached")
        except AssertionError:
            self.__exit__()
            raise unittest.SkipTest("strace cannot be attached to a process here") from None
        return self

    def _attached(self):
        def is_traced(thread):
            with open(f"/proc/{self.pid}/task/{thread}/status", encoding="ascii") as file:
                return f"TracerPid:\t{self.process.pid}\n" in file.read()

        return all(is_traced(thread) for thread in os.listdir(f"/proc/{self.pid}/task"))

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()  # it waits for threads that were killed; the server needs it no more
            self.process.wait()
        self.process.stdout.close()

    def calls(self):
        """How many of the calls were seen."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return sum("(" in line and "resumed" not in line for line in file)


@contextlib.contextmanager
def limited_descriptors(server, more):
    """The server may open `more` descriptors than it has open now."""
    import resource

    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + more, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
