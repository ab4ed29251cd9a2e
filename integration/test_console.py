"""The console: its built files are those of the sources, and its pages work in a real browser.

The tests themselves are in web/console/tests (what the pages compute) and in integration/console
(each screen in Debian's Chromium against the real program). Both are of Node's own test runner; this
file starts it, and skips where npm or a browser is not there.
"""

import os
import shutil
import unittest

import harness

PAGES = os.path.join(harness.ROOT, "web/console")
WALKS = os.path.join(harness.ROOT, "integration/console")
PICTURES = os.environ.get("CONSOLE_PICTURES", os.path.join(harness.ROOT, "build/console"))


def node_tests(*paths, timeout=600):
    """Runs tests of Node: its exit status and what it printed."""
    environment = harness.plain_environment(
        ECR_LOCAL_BINARY=harness.BINARY,
        CONSOLE_PICTURES=PICTURES,
        CHROMIUM=harness.tool("chromium"),
    )
    command = (shutil.which("node"), "--test", "--test-reporter", "spec", *paths)
    result = harness.run(*command, env=environment, timeout=timeout)
    return result.returncode, result.stdout + result.stderr


def tests_of(folder):
    names = sorted(name for name in os.listdir(folder) if name.endswith(".test.mjs"))
    return [os.path.join(folder, name) for name in names]


class ConsoleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise unittest.SkipTest("node and npm are not installed")
        harness.tool("chromium")
        done = os.path.join(PAGES, "node_modules/.package-lock.json")
        wanted = os.path.join(PAGES, "package-lock.json")
        if os.path.exists(done) and os.path.getmtime(done) > os.path.getmtime(wanted):
            return
        result = harness.run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=PAGES)
        if result.returncode != 0:
            raise unittest.SkipTest(f"npm cannot get the packages: {result.stderr.strip()[-300:]}")

    def check(self, *paths):
        status, output = node_tests(*paths)
        self.assertEqual(0, status, output[-8000:])
        return output

    def test_the_sources_have_their_types(self):
        result = harness.run("npx", "--no-install", "tsc", "--noEmit", "-p", ".", cwd=PAGES)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_the_built_files_are_those_of_the_sources_and_small(self):
        output = self.check(os.path.join(PAGES, "tests/bundle.test.mjs"))
        print([line for line in output.splitlines() if "shell" in line][:1])

    def test_what_the_pages_compute(self):
        self.check(os.path.join(PAGES, "tests/core.test.mjs"))


def add_walks():
    """A test method for each file of integration/console."""
    for path in tests_of(WALKS):
        name = os.path.basename(path).removesuffix(".test.mjs")
        setattr(ConsoleTest, f"test_in_a_browser_{name}", lambda self, path=path: self.check(path))


if __name__ == "__main__":
    add_walks()
    harness.main()
