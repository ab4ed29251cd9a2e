"""kill -9 at random moments of pushes: what was acknowledged is there, and the data directory is
whole. What happens at each moment in turn is in test_crash_matrix.py.

ECR_LOCAL_CRASH_RUNS says how often (60).
"""

import os
import random
import time

import crashing
import harness

RUNS = int(os.environ.get("ECR_LOCAL_CRASH_RUNS", "60"))
PUSHERS = 4


class CrashTest(crashing.CrashCase):
    # Garbage is collected all the while: a kill falls into that as well.
    flags = ("--access-log", "off", "--gc-interval", "50ms", "--gc-grace", "1m")

    def test_every_acknowledged_push_survives_kill_9(self):
        acknowledged, tags = [], {}
        chance = random.Random(1)
        begun = time.monotonic()
        for run in range(RUNS):
            pushers = [
                crashing.Pusher(self.server, self.password, number, run, tags.get(number))
                for number in range(PUSHERS)
            ]
            for pusher in pushers:
                pusher.start()
            harness.wait_until(lambda: any(p.acknowledged for p in pushers), 60, "a first push")
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
        reply = self.client().request("HEAD", f"/v2/{repository}/manifests/{tag}")
        self.assertIn(reply.status, (200, 404))
        return reply.headers.get("docker-content-digest")


if __name__ == "__main__":
    harness.main()
