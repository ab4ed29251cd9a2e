"""ECR's repositories, their tags and policies, and registry tokens, through boto3."""

import base64
import datetime
import json

import harness
import registry
from harness import ACCOUNT, REGION

NAME_PATTERN = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*"
OTHER = "123456789012"


def arn(name, account=ACCOUNT):
    return f"arn:aws:ecr:{REGION}:{account}:repository/{name}"


def invalid(field, constraint):
    """ECR's sentence of an InvalidParameterException."""
    return f"Invalid parameter at '{field}' failed to satisfy constraint: '{constraint}'"


def missing(name, account=ACCOUNT):
    return f"The repository with name '{name}' does not exist in the registry with id '{account}'"


class EcrTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.server.client()

    def create(self, name, **parameters):
        return self.client.create_repository(repositoryName=name, **parameters)["repository"]

    def assert_invalid(self, field, constraint, call, **parameters):
        message = invalid(field, constraint)
        self.assert_error("InvalidParameterException", message, call, **parameters)

    def assert_missing(self, call, **parameters):
        message = missing("none")
        self.assert_error("RepositoryNotFoundException", message, call, **parameters)


class RepositoryTest(EcrTest):
    def test_create_answers_the_defaults(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        repository = self.create("defaults")
        created = repository.pop("createdAt")
        self.assertLess(abs((created - before).total_seconds()), 60)
        self.assertEqual(
            {
                "repositoryArn": arn("defaults"),
                "registryId": ACCOUNT,
                "repositoryName": "defaults",
                "repositoryUri": f"{self.server.address}/defaults",
                "imageTagMutability": "MUTABLE",
                "imageScanningConfiguration": {"scanOnPush": False},
                "encryptionConfiguration": {"encryptionType": "AES256"},
            },
            repository,
        )

    def test_create_keeps_every_optional_member(self):
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234"
        filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
        given = {
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filters,
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
        }
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
        made = self.create("options", tags=tags, registryId=ACCOUNT, **given)
        described = self.client.describe_repositories(repositoryNames=["options"])
        self.assertEqual([made], described["repositories"])
        self.assertEqual(given, {name: made[name] for name in given})
        listed = self.client.list_tags_for_resource(resourceArn=made["repositoryArn"])["tags"]
        self.assertEqual(tags, sorted(listed, key=lambda tag: tag["Key"]))

    def test_create_twice_is_refused(self):
        self.create("twice")
        name = {"repositoryName": "twice"}
        message = (
            "The repository with name 'twice' already exists in the registry with id "
            f"'{ACCOUNT}'"
        )
        call = self.client.create_repository
        self.assert_error("RepositoryAlreadyExistsException", message, call, **name)

    def test_names_that_ecr_accepts(self):
        for name in ("a1", "a__b", "a--b", "a---b", "a/b__c", "a.b-c_d/e", "0/1/2", "x" * 256):
            with self.subTest(name=name):
                self.assertEqual(name, self.create(name)["repositoryName"])

    def test_names_that_ecr_refuses(self):
        pattern = f"must satisfy regular expression '{NAME_PATTERN}'"
        call = self.client.create_repository
        names = ("a___b", "a_-b", "-a", "a-", "a//b", "/a", "a/", "Abc", "a b", "a..b", "é" * 3)
        for name in names:
            with self.subTest(name=name):
                self.assert_invalid("repositoryName", pattern, call, repositoryName=name)
        for name, constraint in (
            ("a", "must have length greater than or equal to 2"),
            ("x" * 257, "must have length less than or equal to 256"),
        ):
            with self.subTest(length=len(name)):
                self.assert_invalid("repositoryName", constraint, call, repositoryName=name)

    def test_create_refuses_what_the_model_refuses(self):
        call = self.client.create_repository
        self.assert_invalid("repositoryName", "must not be null", call)
        values = "[IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]"
        self.assert_invalid(
            "imageTagMutability",
            f"Member must satisfy enum value set: {values}",
            call,
            repositoryName="bad",
            imageTagMutability="SOMETIMES",
        )
        self.assert_error(
            "InvalidTagParameterException",
            "Tag parameters are invalid",
            call,
            repositoryName="bad",
            tags=[{"Key": "", "Value": ""}],
        )

    def test_exclusion_filters_go_with_their_setting_alone(self):
        call = self.client.create_repository
        filters = [{"filterType": "WILDCARD", "filter": "*"}]
        cases = (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"},
            {"imageTagMutability": "IMMUTABLE", "imageTagMutabilityExclusionFilters": filters},
        )
        for case in cases:
            with self.subTest(case):
                name = {"repositoryName": "filters"}
                self.assert_error("InvalidParameterException", None, call, **name, **case)

    def test_refused_create_leaves_nothing(self):
        tags = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
        call = self.client.create_repository
        self.assert_error("TooManyTagsException", None, call, repositoryName="much", tags=tags)
        self.assert_error(
            "RepositoryNotFoundException",
            missing("much"),
            self.client.describe_repositories,
            repositoryNames=["much"],
        )

    def test_describe_of_a_missing_name_fails_as_a_whole(self):
        self.create("there")
        call = self.client.describe_repositories
        self.assert_missing(call, repositoryNames=["there", "none"])

    def test_describe_refuses_names_together_with_paging(self):
        call = self.client.describe_repositories
        for other in ({"maxResults": 5}, {"nextToken": "x"}):
            with self.subTest(other):
                names = {"repositoryNames": ["aa"]}
                self.assert_error("InvalidParameterException", None, call, **names, **other)

    def test_accounts_and_regions_have_registries_of_their_own(self):
        self.create("mine")
        other = self.ecr((OTHER, "test"))
        self.assertEqual([], other.describe_repositories()["repositories"])
        made = other.create_repository(repositoryName="mine")["repository"]
        self.assertEqual((OTHER, arn("mine", OTHER)), (made["registryId"], made["repositoryArn"]))
        abroad = self.ecr(region="eu-west-1")
        self.assertEqual([], abroad.describe_repositories()["repositories"])
        made = abroad.create_repository(repositoryName="mine")["repository"]
        self.assertEqual(f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/mine", made["repositoryArn"])

    def test_delete_wants_an_empty_repository_or_force(self):
        made = self.create("full")
        client = registry.Registry(self.server, self.server.password())
        client.push(registry.make_image(b"x"), "full", "v1")
        message = (
            f"The repository with name 'full' in registry with id '{ACCOUNT}' cannot be deleted "
            "because it still contains images"
        )
        call = self.client.delete_repository
        self.assert_error("RepositoryNotEmptyException", message, call, repositoryName="full")
        deleted = call(repositoryName="full", force=True, registryId=ACCOUNT)["repository"]
        self.assertEqual(made, deleted)
        self.assertEqual("NAME_UNKNOWN", client.request("GET", "/v2/full/tags/list").error[0])
        self.create("full")
        self.assertEqual([], self.client.list_images(repositoryName="full")["imageIds"])

    def test_delete_of_a_missing_repository_says_so(self):
        self.assert_missing(self.client.delete_repository, repositoryName="none")


class PagingTest(EcrTest):
    COUNT = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number in range(cls.COUNT):
            cls.client.create_repository(repositoryName=f"page/{number * 7 % cls.COUNT:02}")

    def pages(self, size):
        """The names, by pages of `size`."""
        token, pages = {}, []
        while True:
            answer = self.client.describe_repositories(maxResults=size, **token)
            pages.append([r["repositoryName"] for r in answer["repositories"]])
            if "nextToken" not in answer:
                return pages
            token = {"nextToken": answer["nextToken"]}

    def test_pages_of_any_size_are_the_whole(self):
        whole = [r["repositoryName"] for r in self.client.describe_repositories()["repositories"]]
        self.assertEqual(self.COUNT, len(set(whole)))
        for size in (1, 7, 60, 1000):
            with self.subTest(size=size):
                pages = self.pages(size)
                self.assertEqual(whole, [name for page in pages for name in page])
                self.assertEqual(-(-self.COUNT // size), len(pages))

    def test_paginator_walks_them_all(self):
        paginator = self.client.get_paginator("describe_repositories")
        found = paginator.paginate(PaginationConfig={"PageSize": 7}).build_full_result()
        self.assertEqual(self.COUNT, len(found["repositories"]))

    def test_page_size_has_its_limits(self):
        call = self.client.describe_repositories
        bounds = ((0, "greater than or equal to 1"), (1001, "less than or equal to 1000"))
        for size, bound in bounds:
            with self.subTest(size=size):
                code = "InvalidParameterException"
                response = self.assert_error(code, None, call, maxResults=size)
                self.assertIn(f"must have value {bound}", response["Error"]["Message"])

    def test_token_is_good_for_its_own_listing_alone(self):
        token = self.client.describe_repositories(maxResults=7)["nextToken"]
        changed = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
        other = self.ecr((OTHER, "test"))
        for call, value in (
            (self.client.describe_repositories, "nonsense"),
            (self.client.describe_repositories, changed),
            (other.describe_repositories, token),
        ):
            with self.subTest(value=value):
                self.assert_error("InvalidParameterException", None, call, nextToken=value)
        listing = self.client.list_images
        name = {"repositoryName": "page/00"}
        self.assert_error("InvalidParameterException", None, listing, nextToken=token, **name)


class TagTest(EcrTest):
    def tags(self, name):
        listed = self.client.list_tags_for_resource(resourceArn=arn(name))["tags"]
        return {tag["Key"]: tag["Value"] for tag in listed}

    def test_tags_are_added_replaced_and_removed(self):
        self.create("tags", tags=[{"Key": "a", "Value": "1"}])
        pairs = [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "é ☃"}]
        self.client.tag_resource(resourceArn=arn("tags"), tags=pairs)
        self.assertEqual({"a": "2", "b": "é ☃"}, self.tags("tags"))
        self.client.untag_resource(resourceArn=arn("tags"), tagKeys=["a", "unknown"])
        self.assertEqual({"b": "é ☃"}, self.tags("tags"))

    def test_more_than_50_tags_are_refused_as_a_whole(self):
        self.create("many", tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
        more = [{"Key": f"m{n}", "Value": ""} for n in range(2)]
        call = self.client.tag_resource
        self.assert_error("TooManyTagsException", None, call, resourceArn=arn("many"), tags=more)
        self.assertEqual(49, len(self.tags("many")))

    def test_bad_tags_are_refused(self):
        self.create("bad-tags")
        call = self.client.tag_resource
        cases = (
            [{"Key": "", "Value": ""}],
            [{"Key": "aws:x", "Value": ""}],
            [{"Key": "k" * 129, "Value": ""}],
            [{"Key": "k", "Value": "v" * 257}],
            [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}],
        )
        for tags in cases:
            with self.subTest(tags=str(tags)[:60]):
                target = {"resourceArn": arn("bad-tags")}
                self.assert_error("InvalidTagParameterException", None, call, tags=tags, **target)

    def test_arn_must_be_a_repositorys(self):
        for value in ("x", "arn:aws:s3:::bucket", f"arn:aws:ecr:{REGION}:{ACCOUNT}:other/x"):
            with self.subTest(arn=value):
                call = self.client.list_tags_for_resource
                self.assert_invalid("resourceArn", "Invalid ARN", call, resourceArn=value)
        for call, more in (
            (self.client.list_tags_for_resource, {}),
            (self.client.tag_resource, {"tags": []}),
            (self.client.untag_resource, {"tagKeys": []}),
        ):
            self.assert_missing(call, resourceArn=arn("none"), **more)


class PolicyTest(EcrTest):
    STATEMENT = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"}

    def test_policy_is_set_read_and_deleted(self):
        self.create("policy")
        text = json.dumps({"Version": "2008-10-17", "Statement": [self.STATEMENT]}, indent=2)
        name = {"repositoryName": "policy"}
        answers = [self.client.set_repository_policy(policyText=text, registryId=ACCOUNT, **name)]
        answers.append(self.client.get_repository_policy(**name))
        answers.append(self.client.delete_repository_policy(**name))
        for answer in answers:
            self.assertEqual(("policy", ACCOUNT), (answer["repositoryName"], answer["registryId"]))
            self.assertEqual(json.loads(text), json.loads(answer["policyText"]))
        message = (
            "Repository policy does not exist for the repository with name 'policy' in the "
            f"registry with id '{ACCOUNT}'"
        )
        for call in (self.client.get_repository_policy, self.client.delete_repository_policy):
            self.assert_error("RepositoryPolicyNotFoundException", message, call, **name)

    def test_bad_policies_are_refused(self):
        self.create("bad-policy")
        call = self.client.set_repository_policy
        bad = [dict(self.STATEMENT, Effect="Maybe"), dict(self.STATEMENT, Extra=1)]
        bad.append({k: v for k, v in self.STATEMENT.items() if k != "Principal"})
        texts = ["{", "[]", "{}", *[json.dumps(harness.policy(statement)) for statement in bad]]
        texts.append('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}')
        for text in texts:
            with self.subTest(text=text):
                given = {"repositoryName": "bad-policy", "policyText": text}
                constraint = "Invalid repository policy provided"
                self.assert_invalid("PolicyText", constraint, call, **given)

    def test_policy_that_locks_its_author_out_needs_force(self):
        self.create("locked")
        lock = {"Effect": "Deny", "Principal": "*", "Action": "ecr:SetRepositoryPolicy"}
        text = json.dumps(harness.policy(lock))
        call = self.client.set_repository_policy
        given = {"repositoryName": "locked", "policyText": text}
        self.assert_error("InvalidParameterException", None, call, **given)
        call(force=True, **given)
        self.assert_error("AccessDeniedException", None, call, **given)
        self.client.delete_repository_policy(repositoryName="locked")

    def test_missing_repository_says_so(self):
        for call, more in (
            (self.client.set_repository_policy, {"policyText": "{}"}),
            (self.client.get_repository_policy, {}),
            (self.client.delete_repository_policy, {}),
        ):
            self.assert_missing(call, repositoryName="none", **more)


class TokenTest(EcrTest):
    def test_token_is_for_12_hours_and_for_this_address(self):
        (data,) = self.client.get_authorization_token()["authorizationData"]
        left = data["expiresAt"] - datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs(left.total_seconds() - 12 * 3600), 60)
        self.assertEqual(self.server.url, data["proxyEndpoint"])
        user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
        self.assertEqual("AWS", user)
        reply = registry.Registry(self.server, password).request("GET", "/v2/")
        self.assertEqual(200, reply.status)

    def test_token_comes_once_for_each_registry_asked_for(self):
        data = self.client.get_authorization_token(registryIds=[ACCOUNT, OTHER])
        hosts = [entry["proxyEndpoint"] for entry in data["authorizationData"]]
        other = f"http://{OTHER}.dkr.ecr.{REGION}.localhost:{self.server.port}"
        self.assertEqual([self.server.url, other], hosts)

    def test_more_than_10_registries_are_refused(self):
        call = self.client.get_authorization_token
        ids = [f"{n:012}" for n in range(11)]
        response = self.assert_error("InvalidParameterException", None, call, registryIds=ids)
        self.assertIn("length less than or equal to 10", response["Error"]["Message"])


if __name__ == "__main__":
    harness.main()
