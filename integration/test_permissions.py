"""Permissions: who may do what is decided by policies, in AWS's words, on the API and on docker."""

import daemon
import harness
import registry
from harness import ACCOUNT, allow
from team import ADMIN, DENIED, IMAGE, NOBODY, PULLER, PULLER_STATEMENTS
from team import PermissionTest, arn, document, sentence


class DockerPermissionTest(PermissionTest):
    @classmethod
    def setUpClass(cls):
        docker = daemon.Daemon()
        cls.addClassCleanup(docker.close)
        cls.docker = docker.start()
        super().setUpClass()

    def login(self, keys):
        """Logs in with the credentials of this user and returns the configuration's name."""
        result = self.docker.login(self.server.address, self.server.password(keys), keys[0])
        self.assertEqual(0, result.returncode, result.stderr)
        return keys[0]

    def push_greeting(self, name):
        """An image pushed by the administrator; its name."""
        image = f"{self.server.address}/{name}:greeting"
        self.docker.import_image(image, f"hello {name}")
        result = self.docker.docker("push", image, config=self.login(ADMIN))
        self.assertEqual(0, result.returncode, result.stderr)
        self.docker.docker("rmi", image)
        return image

    def test_pull_only_user_pulls_but_cannot_push(self):
        image = self.push_greeting("team-a/app")
        config = self.login(PULLER)
        pulled = self.docker.docker("pull", image, config=config)
        self.assertEqual(0, pulled.returncode, pulled.stderr)
        self.docker.import_image(f"{self.server.address}/team-a/app:new", "something else")
        new = f"{self.server.address}/team-a/app:new"
        pushed = self.docker.docker("push", new, config=config)
        self.assertEqual(1, pushed.returncode)
        action = "ecr:InitiateLayerUpload"
        expected = "denied: " + sentence("puller", action, arn("team-a/app"))
        self.assertEqual(expected, pushed.stderr.strip())

    def test_pull_only_user_cannot_pull_from_another_repository(self):
        image = self.push_greeting("team-b/app")
        pulled = self.docker.docker("pull", image, config=self.login(PULLER))
        self.assertEqual(1, pulled.returncode)
        self.assertIn(
            "denied: " + sentence("puller", "ecr:BatchGetImage", arn("team-b/app")), pulled.stderr
        )

    def test_policy_taken_away_stops_the_token_in_hand_at_once(self):
        image = self.push_greeting("team-a/app")
        config = self.login(PULLER)
        self.assertEqual(0, self.docker.docker("pull", image, config=config).returncode)
        self.docker.docker("rmi", image)
        self.addCleanup(self.server.apply_seed, document())
        self.server.apply_seed(document(puller=()))
        pulled = self.docker.docker("pull", image, config=config)
        self.assertEqual(1, pulled.returncode)
        self.assertIn(
            "denied: " + sentence("puller", "ecr:BatchGetImage", arn("team-a/app")), pulled.stderr
        )


class IdentityPolicyTest(PermissionTest):
    def test_api_calls_without_an_allow_are_refused_in_awss_sentence(self):
        puller = self.ecr(PULLER)
        name, resource = {"repositoryName": "team-a/app"}, arn("team-a/app")
        images = {**name, "imageIds": [{"imageTag": "v1"}]}
        cases = (
            ("ecr:DeleteRepository", puller.delete_repository, name),
            ("ecr:ListImages", puller.list_images, name),
            ("ecr:DescribeImages", puller.describe_images, name),
            ("ecr:PutImage", puller.put_image, {**name, "imageManifest": "{}", "imageTag": "x"}),
            ("ecr:BatchDeleteImage", puller.batch_delete_image, images),
            ("ecr:GetRepositoryPolicy", puller.get_repository_policy, name),
            ("ecr:SetRepositoryPolicy", puller.set_repository_policy, {**name, "policyText": "{}"}),
        )
        for action, call, parameters in cases:
            with self.subTest(action=action):
                self.assert_denied(sentence("puller", action, resource), call, **parameters)

    def test_aws_prints_the_sentence(self):
        command = ("ecr", "list-images", "--repository-name", "team-a/app")
        result = self.server.aws(*command, keys=PULLER)
        expected = sentence("puller", "ecr:ListImages", arn("team-a/app"))
        self.assertEqual(
            "An error occurred (AccessDeniedException) when calling the ListImages operation: "
            + expected,
            result.stderr.strip(),
        )

    def test_refusal_does_not_tell_whether_the_repository_exists(self):
        for name in ("team-b/app", "does/not-exist"):
            with self.subTest(repository=name):
                call = self.ecr(PULLER).batch_get_image
                expected = sentence("puller", "ecr:BatchGetImage", arn(name))
                images = [{"imageTag": "v1"}]
                self.assert_denied(expected, call, repositoryName=name, imageIds=images)

    def test_allowed_call_on_a_missing_repository_says_that_it_is_missing(self):
        self.assert_error(
            "RepositoryNotFoundException",
            "The repository with name 'team-a/none' does not exist in the registry with id "
            f"'{ACCOUNT}'",
            self.ecr(PULLER).batch_get_image,
            repositoryName="team-a/none",
            imageIds=[{"imageTag": "v1"}],
        )

    def test_user_without_policies_gets_no_token_but_may_ask_who_it_is(self):
        expected = sentence("nobody", "ecr:GetAuthorizationToken", "*")
        self.assert_denied(expected, self.ecr(NOBODY).get_authorization_token)
        identity = self.server.client("sts", NOBODY).get_caller_identity()
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:user/nobody", identity["Arn"])

    def test_explicit_deny_beats_an_allow_of_everything(self):
        why = "with an explicit deny in an identity-based policy"
        expected = sentence("denied", "ecr:DeleteRepository", arn("team-a/app"), why=why)
        call = self.ecr(DENIED).delete_repository
        self.assert_denied(expected, call, repositoryName="team-a/app", force=True)

    def test_listing_all_repositories_needs_all_of_them(self):
        expected = sentence("puller", "ecr:DescribeRepositories", arn("*"))
        self.assert_denied(expected, self.ecr(PULLER).describe_repositories)

    def test_pull_only_user_reads_every_blob_and_writes_none(self):
        puller = self.registry(PULLER)
        self.assertEqual(IMAGE.digest, puller.pull("team-a/app", "v1").digest)
        cases = (
            ("POST", "blobs/uploads/", "ecr:InitiateLayerUpload"),
            ("PUT", "manifests/v2", "ecr:PutImage"),
            ("GET", "tags/list", "ecr:ListImages"),
        )
        for method, path, action in cases:
            with self.subTest(action=action):
                reply = puller.request(method, f"/v2/team-a/app/{path}", body=b"")
                expected = ("DENIED", sentence("puller", action, arn("team-a/app")))
                self.assertEqual((403, expected), (reply.status, reply.error))

    def test_blob_of_a_repository_one_may_read_is_not_read_through_another(self):
        blob = next(iter(IMAGE.blobs))
        reply = self.registry(PULLER).request("GET", f"/v2/team-b/app/blobs/{blob}")
        action = "ecr:GetDownloadUrlForLayer"
        expected = ("DENIED", sentence("puller", action, arn("team-b/app")))
        self.assertEqual((403, expected), (reply.status, reply.error))


class ChangedIdentityTest(PermissionTest):
    """The 12-hour token in hand is worth what its owner is worth now."""

    def changed(self, **puller):
        """The seed with the pull-only user changed by `puller`."""
        seed = document()
        seed["accounts"][ACCOUNT]["users"][1].update(puller)
        return seed

    def test_token_in_hand_follows_its_owner(self):
        keys = self.changed()["accounts"][ACCOUNT]["users"][1]["accessKeys"]
        refused = ("DENIED", "The security token included in the request is invalid.")
        unlisted = ("DENIED", sentence("puller", "ecr:BatchGetImage", arn("team-a/app")))
        cases = (
            ("its policy is gone", {"policies": {}}, unlisted),
            ("its key is inactive", {"accessKeys": [{**keys[0], "status": "Inactive"}]}, refused),
            ("its key is deleted", {"accessKeys": []}, refused),
        )
        token = self.registry(PULLER)
        self.addCleanup(self.server.apply_seed, document())
        for what, change, expected in cases:
            with self.subTest(what):
                self.server.apply_seed(document())
                token.pull("team-a/app", "v1")
                self.server.apply_seed(self.changed(**change))
                reply = token.request("GET", "/v2/team-a/app/manifests/v1")
                self.assertEqual((403, expected), (reply.status, reply.error))

    def test_upload_that_has_begun_ends_when_its_owner_may_no_longer_push(self):
        push = allow(["ecr:*"], arn("team-a/*"))
        self.addCleanup(self.server.apply_seed, document())
        self.server.apply_seed(document(puller=(*PULLER_STATEMENTS, push)))
        token = self.registry(PULLER)
        location = token.start_upload("team-a/app")
        token.expect(202, "PATCH", location, b"half")
        self.server.apply_seed(document())
        for method, path, action in (
            ("PATCH", location, "ecr:UploadLayerPart"),
            ("PUT", f"{location}?digest={registry.digest_of(b'half')}", "ecr:CompleteLayerUpload"),
        ):
            with self.subTest(method=method):
                reply = token.request(method, path, b"more" if method == "PATCH" else None)
                expected = ("DENIED", sentence("puller", action, arn("team-a/app")))
                self.assertEqual((403, expected), (reply.status, reply.error))


if __name__ == "__main__":
    harness.main()
