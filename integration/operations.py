"""docs/operations.md: the operations that a server lists at /_ecr-local/coverage, for people.

`python3 integration/documents.py` writes the page; test_docs.py checks that it is up to date.
"""

import json
import os
import textwrap
import urllib.request

import harness

PAGE = os.path.join(harness.ROOT, "docs/operations.md")
# In the order of the page: the name in the coverage, the title, and what to know.
SERVICES = (
    ("ecr", "Amazon ECR", ""),
    ("iam", "IAM", "Those that are missing answer `InvalidAction`. They are about things that "
     "decide nothing here: delegation, and reports about organizations."),
    ("sts", "STS", "Those that are missing answer `InvalidAction`."),
    ("organizations", "Organizations", "AWS has more; these build the tree of units and accounts, "
     "and their SCPs and RCPs."),
)
HEAD = """# Supported operations

Every operation that this version supports. A running server lists the same as JSON:

```sh
curl --fail-with-body http://localhost:4599/_ecr-local/coverage
```

Docker and other registry clients use the Docker Registry HTTP API V2 and OCI Distribution 1.1:
pull, push, chunked and monolithic uploads, cross-repository mounts, tags, catalog, referrers and
deletion.
[COMPATIBILITY.md](../COMPATIBILITY.md) says what differs from AWS.

| service | supported |
|---|---|
"""


def coverage():
    """What a server of this build answers."""
    server = harness.Server("--in-memory")
    try:
        server.start()
        with urllib.request.urlopen(server.url + "/_ecr-local/coverage") as answer:
            return json.load(answer)
    finally:
        server.close()


def listed(names):
    """Names as a table of three columns, to be read downwards."""
    rows = -(-len(names) // 3)
    columns = [names[at : at + rows] for at in range(0, len(names), rows)]
    lines = ["| | | |", "|---|---|---|"]
    for row in range(rows):
        cells = [f"`{column[row]}`" if row < len(column) else "" for column in columns]
        lines.append("| " + " | ".join(cells + [""] * (3 - len(cells))) + " |")
    return "\n".join(lines) + "\n"


def text(services):
    """The page. `services`: what coverage() returns."""
    parts = [HEAD]
    for name, title, _ in SERVICES:
        service = services[name]
        parts.append(f"| [{title}](#{title.lower().replace(' ', '-')}) "
                     f"| {service['done']} of {service['total']} |\n")
    for name, title, note in SERVICES:
        operations = services[name]["operations"]
        there = sorted(operation for operation, done in operations.items() if done)
        missing = sorted(operation for operation, done in operations.items() if not done)
        parts.append(f"\n## {title}\n\n")
        if note:
            parts.append("\n".join(textwrap.wrap(note, 116)) + "\n\n")
        parts.append(listed(there))
        if missing:
            parts.append("\nNot supported:\n\n" + listed(missing))
    parts.append("\n<!-- python3 integration/documents.py writes this page. -->\n")
    return "".join(parts)
