"""What every test of this folder needs: the server under test, AWS clients for it, the runner.

The tests are black boxes: they start the program that ECR_LOCAL_BINARY names (build/release by
default) on a port of its own with a data directory of its own, and talk to it as its users do.

    class Example(harness.ServerTest):
        seed = harness.seed_document(...)      # optional
        def test_something_is_so(self):
            self.ecr().create_repository(repositoryName="app")

    if __name__ == "__main__":
        harness.main()

Everything lives in temporary directories; only processes started here are ever stopped.
"""

import base64
import contextlib
import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("ECR_LOCAL_BINARY", os.path.join(ROOT, "build/release/ecr-local"))
ACCOUNT = "000000000000"
REGION = "us-east-1"
ROOT_KEYS = ("test", "test")
START_SECONDS = 20
MODELS = (("ecr", "2015-09-21"), ("sts", "2011-06-15"), ("iam", "2010-05-08"))


def tool(name):
    """The path of a client: Debian's own where it is installed. Skips the test where it is not."""
    for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin"):
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    path = shutil.which(name)
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def import_botocore():
    """botocore, the core of boto3, or a skipped test."""
    try:
        import botocore.config
        import botocore.session
    except ImportError:
        raise unittest.SkipTest("python3-boto3 is not installed") from None
    return botocore


def wait_until(condition, seconds, what):
    """Polls `condition` until it holds and returns its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


def run(*command, stdin=None, env=None, timeout=120, cwd=None):
    """Runs a command to its end: returncode, stdout, stderr as text."""
    return subprocess.run(
        [str(part) for part in command],
        input=stdin,
        env=env,
        cwd=cwd,
        timeout=timeout,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **({} if stdin is not None else {"stdin": subprocess.DEVNULL}),
    )


def plain_environment(**more):
    """The environment without what could change how the server or a client behaves."""
    prefixes = ("ECR_LOCAL_", "AWS_", "DOCKER_", "XDG_", "http_proxy", "https_proxy", "HTTP")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    kept.update(more)
    return kept


def user(name, key, secret, *statements, **more):
    """A user of a seed document, with one access key and one policy of `statements`."""
    policies = {"given": policy(*statements)} if statements else {}
    keys = [{"accessKeyId": key, "secretAccessKey": secret}]
    return {"name": name, "accessKeys": keys, "policies": policies, **more}


def policy(*statements):
    """A policy document of `statements`."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions, resources="*", **more):
    """An Allow statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions, resources="*", **more):
    """A Deny statement."""
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


class Server:
    """One `ecr-local serve`; `start` may be called again after `stop` or `kill`."""

    def __init__(self, *flags, seed=None, listen="127.0.0.1:0", data_dir=None, env=None):
        """`flags` of serve; `seed`: a document for --seed; `env`: added to the environment."""
        self.directory = tempfile.mkdtemp(prefix="ecr-local-test-")
        self.data_dir = data_dir or os.path.join(self.directory, "data")
        self.log_path = os.path.join(self.directory, "log")
        self.flags = list(flags)
        self.listen = listen
        self.env = plain_environment(**(env or {}))
        self.process = None
        self.port = None
        self.ready_line = ""
        if seed is not None:
            seed_path = os.path.join(self.directory, "seed.json")
            with open(seed_path, "w", encoding="utf-8") as file:
                json.dump(seed, file)
            self.flags += ["--seed", seed_path]

    def start(self, wrapper=()):
        """Starts the program and waits for its ready line. A restart keeps port and data.

        `wrapper`: a command that runs the program, such as strace.
        """
        host = self.listen.rsplit(":", 1)[0]
        listen = self.listen if self.port is None else f"{host}:{self.port}"
        command = [*wrapper, BINARY, "serve", "--listen", listen, "--data-dir", self.data_dir]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.flags],
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.env,
                cwd=self.directory,
            )
        self.ready_line = self._read_line()
        match = re.search(r" ready on https?://.*:(\d+)$", self.ready_line)
        if not match:
            self.kill()
            raise AssertionError(f"no ready line: {self.ready_line!r}; log: {self.log()[-2000:]}")
        self.port = int(match.group(1))
        return self

    def _read_line(self):
        deadline = time.monotonic() + START_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self.process.stdout], [], [], left)[0]:
                break
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                break
            line += byte
        return line.decode().rstrip("\n")

    def stop(self):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """kill -9."""
        self.process.kill()
        return self.wait()

    def wait(self, seconds=20):
        """The exit status of a process that was told to end; it is killed after `seconds`."""
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.process = None

    def close(self):
        """Ends the process if it runs and removes everything it wrote."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        """host:port, as it stands in repositoryUri."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"http://{self.address}"

    def log(self):
        """What the server wrote to standard error: one line a request."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def request(self, method, path, body=None, headers=None):
        """One plain HTTP request: status, headers (lower-case names), body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return reply.status, found, reply.read()

    def raw(self, data, timeout=10):
        """Sends bytes as they are; whatever comes back until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received

    def apply_seed(self, document):
        """POST /_ecr-local/seed: what the document names is from now on as it says."""
        status, _, body = self.request("POST", "/_ecr-local/seed", json.dumps(document))
        if status != 200:
            raise AssertionError(f"seed: {status} {body!r}")

    def coverage(self):
        """GET /_ecr-local/coverage."""
        status, _, body = self.request("GET", "/_ecr-local/coverage")
        if status != 200:
            raise AssertionError(f"coverage: {status} {body!r}")
        return json.loads(body)

    def aws_environment(self, keys=ROOT_KEYS):
        """For AWS clients: credentials, and the API model of this project for all operations."""
        token = {"AWS_SESSION_TOKEN": keys[2]} if len(keys) > 2 else {}
        return plain_environment(
            **token,
            AWS_ACCESS_KEY_ID=keys[0],
            AWS_SECRET_ACCESS_KEY=keys[1],
            AWS_DEFAULT_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            AWS_PAGER="",
            AWS_DATA_PATH=self._model_directory(),
            HOME=self.directory,
            PYTHONWARNINGS="ignore",
        )

    def _model_directory(self):
        """Debian's clients predate some operations; this teaches them all of the model's."""
        models = os.path.join(self.directory, "models")
        for service, version in MODELS:
            folder = os.path.join(models, service, version)
            if not os.path.isdir(folder):
                os.makedirs(folder)
                model = os.path.join(ROOT, "schemas", f"{service}.json")
                shutil.copy(model, os.path.join(folder, "service-2.json"))
        return models

    def aws(self, *arguments, keys=ROOT_KEYS, env=None, url=None, timeout=60):
        """The AWS CLI against this server: returncode, stdout, stderr."""
        environment = {**self.aws_environment(keys), **(env or {})}
        endpoint = ["--endpoint-url", url or self.url]
        return run(tool("aws"), *endpoint, *arguments, env=environment, timeout=timeout)

    def client(self, service="ecr", keys=ROOT_KEYS, region=REGION, url=None, **config):
        """A client of boto3's core that sends whatever it is given: the server validates.

        `keys`: access key, secret key and, of temporary credentials, the session token.
        """
        botocore = import_botocore()
        session = botocore.session.Session()
        session.set_config_variable("data_path", self._model_directory())
        settings = {"parameter_validation": False, "retries": {"total_max_attempts": 1}}
        return session.create_client(
            service,
            region_name=region,
            endpoint_url=url or self.url,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            aws_session_token=keys[2] if len(keys) > 2 else None,
            config=botocore.config.Config(**{**settings, **config}),
        )

    def password(self, keys=ROOT_KEYS, region=REGION):
        """A registry password, as `aws ecr get-login-password` prints it."""
        data = self.client(keys=keys, region=region).get_authorization_token()
        token = data["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().split(":", 1)[1]

    def check(self):
        """`ecr-local check` on the data directory of the stopped server: returncode, output."""
        result = run(BINARY, "check", "--data-dir", self.data_dir, env=self.env)
        return result.returncode, result.stdout + result.stderr


class ServerTest(unittest.TestCase):
    """A test case with one server for all its tests, seeded with `seed` and run with `flags`."""

    seed = None
    flags = ()
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags, seed=cls.seed)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    def ecr(self, keys=ROOT_KEYS, **options):
        return self.server.client("ecr", keys, **options)

    def assert_error(self, code, message, call, *arguments, status=400, **parameters):
        """The call fails with this error type, message (None: any) and HTTP status."""
        from botocore.exceptions import ClientError

        with self.assertRaises(ClientError) as caught:
            call(*arguments, **parameters)
        response = caught.exception.response
        error = response["Error"]
        self.assertEqual(code, error["Code"], error)
        if message is not None:
            self.assertEqual(message, error["Message"])
        self.assertEqual(status, response["ResponseMetadata"]["HTTPStatusCode"], error)
        return response


class _Result(unittest.TextTestResult):
    successes = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.successes += 1


def main():
    """Runs the file's tests. Exit status 77: all were skipped, for the reasons printed."""
    if not os.access(BINARY, os.X_OK):
        sys.exit(f"{BINARY} cannot be run: build first, or set ECR_LOCAL_BINARY")
    runner = unittest.TextTestRunner(resultclass=_Result, verbosity=2, warnings="ignore")
    result = unittest.main(exit=False, testRunner=runner).result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped and not result.successes:
        for reason in sorted({reason for _, reason in result.skipped}):
            print(f"SKIPPED: {reason}")
        sys.exit(77)
