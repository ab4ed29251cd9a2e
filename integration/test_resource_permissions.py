"""Permissions that hang on the resource: repository policies, other accounts, tags."""

import json

import harness
import registry
from harness import ACCOUNT, REGION
from team import ADMIN, IMAGE, NOBODY, OTHER, PULL, PULLER, STRANGER, TAGGER
from team import PermissionTest, arn, document, sentence


class RepositoryPolicyTest(PermissionTest):
    def set_policy(self, *statements, name="team-a/app"):
        """Sets the repository's policy until the test ends."""
        root = self.ecr()
        text = json.dumps(harness.policy(*statements))
        root.set_repository_policy(repositoryName=name, policyText=text)
        self.addCleanup(root.delete_repository_policy, repositoryName=name)

    @staticmethod
    def statement(effect, account, user, *actions):
        principal = {"AWS": f"arn:aws:iam::{account}:user/{user}"}
        return {"Effect": effect, "Principal": principal, "Action": list(actions)}

    def list_images(self, keys, **more):
        return self.ecr(keys).list_images(repositoryName="team-a/app", **more)

    def test_allow_of_the_own_account_is_enough_by_itself(self):
        self.set_policy(self.statement("Allow", ACCOUNT, "nobody", "ecr:ListImages"))
        self.assertEqual("v1", self.list_images(NOBODY)["imageIds"][0]["imageTag"])

    def test_deny_beats_the_administrators_allow(self):
        self.set_policy(self.statement("Deny", ACCOUNT, "admin", "ecr:ListImages"))
        why = "with an explicit deny in a resource-based policy"
        expected = sentence("admin", "ecr:ListImages", arn("team-a/app"), why=why)
        self.assert_denied(expected, self.list_images, ADMIN)

    def test_deny_holds_for_a_pull_too(self):
        self.set_policy(self.statement("Deny", ACCOUNT, "puller", "ecr:GetDownloadUrlForLayer"))
        puller = self.registry(PULLER)
        blob = next(iter(IMAGE.blobs))
        reply = puller.request("GET", f"/v2/team-a/app/blobs/{blob}")
        why = "with an explicit deny in a resource-based policy"
        action = "ecr:GetDownloadUrlForLayer"
        expected = ("DENIED", sentence("puller", action, arn("team-a/app"), why=why))
        self.assertEqual((403, expected), (reply.status, reply.error))

    def test_another_account_needs_the_repositorys_allow(self):
        why = "because no resource-based policy allows the ecr:ListImages action"
        expected = sentence("stranger", "ecr:ListImages", arn("team-a/app"), OTHER, why)
        self.assert_denied(expected, self.list_images, STRANGER, registryId=ACCOUNT)

    def test_another_account_needs_its_own_allow_too(self):
        self.set_policy(self.statement("Allow", OTHER, "stranger", "ecr:ListImages"))
        listed = self.list_images(STRANGER, registryId=ACCOUNT)
        self.assertEqual("v1", listed["imageIds"][0]["imageTag"])
        seed = document()
        seed["accounts"][OTHER]["users"][0]["policies"] = {}
        self.addCleanup(self.server.apply_seed, document())
        self.server.apply_seed(seed)
        expected = sentence("stranger", "ecr:ListImages", arn("team-a/app"), OTHER)
        self.assert_denied(expected, self.list_images, STRANGER, registryId=ACCOUNT)

    def test_another_account_pulls_by_the_registrys_name(self):
        self.set_policy(self.statement("Allow", OTHER, "stranger", *PULL))
        host = f"{ACCOUNT}.dkr.ecr.{REGION}.localhost:{self.server.port}"
        token = self.server.password(STRANGER)
        there = registry.Registry(self.server, token, host=host)
        self.assertEqual(IMAGE.digest, there.pull("team-a/app", "v1").digest)
        own = registry.Registry(self.server, token).request("GET", "/v2/team-a/app/manifests/v1")
        self.assertEqual("NAME_UNKNOWN", own.error[0])

    def test_token_of_one_region_is_not_good_in_another(self):
        host = f"{ACCOUNT}.dkr.ecr.eu-west-1.localhost:{self.server.port}"
        there = registry.Registry(self.server, self.server.password(), host=host)
        self.assertEqual(400, there.request("GET", "/v2/team-a/app/manifests/v1").status)


class TagConditionTest(PermissionTest):
    def refused(self, action, resource):
        caller = f"arn:aws:iam::{ACCOUNT}:user/division/tagger"
        return (
            f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        )

    def test_resource_tag_must_match_the_principals(self):
        client = self.ecr(TAGGER)
        self.assertEqual([], client.list_images(repositoryName="tagged")["imageIds"])
        for name in ("team-b/app", "team-a/app"):
            with self.subTest(repository=name):
                expected = self.refused("ecr:ListImages", arn(name))
                self.assert_denied(expected, client.list_images, repositoryName=name)

    def test_request_tags_must_be_those_that_the_policy_names(self):
        client = self.ecr(TAGGER)
        good = {"Key": "team", "Value": "a"}
        client.create_repository(repositoryName="new/good", tags=[good])
        for tags in ([], [{"Key": "team", "Value": "b"}], [good, {"Key": "extra", "Value": ""}]):
            with self.subTest(tags=tags):
                expected = self.refused("ecr:CreateRepository", arn("new/bad"))
                call = client.create_repository
                self.assert_denied(expected, call, repositoryName="new/bad", tags=tags)

    def test_changed_tag_counts_at_once(self):
        client, root = self.ecr(TAGGER), self.ecr()
        root.untag_resource(resourceArn=arn("tagged"), tagKeys=["team"])
        expected = self.refused("ecr:ListImages", arn("tagged"))
        self.assert_denied(expected, client.list_images, repositoryName="tagged")
        root.tag_resource(resourceArn=arn("tagged"), tags=[{"Key": "team", "Value": "a"}])
        client.list_images(repositoryName="tagged")


if __name__ == "__main__":
    harness.main()
