"""Snapshot, restore, reset and seeded images against the real program."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

import harness
import registry


def write_layout(directory, image, tag):
    """The image as a directory in the OCI image layout."""
    folder = os.path.join(directory, "blobs", "sha256")
    os.makedirs(folder)
    for data in (image.manifest, *image.blobs.values()):
        with open(os.path.join(folder, hashlib.sha256(data).hexdigest()), "wb") as file:
            file.write(data)
    descriptor = {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {"org.opencontainers.image.ref.name": tag},
    }
    for name, content in (
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("index.json", {"schemaVersion": 2, "manifests": [descriptor]}),
    ):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(content, file)


class SnapshotTest(harness.unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-test-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.tar = os.path.join(self.directory, "state.tar")

    def curl(self, *arguments):
        result = harness.run(harness.tool("curl"), "-sS", "--fail-with-body", *arguments)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def push(self, server, repository, tag, *layers):
        image = registry.make_image(*layers)
        registry.Registry(server, server.password()).push(image, repository, tag)
        return image

    def names(self, server):
        found = server.client().describe_repositories()["repositories"]
        return [repository["repositoryName"] for repository in found]

    def test_a_snapshot_moves_all_state_to_another_server(self):
        keys = ("AKIAMOVED00000000001", "moved-secret")
        user = harness.user("moved", *keys, harness.allow("ecr:*"))
        seed = {"accounts": {harness.ACCOUNT: {"users": [user], "repositories": [{"name": "app"}]}}}
        with harness.Server(seed=seed) as first, harness.Server() as second:
            image = self.push(first, "app", "v1", os.urandom(3_000_000))
            self.curl("-o", self.tar, first.url + "/_ecr-local/snapshot")
            second.client().create_repository(repositoryName="overwritten")
            self.curl("-T", self.tar, second.url + "/_ecr-local/snapshot")
            self.assertEqual(["app"], self.names(second))
            pulled = registry.Registry(second, second.password(keys)).pull("app", "v1")
            self.assertEqual(image.manifest, pulled.manifest)
            self.assertEqual(image.blobs, pulled.blobs)
            self.assertEqual(0, second.stop())
            status, output = second.check()
            self.assertEqual(0, status, output)

    def test_snapshots_under_load_are_whole_every_time(self):
        with harness.Server() as server, harness.Server() as other:
            server.client().create_repository(repositoryName="app")
            stop = threading.Event()
            failures = []

            def load():
                count = 0
                try:
                    while not stop.is_set():
                        count += 1
                        self.push(server, "app", f"v{count}", f"layer {count}".encode())
                        server.client().batch_delete_image(
                            repositoryName="app", imageIds=[{"imageTag": f"v{count - 2}"}]
                        )
                except Exception as error:  # reported by the main thread
                    failures.append(error)

            thread = threading.Thread(target=load)
            thread.start()
            try:
                for _ in range(5):
                    self.curl("-o", self.tar, server.url + "/_ecr-local/snapshot")
                    self.curl("-T", self.tar, other.url + "/_ecr-local/snapshot")
            finally:
                stop.set()
                thread.join()
            self.assertEqual([], failures)
            for each in (server, other):
                self.assertEqual(0, each.stop())
                status, output = each.check()
                self.assertEqual(0, status, output)

    def test_a_kill_within_a_restore_leaves_old_or_new_state(self):
        with harness.Server() as server:
            server.client().create_repository(repositoryName="saved")
            self.push(server, "saved", "v1", os.urandom(200_000))
            self.curl("-o", self.tar, server.url + "/_ecr-local/snapshot")
            server.client().delete_repository(repositoryName="saved", force=True)
            server.client().create_repository(repositoryName="present")
            outcomes = set()
            for milliseconds in (0, 3, 6, 10, 15, 25, 50):
                command = [harness.tool("curl"), "-sS", "-T", self.tar]
                upload = subprocess.Popen(
                    [*command, server.url + "/_ecr-local/snapshot"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
                time.sleep(milliseconds / 1000)
                server.kill()
                upload.wait()
                status, output = server.check()
                self.assertEqual(0, status, output)
                server.start()
                outcomes.add(tuple(self.names(server)))
            self.assertLessEqual(outcomes, {("present",), ("saved",)})

    def test_a_reset_returns_to_the_seed_with_its_images_and_is_quick(self):
        image = registry.make_image(b"seeded layer")
        write_layout(os.path.join(self.directory, "layout"), image, "stable")
        seed_path = os.path.join(self.directory, "seed.json")
        repositories = [{"name": "seeded", "images": ["layout"]}]
        repositories += [{"name": f"r{number:04}"} for number in range(999)]
        with open(seed_path, "w", encoding="utf-8") as file:
            json.dump({"accounts": {harness.ACCOUNT: {"repositories": repositories}}}, file)
        with harness.Server("--seed", seed_path) as server:
            client = server.client()
            client.delete_repository(repositoryName="seeded", force=True)
            client.create_repository(repositoryName="mine")
            self.push(server, "mine", "v1", b"mine")
            times = []
            for _ in range(5):
                before = time.monotonic()
                status, _, body = server.request("POST", "/_ecr-local/reset")
                times.append((time.monotonic() - before) * 1000)
                self.assertEqual(200, status, body)
            print(f"reset with 1,000 repositories: {min(times):.1f} to {max(times):.1f} ms")
            names = [
                repository["repositoryName"]
                for page in client.get_paginator("describe_repositories").paginate()
                for repository in page["repositories"]
            ]
            self.assertEqual(sorted(r["name"] for r in repositories), names)
            pulled = registry.Registry(server, server.password()).pull("seeded", "stable")
            self.assertEqual(image.blobs, pulled.blobs)
            blob = os.path.join(server.data_dir, "blobs", "sha256")
            lost = hashlib.sha256(b"mine").hexdigest()
            gone = os.path.join(blob, lost[:2], lost)
            harness.wait_until(lambda: not os.path.exists(gone), 10, "the blob is removed")
            # The same seed at the next start changes nothing.
            self.assertEqual(0, server.stop())
            server.start()
            pulled = registry.Registry(server, server.password()).pull("seeded", "stable")
            self.assertEqual(image.digest, pulled.digest)

    def test_an_error_in_a_seed_names_file_and_place_and_stops_the_start(self):
        seed_path = os.path.join(self.directory, "seed.json")
        with open(seed_path, "w", encoding="utf-8") as file:
            json.dump(
                {"accounts": {"000000000000": {"repositories": [{"name": "a1", "images": ["no"]}]}}},
                file,
            )
        result = harness.run(
            harness.BINARY, "serve", "--listen", "127.0.0.1:0", "--in-memory", "--seed", seed_path,
            env=harness.plain_environment(),
        )
        self.assertNotEqual(0, result.returncode)
        self.assertIn(
            f"--seed {seed_path}: accounts.000000000000.repositories[0].images[0]: ",
            result.stderr,
        )


if __name__ == "__main__":
    harness.main()
