"""GovCloud and China: a whole walk in which no ARN is in the partition "aws"."""

import json

import harness
import registry

PLACES = (("us-gov-west-1", "aws-us-gov", "111111111111"), ("cn-north-1", "aws-cn", "222222222222"))


def trust(principal):
    """A trust policy for that principal."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    return json.dumps(harness.policy(statement))


class Walk:
    """Calls of one account in one Region; every answer is kept, to be searched for ARNs."""

    def __init__(self, test, region, account):
        self.test, self.region, self.root = test, region, (account, "test")
        self.answers = []

    def call(self, service, operation, keys=None, **parameters):
        client = self.test.server.client(service, keys=keys or self.root, region=self.region)
        answer = getattr(client, operation)(**parameters)
        self.answers.append(json.dumps(answer, default=str))
        return answer

    def refused(self, service, operation, keys, **parameters):
        """The text of the error."""
        import botocore.exceptions

        with self.test.assertRaises(botocore.exceptions.ClientError) as caught:
            self.call(service, operation, keys, **parameters)
        self.answers.append(str(caught.exception))
        return str(caught.exception)

    def registry(self, keys=None):
        password = self.test.server.password(keys=keys or self.root, region=self.region)
        return registry.Registry(self.test.server, password)

    def user(self, name, *statements):
        """The ARN and keys of a new user."""
        arn = self.call("iam", "create_user", UserName=name)["User"]["Arn"]
        self.call("iam", "put_user_policy", UserName=name, PolicyName="given",
                  PolicyDocument=json.dumps(harness.policy(*statements)))
        key = self.call("iam", "create_access_key", UserName=name)["AccessKey"]
        return arn, (key["AccessKeyId"], key["SecretAccessKey"])


class PartitionsTest(harness.ServerTest):
    def setUp(self):
        harness.import_botocore()

    def each(self):
        """A walk, the beginning of its ARNs and its account, for each place."""
        for region, partition, account in PLACES:
            yield Walk(self, region, account), f"arn:{partition}:", account

    def test_a_team_pushes_and_pulls(self):
        for walk, arn, account in self.each():
            repository = walk.call("ecr", "create_repository", repositoryName="app")["repository"]
            self.assertEqual(f"{arn}ecr:{walk.region}:{account}:repository/app",
                             repository["repositoryArn"])
            login = harness.allow("ecr:GetAuthorizationToken")
            writer_arn, writer = walk.user("writer", login, harness.allow("ecr:*"))
            reader_arn, reader = walk.user("reader", login)
            self.assertEqual(f"{arn}iam::{account}:user/writer", writer_arn)
            image = registry.make_image(b"layer of " + walk.region.encode())
            walk.registry(writer).push(image, "app", "v1")
            path = "/v2/app/manifests/v1"
            denied = walk.registry(reader).expect(403, "GET", path)
            self.assertIn(reader_arn, denied.error[1])
            walk.answers.append(denied.body.decode())
            # A principal of the partition, and a managed policy of AWS in it.
            allowed = harness.allow("ecr:BatchGetImage", Principal={"AWS": reader_arn})
            del allowed["Resource"]
            walk.call("ecr", "set_repository_policy", repositoryName="app",
                      policyText=json.dumps(harness.policy(allowed)))
            walk.registry(reader).expect(200, "GET", path)
            walk.call("iam", "attach_user_policy", UserName="reader",
                      PolicyArn=f"{arn}iam::aws:policy/AmazonEC2ContainerRegistryReadOnly")
            layer = next(iter(image.blobs))
            walk.registry(reader).expect(200, "GET", f"/v2/app/blobs/{layer}")
            walk.call("ecr", "list_images", reader, repositoryName="app")
            self.no_arn_of_aws(walk, account)

    def test_roles_and_sessions(self):
        for walk, arn, account in self.each():
            caller = walk.call("sts", "get_caller_identity")
            self.assertEqual(f"{arn}iam::{account}:root", caller["Arn"])
            ci_arn, ci = walk.user("ci", harness.allow("sts:AssumeRole"),
                                   harness.allow("sts:GetFederationToken"))
            role = walk.call("iam", "create_role", RoleName="build",
                             AssumeRolePolicyDocument=trust(ci_arn))["Role"]
            self.assertEqual(f"{arn}iam::{account}:role/build", role["Arn"])
            own = walk.call("iam", "create_policy", PolicyName="pull",
                            PolicyDocument=json.dumps(harness.policy(harness.allow("ecr:*"))))
            self.assertEqual(f"{arn}iam::{account}:policy/pull", own["Policy"]["Arn"])
            walk.call("iam", "attach_role_policy", RoleName="build",
                      PolicyArn=own["Policy"]["Arn"])
            session = walk.call("sts", "assume_role", ci, RoleArn=role["Arn"],
                                RoleSessionName="run-1")
            self.assertEqual(f"{arn}sts::{account}:assumed-role/build/run-1",
                             session["AssumedRoleUser"]["Arn"])
            names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
            keys = tuple(session["Credentials"][name] for name in names)
            walk.call("ecr", "create_repository", keys, repositoryName="built")
            walk.registry(keys).push(registry.make_image(b"built"), "built", "v1")
            federated = walk.call("sts", "get_federation_token", ci, Name="guest")
            self.assertEqual(f"{arn}sts::{account}:federated-user/guest",
                             federated["FederatedUser"]["Arn"])
            self.assertIn(ci_arn, walk.refused("iam", "create_user", ci, UserName="x"))
            for listing in ("list_users", "list_roles", "list_groups"):
                walk.call("iam", listing)
            walk.call("iam", "list_policies", Scope="AWS", MaxItems=10)
            walk.call("iam", "create_service_linked_role",
                      AWSServiceName="replication.ecr.amazonaws.com")
            self.no_arn_of_aws(walk, account)

    def test_the_global_region_is_that_of_the_partition(self):
        for region, of_iam in (("us-gov-east-1", "us-gov-west-1"), ("cn-northwest-1", "cn-north-1"),
                               ("eu-west-1", "us-east-1")):
            walk = Walk(self, region, "333333333333")
            name = "in-" + region
            there = {"StringEquals": {"aws:RequestedRegion": of_iam}}
            _, keys = walk.user(name, harness.allow("*", Condition=there))
            walk.call("iam", "list_users", keys)
            self.assertIn("AccessDenied",
                          walk.refused("ecr", "describe_repositories", keys))
            used = walk.call("iam", "get_access_key_last_used", AccessKeyId=keys[0])
            self.assertIn(used["AccessKeyLastUsed"]["Region"], (of_iam, region))
            records = [e for e in self.log("333333333333") if e.get("eventName") == "ListUsers"]
            self.assertEqual(of_iam, records[0]["awsRegion"])

    def log(self, account):
        """Events and records of the account, newest first."""
        path = f"/_ecr-local/events?account={account}&limit=1000"
        status, _, body = self.server.request("GET", path)
        self.assertEqual(200, status, body)
        return [entry["event"] for entry in json.loads(body)["events"]]

    def no_arn_of_aws(self, walk, account):
        for answer in [*walk.answers, *(json.dumps(event) for event in self.log(account))]:
            self.assertNotIn("arn:aws:", answer)


if __name__ == "__main__":
    harness.main()
