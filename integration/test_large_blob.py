"""Memory does not grow with the blob: 2 GiB up and down in less than 64 MiB.

ECR_LOCAL_LARGE_BLOB_MIB says how large (2048).
"""

import contextlib
import hashlib
import http.client
import os
import shutil
import tempfile
import threading
import time
import unittest

import harness
import registry

MIB = 1 << 20
SIZE = int(os.environ.get("ECR_LOCAL_LARGE_BLOB_MIB", "2048")) * MIB
LIMIT = 64 * MIB
NEEDED_DISK = SIZE + 4096 * MIB
CHUNK = os.urandom(MIB - 8)


def blob():
    """The bytes, a mebibyte at a time, none like another."""
    for number in range(SIZE // MIB):
        yield number.to_bytes(8, "big") + CHUNK


def blob_digest():
    digest = hashlib.sha256()
    for chunk in blob():
        digest.update(chunk)
    return "sha256:" + digest.hexdigest()


def memory(pid):
    """Resident bytes by name, from /proc."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        pairs = [line.split() for line in file if line.startswith(("VmRSS", "VmHWM", "Rss"))]
    return {pair[0].rstrip(":"): int(pair[1]) * 1024 for pair in pairs}


class MemoryWatch:
    """Samples the memory of a process while the block runs."""

    def __init__(self, pid):
        self.pid, self.peak, self.done = pid, {}, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()

    def _watch(self):
        while not self.done.wait(0.02):
            self.peak = {
                name: max(value, self.peak.get(name, 0)) for name, value in memory(self.pid).items()
            }


class LargeBlobTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        with open(harness.BINARY, "rb") as file:
            if b"__asan_init" in file.read():
                raise unittest.SkipTest("a sanitizer's own memory is far more than the limit")
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < NEEDED_DISK:
            raise unittest.SkipTest(f"{NEEDED_DISK >> 30} GiB of disk needed, {free >> 30} free")
        super().setUpClass()
        cls.server.client().create_repository(repositoryName="large")
        cls.registry = registry.Registry(cls.server, cls.server.password())
        cls.digest = blob_digest()

    def watched(self, what, action):
        """Runs the action, prints and checks the memory that the server used meanwhile."""
        begun = time.monotonic()
        with MemoryWatch(self.server.process.pid) as watch:
            result = action()
        rate = SIZE / MIB / (time.monotonic() - begun)
        figures = ", ".join(f"{name} {value / MIB:.1f}" for name, value in watch.peak.items())
        print(f"{what} of {SIZE >> 20} MiB: {rate:.0f} MiB/s; peak MiB: {figures}", flush=True)
        self.assertLess(watch.peak["VmHWM"], LIMIT)
        return result

    def upload(self, encode_chunked):
        """POST, one PATCH of everything, PUT."""
        location = self.registry.start_upload("large")
        headers = {} if encode_chunked else {"Content-Length": str(SIZE)}
        reply = self.registry.expect(202, "PATCH", location, blob(), headers)
        self.registry.expect(201, "PUT", f"{reply.headers['location']}?digest={self.digest}")

    def download(self):
        """The digest of what comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        with contextlib.closing(connection):
            path = f"/v2/large/blobs/{self.digest}"
            connection.request("GET", path, headers=self.registry.headers)
            reply = connection.getresponse()
            self.assertEqual((200, str(SIZE)), (reply.status, reply.getheader("content-length")))
            digest = hashlib.sha256()
            while chunk := reply.read(MIB):
                digest.update(chunk)
        return "sha256:" + digest.hexdigest()

    def test_memory_stays_small_while_a_large_blob_comes_and_goes(self):
        self.watched("chunked upload", lambda: self.upload(encode_chunked=True))
        self.assertEqual(self.digest, self.watched("download", self.download))
        self.watched("upload with a length", lambda: self.upload(encode_chunked=False))
        self.assertEqual(SIZE, self.bytes_kept())

    def bytes_kept(self):
        """Two uploads of the same bytes are one file."""
        blobs = os.path.join(self.server.data_dir, "blobs")
        files = [os.path.join(folder, f) for folder, _, names in os.walk(blobs) for f in names]
        return sum(os.path.getsize(file) for file in files)


if __name__ == "__main__":
    harness.main()
