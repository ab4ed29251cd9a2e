"""Stop, start on the same data directory: everything is there."""

import json
import os
import stat
import unittest

import harness
import registry
from harness import ACCOUNT

KEYS = ("AKIAJANEJANEJANEJANE", "jane-secret")
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [harness.user("jane", *KEYS, harness.allow("ecr:*"))],
            "repositories": [{"name": "seeded", "tags": {"from": "seed"}}],
        }
    }
}
JANE = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/jane"}
POLICY = harness.policy({"Effect": "Deny", "Principal": JANE, "Action": ["ecr:PutImage"]})
CALLS = (
    ("describe_repositories", {}),
    ("describe_images", {"repositoryName": "app"}),
    ("list_images", {"repositoryName": "app"}),
    ("get_repository_policy", {"repositoryName": "app"}),
    ("describe_repositories", {"registryId": ACCOUNT}),
)


class RestartTest(unittest.TestCase):
    def setUp(self):
        self.server = harness.Server(seed=SEED)
        self.addCleanup(self.server.close)
        self.server.start()

    def restart(self):
        self.assertEqual(0, self.server.stop())
        self.server.start()

    def snapshot(self):
        """What the API answers about everything."""
        client = self.server.client()
        answers = []
        for name, parameters in CALLS:
            answer = getattr(client, name)(**parameters)
            answer.pop("ResponseMetadata")
            answers.append(answer)
        for repository in answers[0]["repositories"]:
            tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
            answers.append(tags)
        return answers

    def fill(self):
        """A repository with settings, tags, a policy, images and an index; the images."""
        root = self.server.client()
        root.create_repository(
            repositoryName="app",
            tags=[{"Key": "team", "Value": "a"}],
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
            imageScanningConfiguration={"scanOnPush": True},
            encryptionConfiguration={"encryptionType": "KMS"},
        )
        root.set_repository_policy(repositoryName="app", policyText=json.dumps(POLICY))
        client = registry.Registry(self.server, self.server.password())
        images = [registry.make_image(f"layer {n}".encode()) for n in range(3)]
        for number, image in enumerate(images):
            client.push(image, "app", f"v{number}")
        client.push(images[0], "app", "dev-1")
        client.push(registry.make_index(*images), "app", "all")
        return images

    def test_everything_is_there(self):
        images = self.fill()
        token = self.server.password()
        registry.Registry(self.server, token).pull("app", "v1")
        before = self.snapshot()
        self.restart()
        self.assertEqual(before, self.snapshot())
        after = registry.Registry(self.server, token)
        for number, image in enumerate(images):
            self.assertEqual(image.blobs, after.pull("app", f"v{number}").blobs)

    def test_tokens_given_before_are_good_after(self):
        self.fill()
        tokens = [self.server.password(), self.server.password(KEYS)]
        self.restart()
        for token in tokens:
            reply = registry.Registry(self.server, token).request("GET", "/v2/")
            self.assertEqual(200, reply.status)

    def test_token_of_another_data_directory_is_refused(self):
        with harness.Server(seed=SEED) as other:
            token = other.password(KEYS)
        reply = registry.Registry(self.server, token).request("GET", "/v2/")
        self.assertEqual(401, reply.status)

    def test_policies_still_decide(self):
        self.fill()
        self.restart()
        token = registry.Registry(self.server, self.server.password(KEYS))
        reply = token.put_manifest(registry.make_image(b"layer 0"), "app", "dev-2")
        self.assertEqual(403, reply.status)
        self.assertIn("with an explicit deny in a resource-based policy", reply.error[1])

    def test_seed_at_a_second_start_changes_nothing(self):
        self.fill()
        client = registry.Registry(self.server, self.server.password())
        client.push(registry.make_image(b"seeded"), "seeded", "v1")
        before = self.server.client().describe_images(repositoryName="seeded")["imageDetails"]
        self.restart()
        after = self.server.client().describe_images(repositoryName="seeded")["imageDetails"]
        self.assertEqual(before, after)

    def test_upload_that_was_open_can_go_on(self):
        self.fill()
        token = self.server.password()
        first = registry.Registry(self.server, token)
        location = first.expect(202, "PATCH", first.start_upload("app"), b"first half, ")
        location = location.headers["location"]
        self.restart()
        after = registry.Registry(self.server, token)
        progress = after.expect(204, "GET", location)
        self.assertEqual("0-11", progress.headers["range"])
        after.expect(202, "PATCH", location, b"second half")
        digest = registry.digest_of(b"first half, second half")
        after.expect(201, "PUT", f"{location}?digest={digest}")
        self.assertEqual(b"first half, second half", after.pull_blob("app", digest))

    def test_deleted_stays_deleted(self):
        self.fill()
        root = self.server.client()
        root.batch_delete_image(repositoryName="app", imageIds=[{"imageTag": "all"}])
        root.delete_repository(repositoryName="seeded")
        self.restart()
        root = self.server.client()
        tags = {i["imageTag"] for i in root.list_images(repositoryName="app")["imageIds"]}
        self.assertEqual({"v0", "v1", "v2", "dev-1"}, tags)

    def test_data_directory_is_clean_and_its_key_is_private(self):
        self.fill()
        self.assertEqual(0, self.server.stop())
        status, output = self.server.check()
        self.assertEqual(0, status, output)
        mode = os.stat(os.path.join(self.server.data_dir, "key")).st_mode
        self.assertEqual(0o600, stat.S_IMODE(mode))


class InMemoryTest(unittest.TestCase):
    def test_nothing_is_kept_in_memory_mode(self):
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        server.start()
        server.client().create_repository(repositoryName="gone")
        image = registry.make_image(b"gone")
        client = registry.Registry(server, server.password())
        client.push(image, "gone", "v1")
        self.assertEqual(image.digest, client.pull("gone", "v1").digest)
        self.assertEqual(0, server.stop())
        self.assertFalse(os.path.exists(server.data_dir))
        server.start()
        self.assertEqual([], server.client().describe_repositories()["repositories"])


if __name__ == "__main__":
    harness.main()
