"""A data directory that is made of several mounts."""

import os
import subprocess

import harness


class MountsTest(harness.ServerTest):
    def test_directories_on_different_mounts_are_found_at_start(self):
        unshare = harness.tool("unshare")
        data = os.path.join(self.server.directory, "mounted")
        os.makedirs(os.path.join(data, "uploads"))
        elsewhere = os.path.join(self.server.directory, "elsewhere")
        os.makedirs(elsewhere)
        mount = f"mount --bind {elsewhere} {data}/uploads"
        if harness.run(unshare, "--mount", "sh", "-c", mount).returncode != 0:
            self.skipTest("no mount namespaces here (unshare --mount needs root)")
        serve = f"exec {harness.BINARY} serve --listen 127.0.0.1:0 --data-dir {data}"
        command = [unshare, "--mount", "sh", "-c", f"{mount} && {serve}"]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=20, env=self.server.env, check=False
        )
        self.assertEqual(3, result.returncode)
        self.assertEqual("", result.stdout)
        self.assertIn("blobs/ and uploads/ are on different mounts", result.stderr)
        self.assertEqual([], os.listdir(elsewhere))


if __name__ == "__main__":
    harness.main()
