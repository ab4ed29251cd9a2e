"""import-account, can and who-can: a made-up account in AWS's own form, and the same verdicts at
every door."""

import base64
import configparser
import gzip
import http.client
import io
import json
import os
import random
import shutil
import stat
import tarfile
import tempfile
import time
import unittest

import daemon
import harness
import made_up_account
import registry
import signing
from harness import BINARY
from made_up_account import ACCOUNT

QUESTIONS = 2000
SAMPLE = 20
OPERATIONS = {
    "ecr:ListImages": {},
    "ecr:DescribeImages": {},
    "ecr:BatchGetImage": {"imageIds": [{"imageTag": "none"}]},
    "ecr:GetRepositoryPolicy": {},
    "ecr:GetLifecyclePolicy": {},
    "ecr:BatchCheckLayerAvailability": {"layerDigests": ["sha256:" + "0" * 64]},
}


def run(*arguments, stdin=None, cwd=None, **environment):
    env = harness.plain_environment(**environment)
    return harness.run(BINARY, *arguments, stdin=stdin, env=env, cwd=cwd)


def write_layout(directory):
    """A small image as an OCI layout. An SCP may keep everybody from pushing one."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        info = tarfile.TarInfo("greeting")
        info.size = 5
        file.addfile(info, io.BytesIO(b"hello"))
    plain = tar.getvalue()
    layer = gzip.compress(plain)
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [registry.digest_of(plain)]},
    }
    made = registry.make_image(layer, config=json.dumps(config).encode())
    for digest, data in {**made.blobs, made.digest: made.manifest}.items():
        path = os.path.join(directory, "blobs", *digest.split(":"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
    entry = {
        "mediaType": made.media_type,
        "digest": made.digest,
        "size": len(made.manifest),
        "annotations": {"org.opencontainers.image.ref.name": "v1"},
    }
    for name, content in (
        ("oci-layout", {"imageLayoutVersion": "1.0.0"}),
        ("index.json", {"schemaVersion": 2, "manifests": [entry]}),
    ):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(content, file)


class Made(unittest.TestCase):
    """The made-up account, exported and imported once."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="ecr-local-import-")
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.company = made_up_account.Company(random.Random(20260131))
        cls.export = os.path.join(cls.directory, "aws-export")
        cls.company.write(cls.export)
        cls.seed = os.path.join(cls.directory, "seed.json")
        cls.credentials = os.path.join(cls.directory, "credentials")
        begin = time.monotonic()
        cls.imported = run(
            "import-account", cls.export, "--output", cls.seed, "--credentials", cls.credentials
        )
        cls.seconds = {"import-account": time.monotonic() - begin}
        if cls.imported.returncode != 0:
            raise AssertionError(cls.imported.stderr)
        cls.profiles = configparser.RawConfigParser()
        cls.profiles.read(cls.credentials)
        cls.server = harness.Server("--in-memory", "--seed", cls.add_images())
        cls.addClassCleanup(cls.server.close)
        cls.server.start()

    @classmethod
    def add_images(cls):
        """The seed with an image in each repository."""
        layout = os.path.join(cls.directory, "layout")
        write_layout(layout)
        with open(cls.seed, encoding="utf-8") as file:
            seed = json.load(file)
        for repository in seed["accounts"][ACCOUNT]["repositories"]:
            repository["images"] = [layout]
        path = os.path.join(cls.directory, "with-images.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(seed, file)
        return path

    def keys(self, who):
        section = self.profiles[who.profile]
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return tuple(section[name] for name in names if name in section)

    def questions(self, count):
        numbers = random.Random(7)
        people = self.company.identities
        return [
            tuple(map(numbers.choice, (people, sorted(OPERATIONS), self.company.names)))
            for _ in range(count)
        ]

    def evaluate(self, questions):
        """The decisions by the documents alone."""
        lines = "\n".join(json.dumps(self.company.evaluate_line(*one)) for one in questions)
        answers = run("evaluate", stdin=lines)
        self.assertEqual(0, answers.returncode, answers.stdout[:500])
        return [json.loads(line)["decision"] for line in answers.stdout.splitlines()]

    def can(self, questions, *flags, context=None):
        lines = "\n".join(
            json.dumps(
                {
                    "principal": who.principal,
                    "action": action,
                    "resource": self.company.repositories[name]["arn"] if name else "*",
                    "context": context
                    or {"aws:SourceIp": made_up_account.ADDRESS, "aws:userid": self.user_id(who)},
                }
            )
            for who, action, name in questions
        )
        answers = run("can", "--questions", "-", "--json", *flags, stdin=lines)
        self.assertEqual(0, answers.returncode, answers.stderr + answers.stdout[:500])
        return [json.loads(line) for line in answers.stdout.splitlines()]

    @staticmethod
    def user_id(who):
        return who.id if who.kind == "user" else f"{who.id}:local"


class SameVerdictsTest(Made):
    def test_it_imports_all_of_it(self):
        self.assertIn("2 accounts", self.imported.stdout)
        self.assertIn("210 roles", self.imported.stdout)
        self.assertIn("300 managed policies", self.imported.stdout)
        self.assertIn("50 repositories", self.imported.stdout)
        self.assertNotIn("note:", self.imported.stderr)
        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.credentials).st_mode))
        self.assertEqual(250, len(self.profiles.sections()))

    def test_two_thousand_questions_have_the_same_answer_at_every_door(self):
        questions = self.questions(QUESTIONS)
        begin = time.monotonic()
        expected = self.evaluate(questions)
        self.seconds["evaluate"] = time.monotonic() - begin
        self.assertGreater(expected.count("Allowed"), QUESTIONS // 20)
        self.assertGreater(expected.count("ExplicitlyDenied"), QUESTIONS // 50)
        begin = time.monotonic()
        offline = [one["decision"] for one in self.can(questions, "--seed", self.seed)]
        self.seconds["can --seed"] = time.monotonic() - begin
        begin = time.monotonic()
        asked = [one["decision"] for one in self.can(questions, "--url", self.server.url)]
        self.seconds["can --url"] = time.monotonic() - begin
        for i, (who, action, name) in enumerate(questions):
            what = f"{who.principal} {action} {name}"
            self.assertEqual(expected[i], offline[i], what)
            self.assertEqual(expected[i], asked[i], what)
        begin = time.monotonic()
        self.check_calls(questions, expected)
        self.seconds["signed calls"] = time.monotonic() - begin
        self.print_seconds()

    def check_calls(self, questions, expected):
        """The API itself: a call is denied, or it is not."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port)
        self.addCleanup(connection.close)
        for (who, action, name), decision in zip(questions, expected):
            parameters = {"registryId": ACCOUNT, "repositoryName": name, **OPERATIONS[action]}
            headers, body = signing.ecr_request(action.removeprefix("ecr:"), **parameters)
            region = self.company.repositories[name]["region"]
            signed = signing.sign(self.server, headers, body, self.keys(who), region=region)
            connection.request("POST", "/", body, signed)
            reply = json.loads(connection.getresponse().read())
            denied = reply.get("__type") == "AccessDeniedException"
            self.assertEqual(decision != "Allowed", denied, f"{who.arn} {action} {name}: {reply}")

    def print_seconds(self):
        parts = ", ".join(f"{name} {took:.2f} s" for name, took in self.seconds.items())
        print(f"\n{QUESTIONS} questions: {parts}", flush=True)

    def test_what_depends_on_the_request_is_reported_and_not_guessed(self):
        questions = self.questions(300)
        facts = self.can(questions, "--seed", self.seed)
        plain = self.can(questions, "--seed", self.seed, context={"x:Nothing": "x"})
        seen = set()
        for fact, one in zip(facts, plain):
            seen.add(one["verdict"])
            if one["verdict"] == "conditional":
                self.assertTrue(one["conditions"] and one["needs"])
            else:
                self.assertEqual(one["verdict"] == "allowed", fact["decision"] == "Allowed")
        self.assertEqual({"allowed", "conditional", "denied"}, seen)

    def who_can(self, action, arn, *flags):
        answer = run("who-can", action, arn, "--json", *flags)
        self.assertIn(answer.returncode, (0, 1), answer.stderr)
        return json.loads(answer.stdout)

    def test_who_can_is_what_asking_everybody_finds(self):
        took, roles = 0, {}
        for action in ("ecr:PutImage", "ecr:BatchGetImage"):
            for name in self.company.names[:3]:
                arn = self.company.repositories[name]["arn"]
                begin = time.monotonic()
                offline = self.who_can(action, arn, "--seed", self.seed)
                took = max(took, time.monotonic() - begin)
                asked = self.who_can(action, arn, "--url", self.server.url)
                self.assertEqual(offline["principals"], asked["principals"])
                kinds = [one["kind"] for one in offline["principals"]]
                roles[arn] = kinds.count("role") if action == "ecr:BatchGetImage" else 0
                listed = {one["principal"]: one["verdict"] for one in offline["principals"]}
                lines = [
                    {"principal": who.arn, "action": action, "resource": arn}
                    for who in self.company.identities
                ]
                text = "\n".join(map(json.dumps, lines))
                flags = ("--questions", "-", "--json", "--seed", self.seed)
                answers = run("can", *flags, stdin=text).stdout.splitlines()
                brute = {}
                for line in map(json.loads, answers):
                    if line["verdict"] != "denied":
                        brute[line["principal"]] = line["verdict"]
                people = {who.arn for who in self.company.identities}
                self.assertEqual(brute, {k: v for k, v in listed.items() if k in people})
        self.seconds["who-can, the slowest"] = took
        arn = max(roles, key=roles.get)  # the repository that most roles can pull from
        begin = time.monotonic()
        ways = self.who_can("ecr:BatchGetImage", arn, "--seed", self.seed, "--via-roles")
        self.seconds["who-can --via-roles"] = time.monotonic() - begin
        self.assertFalse(ways["truncated"])
        self.assertTrue([one for one in ways["principals"] if one["steps"] > 0])
        self.print_seconds()

    def sample(self):
        """(who, repository, whether it may pull): some that may and some that may not."""
        numbers = random.Random(11)
        mine = [who for who in self.company.identities if who.account == ACCOUNT]
        pairs = [(numbers.choice(mine), numbers.choice(self.company.names)) for _ in range(1500)]
        decided = [
            self.evaluate([(who, "ecr:GetAuthorizationToken", None) for who, _ in pairs]),
            self.evaluate([(who, "ecr:BatchGetImage", name) for who, name in pairs]),
            self.evaluate([(who, "ecr:GetDownloadUrlForLayer", name) for who, name in pairs]),
        ]
        found = [
            (who, name, all(of[i] == "Allowed" for of in decided))
            for i, (who, name) in enumerate(pairs)
        ]
        yes = [one for one in found if one[2]][: SAMPLE // 2]
        self.assertGreater(len(yes), 3)
        return yes + [one for one in found if not one[2]][: SAMPLE - len(yes)]

    def login(self, keys, region):
        headers, body = signing.ecr_request("GetAuthorizationToken")
        headers = signing.sign(self.server, headers, body, keys, region=region)
        status, _, reply = self.server.request("POST", "/", body, headers)
        if status != 200:
            return None
        token = json.loads(reply)["authorizationData"][0]["authorizationToken"]
        return base64.b64decode(token).decode().removeprefix("AWS:")

    def test_a_pull_succeeds_where_its_three_actions_are_allowed(self):
        for who, name, may in self.sample():
            password = self.login(self.keys(who), self.company.repositories[name]["region"])
            self.assertEqual(may, self.pulls(password, name), f"{who.arn} {name}")

    def pulls(self, password, name):
        if password is None:
            return False
        door = registry.Registry(self.server, password)
        try:
            door.pull(name, "v1")
        except (registry.RegistryError, AssertionError):
            return False
        return True

    def test_docker_pulls_what_it_may(self):
        engine = daemon.Daemon()
        self.addCleanup(engine.close)
        engine.start()
        for who, name, may in self.sample():
            uri = f"{self.server.address}/{name}:v1"
            password = self.login(self.keys(who), self.company.repositories[name]["region"])
            pulled = False
            if password is not None:
                engine.login(self.server.address, password)
                pulled = engine.docker("pull", uri).returncode == 0
            engine.docker("rmi", uri)
            self.assertEqual(may, pulled, f"{who.arn} {name}")


if __name__ == "__main__":
    harness.main()
