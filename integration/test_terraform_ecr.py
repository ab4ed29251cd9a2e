"""Terraform's aws_ecr_* resources and data sources: apply, import, a plan without changes, destroy."""

import harness
import terraform

MAIN = """
resource "aws_iam_role" "templates" {
  name = "templates"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecr.amazonaws.com" }
    }]
  })
}

resource "aws_ecr_repository" "app" {
  name                 = "team/app"
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration {
    scan_on_push = true
  }
  encryption_configuration {
    encryption_type = "AES256"
  }
  tags = { team = "a" }
}

resource "aws_ecr_repository_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "pull"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::222222222222:root" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })
}

data "aws_ecr_lifecycle_policy_document" "app" {
  rule {
    priority    = 1
    description = "few releases"
    selection {
      tag_status       = "tagged"
      tag_pattern_list = ["v*"]
      count_type       = "imageCountMoreThan"
      count_number     = 10
    }
    action {
      type = "expire"
    }
  }
  rule {
    priority = 2
    selection {
      tag_status   = "untagged"
      count_type   = "sinceImagePushed"
      count_unit   = "days"
      count_number = 14
    }
  }
}

resource "aws_ecr_lifecycle_policy" "app" {
  repository = aws_ecr_repository.app.name
  policy     = data.aws_ecr_lifecycle_policy_document.app.json
}

resource "aws_ecr_registry_policy" "replication" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "replication"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::222222222222:root" }
      Action    = ["ecr:ReplicateImage", "ecr:CreateRepository"]
      Resource  = "arn:aws:ecr:us-east-1:000000000000:repository/*"
    }]
  })
}

resource "aws_ecr_registry_scanning_configuration" "this" {
  scan_type = "BASIC"
  rule {
    scan_frequency = "SCAN_ON_PUSH"
    repository_filter {
      filter      = "team/*"
      filter_type = "WILDCARD"
    }
  }
}

resource "aws_ecr_replication_configuration" "this" {
  replication_configuration {
    rule {
      destination {
        region      = "eu-central-1"
        registry_id = "000000000000"
      }
      repository_filter {
        filter      = "team/"
        filter_type = "PREFIX_MATCH"
      }
    }
  }
}

resource "aws_ecr_repository_creation_template" "cached" {
  prefix               = "cached"
  description          = "what caches make"
  image_tag_mutability = "MUTABLE"
  custom_role_arn      = aws_iam_role.templates.arn
  applied_for          = ["PULL_THROUGH_CACHE", "REPLICATION"]
  encryption_configuration {
    encryption_type = "AES256"
  }
  lifecycle_policy = data.aws_ecr_lifecycle_policy_document.app.json
  resource_tags    = { made = "by-template" }
}

resource "aws_ecr_account_setting" "scan" {
  name  = "BASIC_SCAN_TYPE_VERSION"
  value = "AWS_NATIVE"
}

data "aws_ecr_authorization_token" "token" {}

data "aws_ecr_repository" "app" {
  name = aws_ecr_repository.app.name
}

output "host" {
  value = split("/", aws_ecr_repository.app.repository_url)[0]
}

output "token_is_for_aws" {
  value     = data.aws_ecr_authorization_token.token.user_name
  sensitive = true
}
"""
CACHE_RULE = """
resource "aws_ecr_pull_through_cache_rule" "public" {
  ecr_repository_prefix = "public"
  upstream_registry_url = "public.ecr.aws"
}
"""


class TerraformEcrTest(terraform.TerraformTest):
    main = MAIN

    def test_apply_import_plan_without_changes_and_destroy(self):
        if self.server.coverage()["ecr"]["operations"].get("CreatePullThroughCacheRule"):
            self.write("cache.tf", CACHE_RULE)
        self.succeed("init", "-input=false")
        self.succeed("apply", "-auto-approve", "-input=false")
        self.assertIn(f'host = "{self.server.address}"', self.succeed("output"))
        ecr = self.ecr()
        (repository,) = ecr.describe_repositories()["repositories"]
        self.assertTrue(repository["imageScanningConfiguration"]["scanOnPush"])
        (template,) = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
        self.assertEqual("cached", template["prefix"])
        self.succeed("state", "rm", "aws_ecr_repository.app")
        self.succeed("import", "-input=false", "aws_ecr_repository.app", "team/app")
        self.assert_nothing_to_change()
        self.succeed("destroy", "-auto-approve", "-input=false")
        self.assertEqual([], ecr.describe_repositories()["repositories"])
        self.assertEqual([], ecr.describe_registry()["replicationConfiguration"]["rules"])
        self.assert_error("RegistryPolicyNotFoundException", None, ecr.get_registry_policy)


if __name__ == "__main__":
    harness.main()
