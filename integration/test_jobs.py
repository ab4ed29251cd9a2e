"""Background work survives kill -9, and is done by itself when it is due."""

import json
import unittest

import harness
import registry

RULES = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "keep the newest image and nothing else that is here",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}
RUNS = 8


class JobsTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("--access-log", "off")
        self.addCleanup(self.server.close)
        self.server.start()

    def get(self, path):
        status, _, body = self.server.request("GET", path)
        self.assertEqual(200, status, body)
        return json.loads(body)

    def jobs(self, kind):
        return [job for job in self.get("/_ecr-local/jobs")["jobs"] if job["kind"] == kind]

    def advance(self, by):
        body = json.dumps({"advance": by})
        self.assertEqual(200, self.server.request("POST", "/_ecr-local/clock", body)[0])

    def fill(self, name, count):
        """A repository with images, and a policy that lets one of them live."""
        ecr = self.server.client()
        ecr.create_repository(repositoryName=name)
        client = registry.Registry(self.server, self.server.password())
        for number in range(count):
            client.push(registry.make_image(f"{name} {number}".encode()), name, f"v{number}")
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=json.dumps(RULES))

    def images(self, name):
        return self.server.client().list_images(repositoryName=name)["imageIds"]

    def kill_and_start(self):
        self.server.kill()
        self.server.start()

    def test_what_was_acknowledged_is_done_after_a_kill(self):
        for run in range(RUNS):
            name = f"after/{run}"
            self.fill(name, 3)
            self.kill_and_start()  # right after the policy was acknowledged
            self.assertEqual(1, len(self.jobs("lifecycle")), "the job is lost")
            self.advance("24h")
            harness.wait_until(lambda: len(self.images(name)) == 1, 20, "two images expire")
            self.server.client().delete_lifecycle_policy(repositoryName=name)
        self.assertEqual([], self.jobs("lifecycle"))

    def test_a_kill_while_it_runs(self):
        """The runner begins by itself as the clock moves; it is killed at once, at any point."""
        for run in range(RUNS):
            name = f"during/{run}"
            self.fill(name, 12)
            self.advance("24h")
            self.kill_and_start()
            harness.wait_until(lambda: len(self.images(name)) == 1, 20, "eleven images expire")
            self.assertEqual([], [job for job in self.jobs("lifecycle") if "error" in job])
            self.server.client().delete_lifecycle_policy(repositoryName=name)
        self.server.stop()
        status, output = self.server.check()
        self.assertEqual(0, status, output)

    def test_a_preview_is_finished_by_the_next_start(self):
        self.fill("previewed", 4)
        for _ in range(RUNS):
            started = self.server.client().start_lifecycle_policy_preview(
                repositoryName="previewed"
            )
            self.assertEqual("IN_PROGRESS", started["status"])
            self.kill_and_start()
            harness.wait_until(self.is_complete, 20, "the preview is complete")

    def is_complete(self):
        preview = self.server.client().get_lifecycle_policy_preview(repositoryName="previewed")
        if preview["status"] != "COMPLETE":
            return False
        self.assertEqual(3, preview["summary"]["expiringImageTotalCount"])
        return True

    def test_periodic_work_is_listed_once_whatever_the_number_of_starts(self):
        for _ in range(3):
            self.kill_and_start()
        kinds = [job["kind"] for job in self.get("/_ecr-local/jobs")["jobs"]]
        self.assertEqual(len(kinds), len(set(kinds)))
        self.assertIn("garbage-collection", kinds)

    def test_a_foreign_page_cannot_run_jobs(self):
        headers = {"Origin": "http://evil.example"}
        for path in ("/_ecr-local/jobs/run", "/_ecr-local/clock"):
            status, _, _ = self.server.request("POST", path, "{}", headers)
            self.assertEqual(403, status)


if __name__ == "__main__":
    harness.main()
