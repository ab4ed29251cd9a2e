"""Amazon's own names, by /etc/hosts and --tls auto: the AWS CLI without any endpoint, docker with
Amazon's own credential helper.

The whole file runs in a mount and network namespace of its own, where Amazon's names are this
machine and the server listens on port 443. Needs root, and for docker dockerd and
docker-credential-ecr-login 0.7.1 or newer; skipped, with the reason, where they are not there.
"""

import fcntl
import json
import os
import shutil
import socket
import struct
import sys
import tempfile
import unittest

import clients
import daemon
import harness

ACCOUNT = "123456789012"
HOST = f"{ACCOUNT}.dkr.ecr.{harness.REGION}.amazonaws.com"
INSIDE = "ECR_LOCAL_TEST_NAMESPACE"


def enter_namespace():
    """Runs this file again in namespaces of its own; does not return."""
    command = [harness.tool("unshare"), "--mount", "--net", sys.executable, *sys.argv]
    os.execve(command[0], command, {**os.environ, INSIDE: "yes"})


def raise_loopback():
    """ip link set lo up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(control, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(control, 0x8914, struct.pack("16sh", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


class AmazonsNamesTest(unittest.TestCase):
    """A server that is Amazon to this namespace."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("namespaces need root here")
        if INSIDE not in os.environ:
            raise unittest.SkipTest("there are no namespaces here")
        cls.directory = tempfile.mkdtemp(prefix="ecr-names-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        raise_loopback()
        cls.bind_hosts()
        cls.server = harness.Server(
            *("--tls", "auto", "--tls-listen", "127.0.0.1:443"),
            # The credential helper believes no proxyEndpoint but Amazon's.
            *("--registry-host", "{account}.dkr.ecr.{region}.amazonaws.com"),
        )
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.authority = f"{cls.directory}/ca.pem"
        printed = harness.run(harness.BINARY, "ca", "--data-dir", cls.server.data_dir)
        with open(cls.authority, "w", encoding="utf-8") as file:
            file.write(printed.stdout)

    @classmethod
    def bind_hosts(cls):
        path = f"{cls.directory}/hosts"
        printed = harness.run(harness.BINARY, "print", "aws-hosts", "--account", ACCOUNT)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"127.0.0.1 localhost\n{printed.stdout}")
        bound = harness.run("mount", "--bind", path, "/etc/hosts")
        if bound.returncode != 0:
            raise unittest.SkipTest(f"/etc/hosts cannot be replaced: {bound.stderr}")
        cls.addClassCleanup(harness.run, "umount", "/etc/hosts")


class AwsCliTest(AmazonsNamesTest):
    def aws(self, *arguments):
        """The AWS CLI as it is used against Amazon, but for whom it trusts."""
        environment = self.server.aws_environment((ACCOUNT, "test"))
        environment["AWS_CA_BUNDLE"] = self.authority
        result = harness.run(harness.tool("aws"), *arguments, env=environment)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def test_every_service_is_found_by_its_name(self):
        self.assertEqual(ACCOUNT, self.aws("sts", "get-caller-identity")["Account"])
        made = self.aws("ecr", "create-repository", "--repository-name", "named")["repository"]
        self.assertEqual(f"{HOST}/named", made["repositoryUri"])
        self.assertEqual([], self.aws("iam", "list-users")["Users"])


class CredentialHelperTest(AmazonsNamesTest):
    @classmethod
    def setUpClass(cls):
        helper = clients.client("docker-credential-ecr-login")
        super().setUpClass()
        cls.start_docker(helper)

    @classmethod
    def start_docker(cls, helper):
        trusted = f"{cls.directory}/certs.d/{HOST}"
        os.makedirs(trusted)
        shutil.copy(cls.authority, f"{trusted}/ca.crt")
        # The engine reads what its registries are trusted by from one place alone.
        os.makedirs("/etc/docker/certs.d", exist_ok=True)
        harness.run("mount", "--bind", f"{cls.directory}/certs.d", "/etc/docker/certs.d")
        cls.docker = daemon.Daemon()
        cls.addClassCleanup(cls.docker.close)
        cls.docker.start()
        config = f"{cls.docker.directory}/config"
        os.makedirs(config, exist_ok=True)
        with open(f"{config}/config.json", "w", encoding="utf-8") as file:
            json.dump({"credHelpers": {HOST: "ecr-login"}}, file)
        os.environ["PATH"] = os.path.dirname(helper) + os.pathsep + os.environ["PATH"]

    def as_user(self, *arguments, secret="test"):
        """docker, with AWS credentials in the environment and no login."""
        environment = harness.plain_environment(
            DOCKER_HOST=self.docker.socket,
            DOCKER_CONFIG=f"{self.docker.directory}/config",
            HOME=self.docker.directory,
            AWS_ACCESS_KEY_ID=ACCOUNT,
            AWS_SECRET_ACCESS_KEY=secret,
            AWS_ENDPOINT_URL_ECR=self.server.url,
            AWS_ECR_DISABLE_CACHE="true",
        )
        return harness.run(harness.tool("docker"), *arguments, env=environment)

    def test_push_and_pull_by_amazons_name(self):
        ecr = self.server.client(keys=(ACCOUNT, "test"))
        ecr.create_repository(repositoryName="app")
        image = f"{HOST}/app:v1"
        self.docker.import_image(image, "hello helper")
        for command in (("push", image), ("rmi", image), ("pull", image)):
            result = self.as_user(*command)
            self.assertEqual(0, result.returncode, f"{command}: {result.stderr}")
        (found,) = ecr.describe_images(repositoryName="app")["imageDetails"]
        self.assertEqual(["v1"], found["imageTags"])

    def test_wrong_keys_get_no_login(self):
        image = f"{HOST}/app:v2"
        self.docker.import_image(image, "x")
        result = self.as_user("push", image, secret="wrong")
        self.assertNotEqual(0, result.returncode)


if __name__ == "__main__":
    if os.geteuid() == 0 and INSIDE not in os.environ:
        if harness.run("unshare", "--mount", "--net", "true").returncode == 0:
            enter_namespace()
    harness.main()
