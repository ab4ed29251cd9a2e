"""Terraform with its AWS provider, where both are installed.

ECR_LOCAL_TF_PLUGINS: a filesystem mirror of providers, by default /opt/tf-plugins.
"""

import os
import shutil
import tempfile
import unittest

import harness

PLUGINS = os.environ.get("ECR_LOCAL_TF_PLUGINS", "/opt/tf-plugins")
PROVIDER = os.path.join(PLUGINS, "registry.terraform.io/hashicorp/aws")

SETTINGS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                  = "us-east-1"
  access_key              = "test"
  secret_key              = "test"
  skip_metadata_api_check = true
  skip_region_validation  = true
  endpoints {
    ecr = "@URL@"
    iam = "@URL@"
    sts = "@URL@"
  }
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


def write_configuration(folder):
    """Terraform's own settings, in a file of the folder; its path."""
    path = os.path.join(folder, "terraform.rc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.replace("@PLUGINS@", PLUGINS))
    return path


class TerraformTest(harness.ServerTest):
    """A folder with SETTINGS and `main`, for the server of the test."""

    main = ""

    @classmethod
    def setUpClass(cls):
        if shutil.which("terraform") is None:
            raise unittest.SkipTest("terraform is not installed")
        if not os.path.isdir(PROVIDER):
            raise unittest.SkipTest(f"Terraform's AWS provider is not in {PLUGINS}")
        super().setUpClass()
        cls.directory = tempfile.mkdtemp(prefix="ecr-local-terraform-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.write("settings.tf", SETTINGS.replace("@URL@", cls.server.url))
        cls.write("main.tf", cls.main)
        cls.configuration = write_configuration(cls.directory)

    @classmethod
    def write(cls, name, text):
        """A file of the folder; its path."""
        path = os.path.join(cls.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def terraform(self, *arguments):
        environment = harness.plain_environment(
            TF_CLI_CONFIG_FILE=self.configuration,
            TF_IN_AUTOMATION="1",
            TF_CLI_ARGS="-no-color",
            CHECKPOINT_DISABLE="1",
            AWS_EC2_METADATA_DISABLED="true",
            HOME=self.directory,
        )
        command = ("terraform", *arguments)
        return harness.run(*command, env=environment, cwd=self.directory, timeout=600)

    def succeed(self, *arguments):
        result = self.terraform(*arguments)
        self.assertEqual(0, result.returncode, result.stdout[-4000:] + result.stderr[-4000:])
        return result.stdout

    def assert_nothing_to_change(self):
        # 0: nothing to change; 2: something.
        plan = self.terraform("plan", "-detailed-exitcode", "-input=false")
        self.assertEqual(0, plan.returncode, plan.stdout[-4000:] + plan.stderr[-4000:])
