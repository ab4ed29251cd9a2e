"""What scripts/lint checks in all Markdown of the tree: links lead somewhere, words are right.

Run as a program it prints what is wrong, and ends with 1 where anything is. Nothing goes to the
network: links to other sites are not looked at. Words are checked by aspell, where it is installed;
words.txt beside this file has those that aspell does not know.
"""

import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORDS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "words.txt")


def pages():
    """The Markdown files of the tree, below ROOT."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout.splitlines()
    return [name for name in sorted(listed) if os.path.exists(os.path.join(ROOT, name))]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def without_blocks(text):
    """The text with empty lines in place of its fenced blocks."""
    kept, fenced = [], False
    for line in text.splitlines():
        fence = line.lstrip().startswith("```")
        kept.append("" if fenced or fence else line)
        fenced = fenced != fence
    return "\n".join(kept)


def anchors(text):
    """The names that GitHub gives the headings."""
    found = set()
    for heading in re.findall(r"(?m)^#+ +(.*?) *$", without_blocks(text)):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        again = name
        count = 0
        while again in found:
            count += 1
            again = f"{name}-{count}"
        found.add(again)
    return found


def broken_links():
    """FILE:LINE: what is wrong, for each relative link that leads nowhere."""
    problems = []
    for name in pages():
        for number, line in enumerate(without_blocks(read(name)).splitlines(), 1):
            plain = re.sub(r"`[^`]*`", "`", line)
            for target in re.findall(r"\]\(([^)\s]+)\)", plain):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                folder = os.path.dirname(name)
                there = os.path.normpath(os.path.join(folder, path)) if path else name
                if not os.path.exists(os.path.join(ROOT, there)):
                    problems.append(f"{name}:{number}: {target}: there is no such file")
                elif anchor and there.endswith(".md") and anchor not in anchors(read(there)):
                    problems.append(f"{name}:{number}: {target}: there is no such heading")
    return problems


def prose_of(text):
    """What is English in a Markdown file; lines stay where they are."""
    text = without_blocks(text)
    for pattern in (r"`[^`\n]*`", r"\]\([^)]*\)", r"<[^>]*>", r"https?://\S+"):
        text = re.sub(pattern, " ", text)
    return text


def unknown_words():
    """FILE:LINE: WORD, for each word that neither aspell nor words.txt knows."""
    with open(WORDS, encoding="utf-8") as file:
        known = {line.strip().lower() for line in file if not line.startswith("#")}
    problems = []
    for name in pages():
        for number, line in enumerate(prose_of(read(name)).splitlines(), 1):
            for word in re.findall(r"[A-Za-z][A-Za-z']*[A-Za-z]", line):
                if not re.search("[a-z][A-Z]", word):  # names of operations and types
                    problems.append((name, number, word))
    words = sorted({word for _, _, word in problems})
    aspell = subprocess.run(["aspell", "list", "--lang=en", "--ignore=2"], input="\n".join(words),
                            capture_output=True, text=True, check=False)
    if aspell.returncode != 0:  # its dictionary is a package of its own
        print(f"SKIP: the spelling of Markdown ({aspell.stderr.strip()})")
        return []
    answer = aspell.stdout.split()
    wrong = {word for word in answer
             if word.lower() not in known and word.lower().removesuffix("'s") not in known}
    return [f"{name}:{number}: {word}" for name, number, word in problems if word in wrong]


def main():
    problems = broken_links()
    if shutil.which("aspell") is None:
        print("SKIP: the spelling of Markdown (aspell is not installed)")
    else:
        problems += unknown_words()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
