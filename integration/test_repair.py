"""ecr-local check --repair: a damaged data directory, from the first complaint to the healing push."""

import os

import harness
import registry

SEED = {"accounts": {harness.ACCOUNT: {"repositories": [{"name": "app"}, {"name": "other"}]}}}


class RepairTest(harness.ServerTest):
    seed = SEED

    def setUp(self):
        if self.server.process is None:
            self.server.start()
        self.registry = registry.Registry(self.server, self.server.password())

    def check(self, *flags):
        """`check` of the stopped server's data: exit status and output."""
        command = (harness.BINARY, "check", "--data-dir", self.server.data_dir, *flags)
        result = harness.run(*command, env=self.server.env)
        return result.returncode, result.stdout

    def blob_path(self, digest):
        name = digest.removeprefix("sha256:")
        return f"{self.server.data_dir}/blobs/sha256/{name[:2]}/{name}"

    def assert_heals(self, damage, layer):
        """Damages one layer of an image; another image of the repository is a bystander."""
        broken = registry.make_image(layer, b"a layer of both")
        sound = registry.make_image(b"a layer of both")
        self.registry.push(broken, "app", "broken")
        self.registry.push(sound, "app", "sound")
        digest = registry.digest_of(layer)
        self.assertEqual(0, self.server.stop())
        self.assertEqual(0, self.check()[0])
        damage(self.blob_path(digest))

        status, output = self.check()
        self.assertEqual(1, status, output)
        self.assertIn(f"problem: blob {digest}", output)
        status, output = self.check("--repair")
        self.assertEqual(0, status, output)
        self.assertIn(f"app@{broken.digest}: removed", output)
        self.assertIn("it had the tags broken", output)
        status, output = self.check("--repair")
        self.assertEqual((0, False), (status, "repaired" in output), output)
        self.assertEqual(0, self.check()[0])

        self.server.start()
        self.registry = registry.Registry(self.server, self.server.password())
        for path in ("manifests/broken", f"manifests/{broken.digest}", f"blobs/{digest}"):
            for method in ("HEAD", "GET"):
                self.registry.expect(404, method, f"/v2/app/{path}")
        self.assertEqual(sound.digest, self.registry.pull("app", "sound").digest)
        self.registry.push(broken, "app", "broken")
        self.assertEqual(broken.digest, self.registry.pull("app", "broken").digest)

    def test_flipped_byte(self):
        def damage(path):
            with open(path, "r+b") as file:
                file.write(b"\x00")

        self.assert_heals(damage, b"a layer that rots")
        kept = f"{self.server.data_dir}/quarantine/"
        names = os.listdir(kept)
        name = "sha256-" + registry.digest_of(b"a layer that rots").removeprefix("sha256:")
        self.assertIn(f"{name}.blob", names)
        with open(f"{kept}{name}.blob", "rb") as file:
            self.assertEqual(b"\x00 layer that rots", file.read())
        self.assertIn("report.txt", names)

    def test_file_that_is_gone(self):
        self.assert_heals(os.remove, b"a layer that vanishes")

    def test_file_that_was_cut_short(self):
        self.assert_heals(lambda path: os.truncate(path, 3), b"a layer that is cut")


if __name__ == "__main__":
    harness.main()
