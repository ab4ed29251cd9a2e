"""Everything at once for minutes, with garbage collection ten times a second: pushes that upload,
mount and skip what is there, pulls, tags, deletions, referrers, indexes, abandoned uploads.

Never a `blob unknown` after a 201 (or after a HEAD that said 200); at the end every image is whole,
exactly the files that images need are left, `ecr-local check` is clean, and neither memory nor
descriptors have grown.

ECR_LOCAL_SOAK_SECONDS says how long (300).
"""

import base64
import http.client
import json
import os
import random
import statistics
import threading
import time
import unittest

import harness
import registry

SECONDS = float(os.environ.get("ECR_LOCAL_SOAK_SECONDS", "300"))
# How long what nobody needs is kept: longer than pushes take (what they rely on stays for half of it
# at least), several times shorter than the soak.
GRACE = 30
REPOSITORIES = ("soak/a", "soak/b", "soak/c")
MOST_IMAGES = 120  # alive at a time
# So that other tests can run beside it.
PAUSE = 0.02
ARTIFACT_TYPE = "application/vnd.example.note"
EMPTY = b"{}"
# The memory of a sanitizer's build is its own matter.
SANITIZED = bool({"asan", "tsan"} & set(harness.BINARY.split(os.sep)))
MIB = 1 << 20


class Client:
    """Requests over one connection that is kept."""

    def __init__(self, server, password):
        pair = base64.b64encode(f"AWS:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {pair}"}
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)

    def request(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body, {**self.headers, **(headers or {})})
        reply = self.connection.getresponse()
        found = {name.lower(): value for name, value in reply.getheaders()}
        return registry.Reply(reply.status, found, reply.read())

    def expect(self, status, method, path, body=None, headers=None):
        reply = self.request(method, path, body, headers)
        if reply.status != status:
            raise AssertionError(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
        return reply


class Entry:
    """An image of a repository that must be whole for as long as it is alive. Whoever counts on
    that, or changes it, holds its lock."""

    def __init__(self, repository, image, tag):
        self.repository = repository
        self.image = image
        self.tag = tag
        self.lock = threading.Lock()
        self.alive = True


class Soak:
    """What the threads share: the images that are alive, what was done, what went wrong."""

    def __init__(self):
        self.lock = threading.Lock()
        self.entries = []
        self.done = {}
        self.failures = []
        self.stop = threading.Event()
        self.chance = random.Random(7)
        self.shared = [self.chance.randbytes(self.chance.randrange(1, 48_000)) for _ in range(24)]
        self.number = 0

    def count(self, what):
        with self.lock:
            self.done[what] = self.done.get(what, 0) + 1

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def add(self, entry):
        with self.lock:
            self.entries.append(entry)

    def remove(self, entry):
        with self.lock:
            self.entries.remove(entry)

    def pick(self, chance, repository=None, fresh=False):
        """An image, or None. `fresh`: nothing refers to it and it is part of no index."""
        with self.lock:
            found = [e for e in self.entries if repository in (None, e.repository)]
        if fresh:
            found = [e for e in found if e.image.media_type == registry.MANIFEST_TYPE]
        return chance.choice(found) if found else None


class Worker(threading.Thread):
    """Does one thing again and again until the soak ends or something is wrong."""

    def __init__(self, soak, server, password, number):
        super().__init__(daemon=True)
        self.soak = soak
        self.client = Client(server, password)
        self.chance = random.Random(number)

    def run(self):
        try:
            while not self.soak.stop.wait(PAUSE * self.chance.uniform(0.5, 1.5)):
                self.work()
        except Exception as error:  # pylint: disable=broad-except
            self.soak.failures.append(f"{type(self).__name__}: {error!r}")
            self.soak.stop.set()
        finally:
            self.client.connection.close()

    # What pushes are made of.

    def provide_blob(self, repository, data):
        """As a client does: is it there? Can it be mounted? Else it is sent."""
        digest = registry.digest_of(data)
        if self.client.request("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200:
            return self.soak.count("blobs that were there")
        source = self.chance.choice(REPOSITORIES)
        query = f"?mount={digest}&from={source}" if source != repository else ""
        reply = self.client.request("POST", f"/v2/{repository}/blobs/uploads/{query}")
        if reply.status == 201:
            return self.soak.count("mounts")
        if reply.status != 202:
            raise AssertionError(f"POST: {reply.status} {reply.body!r}")
        location = reply.headers["location"]
        if self.chance.random() < 0.5:
            location = self.client.expect(202, "PATCH", location, data).headers["location"]
            data = None
        self.client.expect(201, "PUT", f"{location}?digest={digest}", data)
        return self.soak.count("uploads")

    def put_manifest(self, repository, image, reference):
        headers = {"Content-Type": image.media_type}
        path = f"/v2/{repository}/manifests/{reference}"
        return self.client.expect(201, "PUT", path, image.manifest, headers)

    def push(self, repository, image, tag):
        """False: the machine stood still for so long that the blobs were rightly collected."""
        begun = time.monotonic()
        for data in image.blobs.values():
            self.provide_blob(repository, data)
        try:
            self.put_manifest(repository, image, tag)
        except AssertionError as error:
            took = time.monotonic() - begun
            if "BLOB_UPLOAD_UNKNOWN" in str(error) and took > GRACE / 2:
                self.soak.count("pushes that took too long")
                return False
            raise AssertionError(f"after {took:.1f} s: {error}") from error
        return True

    def pull(self, repository, reference, image):
        """All of it, each part checked."""
        path = f"/v2/{repository}/manifests/{reference}"
        manifest = self.client.expect(200, "GET", path).body
        if manifest != image.manifest:
            raise AssertionError(f"{path} is another image")
        for digest, data in image.blobs.items():
            path = f"/v2/{repository}/blobs/{digest}"
            if self.client.expect(200, "GET", path).body != data:
                raise AssertionError(f"{path} has other bytes")


class Pusher(Worker):
    def work(self):
        with self.soak.lock:
            if len(self.soak.entries) >= MOST_IMAGES:
                return
        number = self.soak.next_number()
        repository = self.chance.choice(REPOSITORIES)
        layers = self.chance.sample(self.soak.shared, self.chance.randrange(1, 4))
        if self.chance.random() < 0.5:
            layers.append(f"layer of image {number} alone".encode() * 50)
        config = json.dumps({"number": number}).encode()
        image = registry.make_image(*layers, config=config)
        tag = f"image-{number}"
        if self.push(repository, image, tag):
            self.soak.count("pushes")
            self.soak.add(Entry(repository, image, tag))


class Puller(Worker):
    def work(self):
        entry = self.soak.pick(self.chance)
        if entry is None:
            return
        with entry.lock:
            if entry.alive:
                self.pull(entry.repository, entry.tag, entry.image)
                self.soak.count("pulls")


class CarelessPuller(Worker):
    """Of an image that may be deleted meanwhile: then it is not found, and nothing else is wrong."""

    def work(self):
        entry = self.soak.pick(self.chance)
        if entry is None:
            return
        for path in [f"manifests/{entry.tag}", *(f"blobs/{d}" for d in entry.image.blobs)]:
            reply = self.client.request("GET", f"/v2/{entry.repository}/{path}")
            if reply.status not in (200, 404):
                raise AssertionError(f"{path}: {reply.status} {reply.body!r}")
            digest = path.split("/")[1]
            if reply.status == 200 and path.startswith("blobs/"):
                if registry.digest_of(reply.body) != digest:
                    raise AssertionError(f"{path} has other bytes")


class Tagger(Worker):
    """Another tag comes, moves and goes; the image stays."""

    def work(self):
        entry = self.soak.pick(self.chance)
        if entry is None:
            return
        with entry.lock:
            if not entry.alive:
                return
            repository, tag = entry.repository, f"moving-{self.chance.randrange(4)}"
            self.put_manifest(repository, entry.image, tag)
            listed = json.loads(self.client.expect(200, "GET", f"/v2/{repository}/tags/list").body)
            if tag not in listed["tags"] or entry.tag not in listed["tags"]:
                raise AssertionError(f"{tag} or {entry.tag} is missing in {listed}")
            self.client.expect(202, "DELETE", f"/v2/{repository}/manifests/{tag}")
            self.pull(repository, entry.image.digest, entry.image)
        self.soak.count("tags")


class Deleter(Worker):
    def work(self):
        with self.soak.lock:
            crowded = len(self.soak.entries) > MOST_IMAGES // 2
        entry = self.soak.pick(self.chance)
        if entry is None or (not crowded and self.chance.random() < 0.7):
            return
        with entry.lock:
            if not entry.alive:
                return
            path = f"/v2/{entry.repository}/manifests/{entry.image.digest}"
            reply = self.client.request("DELETE", path)
            if reply.status == 400:  # part of an index, which has to go first
                return
            if reply.status != 202:
                raise AssertionError(f"DELETE {path}: {reply.status} {reply.body!r}")
            entry.alive = False
            self.soak.remove(entry)
        self.soak.count("deletions")


class Referrer(Worker):
    """An artifact that refers to an image, and an index of two images."""

    def work(self):
        entry = self.soak.pick(self.chance, fresh=True)
        if entry is None:
            return
        with entry.lock:
            if entry.alive:
                self.refer_to(entry)
        self.make_index()

    def refer_to(self, entry):
        number = self.soak.next_number()
        note = f"note {number}".encode()
        subject = {
            "mediaType": entry.image.media_type,
            "size": len(entry.image.manifest),
            "digest": entry.image.digest,
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": registry.OCI_MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "size": len(EMPTY),
                "digest": registry.digest_of(EMPTY),
            },
            "layers": [
                {"mediaType": "text/plain", "size": len(note), "digest": registry.digest_of(note)}
            ],
            "subject": subject,
        }
        blobs = {registry.digest_of(data): data for data in (EMPTY, note)}
        artifact = registry.Image(
            json.dumps(manifest).encode(), registry.OCI_MANIFEST_TYPE, blobs
        )
        tag = f"note-{number}"
        if not self.push(entry.repository, artifact, tag):
            return
        path = f"/v2/{entry.repository}/referrers/{entry.image.digest}"
        listed = json.loads(self.client.expect(200, "GET", path).body)["manifests"]
        if artifact.digest not in [each["digest"] for each in listed]:
            raise AssertionError(f"{artifact.digest} is missing in {path}")
        self.soak.count("referrers")
        self.soak.add(Entry(entry.repository, artifact, tag))

    def make_index(self):
        child = self.soak.pick(self.chance, fresh=True)
        if child is None:
            return
        with child.lock:
            if not child.alive:
                return
            index = registry.make_index(child.image)
            tag = f"index-{self.soak.next_number()}"
            self.put_manifest(child.repository, index, tag)
            # Not for long: its child must be deletable.
            self.pull(child.repository, tag, index)
            self.client.expect(202, "DELETE", f"/v2/{child.repository}/manifests/{index.digest}")
        self.soak.count("indexes")


class Abandoner(Worker):
    """Uploads that nobody goes on with, and blobs that no manifest will ever name."""

    def work(self):
        repository = self.chance.choice(REPOSITORIES)
        data = f"abandoned {self.soak.next_number()}".encode() * 100
        if self.chance.random() < 0.5:
            self.provide_blob(repository, data)
        else:
            path = f"/v2/{repository}/blobs/uploads/"
            location = self.client.expect(202, "POST", path).headers["location"]
            self.client.expect(202, "PATCH", location, data)
        self.soak.count("abandoned")
        time.sleep(PAUSE * 5)


WORKERS = (Pusher, Pusher, Puller, CarelessPuller, Tagger, Deleter, Referrer, Abandoner)


class SoakTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server(
            *("--access-log", "off", "--gc-interval", "100ms", "--gc-grace", f"{GRACE}s")
        )
        self.addCleanup(self.server.close)
        self.server.start()
        for name in REPOSITORIES:
            self.server.client().create_repository(repositoryName=name)
        self.soak = Soak()

    def sample(self):
        """Resident bytes and open descriptors of the server."""
        pid = self.server.process.pid
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return resident, len(os.listdir(f"/proc/{pid}/fd"))

    def files(self):
        """Names of the files of blobs, and of uploads."""
        found = []
        for folder in ("blobs", "uploads"):
            walk = os.walk(os.path.join(self.server.data_dir, folder))
            found.append([name for _, _, files in walk for name in files])
        return found

    def test_soak(self):
        password = self.server.password()
        workers = [
            kind(self.soak, self.server, password, number) for number, kind in enumerate(WORKERS)
        ]
        for worker in workers:
            worker.start()
        samples = []
        longest = 0  # pause of this very loop: the machine's fault, not the server's
        last = time.monotonic()
        end = last + SECONDS
        while last < end and not self.soak.stop.is_set():
            self.soak.stop.wait(min(1, SECONDS / 60))
            samples.append(self.sample())
            longest = max(longest, time.monotonic() - last)
            last = time.monotonic()
        self.soak.stop.set()
        for worker in workers:
            worker.join(120)
        self.assertEqual([], self.soak.failures, f"the machine stood still for {longest:.1f} s")
        blobs, uploads = self.files()
        summary = ", ".join(f"{count} {what}" for what, count in sorted(self.soak.done.items()))
        print(
            f"{SECONDS:.0f} s: {summary}; {len(blobs)} blobs and {len(uploads)} uploads left; "
            f"longest pause of the machine {longest:.1f} s"
        )
        self.assert_no_growth(samples)
        self.assert_no_server_error()
        self.assert_everything_whole(password)

    def assert_no_growth(self, samples):
        quarter = len(samples) // 4
        early, late = samples[quarter : 2 * quarter], samples[-quarter:]
        memory = [statistics.median(resident for resident, _ in part) for part in (early, late)]
        files = [max(descriptors for _, descriptors in part) for part in (early, late)]
        print(
            f"memory {memory[0] / MIB:.1f} MiB, then {memory[1] / MIB:.1f} MiB; "
            f"descriptors {files[0]}, then {files[1]}"
        )
        # Uploads between two requests keep one each, up to their grace and to 256 of them.
        self.assertLess(files[1], files[0] + 64)
        if not SANITIZED:
            self.assertLess(memory[1], memory[0] * 1.15 + 8 * MIB)

    def assert_no_server_error(self):
        _, _, body = self.server.request("GET", "/metrics")
        errors = [line for line in body.decode().splitlines() if 'status="5xx"' in line]
        self.assertEqual([], errors)

    def assert_everything_whole(self, password):
        whole = Puller(self.soak, self.server, password, 0)
        for entry in self.soak.entries:
            whole.pull(entry.repository, entry.tag, entry.image)
        status, _, body = self.server.request("POST", "/_ecr-local/gc?grace=0s")
        self.assertEqual(200, status, body)
        named = set()
        for entry in self.soak.entries:
            whole.pull(entry.repository, entry.tag, entry.image)
            named |= {digest.removeprefix("sha256:") for digest in entry.image.blobs}
        blobs, uploads = self.files()
        self.assertEqual([], uploads)
        self.assertEqual(named, set(blobs), "exactly what images name is left")
        print(f"{len(self.soak.entries)} images whole; the last collection took {body.decode()}")
        whole.client.connection.close()
        self.assertEqual(0, self.server.stop())
        code, output = self.server.check()
        self.assertEqual(0, code, output)


if __name__ == "__main__":
    harness.main()
