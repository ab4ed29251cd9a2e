"""Replication across regions and accounts, as clients see it, and what kill -9 does to it."""

import json
import random
import time
import unittest

import harness
import registry

OWN, OTHER = "000000000000", "111122223333"
THERE = "eu-west-1"
OTHERS_KEYS = (OTHER, "test")


def rules(*destinations):
    """A configuration that sends everything to these (account, region)."""
    places = [{"registryId": account, "region": region} for account, region in destinations]
    return {"rules": [{"destinations": places}]}


class ReplicationTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server("--access-log", "off")
        self.addCleanup(self.server.close)
        self.server.start()
        self.ecr = self.server.client()

    def push(self, name, tag, content):
        client = registry.Registry(self.server, self.server.password())
        client.push(registry.make_image(content), name, tag)

    def statuses(self, name, tag):
        answer = self.server.client().describe_image_replication_status(
            repositoryName=name, imageId={"imageTag": tag}
        )
        return {(s["registryId"], s["region"]): s["status"] for s in answer["replicationStatuses"]}

    def wait_for(self, name, tag, status):
        def settled():
            return set(self.statuses(name, tag).values()) == {status}

        harness.wait_until(settled, 20, f"{name}:{tag} is {status}")

    def test_across_regions_and_accounts(self):
        policy = harness.policy(
            {
                **harness.allow(
                    ["ecr:ReplicateImage", "ecr:CreateRepository"],
                    f"arn:aws:ecr:{THERE}:{OTHER}:repository/*",
                ),
                "Sid": "replication",
                "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
            }
        )
        others = self.server.client(keys=OTHERS_KEYS, region=THERE)
        others.put_registry_policy(policyText=json.dumps(policy))
        self.ecr.put_replication_configuration(
            replicationConfiguration=rules((OWN, THERE), (OTHER, THERE))
        )
        self.ecr.create_repository(repositoryName="app")
        self.push("app", "v1", b"one layer")
        self.wait_for("app", "v1", "COMPLETE")
        for keys in (harness.ROOT_KEYS, OTHERS_KEYS):
            password = self.server.password(keys=keys, region=THERE)
            image = registry.Registry(self.server, password).pull("app", "v1")
            self.assertIn(b"one layer", image.blobs.values())

    def test_skopeo_pulls_the_copy(self):
        skopeo = harness.tool("skopeo")
        self.ecr.put_replication_configuration(replicationConfiguration=rules((OWN, THERE)))
        self.ecr.create_repository(repositoryName="app")
        self.push("app", "v1", b"one layer")
        self.wait_for("app", "v1", "COMPLETE")
        password = self.server.password(region=THERE)
        shown = harness.run(
            skopeo,
            "inspect",
            "--raw",
            "--tls-verify=false",
            f"--creds=AWS:{password}",
            f"docker://{self.server.address}/app:v1",
        )
        self.assertEqual(0, shown.returncode, shown.stderr)
        self.assertEqual(registry.MANIFEST_TYPE, json.loads(shown.stdout)["mediaType"])

    def test_kill_in_the_middle_loses_no_copy(self):
        places = [(OWN, THERE), (OWN, "eu-central-1"), (OWN, "ap-south-1")]
        self.ecr.put_replication_configuration(replicationConfiguration=rules(*places))
        self.ecr.create_repository(repositoryName="app")
        for run in range(8):
            self.push("app", f"v{run}", f"layer {run}".encode())
            self.server.kill()
            self.server.start()
        for run in range(8):
            self.wait_for("app", f"v{run}", "COMPLETE")
        for _, region in places:
            ids = self.server.client(region=region).list_images(repositoryName="app")["imageIds"]
            self.assertEqual({f"v{run}" for run in range(8)}, {i["imageTag"] for i in ids})
        self.server.stop()
        code, output = self.server.check()
        self.assertEqual(0, code, output)


class BackfillTest(unittest.TestCase):
    """The images of a registry, more than one step copies, to one Region after the other."""

    IMAGES = 800
    REGIONS = [f"eu-west-{number}" for number in range(1, 8)]

    def setUp(self):
        self.server = harness.Server("--access-log", "off")
        self.addCleanup(self.server.close)
        self.server.start()
        self.ecr.create_repository(repositoryName="app")
        client = registry.Registry(self.server, self.server.password())
        for number in range(self.IMAGES):
            client.push(registry.make_image(f"layer {number}".encode()), "app", f"v{number}")
        places = [(OWN, region) for region in self.REGIONS]
        self.ecr.put_replication_configuration(replicationConfiguration=rules(*places))

    @property
    def ecr(self):
        return self.server.client()  # its port is another one after a restart

    def begin(self, region):
        destination = {"region": region, "registryId": OWN}
        started = self.ecr.start_replication_backfill(destination=destination)
        return started["replicationBackfillId"]

    def describe(self, backfill):
        return self.ecr.describe_replication_backfill_results(
            replicationBackfillId=backfill, maxResults=1000
        )

    def end_of(self, backfill):
        harness.wait_until(lambda: "endedAt" in self.describe(backfill), 60, "the backfill ends")
        return self.describe(backfill)

    def tags_at(self, region):
        ids = self.server.client(region=region).list_images(repositoryName="app", maxResults=1000)
        return {image["imageTag"] for image in ids["imageIds"]}

    def test_kill_in_the_middle_loses_no_image(self):
        chance = random.Random(1)
        everything = {f"v{number}" for number in range(self.IMAGES)}
        under_way = 0
        for run, region in enumerate(self.REGIONS):
            backfill = self.begin(region)
            for _ in range(1 + run % 2):  # a third time in one step would end it
                time.sleep(chance.uniform(0, 0.1))
                self.server.kill()
                self.server.start()
                under_way += "endedAt" not in self.describe(backfill)
            end = self.end_of(backfill)
            self.assertEqual("COMPLETE", end["status"])
            self.assertEqual(self.IMAGES, end["progress"]["totalReplicationCount"])
            self.assertEqual(self.IMAGES, end["progress"]["completedReplicationCount"])
            tags = [result["imageId"]["imageTag"] for result in end["results"]]
            self.assertEqual(sorted(everything), sorted(tags))
            self.assertEqual(everything, self.tags_at(region))
        self.assertGreater(under_way, 0)
        self.server.stop()
        code, output = self.server.check()
        self.assertEqual(0, code, output)

    def test_one_that_is_stopped_stays_so_after_a_kill(self):
        from botocore.exceptions import ClientError

        for region in self.REGIONS:
            backfill = self.begin(region)
            try:
                stopped = self.ecr.stop_replication_backfill(replicationBackfillId=backfill)
            except ClientError:  # it has ended already: the next one, then
                self.end_of(backfill)
                continue
            self.assertEqual("STOPPING", stopped["status"])
            self.server.kill()
            self.server.start()
            end = self.end_of(backfill)
            self.assertEqual("STOPPED", end["status"])
            done = end["progress"]["completedReplicationCount"]
            self.assertLessEqual(done, self.IMAGES)  # all: its last step was under way
            self.assertEqual(done, len(end["results"]))
            return
        self.fail("each backfill ended before it could be stopped")


if __name__ == "__main__":
    harness.main()
