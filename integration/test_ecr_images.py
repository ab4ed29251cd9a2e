"""ECR's images through boto3: PutImage, ListImages, DescribeImages, BatchGet, BatchDelete."""

import datetime
import json
import random

import harness
import registry
from harness import ACCOUNT


def missing_image(name, digest="null", tag="null"):
    return (
        f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist "
        f"within the repository with name '{name}' in the registry with id '{ACCOUNT}'"
    )


class ImageTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.server.client()
        cls.registry = registry.Registry(cls.server, cls.server.password())

    def repository(self, name, **settings):
        self.client.create_repository(repositoryName=name, **settings)
        return {"repositoryName": name}

    def push(self, name, tag, *layers):
        """An image in the repository."""
        image = registry.make_image(*layers)
        self.registry.push(image, name, tag)
        return image

    def put(self, name, image, tag=None, **more):
        tags = {"imageTag": tag} if tag else {}
        return self.client.put_image(
            repositoryName=name, imageManifest=image.manifest.decode(), **tags, **more
        )["image"]

    def tags(self, name):
        """{tag: digest}."""
        found = self.client.list_images(repositoryName=name)["imageIds"]
        return {entry.get("imageTag"): entry["imageDigest"] for entry in found}


class PutImageTest(ImageTest):
    def test_put_image_tags_an_image_that_is_there(self):
        self.repository("put")
        image = self.push("put", "v1", b"layer")
        put = self.put("put", image, "v2", imageManifestMediaType=image.media_type)
        expected = {
            "registryId": ACCOUNT,
            "repositoryName": "put",
            "imageId": {"imageDigest": image.digest, "imageTag": "v2"},
            "imageManifest": image.manifest.decode(),
            "imageManifestMediaType": image.media_type,
        }
        self.assertEqual(expected, put)
        self.assertEqual({"v1": image.digest, "v2": image.digest}, self.tags("put"))

    def test_put_image_makes_an_image_of_layers_that_are_there(self):
        self.repository("fresh")
        image = registry.make_image(b"one", b"two")
        for data in image.blobs.values():
            self.registry.push_blob("fresh", data)
        self.put("fresh", image, "v1", imageDigest=image.digest, registryId=ACCOUNT)
        self.assertEqual(image.blobs, self.registry.pull("fresh", "v1").blobs)

    def test_same_manifest_and_tag_again_is_refused(self):
        self.repository("again")
        image = self.push("again", "v1", b"layer")
        message = (
            f"Image with digest '{image.digest}' and tag 'v1' already exists in the repository "
            f"with name 'again' in registry with id '{ACCOUNT}'"
        )
        self.assert_error("ImageAlreadyExistsException", message, self.put, "again", image, "v1")

    def test_tag_moves_in_a_mutable_repository(self):
        self.repository("mutable")
        first = self.push("mutable", "v1", b"first")
        second = self.push("mutable", "v2", b"second")
        self.put("mutable", second, "v1")
        expected = {None: first.digest, "v1": second.digest, "v2": second.digest}
        self.assertEqual(expected, self.tags("mutable"))

    def test_tag_stays_in_an_immutable_repository(self):
        self.repository("immutable", imageTagMutability="IMMUTABLE")
        first = self.push("immutable", "v1", b"first")
        second = self.push("immutable", "v2", b"second")
        message = (
            "The image tag 'v1' already exists in the 'immutable' repository and cannot be "
            "overwritten because the tag is immutable."
        )
        code = "ImageTagAlreadyExistsException"
        self.assert_error(code, message, self.put, "immutable", second, "v1")
        self.assertEqual({"v1": first.digest, "v2": second.digest}, self.tags("immutable"))

    def test_exclusion_filters_turn_the_rule_around(self):
        for setting, moving, fixed in (
            ("IMMUTABLE_WITH_EXCLUSION", "dev-1", "v1"),
            ("MUTABLE_WITH_EXCLUSION", "v1", "dev-1"),
        ):
            with self.subTest(setting=setting):
                name = setting.lower()
                filters = [{"filterType": "WILDCARD", "filter": "dev-*"}]
                self.repository(
                    name, imageTagMutability=setting, imageTagMutabilityExclusionFilters=filters
                )
                for tag in (moving, fixed):
                    self.push(name, tag, b"first")
                second = self.push(name, "second", b"second")
                self.put(name, second, moving)
                code = "ImageTagAlreadyExistsException"
                self.assert_error(code, None, self.put, name, second, fixed)

    def test_wrong_digest_is_refused(self):
        self.repository("wrong-digest")
        image = self.push("wrong-digest", "v1", b"layer")
        other = {"imageDigest": registry.digest_of(b"other")}
        code = "ImageDigestDoesNotMatchException"
        self.assert_error(code, None, self.put, "wrong-digest", image, "v2", **other)

    def test_missing_layers_and_children_are_named(self):
        self.repository("incomplete")
        image = registry.make_image(b"nowhere")
        digests = ", ".join(sorted(image.blobs))
        where = (
            "required for pushing image into repository with name 'incomplete' in the registry "
            f"with id '{ACCOUNT}' do not exist"
        )
        message = f"Layers with digests '[{digests}]' {where}"
        self.assert_error("LayersNotFoundException", message, self.put, "incomplete", image, "v1")
        message = f"Images with digests '[{image.digest}]' {where}"
        index = registry.make_index(image)
        code = "ReferencedImagesNotFoundException"
        self.assert_error(code, message, self.put, "incomplete", index, "v1")

    def test_layers_of_another_repository_do_not_count(self):
        self.repository("has-them")
        self.repository("has-not")
        image = self.push("has-them", "v1", b"layer")
        self.assert_error("LayersNotFoundException", None, self.put, "has-not", image, "v1")

    def test_bad_manifests_are_refused(self):
        self.repository("bad")
        call = self.client.put_image
        for text in ("{", "[]", "{}", '{"schemaVersion":1}'):
            with self.subTest(manifest=text):
                given = {"repositoryName": "bad", "imageManifest": text, "imageTag": "v1"}
                self.assert_error("InvalidParameterException", None, call, **given)


class DescribeImagesTest(ImageTest):
    def test_details_have_every_member(self):
        name = self.repository("details")
        image = self.push("details", "v1", b"a", b"bc")
        self.put("details", image, "v2")
        (detail,) = self.client.describe_images(**name)["imageDetails"]
        pushed = detail.pop("imagePushedAt")
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertLess(abs((now - pushed).total_seconds()), 60)
        expected = {
            "registryId": ACCOUNT,
            "repositoryName": "details",
            "imageDigest": image.digest,
            "imageTags": ["v1", "v2"],
            "imageSizeInBytes": sum(map(len, image.blobs.values())),
            "imageManifestMediaType": registry.MANIFEST_TYPE,
            "artifactMediaType": registry.CONFIG_TYPE,
            "imageStatus": "ACTIVE",
        }
        self.assertEqual(expected, detail)

    def test_pull_time_is_recorded(self):
        name = self.repository("pulled")
        self.push("pulled", "v1", b"a")
        (before,) = self.client.describe_images(**name)["imageDetails"]
        self.assertNotIn("lastRecordedPullTime", before)
        self.registry.pull("pulled", "v1")
        (after,) = self.client.describe_images(**name)["imageDetails"]
        self.assertGreaterEqual(after["lastRecordedPullTime"], after["imagePushedAt"])

    def test_index_is_as_large_as_its_largest_child(self):
        name = self.repository("index")
        small = self.push("index", "small", b"s")
        large = self.push("index", "large", b"l" * 1000)
        index = registry.make_index(small, large)
        self.registry.push(index, "index", "all")
        ids = [{"imageTag": "all"}]
        (detail,) = self.client.describe_images(imageIds=ids, **name)["imageDetails"]
        self.assertEqual(registry.OCI_INDEX_TYPE, detail["imageManifestMediaType"])
        self.assertEqual(sum(map(len, large.blobs.values())), detail["imageSizeInBytes"])

    def test_filters_by_tag_status(self):
        name = self.repository("filters")
        tagged = self.push("filters", "v1", b"tagged")
        untagged = self.push("filters", None, b"untagged")
        for status, digests in (
            ("TAGGED", {tagged.digest}),
            ("UNTAGGED", {untagged.digest}),
            ("ANY", {tagged.digest, untagged.digest}),
        ):
            with self.subTest(status=status):
                given = {"filter": {"tagStatus": status}, **name}
                described = self.client.describe_images(**given)["imageDetails"]
                listed = self.client.list_images(**given)["imageIds"]
                for found in (described, listed):
                    self.assertEqual(digests, {entry["imageDigest"] for entry in found})

    def test_missing_images_are_named(self):
        name = self.repository("lookups")
        self.push("lookups", "v1", b"a")
        digest = registry.digest_of(b"none")
        for image_id, message in (
            ({"imageTag": "none"}, missing_image("lookups", tag="none")),
            ({"imageDigest": digest}, missing_image("lookups", digest=digest)),
        ):
            with self.subTest(image_id):
                ids = [{"imageTag": "v1"}, image_id]
                call = self.client.describe_images
                self.assert_error("ImageNotFoundException", message, call, imageIds=ids, **name)

    def test_ids_do_not_go_with_paging(self):
        name = self.repository("no-paging")
        ids = [{"imageTag": "v1"}]
        for other in ({"maxResults": 5}, {"nextToken": "x"}):
            with self.subTest(other):
                given = {**name, **other, "imageIds": ids}
                call = self.client.describe_images
                self.assert_error("InvalidParameterException", None, call, **given)

    def test_missing_repository_says_so(self):
        message = (
            f"The repository with name 'none' does not exist in the registry with id '{ACCOUNT}'"
        )
        ids = {"imageIds": [{"imageTag": "v1"}]}
        for call, more in (
            (self.client.list_images, {}),
            (self.client.describe_images, {}),
            (self.client.batch_get_image, ids),
            (self.client.batch_delete_image, ids),
            (self.client.put_image, {"imageManifest": "{}"}),
        ):
            self.assert_error(
                "RepositoryNotFoundException", message, call, repositoryName="none", **more
            )


class ImagePagingTest(ImageTest):
    COUNT = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.create_repository(repositoryName="pages")
        order = list(range(cls.COUNT))
        random.Random(1).shuffle(order)
        for number in order:
            tag = f"t{number:02}" if number % 6 else None
            cls.registry.push(registry.make_image(f"{number}".encode()), "pages", tag)

    def pages(self, call, member, size, **more):
        token, pages = {}, []
        while True:
            answer = call(repositoryName="pages", maxResults=size, **token, **more)
            pages.append(answer[member])
            if "nextToken" not in answer:
                return pages
            token = {"nextToken": answer["nextToken"]}

    def test_pages_of_any_size_are_the_whole(self):
        for call, member in (
            (self.client.list_images, "imageIds"),
            (self.client.describe_images, "imageDetails"),
        ):
            for status, count in (("ANY", 60), ("TAGGED", 50), ("UNTAGGED", 10)):
                given = {"filter": {"tagStatus": status}}
                whole = call(repositoryName="pages", **given)[member]
                self.assertEqual(count, len({entry["imageDigest"] for entry in whole}))
                for size in (1, 7):
                    with self.subTest(member=member, status=status, size=size):
                        pages = self.pages(call, member, size, **given)
                        self.assertEqual(whole, [entry for page in pages for entry in page])
                        self.assertEqual(-(-count // size), len(pages))

    def test_token_of_one_filter_is_refused_with_another(self):
        given = {"repositoryName": "pages", "filter": {"tagStatus": "TAGGED"}}
        token = self.client.list_images(maxResults=7, **given)["nextToken"]
        given["filter"] = {"tagStatus": "UNTAGGED"}
        call = self.client.list_images
        self.assert_error("InvalidParameterException", None, call, nextToken=token, **given)

    def test_registry_lists_the_tags_by_pages_too(self):
        whole = json.loads(self.registry.expect(200, "GET", "/v2/pages/tags/list").body)["tags"]
        self.assertEqual(50, len(set(whole)))
        path, found = "/v2/pages/tags/list?n=7", []
        while path:
            reply = self.registry.expect(200, "GET", path)
            found += json.loads(reply.body)["tags"]
            path = reply.headers.get("link", "").partition(">")[0].removeprefix("<")
        self.assertEqual(whole, found)


class BatchGetImageTest(ImageTest):
    def test_images_and_failures_come_together(self):
        name = self.repository("batch")
        image = self.push("batch", "v1", b"a")
        none = registry.digest_of(b"none")
        ids = [
            {"imageTag": "v1"},
            {"imageDigest": image.digest},
            {"imageTag": "v1", "imageDigest": image.digest},
            {"imageTag": "none"},
            {"imageDigest": none},
            {},
            {"imageDigest": "nonsense"},
        ]
        accepted = {"acceptedMediaTypes": [registry.MANIFEST_TYPE], "registryId": ACCOUNT}
        answer = self.client.batch_get_image(imageIds=ids, **name, **accepted)
        expected = {
            "registryId": ACCOUNT,
            "repositoryName": "batch",
            "imageManifest": image.manifest.decode(),
            "imageManifestMediaType": image.media_type,
        }
        tagged = {"imageTag": "v1", "imageDigest": image.digest}
        found = [tagged, {"imageDigest": image.digest}, tagged]
        self.assertEqual([{**expected, "imageId": each} for each in found], answer["images"])
        codes = [(f["imageId"], f["failureCode"], f["failureReason"]) for f in answer["failures"]]
        not_found = ("ImageNotFound", "Requested image not found")
        self.assertEqual(
            [
                ({"imageTag": "none"}, *not_found),
                ({"imageDigest": none}, *not_found),
                (
                    {},
                    "MissingDigestAndTag",
                    "Invalid request parameters: both tag and digest cannot be null",
                ),
                (
                    {"imageDigest": "nonsense"},
                    "InvalidImageDigest",
                    "Invalid request parameters: image digest should satisfy the regex "
                    "'[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
                ),
            ],
            codes,
        )

    def test_more_than_100_ids_are_refused(self):
        name = self.repository("batch-limit")
        ids = [{"imageTag": f"t{n}"} for n in range(101)]
        message = (
            "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have "
            "length less than or equal to 100'"
        )
        for call in (self.client.batch_get_image, self.client.batch_delete_image):
            self.assert_error("InvalidParameterException", message, call, imageIds=ids, **name)


class BatchDeleteImageTest(ImageTest):
    def delete(self, name, *ids):
        answer = self.client.batch_delete_image(repositoryName=name, imageIds=list(ids))
        return answer["imageIds"], answer["failures"]

    def test_deleting_a_tag_leaves_the_image_to_its_other_tags(self):
        self.repository("by-tag")
        image = self.push("by-tag", "v1", b"a")
        self.put("by-tag", image, "v2")
        first = {"imageTag": "v1", "imageDigest": image.digest}
        self.assertEqual(([first], []), self.delete("by-tag", {"imageTag": "v1"}))
        self.assertEqual({"v2": image.digest}, self.tags("by-tag"))
        self.delete("by-tag", {"imageTag": "v2"})
        self.assertEqual({}, self.tags("by-tag"))
        reply = self.registry.request("GET", f"/v2/by-tag/manifests/{image.digest}")
        self.assertEqual(("MANIFEST_UNKNOWN", "Requested image not found"), reply.error)

    def test_deleting_a_digest_takes_every_tag(self):
        self.repository("by-digest")
        image = self.push("by-digest", "v1", b"a")
        self.put("by-digest", image, "v2")
        deleted, failures = self.delete("by-digest", {"imageDigest": image.digest})
        self.assertEqual(["v1", "v2"], sorted(entry["imageTag"] for entry in deleted))
        self.assertEqual([], failures)
        self.assertEqual({}, self.tags("by-digest"))

    def test_missing_image_is_a_failure(self):
        self.repository("no-image")
        deleted, failures = self.delete("no-image", {"imageTag": "none"})
        self.assertEqual([], deleted)
        expected = {
            "imageId": {"imageTag": "none"},
            "failureCode": "ImageNotFound",
            "failureReason": "Requested image not found",
        }
        self.assertEqual([expected], failures)

    def test_child_of_an_index_is_deleted_after_it(self):
        self.repository("children")
        child = self.push("children", None, b"a")
        index = registry.make_index(child)
        self.registry.push(index, "children", "all")
        deleted, failures = self.delete("children", {"imageDigest": child.digest})
        self.assertEqual([], deleted)
        (failure,) = failures
        self.assertEqual("ImageReferencedByManifestList", failure["failureCode"])
        reason = f"Requested image referenced by manifest list: [{index.digest}]"
        self.assertEqual(reason, failure["failureReason"])
        self.delete("children", {"imageDigest": index.digest})
        deleted, failures = self.delete("children", {"imageDigest": child.digest})
        self.assertEqual(([{"imageDigest": child.digest}], []), (deleted, failures))

    def test_layers_of_a_deleted_image_are_still_there_for_others(self):
        self.repository("shared")
        first = self.push("shared", "v1", b"shared", b"first")
        second = self.push("shared", "v2", b"shared", b"second")
        self.delete("shared", {"imageDigest": first.digest})
        self.assertEqual(second.blobs, self.registry.pull("shared", "v2").blobs)


if __name__ == "__main__":
    harness.main()
