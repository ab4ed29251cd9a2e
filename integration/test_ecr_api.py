"""The ECR and STS APIs as a whole: what is there, what is not, the form of answers and errors."""

import json

import harness
import signing
from harness import ACCOUNT

# What the first release promises.
PROMISED = {
    "ecr": {
        *("CreateRepository", "DescribeRepositories", "DeleteRepository"),
        *("GetAuthorizationToken", "TagResource", "UntagResource", "ListTagsForResource"),
        *("SetRepositoryPolicy", "GetRepositoryPolicy", "DeleteRepositoryPolicy"),
        *("ListImages", "DescribeImages", "BatchGetImage", "PutImage", "BatchDeleteImage"),
    },
    "sts": {"GetCallerIdentity"},
}


class CoverageTest(harness.ServerTest):
    def operations(self, service):
        return self.server.coverage()[service]["operations"]

    def test_coverage_lists_every_operation_of_the_models(self):
        for service, count in (("ecr", 62), ("sts", 12)):
            with self.subTest(service=service):
                listed = self.server.coverage()[service]
                self.assertEqual(count, listed["total"])
                self.assertEqual(count, len(listed["operations"]))
                self.assertEqual(listed["done"], sum(listed["operations"].values()))

    def test_what_is_promised_is_there(self):
        for service, names in PROMISED.items():
            done = {name for name, there in self.operations(service).items() if there}
            self.assertLessEqual(names, done)

    def test_operation_that_is_not_there_answers_unknown_operation(self):
        client = self.ecr()
        missing = [name for name, there in self.operations("ecr").items() if not there]
        for name in missing:
            with self.subTest(operation=name):
                call = client._make_api_call
                self.assert_error("UnknownOperationException", None, call, name, {})
        client = self.server.client("sts")
        headers, _ = signing.sts_request("")
        for name, there in self.operations("sts").items():
            if there:
                continue
            with self.subTest(operation=name):
                body = signing.sts_request(name)[1]
                signed = signing.sign(self.server, headers, body, service="sts")
                status, _, answer = self.server.request("POST", "/", body, signed)
                self.assertEqual(400, status)
                self.assertIn(b"<Code>InvalidAction</Code>", answer)

    def test_operation_that_is_there_is_not_unknown(self):
        client = self.ecr()
        for name in PROMISED["ecr"]:
            with self.subTest(operation=name):
                try:
                    client._make_api_call(name, {})
                except client.exceptions.ClientError as error:
                    self.assertEqual("InvalidParameterException", error.response["Error"]["Code"])


class WireTest(harness.ServerTest):
    def post(self, headers, body, service="ecr"):
        signed = signing.sign(self.server, headers, body, service=service)
        return self.server.request("POST", "/", body, signed)

    def test_answer_is_json_1_1_with_a_request_id(self):
        status, headers, body = self.post(*signing.ecr_request("DescribeRepositories"))
        self.assertEqual((200, {"repositories": []}), (status, json.loads(body)))
        self.assertEqual("application/x-amz-json-1.1", headers["content-type"])
        uuid = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
        self.assertRegex(headers["x-amzn-requestid"], uuid)

    def test_error_has_its_type_without_a_namespace(self):
        request = signing.ecr_request("DeleteRepository", repositoryName="none")
        status, headers, body = self.post(*request)
        self.assertEqual(400, status)
        self.assertEqual("application/x-amz-json-1.1", headers["content-type"])
        self.assertEqual("RepositoryNotFoundException", json.loads(body)["__type"])

    def test_unknown_operation_and_service_are_refused(self):
        targets = (f"{signing.ECR_TARGET}.NoSuchOperation", "Other.DescribeRepositories", "", ".")
        for target in targets:
            with self.subTest(target=target):
                headers = {**signing.ecr_request("x")[0], "X-Amz-Target": target}
                status, _, body = self.post(headers, "{}")
                expected = (400, "UnknownOperationException")
                self.assertEqual(expected, (status, json.loads(body)["__type"]))

    def test_body_that_is_not_an_object_is_a_serialization_error(self):
        headers, _ = signing.ecr_request("DescribeRepositories")
        wrong_types = ('{"maxResults":"ten"}', '{"repositoryNames":{}}')
        for body in ("{", "[]", '"text"', *wrong_types, b"\xff"):
            with self.subTest(body=body):
                status, _, answer = self.post(headers, body)
                expected = (400, "SerializationException")
                self.assertEqual(expected, (status, json.loads(answer)["__type"]))

    def test_unknown_members_and_nulls_are_ignored(self):
        body = '{"unknown":{"a":[1]},"registryId":null,"repositoryNames":null}'
        status, _, answer = self.post(signing.ecr_request("DescribeRepositories")[0], body)
        self.assertEqual((200, {"repositories": []}), (status, json.loads(answer)))

    def test_caller_identity_is_xml(self):
        status, headers, body = self.post(*signing.sts_request("GetCallerIdentity"), "sts")
        self.assertEqual((200, "text/xml"), (status, headers["content-type"]))
        self.assertIn(f"<Arn>arn:aws:iam::{ACCOUNT}:root</Arn>".encode(), body)

    def test_caller_identity_through_boto3_and_aws(self):
        identity = self.server.client("sts", ("123456789012", "test")).get_caller_identity()
        identity.pop("ResponseMetadata")
        account = "123456789012"
        expected = {"UserId": account, "Account": account, "Arn": f"arn:aws:iam::{account}:root"}
        self.assertEqual(expected, identity)
        result = self.server.aws("sts", "get-caller-identity", keys=("123456789012", "test"))
        self.assertEqual(expected, json.loads(result.stdout))


if __name__ == "__main__":
    harness.main()
