"""The servers under test: each starts on a free loopback port with a data directory of its own."""
import base64
import contextlib
import crypt
import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time

import http_client

TICK = os.sysconf("SC_CLK_TCK")
USER, PASSWORD = "bench", "bench-password"
REPOSITORY = "app"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server. Use as a context manager: it ends the process and removes the data."""

    name = ""
    first_status = 200  # of GET /v2/ without credentials
    patience = 20  # seconds until the first answer

    def __init__(self, options, directory=None):
        self.options = options
        self.keep = directory is not None
        self.directory = directory or tempfile.mkdtemp(prefix="ecr-bench-", dir=options.dir)
        self.port = free_port()
        self.process = None
        self.authorization = None
        self.start_seconds = 0.0
        command = self.command()
        began = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.await_first_answer()
            self.start_seconds = time.perf_counter() - began
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def command(self):
        raise NotImplementedError

    def prepare(self):
        """Repository and credentials for what follows."""

    def client(self):
        return http_client.Client(self.port, self.authorization)

    def credentials(self):
        """user:password"""
        return base64.b64decode(self.authorization.removeprefix("Basic ")).decode()

    def await_first_answer(self):
        deadline = time.perf_counter() + self.patience
        while True:
            with contextlib.suppress(OSError):
                probe = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                probe.request("GET", "/v2/")
                status = probe.getresponse().status
                probe.close()
                if status != self.first_status:
                    raise RuntimeError(f"{self.name}: first answer {status}")
                return
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name}: ended with {self.process.returncode}")
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{self.name}: no answer in {self.patience} s")
            time.sleep(0.0005)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_mib(self, field):
        """VmRSS (resident now) or VmHWM (its peak)."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
        return 0.0


class EcrLocal(Server):
    name = "ecr-local"
    first_status = 401

    def command(self):
        command = [self.options.ecr_local, "serve", "--listen", f"127.0.0.1:{self.port}",
                   "--data-dir", self.directory]
        if self.options.no_access_log:
            command += ["--access-log", "off"]
        return command

    def prepare(self):
        http_client.aws_call(self.port, "CreateRepository", {"repositoryName": REPOSITORY})
        answer = http_client.aws_call(self.port, "GetAuthorizationToken", {})
        self.authorization = "Basic " + answer["authorizationData"][0]["authorizationToken"]


class DockerRegistry(Server):
    """Debian's docker-registry as its package configures it, but quiet and without authentication."""

    name = "docker-registry"
    auth = ""

    def command(self):
        config = os.path.join(self.directory, "config.yml")
        access_log = "\n  accesslog: {disabled: true}" if self.options.no_access_log else ""
        with open(config, "w", encoding="ascii") as out:
            out.write(f"""version: 0.1
log:
  level: error{access_log}
storage:
  cache: {{blobdescriptor: inmemory}}
  filesystem: {{rootdirectory: {self.directory}/data}}
  delete: {{enabled: true}}
http:
  addr: 127.0.0.1:{self.port}
  secret: benchmark
  headers: {{X-Content-Type-Options: [nosniff]}}
{self.auth.format(directory=self.directory)}""")
        return [self.options.docker_registry, "serve", config]


class DockerRegistryHtpasswd(DockerRegistry):
    """The same with a password file: bcrypt at htpasswd's default cost, on each request."""

    name = "docker-registry, htpasswd"
    auth = "auth:\n  htpasswd: {{realm: bench, path: {directory}/htpasswd}}\n"
    first_status = 401

    def command(self):
        salt = crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2 ** 5)
        with open(os.path.join(self.directory, "htpasswd"), "w", encoding="ascii") as out:
            out.write(f"{USER}:{crypt.crypt(PASSWORD, salt)}\n")
        return super().command()

    def prepare(self):
        self.authorization = http_client.basic(USER, PASSWORD)
