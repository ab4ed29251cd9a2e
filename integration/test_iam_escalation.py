"""Nobody gets further through IAM than he is allowed: keys, policies, roles and boundaries of
others and of himself, root-like names, and what a narrow session can make of itself."""

import base64
import json

import harness
from harness import ACCOUNT, allow, policy

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def arn(rest):
    return f"arn:aws:iam::{ACCOUNT}:{rest}"


def trust(principal):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
        }
    )


class Escalation(harness.ServerTest):
    def setUp(self):
        self.root = self.server.client("iam")
        status, _, _ = self.server.request("POST", "/_ecr-local/reset")
        self.assertEqual(200, status)
        self.root.create_user(UserName="victim")
        self.victims_key = self.root.create_access_key(UserName="victim")["AccessKey"]
        self.root.create_role(
            RoleName="admin", AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"})
        )
        self.root.attach_role_policy(RoleName="admin", PolicyArn=ADMIN)

    def user(self, name, *statements, **more):
        """A client of a new user with these permissions."""
        self.root.create_user(UserName=name, **more)
        if statements:
            self.root.put_user_policy(
                UserName=name, PolicyName="may", PolicyDocument=json.dumps(policy(*statements))
            )
        key = self.root.create_access_key(UserName=name)["AccessKey"]
        self.keys = (key["AccessKeyId"], key["SecretAccessKey"])
        return self.server.client("iam", self.keys)

    def denied(self, action, resource, call, **parameters):
        reply = self.assert_error("AccessDenied", None, call, status=403, **parameters)
        message = reply["Error"]["Message"]
        self.assertIn(f"is not authorized to perform: {action} on resource: {resource} ", message)
        return message

    def test_whoever_manages_himself_touches_nobody_else(self):
        mine = arn("user/${aws:username}")
        iam = self.user("jane", allow("iam:*", mine))
        iam.get_user()
        victim = "user victim"
        key = self.victims_key["AccessKeyId"]
        document = json.dumps(policy(allow("*")))
        cases = [
            ("CreateAccessKey", iam.create_access_key, {}),
            ("DeleteAccessKey", iam.delete_access_key, {"AccessKeyId": key}),
            ("UpdateAccessKey", iam.update_access_key, {"AccessKeyId": key, "Status": "Inactive"}),
            ("ListAccessKeys", iam.list_access_keys, {}),
            ("CreateLoginProfile", iam.create_login_profile, {"Password": "longenough1"}),
            ("PutUserPolicy", iam.put_user_policy, {"PolicyName": "x", "PolicyDocument": document}),
            ("AttachUserPolicy", iam.attach_user_policy, {"PolicyArn": ADMIN}),
            ("DeleteUser", iam.delete_user, {}),
            ("UpdateUser", iam.update_user, {"NewUserName": "mine"}),
        ]
        for action, call, parameters in cases:
            with self.subTest(action=action):
                self.denied(f"iam:{action}", victim, call, UserName="victim", **parameters)
        # The key of another, under his own name.
        self.assert_error(
            "NoSuchEntity", None, iam.delete_access_key, AccessKeyId=key, status=404
        )
        self.assertEqual(1, len(self.root.list_access_keys(UserName="victim")["AccessKeyMetadata"]))
        resource = f"access key {key}"  # whose it is is not told
        self.denied("iam:GetAccessKeyLastUsed", resource, iam.get_access_key_last_used, AccessKeyId=key)
        # Groups and roles are not his either.
        self.root.create_group(GroupName="admins")
        self.denied(
            *("iam:AddUserToGroup", "group admins", iam.add_user_to_group),
            GroupName="admins",
            UserName="jane",
        )
        self.denied(
            *("iam:UpdateAssumeRolePolicy", "role admin", iam.update_assume_role_policy),
            RoleName="admin",
            PolicyDocument=trust({"AWS": arn("user/jane")}),
        )
        self.denied(
            *("iam:PutRolePolicy", "role admin", iam.put_role_policy),
            RoleName="admin",
            PolicyName="x",
            PolicyDocument=document,
        )

    def test_no_path_leads_around_a_name(self):
        """Permission for one path or name is none for another that only looks like it."""
        iam = self.user("jane", allow("iam:CreateUser", arn("user/team/*")))
        iam.create_user(UserName="x", Path="/team/")
        for name, path in (("y", "/"), ("y", "/teams/"), ("team", "/"), ("y", "/Team/")):
            with self.subTest(name=name, path=path):
                self.denied(
                    *("iam:CreateUser", arn(f"user{path}{name}"), iam.create_user),
                    UserName=name,
                    Path=path,
                )
        for path in ("/team/../", "/team//", "/team/./x/"):
            with self.subTest(path=path):
                self.assert_error(
                    "ValidationError", None, iam.create_user, UserName="y", Path=path
                )

    def test_names_that_shadow_are_refused(self):
        self.assert_error(
            "EntityAlreadyExists", None, self.root.create_user, UserName="VICTIM", status=409
        )
        self.assert_error(
            "EntityAlreadyExists",
            None,
            self.root.create_role,
            RoleName="Admin",
            AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}),
            status=409,
        )
        self.assert_error(
            "ValidationError",
            None,
            self.root.create_role,
            RoleName="AWSServiceRoleForECRReplication",
            Path="/aws-service-role/replication.ecr.amazonaws.com/",
            AssumeRolePolicyDocument=trust({"Service": "ec2.amazonaws.com"}),
        )
        # Such users may exist, but they are nobody else.
        for name in ("root", "test", ACCOUNT):
            with self.subTest(name=name):
                self.user(name)
                self.assertNotIn(self.keys[0], ("test", ACCOUNT))
                sts = self.server.client("sts", self.keys)
                self.assertEqual(arn(f"user/{name}"), sts.get_caller_identity()["Arn"])
                iam = self.server.client("iam", self.keys)
                self.denied("iam:ListUsers", arn("user/"), iam.list_users)

    def test_a_boundary_is_handed_on_or_nothing_is_made(self):
        """The delegation of the IAM User Guide: new users only with the same boundary, and nobody
        can take a boundary away or change it."""
        limit = self.root.create_policy(
            PolicyName="limit",
            PolicyDocument=json.dumps(policy(allow(["ecr:*", "iam:*"]))),
        )["Policy"]["Arn"]
        with_limit = {"StringEquals": {"iam:PermissionsBoundary": limit}}
        changes = ["iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy"]
        iam = self.user(
            "delegate",
            allow([*changes, "iam:PutUserPermissionsBoundary"], Condition=with_limit),
            allow("iam:CreateAccessKey", arn("user/x")),
            PermissionsBoundary=limit,
        )
        self.denied("iam:CreateUser", arn("user/x"), iam.create_user, UserName="x")
        self.denied(
            *("iam:CreateUser", arn("user/x"), iam.create_user),
            UserName="x",
            PermissionsBoundary=ADMIN,
        )
        iam.create_user(UserName="x", PermissionsBoundary=limit)
        iam.attach_user_policy(UserName="x", PolicyArn=ADMIN)
        # Not on one without the boundary, and no boundary goes or grows.
        self.denied(
            *("iam:AttachUserPolicy", "user victim", iam.attach_user_policy),
            UserName="victim",
            PolicyArn=ADMIN,
        )
        self.denied(
            *("iam:DeleteUserPermissionsBoundary", "user x", iam.delete_user_permissions_boundary),
            UserName="x",
        )
        self.denied(
            *("iam:PutUserPermissionsBoundary", "user x", iam.put_user_permissions_boundary),
            UserName="x",
            PermissionsBoundary=ADMIN,
        )
        self.denied(
            *("iam:CreatePolicyVersion", f"policy {limit}", iam.create_policy_version),
            PolicyArn=limit,
            PolicyDocument=json.dumps(policy(allow("*"))),
            SetAsDefault=True,
        )
        # What was made has the boundary for a ceiling, administrator or not.
        key = iam.create_access_key(UserName="x")["AccessKey"]
        keys = (key["AccessKeyId"], key["SecretAccessKey"])
        self.server.client("ecr", keys).describe_repositories()
        message = self.assert_error(
            "AccessDenied", None, self.server.client("sts", keys).get_federation_token, Name="fed",
            status=403,
        )
        self.assertIn("sts:GetFederationToken", message["Error"]["Message"])

    def test_a_narrow_session_makes_nothing_wider(self):
        """The session policy is a ceiling in IAM's own operations as everywhere."""
        self.user("boss")
        self.root.attach_user_policy(UserName="boss", PolicyArn=ADMIN)
        self.root.update_assume_role_policy(
            RoleName="admin", PolicyDocument=trust({"AWS": arn("user/boss")})
        )
        sts = self.server.client("sts", self.keys)
        narrow = json.dumps(policy(allow(["ecr:ListImages", "iam:GetRole"])))
        credentials = sts.assume_role(
            RoleArn=arn("role/admin"), RoleSessionName="narrow", Policy=narrow
        )["Credentials"]
        iam = self.server.client(
            "iam",
            (
                credentials["AccessKeyId"],
                credentials["SecretAccessKey"],
                credentials["SessionToken"],
            ),
        )
        iam.get_role(RoleName="admin")
        document = json.dumps(policy(allow("*")))
        role = {"RoleName": "wide", "AssumeRolePolicyDocument": trust({"AWS": "*"})}
        cases = [
            (iam.create_user, {"UserName": "wide"}),
            (iam.create_access_key, {"UserName": "boss"}),
            (iam.create_role, role),
            (iam.create_policy, {"PolicyName": "wide", "PolicyDocument": document}),
            (
                iam.put_role_policy,
                {"RoleName": "admin", "PolicyName": "wide", "PolicyDocument": document},
            ),
            (iam.attach_user_policy, {"UserName": "victim", "PolicyArn": ADMIN}),
            (
                iam.update_assume_role_policy,
                {"RoleName": "admin", "PolicyDocument": trust({"AWS": "*"})},
            ),
        ]
        for call, parameters in cases:
            with self.subTest(call=call.__name__):
                reply = self.assert_error("AccessDenied", None, call, status=403, **parameters)
                self.assertIn("because no session policy allows the", reply["Error"]["Message"])

    def test_giving_a_role_away_needs_pass_role(self):
        self.root.create_instance_profile(InstanceProfileName="p")
        iam = self.user("jane", allow("iam:AddRoleToInstanceProfile"))
        self.denied(
            *("iam:PassRole", arn("role/admin"), iam.add_role_to_instance_profile),
            InstanceProfileName="p",
            RoleName="admin",
        )

    def test_another_account_has_no_say(self):
        other = self.server.client("iam", ("123456789012", "test"))
        self.assert_error("NoSuchEntity", None, other.get_user, UserName="victim", status=404)
        made = self.root.create_policy(
            PolicyName="p", PolicyDocument=json.dumps(policy(allow("*")))
        )["Policy"]["Arn"]
        for call in (other.get_policy, other.delete_policy):
            self.assert_error("AccessDenied", None, call, PolicyArn=made, status=403)

    def test_everything_stops_at_once(self):
        """B13: a deleted key, a detached policy, with a registry password still in hand."""
        self.server.client().create_repository(repositoryName="app")
        self.user("jane")
        read = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
        self.root.attach_user_policy(UserName="jane", PolicyArn=read)
        password = self.server.password(self.keys)
        basic = "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()

        def tags():
            return self.server.request("GET", "/v2/app/tags/list", None, {"Authorization": basic})[0]

        self.assertEqual(200, tags())
        self.root.detach_user_policy(UserName="jane", PolicyArn=read)
        self.assertEqual(403, tags())
        self.root.attach_user_policy(UserName="jane", PolicyArn=read)
        self.assertEqual(200, tags())
        self.root.detach_user_policy(UserName="jane", PolicyArn=read)
        self.root.delete_access_key(UserName="jane", AccessKeyId=self.keys[0])
        self.root.delete_user(UserName="jane")
        self.root.create_user(UserName="jane")
        self.root.attach_user_policy(UserName="jane", PolicyArn=read)
        self.assertIn(tags(), (401, 403))

    def test_unknown_keys_and_wrong_secrets_differ(self):
        """B12."""
        key = self.victims_key
        for keys, code in (
            ((key["AccessKeyId"], "wrong"), "SignatureDoesNotMatch"),
            (("AKIA" + "A" * 16, key["SecretAccessKey"]), "InvalidClientTokenId"),
        ):
            iam = self.server.client("iam", keys)
            self.assert_error(code, None, iam.get_user, status=403)


if __name__ == "__main__":
    harness.main()
