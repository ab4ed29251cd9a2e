"""Fails on an include that points up, and on a circle between folders.

The rooms and their direction are those of docs/architecture.md. A folder may include itself, the
folders of its row, and what those may include is no excuse: each arrow is listed.
"""

import pathlib
import re
import sys

# Each room, and the rooms that it may include. A file belongs to the longest name that its path
# begins with. Folders below a room that have no row of their own are part of it.
PURE = ["schemas/base", "schemas/model"]
STORAGE_ROWS = ["storage/rows", "storage/sql", "storage/os"]
STORAGE = ["storage", "storage/blobs", *STORAGE_ROWS]
CORE = ["api/core", "auth", *STORAGE, *PURE]
PLANE = ["api/images", "api/pull_through", *CORE]
API = ["api/ecr", "api/iam", "api/sts", "api/organizations", "api/registry", "api/metadata",
       "api/admin", *PLANE]
MAY_INCLUDE = {
    "schemas/base": [],
    "schemas/model": ["schemas/base"],
    "auth": PURE,
    "storage/os": PURE,
    "storage/sql": ["storage/os", *PURE],
    "storage/blobs": ["storage/os", *PURE],
    "storage/rows": ["storage/sql", "storage/os", *PURE],
    "storage": [*STORAGE, *PURE],
    "api/core": CORE,
    "api/images": CORE,
    "api/pull_through": ["api/images", *CORE],
    "api/ecr": PLANE,
    "api/iam": PLANE,
    "api/sts": PLANE,
    "api/organizations": PLANE,
    "api/registry": PLANE,
    # The credentials of roles are sessions of STS.
    "api/metadata": ["api/sts", *PLANE],
    # A seed is carried out by the operations it stands for.
    "api/admin": ["api/ecr", *PLANE],
    "server/faults": [*API],
    "server/runtime": ["server/faults", *API],
    "server/tls": ["server/runtime", *API],
    "server/net": ["server/tls", "server/runtime", "server/faults", *API],
    "server/client": ["server/net", "server/runtime", *API],
    "server/cli": ["server/client", "server/net", "server/tls", "server/runtime", *API],
    "server": ["server/cli", "server/net", "server/client", "server/tls", "server/runtime",
               "server/faults", *API],
}
# The rooms of api/ that a room may include, besides itself.
API_ROOMS = {
    "core": set(),
    "images": {"core"},
    "pull_through": {"core", "images"},
    "metadata": {"core", "sts"},
    "admin": {"core", "images", "pull_through", "ecr"},  # a seed file runs ECR's own operations
}
ANY_PLANE = {"core", "images", "pull_through"}
# The files that make and read the command line.
CLI11 = [f"server/cli/{name}.cpp" for name in ("command_line", "serve_flags", "policy_flags",
                                                    "help_format")]
# What only some places may include, by the first matching pattern.
GUARDED = [
    (re.compile(r"boost/asio"), lambda f: f.parts[:2] == ("server", "net")),
    (re.compile(r"boost/beast"), lambda f: f.as_posix() == "server/net/http_parser.cpp"),
    (re.compile(r"CLI/CLI\.hpp"), lambda f: f.as_posix() in CLI11),
    (re.compile(r"^yaml\.h"), lambda f: f.as_posix() == "schemas/base/yaml.cpp"),
    (re.compile(r"sqlite3\.h"), lambda f: f.as_posix() == "storage/sql/connection.cpp"),
    (re.compile(r"nlohmann/json\.hpp"), lambda f: f.suffix == ".cpp"),
]
MOST_ENTRIES = 32
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path: str) -> str | None:
    rooms = [room for room in MAY_INCLUDE if path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def includes(root: pathlib.Path):
    """Yields (file, line number, "<" or the quote, included name) of every include."""
    for top in ("schemas", "auth", "storage", "api", "server"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if match := INCLUDE.match(line):
                    yield path.relative_to(root), number, *match.groups()


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """The folders that can reach themselves, each with one way back."""
    found = []
    for start in sorted(arrows):
        ways = {start: [start]}
        queue = [start]
        while queue:
            here = queue.pop(0)
            for target in sorted(arrows.get(here, ())):
                if target == start:
                    found.append(" -> ".join([*ways[here], start]))
                    queue = []
                    break
                if target not in ways:
                    ways[target] = [*ways[here], target]
                    queue.append(target)
    return found


def main(root: pathlib.Path) -> int:
    faults = []
    arrows: dict[str, set[str]] = {}
    for file, number, quote, target in includes(root):
        for pattern, allows in GUARDED:
            if pattern.search(target) and not allows(file):
                faults.append(f"{file}:{number}: {target} may not be included here")
        if quote == "<":
            continue
        source_room, target_room = room_of(file.as_posix()), room_of(target)
        if source_room is None or target_room is None:
            faults.append(f"{file}:{number}: {target}: one of the two is in no room")
        elif target_room != source_room and target_room not in MAY_INCLUDE[source_room]:
            faults.append(f"{file}:{number}: {source_room}/ may not include {target}")
        source_folder, target_folder = file.parent.as_posix(), str(pathlib.Path(target).parent)
        if source_folder != target_folder:
            arrows.setdefault(source_folder, set()).add(target_folder)
    faults += [f"a circle of folders: {circle}" for circle in circles(arrows)]
    for top in ("schemas", "auth", "storage", "api", "server", "tests"):
        for folder in [root / top, *(p for p in sorted((root / top).rglob("*")) if p.is_dir())]:
            entries = [p for p in folder.iterdir() if p.suffix in {".h", ".cpp"}]
            if len(entries) > MOST_ENTRIES:
                faults.append(f"{folder.relative_to(root)}/ has {len(entries)} files: make rooms")
    print("\n".join(faults) or "layering: every include points down, and no folders form a circle")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
