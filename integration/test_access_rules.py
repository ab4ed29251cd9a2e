"""Ways around a policy that must stay shut, each tried from outside, on the running program.

What a principal hands out or leaves behind is bound by the same rules as the principal itself; a
decision has a price that nobody else pays; advice opens no more than was asked for.
"""

import base64
import json
import time

import harness
import registry
from harness import ACCOUNT, allow, deny
from issuer import Issuer

OTHER = "111122223333"
GITHUB = "token.actions.githubusercontent.com"
JANE = ("AKIAACCESSRULESJANE1", "jane-secret")
NELL = ("AKIAACCESSRULESNELL1", "nell-secret")
SHY = ("AKIAACCESSRULESSHY01", "shy-secret")
TRUST = harness.policy(
    {"Effect": "Allow", "Principal": {"Service": "ecr.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


def root(account):
    return (account, "test")


def seed():
    """Jane, who may do everything but what a tag of hers forbids, and roles to pass."""
    quarantine = {"StringEquals": {"aws:PrincipalTag/quarantine": "yes"}}
    jane = harness.user("jane", *JANE, allow("*"), deny("ecr:*", Condition=quarantine))
    passes = {"StringEquals": {"iam:ResourceTag/for": "templates"}}
    shy = harness.user(
        "shy",
        *SHY,
        allow("ecr:*"),
        allow("iam:PassRole", Condition=passes),
        allow("iam:GetAccessKeyLastUsed", f"arn:aws:iam::{ACCOUNT}:user/shy"),
    )
    roles = [
        {"name": "right", "trustPolicy": TRUST, "tags": {"for": "templates"}},
        {"name": "wrong", "trustPolicy": TRUST},
    ]
    return {
        "accounts": {
            ACCOUNT: {"users": [jane, shy], "roles": roles, "repositories": [{"name": "app"}]},
            OTHER: {"roles": roles[:1]},
        }
    }


class AccessRulesTest(harness.ServerTest):
    seed = seed()

    @classmethod
    def setUpClass(cls):
        harness.import_botocore()
        cls.github = Issuer(f"https://{GITHUB}")
        cls.addClassCleanup(cls.github.close)
        cls.flags = ("--oidc-keys", f"https://{GITHUB}={cls.github.keys_file}")
        super().setUpClass()

    def sts(self, keys=harness.ROOT_KEYS):
        return self.server.client("sts", keys)

    def iam(self, keys=harness.ROOT_KEYS):
        return self.server.client("iam", keys)

    def refused(self, call, **parameters):
        """The message of the refusal."""
        from botocore.exceptions import ClientError

        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        self.assertIn("AccessDenied", caught.exception.response["Error"]["Code"])
        return caught.exception.response["Error"]["Message"]

    def test_federated_user_is_bound_by_the_tags_of_its_user(self):
        everything = json.dumps(harness.policy(allow("*")))
        answer = self.sts(JANE).get_federation_token(Name="guest", Policy=everything)
        credentials = answer["Credentials"]
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        guest = self.ecr(tuple(credentials[name] for name in names))
        guest.describe_repositories()
        self.iam().tag_user(UserName="jane", Tags=[{"Key": "quarantine", "Value": "yes"}])
        self.addCleanup(self.iam().untag_user, UserName="jane", TagKeys=["quarantine"])
        self.refused(self.ecr(JANE).describe_repositories)
        self.refused(guest.describe_repositories)

    def test_role_is_passed_to_a_template_within_its_account_and_by_its_tags(self):
        def create(keys, role):
            self.ecr(keys).create_repository_creation_template(
                prefix="team", appliedFor=["CREATE_ON_PUSH"], customRoleArn=role
            )

        foreign = f"arn:aws:iam::{OTHER}:role/right"
        for keys in (SHY, harness.ROOT_KEYS):
            self.refused(create, keys=keys, role=foreign)
        self.refused(create, keys=SHY, role=f"arn:aws:iam::{ACCOUNT}:role/wrong")
        create(SHY, f"arn:aws:iam::{ACCOUNT}:role/right")
        self.ecr().delete_repository_creation_template(prefix="team")

    def test_recreated_user_is_not_the_one_that_a_template_names(self):
        iam = self.iam()
        arn = iam.create_user(UserName="mary")["User"]["Arn"]
        statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "ecr:ListImages"}
        ecr = self.ecr()
        ecr.create_repository_creation_template(
            prefix="named",
            appliedFor=["CREATE_ON_PUSH"],
            repositoryPolicy=json.dumps(harness.policy(statement)),
        )
        self.addCleanup(ecr.delete_repository_creation_template, prefix="named")
        iam.delete_user(UserName="mary")
        iam.create_user(UserName="mary")
        key = iam.create_access_key(UserName="mary")["AccessKey"]
        mary = self.ecr((key["AccessKeyId"], key["SecretAccessKey"]))
        client = registry.Registry(self.server, self.server.password())
        client.push(registry.make_image(b"layer"), "named/app", "v1")
        self.refused(mary.list_images, repositoryName="named/app")

    def head(self, name, agent):
        """HEAD of a manifest by Jane with this User-Agent: status and seconds."""
        basic = base64.b64encode(f"AWS:{self.server.password(JANE)}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "User-Agent": agent}
        begin = time.monotonic()
        status, _, _ = self.server.request("HEAD", f"/v2/{name}/manifests/v1", headers=headers)
        return status, time.monotonic() - begin

    def test_decision_that_costs_too_much_is_a_denial(self):
        client = registry.Registry(self.server, self.server.password())
        client.push(registry.make_image(b"layer"), "app", "v1")
        # A header cannot make a policy longer than what it is compared with...
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "ecr:BatchGetImage",
            "Condition": {"StringLike": {"aws:username": ["*${aws:UserAgent}*"] * 400}},
        }
        set_policy = self.ecr().set_repository_policy
        set_policy(repositoryName="app", policyText=json.dumps(harness.policy(statement)))
        self.addCleanup(self.ecr().delete_repository_policy, repositoryName="app")
        long = "a" * 25_000
        self.assertEqual(200, self.head("app", long)[0])
        # ... and where that is long too, the decision ends, and lets nobody in.
        statement["Condition"] = {"StringLike": {"aws:UserAgent": ["*aaaaaaaaab*"] * 500}}
        set_policy(repositoryName="app", policyText=json.dumps(harness.policy(statement)))
        self.assertEqual(200, self.head("app", "docker/24.0")[0])
        self.assertEqual(403, self.head("app", long)[0])
        _, _, body = self.server.request("GET", "/_ecr-local/decisions?limit=1&decision=Denied")
        (decision,) = json.loads(body)["decisions"]
        self.assertIn("more work than one decision may take", decision["message"])
        self.assertEqual([], decision["suggestion"])
        _, _, metrics = self.server.request("GET", "/metrics")
        self.assertIn(b'ecr_local_decisions_total{decision="overBudget"} 1\n', metrics)

    def test_upload_is_not_that_of_the_next_user_of_the_name(self):
        def make():
            everything = harness.user("nell", *NELL, allow("ecr:*"))
            self.server.apply_seed({"accounts": {ACCOUNT: {"users": [everything]}}})
            basic = base64.b64encode(f"AWS:{self.server.password(NELL)}".encode()).decode()
            return {"Authorization": f"Basic {basic}"}

        headers = make()
        status, answer, _ = self.server.request(
            "POST", "/v2/app/blobs/uploads/", b"", {**headers, "Content-Length": "0"}
        )
        self.assertEqual(202, status)
        upload = answer["location"]
        self.assertEqual(204, self.server.request("GET", upload, headers=headers)[0])
        iam = self.iam()
        iam.delete_access_key(UserName="nell", AccessKeyId=NELL[0])
        iam.delete_user_policy(UserName="nell", PolicyName="given")
        iam.delete_user(UserName="nell")
        headers = make()
        self.assertEqual(404, self.server.request("GET", upload, headers=headers)[0])

    def test_other_account_replicates_by_the_registry_policy_alone(self):
        others = self.ecr(root(OTHER))
        principal = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        grant = {"Effect": "Allow", "Action": "ecr:ReplicateImage", **principal}
        others.create_repository(repositoryName="copied")
        others.set_repository_policy(
            repositoryName="copied", policyText=json.dumps(harness.policy(grant))
        )
        rule = {"destinations": [{"region": harness.REGION, "registryId": OTHER}]}
        rule["repositoryFilters"] = [{"filter": "copied", "filterType": "PREFIX_MATCH"}]
        ecr = self.ecr()
        ecr.put_replication_configuration(replicationConfiguration={"rules": [rule]})
        self.addCleanup(ecr.put_replication_configuration, replicationConfiguration={"rules": []})
        ecr.create_repository(repositoryName="copied")
        client = registry.Registry(self.server, self.server.password())

        def replicated(tag):
            client.push(registry.make_image(tag.encode()), "copied", tag)

            def status():
                answer = ecr.describe_image_replication_status(
                    repositoryName="copied", imageId={"imageTag": tag}
                )
                (one,) = answer["replicationStatuses"]
                return one["status"] if one["status"] != "IN_PROGRESS" else None

            return harness.wait_until(status, 20, f"{tag} was or was not replicated")

        self.assertEqual("FAILED", replicated("v1"))
        where = f"arn:aws:ecr:{harness.REGION}:{OTHER}:repository/*"
        others.put_registry_policy(
            policyText=json.dumps(harness.policy({**grant, "Sid": "r", "Resource": where}))
        )
        self.addCleanup(others.delete_registry_policy)
        self.assertEqual("COMPLETE", replicated("v2"))

    def test_registry_policy_that_denies_everything_can_be_removed_by_root(self):
        others = self.ecr(root(OTHER))
        statement = {**deny("ecr:*"), "Principal": "*"}
        others.put_registry_policy(policyText=json.dumps(harness.policy(statement)))
        self.refused(others.describe_registry)
        others.delete_registry_policy()
        others.describe_registry()

    def test_owner_of_a_key_is_not_told(self):
        call = self.iam(SHY).get_access_key_last_used
        self.assertNotIn("jane", self.refused(call, AccessKeyId=JANE[0]))
        self.assertEqual("shy", call(AccessKeyId=SHY[0])["UserName"])

    def test_resource_control_policies_do_not_concern_organizations(self):
        organizations = self.server.client("organizations", root("555566667777"))
        organizations.create_organization(FeatureSet="ALL")
        (top,) = organizations.list_roots()["Roots"]
        organizations.enable_policy_type(RootId=top["Id"], PolicyType="RESOURCE_CONTROL_POLICY")
        account = organizations.create_account(AccountName="m", Email="m@example.com")
        member = account["CreateAccountStatus"]["AccountId"]
        statement = {**deny("*"), "Principal": "*"}
        policy = organizations.create_policy(
            Name="shut",
            Description="",
            Type="RESOURCE_CONTROL_POLICY",
            Content=json.dumps(harness.policy(statement)),
        )["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=policy, TargetId=top["Id"])
        self.refused(self.ecr(root(member)).describe_repositories)
        self.server.client("organizations", root(member)).describe_organization()

    def test_advice_to_a_web_identity_lets_no_other_in(self):
        self.iam().create_open_id_connect_provider(
            Url=f"https://{GITHUB}", ClientIDList=["sts.amazonaws.com"]
        )
        provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
        mine = {
            "Effect": "Allow",
            "Principal": {"Federated": provider},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{GITHUB}:sub": "repo:octo/app:ref:refs/heads/main"}},
        }
        self.iam().create_role(
            RoleName="ci", AssumeRolePolicyDocument=json.dumps(harness.policy(mine))
        )

        def assume(sub):
            self.sts().assume_role_with_web_identity(
                RoleArn=f"arn:aws:iam::{ACCOUNT}:role/ci",
                RoleSessionName="run",
                WebIdentityToken=self.github.token(sub=sub),
            )

        fork = "repo:octo/app:ref:refs/heads/fix"
        self.refused(assume, sub=fork)
        _, _, body = self.server.request("GET", "/_ecr-local/decisions?limit=1&decision=Denied")
        (step,) = json.loads(body)["decisions"][0]["suggestion"]
        claims = {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:sub": fork}
        self.assertEqual({"StringEquals": claims}, step["statement"]["Condition"])
        self.iam().update_assume_role_policy(
            RoleName="ci", PolicyDocument=json.dumps(harness.policy(mine, step["statement"]))
        )
        assume(fork)
        self.refused(assume, sub="repo:evil/app:ref:refs/heads/main")


if __name__ == "__main__":
    harness.main()
