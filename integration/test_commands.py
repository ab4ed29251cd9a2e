"""Commands beside the server: print, completion, and what a mistyped word is answered with."""

import configparser
import http.server
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import tomllib
import unittest

import harness
from harness import BINARY


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-commands-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def run_program(self, *arguments, stdin=None, **environment):
        env = harness.plain_environment(HOME=self.directory, **environment)
        return harness.run(BINARY, *arguments, stdin=stdin, env=env, timeout=60)

    def output(self, *arguments, **environment):
        result = self.run_program(*arguments, **environment)
        self.assertEqual((0, ""), (result.returncode, result.stderr), arguments)
        return result.stdout


class PrintTest(CommandTest):
    DEFAULTS = ("--account", "000000000000", "--region", "us-east-1", "--registry-host", "")
    FLAGS = ("--url", "http://localhost:4777", "--account", "123456789012")

    def snippet(self, name, *flags):
        return self.output("print", name, *self.FLAGS, *flags)

    def yaml(self, name):
        try:
            import yaml
        except ImportError:
            raise unittest.SkipTest("python3-yaml is not installed") from None
        return yaml.safe_load(self.snippet(name))

    def test_list_names_what_can_be_printed(self):
        listed = self.output("print", "--list")
        self.assertEqual(listed, self.output("print"))
        names = [line.split()[0] for line in listed.splitlines()]
        self.assertIn("configuration", names)
        for name in names:
            self.assertTrue(self.output("print", name).strip(), name)

    def test_yaml_is_well_formed(self):
        service = self.yaml("compose")["services"]["ecr-local"]
        self.assertEqual(["127.0.0.1:4777:4599"], service["ports"])
        self.assertEqual("123456789012", service["environment"]["ECR_LOCAL_ACCOUNT"])
        workflow = self.yaml("github-actions")
        steps = workflow["jobs"]["push"]["steps"]
        self.assertIn("aws-actions/amazon-ecr-login@v2", [step.get("uses") for step in steps])
        self.assertEqual(
            "http://ecr-local:4599", self.yaml("gitlab-ci")["push"]["variables"]["AWS_ENDPOINT_URL"]
        )
        patches = self.yaml("kind")["containerdConfigPatches"]
        tomllib.loads(patches[0])
        mirrors = self.yaml("k3d")["registries"]["config"]
        self.assertIn("host.k3d.internal:4777", mirrors)

    def test_toml_json_and_ini_are_well_formed(self):
        hosts = tomllib.loads(self.snippet("hosts.toml"))
        self.assertEqual("http://localhost:4777", hosts["server"])
        registry = tomllib.loads(self.snippet("registries.conf"))["registry"][0]
        self.assertEqual(("localhost:4777", True), (registry["location"], registry["insecure"]))
        daemon = json.loads(self.snippet("daemon.json"))
        self.assertEqual(["localhost:4777"], daemon["insecure-registries"])
        profile = configparser.ConfigParser()
        profile.read_string(self.snippet("aws-config"))
        self.assertEqual("http://localhost:4777", profile["profile ecr-local"]["endpoint_url"])

    def test_shell_is_well_formed(self):
        for name in ("env", "docker-login", "cdk"):
            with self.subTest(name):
                checked = harness.run("bash", "-n", stdin=self.snippet(name))
                self.assertEqual((0, ""), (checked.returncode, checked.stderr))

    def test_hosts_lines_are_addresses_and_names(self):
        registry, lines = ([line for line in self.snippet(name).splitlines() if line[0] != "#"]
                           for name in ("hosts", "aws-hosts"))
        for line in lines:
            self.assertRegex(line, r"^127\.0\.0\.1( [a-z0-9.-]+)+$")
        self.assertIn("123456789012.dkr.ecr.us-east-1.amazonaws.com", "\n".join(lines))
        self.assertEqual(["127.0.0.1 123456789012.dkr.ecr.us-east-1.localhost"], registry)

    def test_terraform_takes_the_provider_block(self):
        terraform = harness.tool("terraform")
        path = os.path.join(self.directory, "main.tf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.snippet("terraform"))
        env = harness.plain_environment(HOME=self.directory, TF_CLI_CONFIG_FILE="/dev/null")
        checked = harness.run(terraform, "fmt", "-check", "-diff", path, env=env)
        self.assertEqual((0, ""), (checked.returncode, checked.stderr), checked.stdout)

    def test_environment_and_flags_are_those_of_serve(self):
        values = {"ECR_LOCAL_REGION": "eu-west-1", "ECR_LOCAL_ACCOUNT": "111122223333"}
        values["ECR_LOCAL_REGISTRY_HOST"] = "{account}.dkr.ecr.{region}.localhost:{port}"
        printed = self.output("print", "daemon.json", **values)
        self.assertIn("111122223333.dkr.ecr.eu-west-1.localhost:4599", printed)

    def test_what_is_not_given_is_the_running_servers(self):
        host = "{account}.dkr.ecr.{region}.localhost:{port}"
        flags = ("--account", "111122223333", "--region", "eu-west-1", "--registry-host", host)
        server = harness.Server("--in-memory", *flags)
        self.addCleanup(server.close)
        server.start()
        port = server.url.rsplit(":", 1)[1]
        printed = self.output("print", "daemon.json", "--url", server.url)
        self.assertIn(f"111122223333.dkr.ecr.eu-west-1.localhost:{port}", printed)
        printed = self.output("print", "daemon.json", "--url", server.url, "--region", "us-west-2")
        self.assertIn(f"111122223333.dkr.ecr.us-west-2.localhost:{port}", printed)

    def test_what_a_stranger_says_is_not_printed(self):
        planted = {"account": "1; touch x", "region": "$(touch x)", "registryHost": "`touch x`"}

        class Stranger(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = json.dumps(planted).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        stranger = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        self.addCleanup(stranger.server_close)
        self.addCleanup(stranger.shutdown)
        url = f"http://127.0.0.1:{stranger.server_port}"
        for name in ("env", "docker-login", "daemon.json"):
            printed = self.output("print", name, "--url", url)
            self.assertNotIn("touch", printed)
            self.assertEqual(self.output("print", name, "--url", url, *self.DEFAULTS), printed)

    def test_without_a_server_the_defaults_are_printed(self):
        with socket.socket() as listener:  # it answers nobody
            listener.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.assertIn("us-east-1", self.output("print", "env", "--url", url))

    def test_the_printed_environment_works(self):
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        server.start()
        exports = self.output("print", "env", "--url", server.url)
        script = exports + (
            'aws --endpoint-url "$AWS_ENDPOINT_URL" sts get-caller-identity --query Account '
            "--output text\n"
        )
        harness.tool("aws")
        result = harness.run("bash", "-e", stdin=script, env=server.aws_environment())
        self.assertEqual((0, "000000000000\n"), (result.returncode, result.stdout), result.stderr)

    def test_what_is_not_known_is_named(self):
        for arguments, part in (
            (("print", "terafrom"), "did you mean terraform?"),
            (("print", "env", "--url", "ftp://localhost"), "--url: must be http://HOST:PORT"),
            (("print", "env", "--account", "1"), "--account: an account id has 12 digits"),
        ):
            result = self.run_program(*arguments)
            self.assertNotEqual(0, result.returncode)
            self.assertIn(part, result.stderr)


# What is typed, and the one word that its last becomes.
COMPLETIONS = (
    ("ecr-local see", "seed"),
    ("ecr-local print terr", "terraform"),
    ("ecr-local completion b", "bash"),
    ("ecr-local serve --data-d", "--data-dir"),
    ("ecr-local serve --iam en", "enforce"),
    ("ecr-local --config x.json see", "seed"),
    ("ecr-local --config x.json serve --data-d", "--data-dir"),
)


class CompletionTest(CommandTest):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = self.output("completion", "bash") + (
            f"COMP_WORDS=({' '.join(repr(word) for word in words)})\n"
            f"COMP_CWORD={len(words) - 1}\n"
            '_ecr_local\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
        )
        result = harness.run("bash", "-e", stdin=script, cwd=self.directory)
        self.assertEqual("", result.stderr)
        return result.stdout.split()

    def script_of(self, shell):
        """The file of the shell's completion script."""
        path = os.path.join(self.directory, f"_ecr-local.{shell}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.output("completion", shell))
        return path

    def test_bash_completes_commands_flags_and_values(self):
        self.assertEqual(["seed"], self.complete("ecr-local", "see"))
        self.assertEqual(["--data-dir"], self.complete("ecr-local", "serve", "--data"))
        self.assertEqual(["enforce"], self.complete("ecr-local", "serve", "--iam", "e"))
        self.assertEqual(["terraform"], self.complete("ecr-local", "print", "terr"))
        self.assertEqual(["bash"], self.complete("ecr-local", "completion", "b"))
        with open(os.path.join(self.directory, "seed.json"), "w", encoding="utf-8"):
            pass
        self.assertEqual(["seed.json"], self.complete("ecr-local", "serve", "--seed", "se"))
        self.assertEqual(["seed.json"], self.complete("ecr-local", "seed", "se"))
        self.assertEqual(["enforce"], self.complete("ecr-local", "serve", "--iam", "=", "e"))

    def test_bash_goes_on_behind_config_and_offers_files_only_where_they_belong(self):
        with open(os.path.join(self.directory, "x.json"), "w", encoding="utf-8"):
            pass
        os.mkdir(os.path.join(self.directory, "x-data"))
        before = ("ecr-local", "--config", "x.json")
        self.assertEqual(["seed"], self.complete(*before, "see"))
        self.assertEqual(["--data-dir"], self.complete(*before, "serve", "--data"))
        self.assertEqual(["x.json"], self.complete("ecr-local", "serve", "--config", "x.j"))
        self.assertEqual(["x-data"], self.complete("ecr-local", "serve", "--data-dir", "x"))
        for words in (("explain", "x"), ("explain", "--url", "x"), ("serve", "--listen", "x")):
            self.assertEqual([], self.complete("ecr-local", *words), words)

    def test_fish_completes_commands_flags_and_values(self):
        fish = harness.tool("fish")
        path = self.script_of("fish")
        for line, offered in COMPLETIONS:
            command = f"source {path}; complete -C '{line}'"
            env = harness.plain_environment(HOME=self.directory)
            completed = harness.run(fish, "--no-config", "-c", command, env=env)
            self.assertEqual("", completed.stderr)
            words = [entry.split("\t")[0] for entry in completed.stdout.splitlines()]
            self.assertEqual([offered], words, line)

    def test_zsh_completes_commands_flags_and_values(self):
        zsh = harness.tool("zsh")
        path = self.script_of("zsh")
        for line, offered in COMPLETIONS:
            before = line.rpartition(" ")[0]
            self.type_into_zsh(zsh, path, line, f"{before} {offered} ")

    def type_into_zsh(self, zsh, script, line, wanted):
        """Fails unless a tab behind `line` makes `wanted` of it, at a terminal."""
        pid, terminal = pty.fork()
        if pid == 0:
            env = harness.plain_environment(HOME=self.directory, TERM="dumb")
            os.execve(zsh, [zsh, "-f", "-i"], env)
        try:
            setup = f"PS1='% '; autoload -Uz compinit; compinit -u -D; . {script}; echo RE''ADY\n"
            os.write(terminal, setup.encode())
            self.read_until(terminal, "READY")
            os.write(terminal, f"{line}\t".encode())
            self.read_until(terminal, wanted)
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)

    def read_until(self, terminal, wanted):
        text = ""
        while wanted not in text:
            ready, _, _ = select.select([terminal], [], [], 20)
            self.assertTrue(ready, f"{wanted!r} is not in {text!r}")
            text += os.read(terminal, 65536).decode(errors="replace")

    def test_scripts_are_well_formed_where_their_shell_is_there(self):
        for shell, check in (("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")):
            path = self.script_of(shell)
            if shutil.which(shell) is None:
                continue
            checked = subprocess.run([shell, check, path], capture_output=True, text=True)
            self.assertEqual((0, ""), (checked.returncode, checked.stderr))
        self.assertIn("bash, zsh or fish", self.run_program("completion", "tcsh").stderr)


class MistypedTest(CommandTest):
    def assert_suggests(self, part, *arguments):
        result = self.run_program(*arguments)
        self.assertEqual(2, result.returncode)
        self.assertIn(part, result.stderr)

    def test_the_nearest_word_is_suggested(self):
        self.assert_suggests("there is no command srve, did you mean serve?", "srve")
        self.assert_suggests("no flag --lisen, did you mean --listen?", "serve", "--lisen", "x:1")
        self.assert_suggests("--datadir, did you mean --data-dir?", "check", "--datadir=/tmp")
        path = os.path.join(self.directory, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"in-memroy": True}, file)
        self.assert_suggests("unknown key in-memroy, did you mean in-memory?", "serve", "--config", path)

    def test_a_wild_guess_is_not_made(self):
        result = self.run_program("serve", "--bogus", "1")
        self.assertIn("--bogus", result.stderr)
        self.assertNotIn("did you mean", result.stderr)


class DemoTest(CommandTest):
    STEPS = ("signed request", "wrong secret key", "docker login", "push", "pull", "why")

    def test_it_proves_an_installation_by_itself(self):
        # What configures another server is not its concern.
        result = self.run_program("demo", ECR_LOCAL_SEED="/nowhere", ECR_LOCAL_IAM="off")
        self.assertEqual((0, ""), (result.returncode, result.stderr), result.stdout)
        for step in self.STEPS:
            self.assertRegex(result.stdout, rf"(?m)^ok +[0-9.]+ ms  {step}: ")
        self.assertIn("InvalidSignatureException", result.stdout)
        self.assertIn("because no identity-based policy allows", result.stdout)
        self.assertIn("ImplicitlyDenied", result.stdout)
        seconds = float(re.search(r"It works: ([0-9.]+) s\.", result.stdout).group(1))
        self.assertLess(seconds, 10)

    def test_a_running_server_is_as_it_was(self):
        server = harness.Server("--in-memory", "--admin-token", "hush")
        self.addCleanup(server.close)
        server.start()
        for flags in ((), ("--admin-token", "hush")):
            result = self.run_program("demo", "--url", server.url, *flags)
            self.assertEqual(0, result.returncode, result.stdout)
            explained = "ImplicitlyDenied" in result.stdout
            self.assertEqual(bool(flags), explained, result.stdout)
        self.assertEqual([], server.client().describe_repositories()["repositories"])
        self.assertEqual([], server.client("iam").list_users()["Users"])

    def test_what_does_not_work_is_told(self):
        server = harness.Server("--in-memory", "--iam", "off")
        self.addCleanup(server.close)
        url = server.start().url
        for flags, part in (
            (("--url", url), "not ok            a push that nobody allowed: 202"),
            (("--url", url, "--root-secret-key", "x"), "not ok            GetCallerIdentity: 403"),
        ):
            result = self.run_program("demo", *flags)
            self.assertEqual(1, result.returncode)
            self.assertIn(part, result.stdout)
        self.assertEqual([], server.client().describe_repositories()["repositories"])
        self.assertEqual(0, server.stop())
        result = self.run_program("demo", "--url", url)
        self.assertEqual(1, result.returncode)
        self.assertIn(f"no answer from {url}: nothing answers", result.stdout)


class RefusedStartTest(CommandTest):
    """What is in the way is named, with what to do about it."""

    def serve(self, *flags, prefix=()):
        env = harness.plain_environment(HOME=self.directory)
        command = (*prefix, BINARY, "serve", "--listen", "127.0.0.1:0", *flags)
        return harness.run(*command, env=env, timeout=20)

    def test_who_has_the_port_is_named(self):
        server = harness.Server("--in-memory")
        self.addCleanup(server.close)
        server.start()
        result = self.run_program("serve", "--in-memory", "--listen", server.address)
        self.assertEqual(3, result.returncode)
        self.assertIn(f"{server.address}: another process uses the port", result.stderr)
        self.assertIn(f"process {server.process.pid} (ecr-local)", result.stderr)
        self.assertIn("Use another one with --listen HOST:PORT; port 0 picks a free one", result.stderr)

    def test_files_that_cannot_be_used_are_named(self):
        directory = os.path.join(self.directory, "a-directory")
        os.mkdir(directory)
        for flags, parts in (
            (("--seed", "/nowhere/seed.json"), ("--seed /nowhere/seed.json: ",)),
            (("--seed", directory), (f"--seed {directory}: ",)),
            (("--oidc-keys", "https://i.test=/nowhere"), ("--oidc-keys", "/nowhere")),
            (("--scan-findings", "/nowhere"), ("--scan-findings", "/nowhere")),
            (("--config", "/nowhere/config.json"), ("--config", "/nowhere/config.json")),
        ):
            with self.subTest(flags[0]):
                result = self.serve("--in-memory", *flags)
                self.assertNotEqual(0, result.returncode)
                for part in parts:
                    self.assertIn(part, result.stderr)

    def test_a_data_directory_that_cannot_be_written_is_named(self):
        file = os.path.join(self.directory, "file")
        with open(file, "w", encoding="utf-8"):
            pass
        below = (f"{file}/below", file)
        for place, named in ((file, file), ("/proc/ecr-local", "/proc/ecr-local"), below):
            with self.subTest(place):
                result = self.serve("--data-dir", place)
                self.assertEqual(3, result.returncode)
                self.assertIn(named, result.stderr)

    def test_a_data_directory_of_somebody_else_is_named(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can become somebody else")
        place = os.path.join(self.directory, "data")
        os.mkdir(place, 0o700)
        os.chmod(self.directory, 0o755)
        setpriv = harness.tool("setpriv")
        prefix = (setpriv, "--reuid=65534", "--regid=65534", "--clear-groups")
        result = self.serve("--data-dir", place, prefix=prefix)
        self.assertEqual(3, result.returncode)
        self.assertIn(place, result.stderr)
        self.assertIn("Permission denied", result.stderr)


if __name__ == "__main__":
    harness.main()
