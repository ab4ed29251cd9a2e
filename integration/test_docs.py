"""Every command block of README.md, CONTRIBUTING.md and docs/, run in order on the real program
(documents.py)."""

import glob
import os
import re
import sys
import unittest

import daemon
import documents
import harness
import image
import namespace
import operations
import prose
import terraform

# The name of another account's registry, for which the text has a line in /etc/hosts.
DOCKER = daemon.Daemon(hosts=["000000000000.dkr.ecr.us-east-1.localhost"], bridge=True)


def paths():
    """README.md, CONTRIBUTING.md and everything in docs/."""
    found = glob.glob(os.path.join(harness.ROOT, "docs/**/*.md"), recursive=True)
    top = [os.path.join(harness.ROOT, name) for name in ("README.md", "CONTRIBUTING.md")]
    return [*top, *sorted(found)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class DocumentTest(unittest.TestCase):
    """A test method a document, made below."""

    docker_fails = None
    image_fails = None

    @classmethod
    def setUpClass(cls):
        namespace.require()
        cls.addClassCleanup(DOCKER.close)
        try:
            DOCKER.start()
        except unittest.SkipTest as reason:
            cls.docker_fails = str(reason)
            return
        try:
            image.build(DOCKER)
        except unittest.SkipTest as reason:
            cls.image_fails = str(reason)

    def session(self):
        model_folder = os.path.join(DOCKER.directory, "models/ecr/2015-09-21")
        os.makedirs(model_folder, exist_ok=True)
        model = os.path.join(model_folder, "service-2.json")
        if not os.path.exists(model):
            # Debian's AWS CLI is older than some operations of ECR: this teaches it those.
            os.symlink(os.path.join(harness.ROOT, "schemas/ecr.json"), model)
        session = documents.Session({
            "DOCKER_HOST": DOCKER.socket,
            "AWS_DATA_PATH": os.path.join(DOCKER.directory, "models"),
            "TF_CLI_CONFIG_FILE": terraform.write_configuration(DOCKER.directory),
            "CHECKPOINT_DISABLE": "1",
        })
        self.addCleanup(self.remove_containers)
        self.addCleanup(session.close)
        return session

    def remove_containers(self):
        """A document whose last blocks cannot run here leaves its containers, and their ports."""
        if self.docker_fails is None:
            left = DOCKER.docker("ps", "--all", "--quiet").stdout.split()
            if left:
                DOCKER.docker("rm", "--force", "--volumes", *left)

    def missing(self, block, session):
        """Why the block cannot run here; or None."""
        for client in documents.CLIENTS:
            if block.uses(client) and not session.has(client):
                return f"{client} is not installed"
        if self.docker_fails and block.uses("docker"):
            return self.docker_fails
        if self.image_fails and (block.uses("docker run") or block.uses("docker-compose")):
            return self.image_fails
        if block.uses("terraform") and not os.path.isdir(terraform.PROVIDER):
            return "Terraform's AWS provider is not there"
        return None

    def runnable(self, name, blocks, session):
        """The blocks without those that cannot run here, for the reasons that it prints."""
        chosen = []
        rest = None  # where docker cannot run: what comes after it builds on what it did
        for block in blocks:
            said = block.mode.removeprefix("not-run: ")
            reason = said if said != block.mode else rest or self.missing(block, session)
            if reason is not None and reason == self.docker_fails:
                rest = f"builds on blocks before it: {reason}"
            if reason:
                print(f"NOT RUN: {name}:{block.line}: {reason}", file=sys.stderr)
            else:
                chosen.append(block)
        return chosen

    def check(self, path):
        self.check_blocks(os.path.relpath(path, harness.ROOT), documents.commands_of(read(path)))

    def test_the_quick_start_goes_on_where_readme_ends(self):
        readme, quick_start = (
            documents.commands_of(read(os.path.join(harness.ROOT, name)))
            for name in ("README.md", "docs/quick-start.md")
        )
        kept = [block for block in quick_start if block.mode != "server"]
        self.assertLess(len(kept), len(quick_start))
        self.check_blocks("README.md and quick-start.md", readme + kept)

    def check_blocks(self, name, commands):
        session = self.session()
        blocks = self.runnable(name, commands, session)
        if not blocks:
            return
        failed = session.run(blocks)
        if failed is not None:
            line = blocks[failed].line if failed >= 0 else 0
            self.fail(f"{name}:{line} fails; it printed:\n{session.output(failed)[-4000:]}")
        for number, block in enumerate(blocks):
            printed = session.output(number)
            if block.output is not None and not documents.matches(block.output, printed):
                self.fail(f"{name}:{block.line} printed, against its text:\n{printed[-6000:]}")
        print(f"{name}: {len(blocks)} blocks run", file=sys.stderr)


def add_tests():
    """test_<path without docs/> for each document."""
    for path in paths():
        name = os.path.relpath(path, harness.ROOT).removeprefix("docs/")
        stem = re.sub("[^a-z]", "_", os.path.splitext(name)[0].lower())
        setattr(DocumentTest, f"test_{stem}", lambda self, path=path: self.check(path))


class FormTest(unittest.TestCase):
    def test_every_block_says_what_it_is(self):
        for path in paths():
            for block in documents.blocks_of(read(path)):
                with self.subTest(path=path, line=block.line):
                    if block.kind == documents.SHELL:
                        good = block.mode in ("", "server", "fails")
                        self.assertTrue(good or block.mode.startswith("not-run: "), block.info)
                    elif block.printed:
                        self.assertIn(block.kind, documents.OTHERS)
                    else:
                        self.assertIn(block.info, documents.OTHERS)

    def test_what_the_program_prints_is_what_it_prints(self):
        for path in paths():
            for name, text in documents.printed_in(read(path)):
                with self.subTest(path=path, name=name):
                    result = harness.run(harness.BINARY, "print", name)
                    self.assertEqual(0, result.returncode, result.stderr)
                    self.assertEqual(result.stdout.rstrip("\n"), text)

    def test_the_list_of_operations_is_the_servers(self):
        services = operations.coverage()
        self.assertEqual(operations.text(services), read(operations.PAGE),
                         "python3 integration/documents.py writes it anew")
        differences = read(os.path.join(harness.ROOT, "COMPATIBILITY.md"))
        for name in ("iam", "organizations"):
            self.assertIn(f"[{services[name]['done']}](docs/operations.md#{name})", differences)

    def test_every_key_of_a_seed_is_in_its_reference(self):
        text = read(os.path.join(harness.ROOT, "docs/seed.md"))
        sources = glob.glob(os.path.join(harness.ROOT, "api/admin/seed/*.cpp"))
        lists = [keys for path in sources
                 for keys in re.findall(r"(?s)check_members\(\s*\{(.*?)\}", read(path))]
        keys = {key for keys in lists for key in re.findall(r'"(\w+)"', keys)}
        self.assertGreater(len(keys), 50)
        self.assertEqual([], sorted(key for key in keys if f"`{key}`" not in text))

    def test_output_is_compared(self):
        self.assertTrue(documents.matches("a … d\n e", "a b\nc d e\n"))
        self.assertTrue(documents.matches("{…}", "{}"))
        self.assertFalse(documents.matches("a … d", "a b c"))
        self.assertFalse(documents.matches("denied", "denied: more"))

    def test_links_lead_somewhere(self):
        self.assertEqual([], prose.broken_links())


if __name__ == "__main__":
    namespace.enter()
    add_tests()
    harness.main()
