"""A private dockerd, and a tiny image for it and for other container tools."""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import unittest

import harness


def root_filesystem(greeting):
    """A tar of a root directory: busybox as /bin/sh, and /greeting."""
    busybox = harness.tool("busybox")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        with open(busybox, "rb") as file:
            info = tarfile.TarInfo("bin/busybox")
            info.mode, info.size = 0o755, os.fstat(file.fileno()).st_size
            tar.addfile(info, file)
        for name in ("sh", "cat", "echo"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        info = tarfile.TarInfo("greeting")
        info.size = len(greeting)
        tar.addfile(info, io.BytesIO(greeting.encode()))
    return buffer.getvalue()


def refuse_chroot():
    """Skips the test in a chroot: images cannot be unpacked where / is no mount point, and what is
    executed in a container (health checks) finds itself at the root of the machine."""
    command = ("nsenter", "--mount=/proc/self/ns/mnt", "stat", "-c", "%d:%i", "/")
    machine = harness.run(*command)
    here = os.stat("/")
    if machine.returncode == 0 and machine.stdout.strip() != f"{here.st_dev}:{here.st_ino}":
        raise unittest.SkipTest("this is a chroot: containers do not work in it")


class Daemon:
    """dockerd with a socket, data and client configuration of its own.

    `hosts`: names that this engine alone resolves to 127.0.0.1. `bridge`: networks for containers,
    and published ports; only for a process with a network of its own (namespace.py).
    """

    def __init__(self, hosts=(), bridge=False):
        self.hosts = list(hosts)
        self.bridge = bridge
        self.directory = tempfile.mkdtemp(prefix="dockerd-")
        self.socket = f"unix://{self.directory}/docker.sock"
        self.process = None
        self.configs = 0

    def start(self):
        """Waits until it answers; skips the test where it cannot run."""
        harness.tool("docker")
        refuse_chroot()
        flags = ["--storage-driver=vfs", "--iptables=false", "--ip6tables=false"]
        flags += [] if self.bridge else ["--bridge=none"]
        places = ["--data-root", f"{self.directory}/data", "--exec-root", f"{self.directory}/exec"]
        places += ["-p", f"{self.directory}/pid", "-H", self.socket]
        with open(f"{self.directory}/log", "wb") as log:
            self.process = subprocess.Popen(
                [*self._with_hosts(), harness.tool("dockerd"), *flags, *places],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=harness.plain_environment(),
            )
        try:
            harness.wait_until(self._answers, 40, "dockerd answers")
        except AssertionError:
            with open(f"{self.directory}/log", encoding="utf-8", errors="replace") as log:
                reason = log.read().strip().splitlines()[-1:]
            raise unittest.SkipTest(f"dockerd does not start here: {reason}") from None
        return self

    def _with_hosts(self):
        """A command in front of dockerd that gives it a mount namespace with its own hosts file."""
        if not self.hosts:
            return []
        path = f"{self.directory}/hosts"
        with open("/etc/hosts", encoding="utf-8") as file:
            lines = [file.read(), *(f"127.0.0.1 {name}" for name in self.hosts), ""]
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        script = f"mount --bind {path} /etc/hosts && exec \"$@\""
        return [harness.tool("unshare"), "--mount", harness.tool("sh"), "-c", script, "dockerd"]

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError("dockerd ended")
        return self.docker("version").returncode == 0

    def close(self):
        """Stops it and removes everything it made."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        namespace = f"{self.directory}/exec/netns/default"
        if os.path.exists(namespace):
            harness.run("umount", namespace)
        shutil.rmtree(self.directory, ignore_errors=True)

    def docker(self, *arguments, stdin=None, config="config", timeout=120):
        """The docker command: returncode, stdout, stderr. `config`: whose logins it uses."""
        environment = harness.plain_environment(
            DOCKER_HOST=self.socket,
            DOCKER_CONFIG=f"{self.directory}/{config}",
            HOME=self.directory,
        )
        return harness.run(
            harness.tool("docker"), *arguments, stdin=stdin, env=environment, timeout=timeout
        )

    def plugin(self, path):
        """Makes the program at `path` a plugin of this daemon's docker command."""
        folder = f"{self.directory}/config/cli-plugins"
        os.makedirs(folder, exist_ok=True)
        place = f"{folder}/{os.path.basename(path)}"
        if not os.path.lexists(place):
            os.symlink(os.path.realpath(path), place)

    def environment(self):
        """For programs that talk to this engine, such as scripts."""
        return harness.plain_environment(
            DOCKER_HOST=self.socket, DOCKER_CONFIG=f"{self.directory}/config", HOME=self.directory
        )

    def import_image(self, name, greeting):
        """An image whose command prints `greeting`."""
        path = f"{self.directory}/rootfs.tar"
        with open(path, "wb") as file:
            file.write(root_filesystem(greeting))
        result = self.docker("import", "-c", 'CMD ["/bin/cat", "/greeting"]', path, name)
        if result.returncode != 0:
            raise AssertionError(f"docker import: {result.stderr}")

    def login(self, host, password, config="config"):
        """docker login --password-stdin."""
        return self.docker(
            *("login", "--username", "AWS", "--password-stdin", host), stdin=password, config=config
        )
