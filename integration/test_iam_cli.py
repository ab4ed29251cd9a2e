"""IAM through the AWS CLI: people, roles and policies from their making to their end."""

import json
import os
import tempfile

import harness
from harness import ACCOUNT, allow, policy

ROLE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example">'
    + " " * 1000
    + "</EntityDescriptor>"
)


def arn(rest, account=ACCOUNT):
    return f"arn:aws:iam::{account}:{rest}"


def trust(principal):
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


class Iam(harness.ServerTest):
    def iam(self, *arguments, keys=harness.ROOT_KEYS, service="iam"):
        """What a successful command prints, parsed."""
        result = self.server.aws(service, *arguments, keys=keys)
        self.assertEqual(0, result.returncode, (arguments, result.stderr))
        return json.loads(result.stdout) if result.stdout.strip() else {}

    def fails(self, code, *arguments, keys=harness.ROOT_KEYS, service="iam"):
        """The message of a command that must fail with this error."""
        result = self.server.aws(service, *arguments, keys=keys)
        self.assertNotEqual(0, result.returncode, arguments)
        self.assertIn(f"({code})", result.stderr, arguments)
        return result.stderr

    def keys_of(self, user):
        key = self.iam("create-access-key", "--user-name", user)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def test_users_groups_and_keys(self):
        made = self.iam(
            *("create-user", "--user-name", "jane", "--path", "/team/"),
            *("--tags", "Key=team,Value=a"),
        )["User"]
        self.assertEqual(arn("user/team/jane"), made["Arn"])
        self.assertEqual(made, self.iam("get-user", "--user-name", "jane")["User"])
        self.fails("EntityAlreadyExists", "create-user", "--user-name", "Jane")
        self.iam("create-group", "--group-name", "devs")
        self.iam(
            *("put-group-policy", "--group-name", "devs", "--policy-name", "list"),
            *("--policy-document", json.dumps(policy(allow("iam:List*")))),
        )
        self.iam("add-user-to-group", "--group-name", "devs", "--user-name", "jane")
        keys = self.keys_of("jane")
        listed = self.iam("list-groups-for-user", "--user-name", "jane", keys=keys)["Groups"]
        self.assertEqual(["devs"], [group["GroupName"] for group in listed])
        document = self.iam("get-group-policy", "--group-name", "devs", "--policy-name", "list")
        self.assertEqual(policy(allow("iam:List*")), document["PolicyDocument"])
        refused = self.fails("AccessDenied", "delete-group", "--group-name", "devs", keys=keys)
        self.assertIn(
            f"User: {arn('user/team/jane')} is not authorized to perform: iam:DeleteGroup on "
            "resource: group devs because no identity-based policy allows the iam:DeleteGroup "
            "action",
            refused,
        )
        used = self.iam("get-access-key-last-used", "--access-key-id", keys[0])
        self.assertEqual("iam", used["AccessKeyLastUsed"]["ServiceName"])
        self.iam(
            *("update-access-key", "--user-name", "jane", "--access-key-id", keys[0]),
            *("--status", "Inactive"),
        )
        self.fails("InvalidClientTokenId", "list-users", keys=keys)
        self.fails("DeleteConflict", "delete-user", "--user-name", "jane")
        self.iam("delete-access-key", "--user-name", "jane", "--access-key-id", keys[0])
        self.iam("remove-user-from-group", "--group-name", "devs", "--user-name", "jane")
        self.iam("tag-user", "--user-name", "jane", "--tags", "Key=env,Value=dev")
        self.iam("untag-user", "--user-name", "jane", "--tag-keys", "team")
        tags = self.iam("list-user-tags", "--user-name", "jane")["Tags"]
        self.assertEqual([{"Key": "env", "Value": "dev"}], tags)
        self.iam("update-user", "--user-name", "jane", "--new-user-name", "joan")
        self.iam("delete-user", "--user-name", "joan")
        self.iam("delete-group-policy", "--group-name", "devs", "--policy-name", "list")
        self.iam("delete-group", "--group-name", "devs")

    def test_pages(self):
        client = self.server.client("iam")
        for number in range(7):
            client.create_user(UserName=f"page-{number}", Path="/pages/")
        listed = self.iam("list-users", "--path-prefix", "/pages/", "--page-size", "3")["Users"]
        self.assertEqual([f"page-{n}" for n in range(7)], [user["UserName"] for user in listed])
        page = client.list_users(PathPrefix="/pages/", MaxItems=3)
        self.assertTrue(page["IsTruncated"])
        self.assert_error(
            "ValidationError", None, client.list_roles, Marker=page["Marker"], MaxItems=3
        )

    def test_roles_and_instance_profiles(self):
        made = self.iam(
            *("create-role", "--role-name", "ci", "--description", "builds"),
            *("--assume-role-policy-document", json.dumps(ROLE_TRUST)),
            *("--max-session-duration", "7200"),
        )["Role"]
        self.assertEqual(ROLE_TRUST, made["AssumeRolePolicyDocument"])
        self.assertEqual(7200, self.iam("get-role", "--role-name", "ci")["Role"]["MaxSessionDuration"])
        self.iam("update-role", "--role-name", "ci", "--description", "b")
        self.iam("update-role-description", "--role-name", "ci", "--description", "c")
        message = self.fails(
            "MalformedPolicyDocument",
            *("update-assume-role-policy", "--role-name", "ci", "--policy-document"),
            json.dumps(trust({"AWS": arn("user/nobody")})),
        )
        self.assertIn("Invalid principal in policy", message)
        self.iam("create-instance-profile", "--instance-profile-name", "p")
        self.iam("add-role-to-instance-profile", "--instance-profile-name", "p", "--role-name", "ci")
        shown = self.iam("get-instance-profile", "--instance-profile-name", "p")["InstanceProfile"]
        self.assertEqual("ci", shown["Roles"][0]["RoleName"])
        self.assertEqual(
            1, len(self.iam("list-instance-profiles-for-role", "--role-name", "ci")["InstanceProfiles"])
        )
        self.fails("DeleteConflict", "delete-role", "--role-name", "ci")
        self.iam(
            *("remove-role-from-instance-profile", "--instance-profile-name", "p"),
            *("--role-name", "ci"),
        )
        self.iam("delete-instance-profile", "--instance-profile-name", "p")
        self.iam(
            *("put-role-policy", "--role-name", "ci", "--policy-name", "x"),
            *("--policy-document", json.dumps(policy(allow("ecr:*")))),
        )
        self.assertEqual(
            ["x"], self.iam("list-role-policies", "--role-name", "ci")["PolicyNames"]
        )
        self.iam("delete-role-policy", "--role-name", "ci", "--policy-name", "x")
        self.iam("tag-role", "--role-name", "ci", "--tags", "Key=a,Value=b")
        self.iam("delete-role", "--role-name", "ci")
        self.fails("NoSuchEntity", "get-role", "--role-name", "ci")

    def test_service_linked_roles(self):
        role = self.iam(
            *("create-service-linked-role", "--aws-service-name"),
            "pullthroughcache.ecr.amazonaws.com",
        )["Role"]
        self.assertEqual("AWSServiceRoleForECRPullThroughCache", role["RoleName"])
        self.fails("UnmodifiableEntity", "delete-role", "--role-name", role["RoleName"])
        task = self.iam("delete-service-linked-role", "--role-name", role["RoleName"])
        status = self.iam(
            *("get-service-linked-role-deletion-status", "--deletion-task-id"),
            task["DeletionTaskId"],
        )
        self.assertEqual("SUCCEEDED", status["Status"])

    def test_managed_policies(self):
        document = json.dumps(policy(allow("iam:ListUsers")))
        made = self.iam(
            "create-policy", "--policy-name", "p", "--policy-document", document
        )["Policy"]
        name = made["Arn"]
        self.iam("create-user", "--user-name", "joe")
        keys = self.keys_of("joe")
        self.iam("attach-user-policy", "--user-name", "joe", "--policy-arn", name)
        self.iam("list-users", keys=keys)
        empty = json.dumps(policy(allow("iam:GetUser")))
        version = self.iam(
            *("create-policy-version", "--policy-arn", name, "--policy-document", empty),
            "--set-as-default",
        )["PolicyVersion"]["VersionId"]
        self.assertEqual("v2", version)
        self.fails("AccessDenied", "list-users", keys=keys)
        shown = self.iam("get-policy-version", "--policy-arn", name, "--version-id", "v1")
        self.assertEqual(json.loads(document), shown["PolicyVersion"]["Document"])
        self.iam("set-default-policy-version", "--policy-arn", name, "--version-id", "v1")
        self.iam("list-users", keys=keys)
        entities = self.iam("list-entities-for-policy", "--policy-arn", name)
        self.assertEqual("joe", entities["PolicyUsers"][0]["UserName"])
        self.fails("DeleteConflict", "delete-policy", "--policy-arn", name)
        read_only = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        self.iam("attach-user-policy", "--user-name", "joe", "--policy-arn", read_only)
        self.iam("describe-repositories", keys=keys, service="ecr")
        attached = self.iam("list-attached-user-policies", "--user-name", "joe")
        self.assertEqual(
            {name, read_only}, {one["PolicyArn"] for one in attached["AttachedPolicies"]}
        )
        used = self.iam("list-policies", "--only-attached")["Policies"]
        self.assertLessEqual({name, read_only}, {one["Arn"] for one in used})
        details = self.iam("get-account-authorization-details", "--filter", "User")
        joe = [one for one in details["UserDetailList"] if one["UserName"] == "joe"]
        self.assertEqual(2, len(joe[0]["AttachedManagedPolicies"]))
        for attached in (name, read_only):
            self.iam("detach-user-policy", "--user-name", "joe", "--policy-arn", attached)
        self.iam("delete-policy-version", "--policy-arn", name, "--version-id", "v2")
        self.iam("delete-policy", "--policy-arn", name)
        self.fails("NoSuchEntity", "get-policy", "--policy-arn", name)

    def test_identity_providers(self):
        provider = self.iam(
            *("create-open-id-connect-provider", "--url", "https://tokens.example.com/x"),
            *("--client-id-list", "sts.amazonaws.com", "--thumbprint-list", "a" * 40),
        )["OpenIDConnectProviderArn"]
        self.assertEqual(arn("oidc-provider/tokens.example.com/x"), provider)
        named = ("--open-id-connect-provider-arn", provider)
        self.iam("add-client-id-to-open-id-connect-provider", *named, "--client-id", "two")
        self.iam("update-open-id-connect-provider-thumbprint", *named, "--thumbprint-list", "b" * 40)
        shown = self.iam("get-open-id-connect-provider", *named)
        self.assertEqual(["sts.amazonaws.com", "two"], shown["ClientIDList"])
        self.assertEqual("tokens.example.com/x", shown["Url"])
        self.iam("remove-client-id-from-open-id-connect-provider", *named, "--client-id", "two")
        listed = self.iam("list-open-id-connect-providers")["OpenIDConnectProviderList"]
        self.assertEqual([{"Arn": provider}], listed)
        self.iam("delete-open-id-connect-provider", *named)
        with tempfile.NamedTemporaryFile("w", suffix=".xml", dir=self.server.directory) as file:
            file.write(METADATA)
            file.flush()
            saml = self.iam(
                *("create-saml-provider", "--name", "idp", "--saml-metadata-document"),
                f"file://{os.path.abspath(file.name)}",
            )["SAMLProviderArn"]
        shown = self.iam("get-saml-provider", "--saml-provider-arn", saml)
        self.assertEqual(METADATA, shown["SAMLMetadataDocument"])
        self.iam("delete-saml-provider", "--saml-provider-arn", saml)

    def test_the_account(self):
        self.iam("create-account-alias", "--account-alias", "acme")
        self.assertEqual(["acme"], self.iam("list-account-aliases")["AccountAliases"])
        self.iam("delete-account-alias", "--account-alias", "acme")
        self.fails("NoSuchEntity", "get-account-password-policy")
        self.iam("update-account-password-policy", "--minimum-password-length", "12")
        shown = self.iam("get-account-password-policy")["PasswordPolicy"]
        self.assertEqual(12, shown["MinimumPasswordLength"])
        self.iam("create-user", "--user-name", "console")
        created = ("create-login-profile", "--user-name", "console", "--password")
        self.fails("PasswordPolicyViolation", *created, "short")
        self.iam(*created, "a-planted-password-1")
        self.iam("get-login-profile", "--user-name", "console")
        self.iam("delete-login-profile", "--user-name", "console")
        self.iam("delete-account-password-policy")
        self.assertEqual(2, self.iam("get-account-summary")["SummaryMap"]["AccessKeysPerUserQuota"])
        for command in ("list-mfa-devices", "list-virtual-mfa-devices", "list-server-certificates"):
            self.iam(command)

    def test_secrets_are_nowhere_but_in_the_answer(self):
        self.iam("create-user", "--user-name", "secret")
        secret = self.keys_of("secret")[1]
        password = "a-planted-password-2"
        self.iam("create-login-profile", "--user-name", "secret", "--password", password)
        _, _, records = self.server.request("GET", "/_ecr-local/events?kind=record&limit=1000")
        _, _, decisions = self.server.request("GET", "/_ecr-local/decisions?limit=1000")
        _, _, metrics = self.server.request("GET", "/metrics")
        self.assertIn(b"CreateAccessKey", records)
        self.assertIn(b"HIDDEN_DUE_TO_SECURITY_REASONS", records)
        for text in (records, decisions, metrics, self.server.log().encode()):
            self.assertNotIn(secret.encode(), text)
            self.assertNotIn(password.encode(), text)

    def test_what_is_missing_says_so(self):
        report = ("get-organizations-access-report", "--job-id", "0" * 36)
        self.assertIn("GetOrganizationsAccessReport", self.fails("InvalidAction", *report))
        coverage = self.server.coverage()["iam"]
        self.assertEqual(180, coverage["total"])
        self.assertFalse(coverage["operations"]["GetOrganizationsAccessReport"])


if __name__ == "__main__":
    harness.main()
