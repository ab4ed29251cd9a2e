"""Terraform's aws_iam_* resources: apply, a plan without changes, a change, destroy."""

import harness
import terraform

MAIN = """
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

# Policies of AWS that name services which are not here are stored and attached all the same.
data "aws_iam_policy" "execution" {
  name = "AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy_attachment" "aws" {
  for_each = toset([
    data.aws_iam_policy.execution.arn,
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:iam::aws:policy/AWSDenyAll",
  ])
  role       = aws_iam_role.node.name
  policy_arn = each.value
}

resource "aws_iam_role" "node" {
  name = "node"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
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


class TerraformIamTest(terraform.TerraformTest):
    main = MAIN

    def test_apply_plan_without_changes_change_and_destroy(self):
        self.succeed("init", "-input=false")
        self.succeed("apply", "-auto-approve", "-input=false")
        self.assert_nothing_to_change()
        changed = MAIN.replace('"builds"', '"builds more"').replace("7200", "3600")
        self.write("main.tf", changed.replace('["ecr:BatchGetImage"]', '["ecr:ListImages"]'))
        self.succeed("apply", "-auto-approve", "-input=false")
        self.assert_nothing_to_change()
        iam = self.server.client("iam")
        self.assertEqual("builds more", iam.get_role(RoleName="ci")["Role"]["Description"])
        self.succeed("destroy", "-auto-approve", "-input=false")
        self.assertEqual([], iam.list_users()["Users"])
        self.assertEqual([], iam.list_roles()["Roles"])
        self.assertEqual([], iam.list_policies(Scope="Local")["Policies"])
        self.assertEqual([], self.ecr().describe_repositories()["repositories"])


if __name__ == "__main__":
    harness.main()
