"""CDK: cdk-assets publishes a docker image asset, as `cdk deploy` has it do, through the role of a
bootstrapped environment."""

import json
import os
import shutil
import tempfile
import unittest

import clients
import daemon
import harness
from harness import ACCOUNT, REGION, allow

DOCKER = daemon.Daemon()
QUALIFIER = "hnb659fds"  # that of `cdk bootstrap`
REPOSITORY = f"cdk-{QUALIFIER}-container-assets-{ACCOUNT}-{REGION}"
ROLE = f"cdk-{QUALIFIER}-image-publishing-role-{ACCOUNT}-{REGION}"
ASSET = "3f1c9d0c7e5b4a0a8e1f6f9d2b7c4e5a6d8f9b0c1e2d3f4a5b6c7d8e9f0a1b2c"

# What `cdk bootstrap` makes of these two.
SEED = {
    "accounts": {
        ACCOUNT: {
            "users": [
                harness.user(
                    *("deployer", "AKIADEPLOYER00000001", "deploy-secret"),
                    allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/cdk-*"),
                ),
                harness.user("stranger", "AKIASTRANGER00000001", "stranger-secret"),
            ],
            "roles": [
                {
                    "name": ROLE,
                    "trustPolicy": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Action": "sts:AssumeRole",
                                "Principal": {"AWS": ACCOUNT},
                            }
                        ],
                    },
                    "policies": {
                        "ImagePublishingRoleDefaultPolicy": harness.policy(
                            allow(
                                [
                                    *("ecr:PutImage", "ecr:InitiateLayerUpload"),
                                    *("ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload"),
                                    *("ecr:DescribeRepositories", "ecr:DescribeImages"),
                                    *("ecr:UploadLayerPart", "ecr:GetDownloadUrlForLayer"),
                                    "ecr:BatchGetImage",
                                ],
                                f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{REPOSITORY}",
                            ),
                            allow("ecr:GetAuthorizationToken"),
                        )
                    },
                }
            ],
            "repositories": [{"name": REPOSITORY, "imageTagMutability": "IMMUTABLE"}],
        }
    }
}


def setUpModule():
    clients.client("cdk-assets")
    unittest.addModuleCleanup(DOCKER.close)
    DOCKER.start()


class CdkAssetsTest(harness.ServerTest):
    seed = SEED

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cdk.out-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        context = os.path.join(self.directory, f"asset.{ASSET}")
        os.makedirs(context)
        with open(f"{context}/rootfs.tar", "wb") as file:
            file.write(daemon.root_filesystem("hello cdk"))
        with open(f"{context}/Dockerfile", "w", encoding="utf-8") as file:
            file.write('FROM scratch\nADD rootfs.tar /\nCMD ["/bin/cat", "/greeting"]\n')
        destination = {
            "repositoryName": REPOSITORY.replace(ACCOUNT, "${AWS::AccountId}"),
            "imageTag": ASSET,
            "region": REGION,
            "assumeRoleArn": f"arn:${{AWS::Partition}}:iam::{ACCOUNT}:role/{ROLE}",
        }
        image = {"source": {"directory": f"asset.{ASSET}"}, "destinations": {"here": destination}}
        manifest = {"version": "36.0.0", "files": {}, "dockerImages": {ASSET: image}}
        with open(f"{self.directory}/app.assets.json", "w", encoding="utf-8") as file:
            json.dump(manifest, file)

    def publish(self, keys):
        environment = {
            **self.server.aws_environment(keys),
            **DOCKER.environment(),
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_REGION": REGION,
            "DOCKER_BUILDKIT": "0",
        }
        program = clients.client("cdk-assets")
        path = f"{self.directory}/app.assets.json"
        return harness.run(program, "-v", "--path", path, "publish", env=environment, timeout=180)

    def test_an_image_asset_is_published_and_the_second_time_found_there(self):
        keys = ("AKIADEPLOYER00000001", "deploy-secret")
        first = self.publish(keys)
        self.assertEqual(0, first.returncode, first.stdout[-3000:] + first.stderr[-3000:])
        (image,) = self.ecr().describe_images(repositoryName=REPOSITORY)["imageDetails"]
        self.assertEqual([ASSET], image["imageTags"])
        again = self.publish(keys)
        self.assertEqual(0, again.returncode, again.stdout[-3000:] + again.stderr[-3000:])
        self.assertIn("Push ", first.stdout + first.stderr)
        self.assertNotIn("Push ", again.stdout + again.stderr)
        uri = f"{self.server.address}/{REPOSITORY}:{ASSET}"
        login = DOCKER.login(self.server.address, self.server.password())
        self.assertEqual(0, login.returncode, login.stderr)
        DOCKER.docker("rmi", uri)
        pulled = DOCKER.docker("pull", uri)
        self.assertEqual(0, pulled.returncode, pulled.stderr)
        run = DOCKER.docker("run", "--rm", "--network", "host", uri)
        self.assertEqual("hello cdk", run.stdout)

    def test_who_may_not_assume_the_role_publishes_nothing(self):
        refused = self.publish(("AKIASTRANGER00000001", "stranger-secret"))
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("is not authorized to perform: sts:AssumeRole", refused.stdout + refused.stderr)


if __name__ == "__main__":
    harness.main()
