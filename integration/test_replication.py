"""Replication across regions and accounts, as clients see it, and what kill -9 does to it."""

import json
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


if __name__ == "__main__":
    harness.main()
