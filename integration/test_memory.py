"""What the server needs of memory while much passes through it: eight pushes and 64 pulls at once.

ECR_LOCAL_MEMORY_PUSH_MIB and ECR_LOCAL_MEMORY_PULL_MIB are the sizes of their layers: 64 and 16 where
nothing is said, 1024 and 1024 for the whole truth.
"""

import hashlib
import http.client
import os
import random
import threading

import harness
import registry

PUSH_MIB = int(os.environ.get("ECR_LOCAL_MEMORY_PUSH_MIB", "64"))
PULL_MIB = int(os.environ.get("ECR_LOCAL_MEMORY_PULL_MIB", "16"))
PUSHES, PULLS = 8, 64
LIMIT_KIB = 100 << 10
MIB = 1 << 20


class Layer:
    """Of so many MiB, in the memory of two; no two are the same."""

    def __init__(self, mebibytes, seed):
        generator = random.Random(seed)
        self.first, self.rest = generator.randbytes(MIB), generator.randbytes(MIB)
        self.count = mebibytes
        hasher = hashlib.sha256()
        for block in self.blocks():
            hasher.update(block)
        self.digest = "sha256:" + hasher.hexdigest()

    def blocks(self):
        yield self.first
        for _ in range(self.count - 1):
            yield self.rest


class MemoryTest(harness.ServerTest):
    flags = ("--access-log", "off")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(harness.BINARY, "rb") as file:
            program = file.read()
        if b"__asan_init" in program or b"__tsan_init" in program:
            raise cls.skipTest(cls, "a sanitizer keeps what is freed")
        cls.server.client().create_repository(repositoryName="app")
        cls.registry = registry.Registry(cls.server, cls.server.password())

    def peak_kib(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as file:
            return int(next(line for line in file if line.startswith("VmHWM")).split()[1])

    def at_once(self, count, action):
        """Runs action(0), action(1), ... at the same time; fails where one of them did."""
        failures = []

        def guarded(number):
            try:
                action(number)
            except Exception as error:  # whatever it is: told below
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failures)

    def push(self, layer, chunked):
        location = self.registry.start_upload("app")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        headers = dict(self.registry.headers)
        if not chunked:
            headers["Content-Length"] = str(layer.count * MIB)
        connection.request("PATCH", location, layer.blocks(), headers, encode_chunked=chunked)
        reply = connection.getresponse()
        reply.read()
        connection.close()
        self.assertEqual(202, reply.status)
        self.registry.expect(201, "PUT", f"{location}?digest={layer.digest}")

    def pull(self, digest):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=600)
        connection.request("GET", f"/v2/app/blobs/{digest}", headers=self.registry.headers)
        reply = connection.getresponse()
        self.assertEqual(200, reply.status)
        hasher = hashlib.sha256()
        buffer = bytearray(MIB)
        while size := reply.readinto(buffer):
            hasher.update(memoryview(buffer)[:size])
        connection.close()
        self.assertEqual(digest, "sha256:" + hasher.hexdigest())

    def test_memory_does_not_grow_with_what_is_pushed_and_pulled(self):
        layers = [Layer(PUSH_MIB, number) for number in range(PUSHES)]
        idle = self.peak_kib()
        self.at_once(PUSHES, lambda number: self.push(layers[number], number % 2 == 0))
        pushed = self.peak_kib()
        small = Layer(PULL_MIB, PUSHES)
        self.push(small, chunked=False)
        self.at_once(PULLS, lambda _: self.pull(small.digest))
        pulled = self.peak_kib()
        print(f"idle {idle >> 10} MiB, after {PUSHES} pushes of {PUSH_MIB} MiB {pushed >> 10} MiB, "
              f"after {PULLS} pulls of {PULL_MIB} MiB {pulled >> 10} MiB")
        self.assertLess(pulled, LIMIT_KIB)


if __name__ == "__main__":
    harness.main()
