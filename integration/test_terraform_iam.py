"""Terraform with its AWS provider: apply, a plan without changes, destroy. Skipped where either is
not installed (ECR_LOCAL_TF_PLUGINS: a filesystem mirror of providers, by default
/opt/tf-plugins)."""

import os
import shutil
import tempfile
import unittest

import harness

PLUGINS = os.environ.get("ECR_LOCAL_TF_PLUGINS", "/opt/tf-plugins")
PROVIDER = os.path.join(PLUGINS, "registry.terraform.io/hashicorp/aws")

MAIN = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_metadata_api_check     = true
  skip_region_validation      = true
  endpoints {
    ecr = "@URL@"
    iam = "@URL@"
    sts = "@URL@"
  }
}

resource "aws_iam_policy" "pull" {
  name        = "pull"
  path        = "/team/"
  description = "pulls"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["ecr:BatchGetImage"], Resource = "*" }]
  })
  tags = { team = "a" }
}

resource "aws_iam_user" "jane" {
  name                 = "jane"
  path                 = "/team/"
  permissions_boundary = aws_iam_policy.pull.arn
  tags                 = { team = "a" }
}

resource "aws_iam_access_key" "jane" {
  user = aws_iam_user.jane.name
}

resource "aws_iam_user_policy" "inline" {
  name = "inline"
  user = aws_iam_user.jane.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "ecr:*", Resource = "*" }]
  })
}

resource "aws_iam_user_policy_attachment" "pull" {
  user       = aws_iam_user.jane.name
  policy_arn = aws_iam_policy.pull.arn
}

resource "aws_iam_group" "devs" {
  name = "devs"
}

resource "aws_iam_group_membership" "devs" {
  name  = "devs"
  group = aws_iam_group.devs.name
  users = [aws_iam_user.jane.name]
}

resource "aws_iam_group_policy_attachment" "read" {
  group      = aws_iam_group.devs.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
}

resource "aws_iam_role" "ci" {
  name                 = "ci"
  description          = "builds"
  max_session_duration = 7200
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_user.jane.arn } },
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      },
    ]
  })
  tags = { team = "a" }
}

resource "aws_iam_role_policy" "inline" {
  name = "inline"
  role = aws_iam_role.ci.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "ecr:*", Resource = "*" }]
  })
}

resource "aws_iam_role_policy_attachment" "pull" {
  role       = aws_iam_role.ci.name
  policy_arn = aws_iam_policy.pull.arn
}

resource "aws_iam_instance_profile" "ci" {
  name = "ci"
  role = aws_iam_role.ci.name
}

resource "aws_ecr_repository" "app" {
  name                 = "team/app"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  tags = { team = "a" }
}

resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "old ones"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 14
      }
      action = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "pull"
      Effect    = "Allow"
      Principal = { AWS = [aws_iam_role.ci.arn, aws_iam_user.jane.arn] }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}
"""

CONFIGURATION = """
provider_installation {
  filesystem_mirror {
    path    = "@PLUGINS@"
    include = ["registry.terraform.io/*/*"]
  }
}
disable_checkpoint = true
"""


class Terraform(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        if shutil.which("terraform") is None:
            raise unittest.SkipTest("terraform is not installed")
        if not os.path.isdir(PROVIDER):
            raise unittest.SkipTest(f"Terraform's AWS provider is not in {PLUGINS}")
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix="ecr-local-terraform-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        with open(os.path.join(cls.directory, "main.tf"), "w", encoding="utf-8") as file:
            file.write(MAIN.replace("@URL@", cls.server.url))
        cls.configuration = os.path.join(cls.directory, "terraform.rc")
        with open(cls.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.replace("@PLUGINS@", PLUGINS))

    def terraform(self, *arguments):
        environment = harness.plain_environment(
            TF_CLI_CONFIG_FILE=self.configuration,
            TF_IN_AUTOMATION="1",
            CHECKPOINT_DISABLE="1",
            AWS_EC2_METADATA_DISABLED="true",
            HOME=self.directory,
        )
        return harness.run(
            "terraform", *arguments, "-no-color", env=environment, cwd=self.directory, timeout=600
        )

    def succeed(self, *arguments):
        result = self.terraform(*arguments)
        self.assertEqual(0, result.returncode, result.stdout[-4000:] + result.stderr[-4000:])
        return result.stdout

    def test_apply_plan_without_changes_change_and_destroy(self):
        self.succeed("init", "-input=false")
        self.succeed("apply", "-auto-approve", "-input=false")
        # 0: nothing to change; 2: something.
        plan = self.terraform("plan", "-detailed-exitcode", "-input=false")
        self.assertEqual(0, plan.returncode, plan.stdout[-4000:] + plan.stderr[-4000:])
        main = os.path.join(self.directory, "main.tf")
        with open(main, encoding="utf-8") as file:
            changed = file.read()
        changed = changed.replace('"builds"', '"builds more"').replace("7200", "3600")
        changed = changed.replace('["ecr:BatchGetImage"]', '["ecr:ListImages"]')
        with open(main, "w", encoding="utf-8") as file:
            file.write(changed)
        self.succeed("apply", "-auto-approve", "-input=false")
        plan = self.terraform("plan", "-detailed-exitcode", "-input=false")
        self.assertEqual(0, plan.returncode, plan.stdout[-4000:] + plan.stderr[-4000:])
        iam = self.server.client("iam")
        self.assertEqual("builds more", iam.get_role(RoleName="ci")["Role"]["Description"])
        self.succeed("destroy", "-auto-approve", "-input=false")
        self.assertEqual([], iam.list_users()["Users"])
        self.assertEqual([], iam.list_roles()["Roles"])
        self.assertEqual([], iam.list_policies(Scope="Local")["Policies"])
        self.assertEqual([], self.ecr().describe_repositories()["repositories"])


if __name__ == "__main__":
    harness.main()
