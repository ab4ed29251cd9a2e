"""README.md and docs/ as programs: their command blocks, run in order in one shell a document.

What a fenced block is, its info string says:

    sh                  runs; every command must succeed
    sh server           ends in a server that stays: it runs until that is ready, in place of the
                        one before. A document without one finds a fresh server that is running
    sh fails            runs in a subshell, and must fail
    sh not-run: REASON  is not run; the test prints the reason
    text                straight after a block that runs: what it prints, on both streams. White
                        space counts as one space, and … stands for anything
    LANGUAGE print NAME is what `ecr-local print NAME` writes, to the letter
    any other           is not a command (json, python, yaml, hcl, ...)

Between the comments `ecr-local print NAME` and `end` stands what that prints, too.

Documents say localhost:4599 and mean it: each runs in a network namespace of its own.

Run as a program, this writes what documents have from the program anew: the output of
`ecr-local print`, and docs/operations.md.
"""

import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass

import clients
import harness

SHELL = "sh"
OTHERS = {"mermaid", "text", "json", "yaml", "hcl", "python", "java", "go", "javascript",
          "typescript", "toml", "cpp", "diff", "dockerfile",
          "ini"}
# Clients that not every machine has. A block that names one that is missing is skipped.
CLIENTS = ("aws", "curl", "jq", "docker", "podman", "buildah", "skopeo", "crane", "oras", "cosign",
           "docker-compose", "terraform")
SECONDS = 600


@dataclass
class Block:
    """A fenced block: its info string, text, and the line that it begins on."""

    info: str
    text: str
    line: int
    output: str = None  # the text block that follows it

    @property
    def kind(self):
        return self.info.split(" ")[0]

    @property
    def printed(self):
        """NAME of `print NAME`; or None."""
        words = self.info.split(" ")
        return words[2] if len(words) == 3 and words[1] == "print" else None

    @property
    def mode(self):
        """What stands after `sh`: nothing, server, fails or not-run: ..."""
        return self.info.partition(" ")[2]

    def uses(self, command):
        """Does the block call this command?"""
        return re.search(rf"(?m)(^|[|(`=]|\bthen|\bdo)\s*{command} ", self.text) is not None


def blocks_of(text):
    """All fenced blocks, in order."""
    found, opened, info, lines = [], None, "", []
    for number, line in enumerate(text.splitlines(), 1):
        if opened is None and line.startswith("```"):
            opened, info, lines = number, line[3:].strip(), []
        elif opened is not None and line == "```":
            found.append(Block(info, "\n".join(lines), opened))
            opened = None
        elif opened is not None:
            lines.append(line)
    if opened is not None:
        raise AssertionError(f"the block of line {opened} does not end")
    return found


def printed_in(text):
    """What stands in a document as the output of `ecr-local print`: pairs of its name and text."""
    marked = re.findall(r"(?ms)^<!-- ecr-local print (\S+) -->\n(.*?)\n<!-- end -->$", text)
    return marked + [(block.printed, block.text) for block in blocks_of(text) if block.printed]


def reprinted(text, printed):
    """The document with what `ecr-local print` prints now. `printed`: the output, by name."""
    text = re.sub(r"(?ms)^(<!-- ecr-local print (\S+) -->\n).*?(\n<!-- end -->)$",
                  lambda found: found[1] + printed(found[2]) + found[3], text)
    return re.sub(r"(?ms)^(```\w+ print (\S+)\n).*?(\n```)$",
                  lambda found: found[1] + printed(found[2]) + found[3], text)


def commands_of(text):
    """The shell blocks of a document, each with the output that is said to follow."""
    blocks = blocks_of(text)
    for block, following in zip(blocks, blocks[1:]):
        end = block.line + len(block.text.splitlines()) + 1
        between = text.splitlines()[end : following.line - 1]
        if following.info == "text" and len(between) <= 3 and block.kind == SHELL:
            block.output = following.text
    return [block for block in blocks if block.kind == SHELL]


def matches(expected, printed):
    """Is this what the document says? (See text above.)"""
    words = [" ".join(part.split()) for part in expected.split("…")]
    pattern = r"\s*[\s\S]*\s*".join(re.escape(part) for part in words)
    return re.fullmatch(pattern, " ".join(printed.split())) is not None


# $1: number of the block. Waits until its server is ready.
SERVER_FUNCTIONS = r"""
docs_stop() {
  [ -s "$DOCS/pid" ] || return 0
  kill "$(cat "$DOCS/pid")" 2>/dev/null || true
  while kill -0 "$(cat "$DOCS/pid")" 2>/dev/null; do sleep 0.02; done
  rm "$DOCS/pid"
}
docs_wait() {
  for _ in $(seq 500); do
    grep -q ' ready on http' "$DOCS/$1.out" && return 0
    sleep 0.04
  done
  echo "no server became ready" >&2
  return 1
}
"""

# In place of the program: it notes its process, which stays the same by exec. One with an address
# of its own stays until the end of the document.
SHIM = """#!/bin/sh
case "$*" in
  serve*--listen*) ;;
  serve*) echo $$ >"$DOCS/pid" ;;
esac
exec {binary} "$@"
"""
# In place of scripts/run and scripts/build: the program is built already.
RUN_SHIM = '#!/bin/sh\nexec "$(dirname "$0")/../build/release/ecr-local" serve "$@"\n'
BUILD_SHIM = '#!/bin/sh\necho "built build/release/ecr-local"\n'

# podman and buildah keep their images in the session's folder.
STORAGE = """[storage]
driver = "vfs"
graphroot = "{root}/storage"
runroot = "{root}/run"
"""


class Session:
    """A folder that looks like a clone of the project after a build, and a shell in it."""

    def __init__(self, environment):
        """`environment`: added to that of the shell."""
        self.directory = tempfile.mkdtemp(prefix="ecr-local-docs-")
        self.notes = os.path.join(self.directory, "notes")
        self.clone = os.path.join(self.directory, "ecr-local")
        bin_folder = os.path.join(self.directory, "bin")
        for folder in (self.notes, self.clone, bin_folder):
            os.makedirs(folder)
        self._fill_clone(bin_folder)
        storage = os.path.join(self.directory, "storage.conf")
        with open(storage, "w", encoding="utf-8") as file:
            file.write(STORAGE.format(root=self.directory))
        path = [bin_folder, "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        path += [os.path.join(clients.FOLDER, "bin"), "/usr/local/bin"]
        self.environment = harness.plain_environment(
            PATH=":".join(path), HOME=self.directory, DOCS=self.notes, TMPDIR=self.directory,
            CONTAINERS_STORAGE_CONF=storage,
            REGISTRY_AUTH_FILE=os.path.join(self.directory, "auth.json"),
            PYTHONWARNINGS="ignore", AWS_PAGER="", AWS_EC2_METADATA_DISABLED="true",
            **environment,
        )

    def _fill_clone(self, bin_folder):
        for name in ("docker", "docs", "schemas", "README.md"):
            source = os.path.join(harness.ROOT, name)
            if os.path.exists(source):
                os.symlink(source, os.path.join(self.clone, name))
        shim = SHIM.format(binary=harness.BINARY)
        self._write_program(os.path.join(bin_folder, "ecr-local"), shim)
        self._write_program(os.path.join(self.clone, "build/release/ecr-local"), shim)
        self._write_program(os.path.join(self.clone, "scripts/run"), RUN_SHIM)
        self._write_program(os.path.join(self.clone, "scripts/build"), BUILD_SHIM)

    @staticmethod
    def _write_program(path, text):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def has(self, client):
        return shutil.which(client, path=self.environment["PATH"]) is not None

    def _script(self, blocks):
        parts = ["set -eu -o pipefail", SERVER_FUNCTIONS]
        if not blocks or blocks[0].mode != "server":
            parts.append('exec >"$DOCS/start.out" 2>&1\necho start >"$DOCS/at"')
            parts.append("ecr-local serve &\ndocs_wait start")
        for number, block in enumerate(blocks):
            parts.append(f'exec >"$DOCS/{number}.out" 2>&1\necho {number} >"$DOCS/at"')
            if block.mode == "server":
                parts.append(f"docs_stop\n(\n{block.text}\n) &\ndocs_wait {number}")
            elif block.mode == "fails":
                parts.append(f"set +e\n(\nset -e\n{block.text}\n)\ndocs_status=$?\nset -e")
                parts.append('[ $docs_status != 0 ] || { echo "it succeeds"; exit 1; }')
            else:
                parts.append(block.text)
        parts.append('echo end >"$DOCS/at"\ndocs_stop')
        return "\n".join(parts) + "\n"

    def run(self, blocks):
        """Runs the blocks to the first that fails: that one's index (None: all passed)."""
        script = os.path.join(self.directory, "script")
        with open(script, "w", encoding="utf-8") as file:
            file.write(self._script(blocks))
        process = subprocess.Popen(
            ["bash", script], cwd=self.clone, env=self.environment, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            pass
        status = process.poll()
        try:
            os.killpg(process.pid, signal.SIGKILL)  # servers, and loops that wait for them
        except ProcessLookupError:
            pass
        process.wait()
        at = self._read("at").strip()
        if at == "end" and status == 0:
            return None
        return int(at) if at.isdigit() else -1

    def output(self, number):
        """What the block printed."""
        return self._read(f"{number}.out" if number >= 0 else "start.out")

    def _read(self, name):
        try:
            with open(os.path.join(self.notes, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def close(self):
        """Removes what it wrote."""
        harness.run("umount", os.path.join(self.directory, "storage/vfs"))
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    import operations

    def printed(name):
        result = harness.run(harness.BINARY, "print", name)
        if result.returncode != 0:
            raise SystemExit(f"ecr-local print {name}: {result.stderr}")
        return result.stdout.rstrip("\n")

    for path in [os.path.join(harness.ROOT, "README.md"),
                 *glob.glob(os.path.join(harness.ROOT, "docs/**/*.md"), recursive=True)]:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        if reprinted(text, printed) != text:
            with open(path, "w", encoding="utf-8") as file:
                file.write(reprinted(text, printed))
    with open(operations.PAGE, "w", encoding="utf-8") as file:
        file.write(operations.text(operations.coverage()))


if __name__ == "__main__":
    main()
