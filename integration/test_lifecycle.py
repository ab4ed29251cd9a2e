"""Lifecycle policies with the AWS CLI, and a clock that is moved by 90 days."""

import json
import time
import unittest

import harness
import registry


def rule(priority, action="expire", **selection):
    """A rule that selects every image, unless `selection` says otherwise."""
    actions = {
        "expire": {"type": "expire"},
        "archive": {"type": "transition", "targetStorageClass": "archive"},
    }
    selection = {"tagStatus": "any", **selection}
    return {"rulePriority": priority, "selection": selection, "action": actions[action]}


def older_than(days):
    return {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}


def more_than(count):
    return {"countType": "imageCountMoreThan", "countNumber": count}


def policy(*rules):
    return json.dumps({"rules": list(rules)}, separators=(",", ":"))


class LifecycleTest(harness.ServerTest):
    def setUp(self):
        self.post("/_ecr-local/clock", {"reset": True})
        self.name = self.id().rsplit(".", 1)[-1].replace("_", "-").lower()
        self.ecr().create_repository(repositoryName=self.name)

    def post(self, path, document=None):
        """The answer of the server's own API."""
        body = None if document is None else json.dumps(document)
        status, _, answer = self.server.request("POST", path, body)
        self.assertEqual(200, status, answer)
        return json.loads(answer)

    def advance(self, by):
        """Moves the clock, and lets everything that became due be done."""
        self.post("/_ecr-local/clock", {"advance": by})
        self.assertTrue(self.post("/_ecr-local/jobs/run")["complete"])

    def aws(self, *arguments):
        """What `aws ecr` prints, which must succeed."""
        result = self.server.aws("ecr", *arguments)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout) if result.stdout.strip() else None

    def push(self, tag, content=None):
        image = registry.make_image((content or f"{self.name} {tag}").encode())
        registry.Registry(self.server, self.server.password()).push(image, self.name, tag)
        return image.digest

    def tags(self):
        images = self.aws("list-images", "--repository-name", self.name)["imageIds"]
        return sorted(image.get("imageTag", "untagged") for image in images)

    def test_a_90_day_rule_by_moving_the_clock(self):
        self.push("old")
        text = policy(rule(1, **older_than(90)))
        put = self.aws(
            "put-lifecycle-policy", "--repository-name", self.name, "--lifecycle-policy-text", text
        )
        self.assertEqual(text, put["lifecyclePolicyText"])
        self.advance("60d")
        self.push("young")
        self.assertEqual(["old", "young"], self.tags())
        self.advance("30d12h")
        self.assertEqual(["young"], self.tags())
        # The AWS CLI goes on working, and sees the moved clock.
        shown = self.aws("get-lifecycle-policy", "--repository-name", self.name)
        evaluated = self.ecr().get_lifecycle_policy(repositoryName=self.name)["lastEvaluatedAt"]
        self.assertAlmostEqual(90.5 * 86400, evaluated.timestamp() - time.time(), delta=600)
        self.assertIn("lastEvaluatedAt", shown)
        self.push("fresh")
        self.advance("61d")
        self.assertEqual(["fresh"], self.tags())

    def test_the_policy_has_not_been_evaluated_at_first(self):
        text = policy(rule(1, **more_than(3)))
        self.ecr().put_lifecycle_policy(repositoryName=self.name, lifecyclePolicyText=text)
        policy_now = self.ecr().get_lifecycle_policy(repositoryName=self.name)
        self.assertEqual(0.0, policy_now["lastEvaluatedAt"].timestamp())
        deleted = self.aws("delete-lifecycle-policy", "--repository-name", self.name)
        self.assertEqual(text, deleted["lifecyclePolicyText"])
        self.assert_error(
            "LifecyclePolicyNotFoundException",
            "Lifecycle policy does not exist for the repository with name "
            f"'{self.name}' in the registry with id '{harness.ACCOUNT}'",
            self.ecr().get_lifecycle_policy,
            repositoryName=self.name,
        )

    def test_a_preview_and_the_waiter_for_it(self):
        oldest = self.push("one")
        for tag in ("two", "three"):
            time.sleep(0.01)  # pushed later, to the millisecond
            self.push(tag)
        text = policy(rule(4, **more_than(2)))
        started = self.aws(
            "start-lifecycle-policy-preview",
            *("--repository-name", self.name, "--lifecycle-policy-text", text),
        )
        self.assertEqual("IN_PROGRESS", started["status"])
        self.aws("wait", "lifecycle-policy-preview-complete", "--repository-name", self.name)
        preview = self.aws("get-lifecycle-policy-preview", "--repository-name", self.name)
        self.assertEqual("COMPLETE", preview["status"])
        self.assertEqual({"expiringImageTotalCount": 1}, preview["summary"])
        result = preview["previewResults"][0]
        self.assertEqual(["one"], result["imageTags"])
        self.assertEqual(oldest, result["imageDigest"])
        self.assertEqual("EXPIRE", result["action"]["type"])
        self.assertEqual(4, result["appliedRulePriority"])
        self.assertEqual(["one", "three", "two"], self.tags())

    def test_the_run_now_hook_takes_a_policy_before_its_time(self):
        self.push("one")
        time.sleep(0.01)
        self.push("two")
        text = policy(rule(1, **more_than(1)))
        self.ecr().put_lifecycle_policy(repositoryName=self.name, lifecyclePolicyText=text)
        self.post("/_ecr-local/jobs/run")
        self.assertEqual(["one", "two"], self.tags())
        ran = self.post("/_ecr-local/jobs/run?kind=lifecycle")["ran"]
        self.assertEqual({"done"}, {job["result"] for job in ran})
        self.assertEqual(["two"], self.tags())

    def test_blobs_of_an_image_that_stays_can_still_be_pulled(self):
        shared = b"a layer of both"
        images = [registry.make_image(shared, own) for own in (b"first", b"second")]
        client = registry.Registry(self.server, self.server.password())
        for tag, image in zip(("first", "second"), images):
            client.push(image, self.name, tag)
            time.sleep(0.01)
        text = policy(rule(1, **more_than(1)))
        self.ecr().put_lifecycle_policy(repositoryName=self.name, lifecyclePolicyText=text)
        self.post("/_ecr-local/jobs/run?kind=lifecycle")
        self.assertEqual(404, client.request("GET", f"/v2/{self.name}/manifests/first").status)
        self.assertEqual(images[1].blobs, client.pull(self.name, "second").blobs)

    def test_policies_that_are_refused(self):
        prefix = (
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
            "'Lifecycle policy validation failure: "
        )
        untagged = {"tagStatus": "untagged", **more_than(1)}
        cases = (
            (
                policy(rule(1, **untagged), rule(2, **untagged)),
                "Only one rule can select Untagged images per storage class.'",
            ),
            (
                policy(rule(1, **more_than(1)), rule(2, **untagged)),
                "Rule for tagStatus=ANY must have the lowest priority per storage class'",
            ),
            (
                policy(rule(1, tagStatus="tagged", **more_than(1))),
                "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.'",
            ),
        )
        for text, message in cases:
            with self.subTest(message):
                self.assert_error(
                    "InvalidParameterException",
                    prefix + message,
                    self.ecr().put_lifecycle_policy,
                    repositoryName=self.name,
                    lifecyclePolicyText=text,
                )


class ClockTest(harness.ServerTest):
    def clock(self, document=None):
        body = None if document is None else json.dumps(document)
        method = "GET" if document is None else "POST"
        status, _, answer = self.server.request(method, "/_ecr-local/clock", body)
        self.assertEqual(200, status, answer)
        return json.loads(answer)

    def test_a_registry_token_expires_after_12_hours(self):
        self.ecr().create_repository(repositoryName="app")
        client = registry.Registry(self.server, self.server.password())
        self.assertEqual(200, client.request("GET", "/v2/app/tags/list").status)
        self.clock({"advance": "11h59m"})
        self.assertEqual(200, client.request("GET", "/v2/app/tags/list").status)
        self.clock({"advance": "1m"})
        reply = client.request("GET", "/v2/app/tags/list")
        self.assertEqual(403, reply.status)
        self.assertEqual(
            (
                "DENIED",
                "Your authorization token has expired. Reauthenticate and try again.",
            ),
            reply.error,
        )
        again = registry.Registry(self.server, self.server.password())
        self.assertEqual(200, again.request("GET", "/v2/app/tags/list").status)

    def test_a_moved_clock_stays_moved_over_a_restart_and_the_cli_works(self):
        self.clock({"advance": "90d"})
        self.assertEqual(0, self.server.stop())
        self.server.start()
        self.assertAlmostEqual(90 * 86400, self.clock()["offsetSeconds"], delta=86400)
        self.assertIn("the clock was moved earlier", self.server.log())
        result = self.server.aws("ecr", "get-login-password")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(0.0, self.clock({"reset": True})["offsetSeconds"])

    def test_http_dates_are_the_machines(self):
        """An SDK corrects its own clock by them, and would sign for the wrong time."""
        self.clock({"advance": "90d"})
        _, headers, _ = self.server.request("GET", "/_ecr-local/health")
        from email.utils import parsedate_to_datetime

        self.assertAlmostEqual(
            time.time(), parsedate_to_datetime(headers["date"]).timestamp(), delta=60
        )


if __name__ == "__main__":
    harness.main()
