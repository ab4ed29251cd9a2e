"""Role templates of a seed, through the AWS CLI and botocore."""

import json

import harness
from harness import ACCOUNT, allow, policy, user

TEMPLATE = "arn:aws:iam::aws:role-template/lambda.amazonaws.com/Function:1"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
MAKER = ("AKIAMAKER00000000001", "maker-secret")
BUILDER = ("AKIABUILDER000000001", "builder-secret")
TRUST = policy({"Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})


def repository(name):
    return f"arn:aws:ecr:{harness.REGION}:{ACCOUNT}:repository/{name}"


def version(number, **members):
    return {"minorVersion": number, "roleName": "function-@{Name}", "rolePath": "/functions/",
            "trustPolicy": TRUST, "attachedPolicies": [READ_ONLY], "tags": {"of": "@{Name}"},
            "policies": {"push": policy(allow("ecr:PutImage", "@{Repositories}"))},
            "parameters": [{"name": "Name", "type": "String", "required": True},
                           {"name": "Repositories", "type": "ArnList",
                            "default": repository("app")}], **members}


class RoleTemplates(harness.ServerTest):
    seed = {"roleTemplates": [{"service": "lambda.amazonaws.com", "name": "Function",
                               "defaultMinorVersion": 1,
                               "versions": [version(1), version(2, enabled=False)]}],
            "accounts": {ACCOUNT: {"users": [
                user("maker", *MAKER, allow(
                    ["iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"],
                    f"arn:aws:iam::{ACCOUNT}:role/functions/*")),
                user("builder", *BUILDER, allow("sts:AssumeRole"))]}}}

    def cli(self, *arguments):
        result = self.server.aws("iam", *arguments, "--output", "json")
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def test_the_cli_reads_a_template_and_makes_a_role(self):
        shown = self.cli("get-role-template-version", "--template-arn",
                         TEMPLATE)["RoleTemplateVersion"]
        self.assertEqual((1, 1, True), (shown["MinorVersion"], shown["DefaultMinorVersion"],
                                        shown["VersionEnabled"]))
        self.assertEqual(TRUST, shown["AssumeRolePolicyDocumentTemplate"])
        self.assertEqual(["Name", "Repositories"],
                         [one["Name"] for one in shown["ParametersDefinition"]])
        values = {"Name": {"Values": ["cli"]},
                  "Repositories": {"Values": [repository("a"), repository("b")]}}
        acquire = ("acquire-role", "--template-arn", TEMPLATE,
                   "--replacement-values", json.dumps(values))
        made = self.cli(*acquire)["Role"]
        self.assertEqual(f"arn:aws:iam::{ACCOUNT}:role/functions/function-cli", made["Arn"])
        self.assertEqual({"TemplateArn": TEMPLATE, "TemplateMinorVersion": 1},
                         made["SourceRoleTemplate"])
        self.assertEqual([{"Key": "of", "Value": "cli"}], made["Tags"])
        document = self.cli("get-role-policy", "--role-name", "function-cli",
                            "--policy-name", "push")["PolicyDocument"]
        self.assertEqual([repository("a"), repository("b")], document["Statement"][0]["Resource"])
        # Once more it is the same role.
        self.assertEqual(made["RoleId"], self.cli(*acquire)["Role"]["RoleId"])
        self.assertEqual(made["RoleId"],
                         self.cli("get-role", "--role-name", "function-cli")["Role"]["RoleId"])

    def test_errors(self):
        iam = self.server.client("iam")
        name = {"Name": {"Values": ["errors"]}}
        self.assert_error("InvalidInput", None, iam.acquire_role, TemplateArn=TEMPLATE)
        self.assert_error("NoSuchEntity", None, iam.acquire_role, status=404,
                          TemplateArn=TEMPLATE, TemplateMinorVersion=9)
        self.assert_error("RoleTemplateDisabled", None, iam.acquire_role, TemplateArn=TEMPLATE,
                          TemplateMinorVersion=2, ReplacementValues=name)
        iam.create_role(RoleName="function-errors", AssumeRolePolicyDocument=json.dumps(TRUST))
        with self.assertRaises(iam.exceptions.NameConflictException):
            iam.acquire_role(TemplateArn=TEMPLATE, ReplacementValues=name)

    def test_the_role_can_do_what_its_template_says(self):
        maker = self.server.client("iam", MAKER)
        role = maker.acquire_role(TemplateArn=TEMPLATE, ReplacementValues={
            "Name": {"Values": ["works"]}})["Role"]
        # It is there now, and the user may not read it.
        self.assert_error("AccessDenied", None, maker.acquire_role, status=403,
                          TemplateArn=TEMPLATE,
                          ReplacementValues={"Name": {"Values": ["works"]}})
        session = self.server.client("sts", BUILDER).assume_role(
            RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
        keys = (session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
        self.server.client().create_repository(repositoryName="app")
        self.ecr(keys).list_images(repositoryName="app")
        self.assert_error("AccessDeniedException", None,
                          self.ecr(keys).delete_repository, repositoryName="app")


if __name__ == "__main__":
    harness.main()
