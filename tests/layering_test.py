"""Fails on an include that points up, and on a circle between folders of api/.

Arrows go server -> api -> auth, storage -> schemas only; inside api/ they go from the planes (ecr, iam,
sts, organizations, registry, admin) to pull_through, images and core, and from no plane to another.
"""

import pathlib
import re
import sys

MAY_INCLUDE = {
    "schemas": {"schemas"},
    "auth": {"auth", "schemas"},
    "storage": {"storage", "schemas"},
    "api": {"api", "auth", "storage", "schemas"},
    "server": {"server", "api", "auth", "storage", "schemas"},
}
# The rooms of api/ that a room may include, besides itself.
API_ROOMS = {
    "core": set(),
    "images": {"core"},
    "pull_through": {"core", "images"},
    "admin": {"core", "images", "pull_through", "ecr"},  # a seed file runs ECR's own operations
}
ANY_PLANE = {"core", "images", "pull_through"}
# What only some places may include, by the first matching pattern.
GUARDED = [
    (re.compile(r"boost/(asio|beast)"), lambda f: f.parts[0] == "server"),
    (re.compile(r"sqlite3\.h"), lambda f: f.as_posix() == "storage/sql/database.cpp"),
    (re.compile(r"nlohmann/json\.hpp"), lambda f: f.suffix == ".cpp"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_fault(relative: pathlib.Path, target: str) -> bool:
    """Whether a file of api/ may not include another file of api/."""
    own, other = relative.parts[1], target.split("/")[1]
    return other != own and other not in API_ROOMS.get(own, ANY_PLANE)


def circle(edges: dict[str, set[str]]) -> list[str]:
    """The folders of one circle, in its order; empty: there is none."""
    done: set[str] = set()

    def visit(folder: str, path: list[str]) -> list[str]:
        if folder in path:
            return path[path.index(folder):]
        if folder in done:
            return []
        for target in sorted(edges.get(folder, ())):
            if found := visit(target, path + [folder]):
                return found
        done.add(folder)
        return []

    for folder in sorted(edges):
        if found := visit(folder, []):
            return found
    return []


def main(root: pathlib.Path) -> int:
    faults = []
    edges: dict[str, set[str]] = {}
    for folder, allowed in MAY_INCLUDE.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in {".h", ".cpp"}:
                continue
            relative = path.relative_to(root)
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, target = match.groups()
                if quote == '"' and target.split("/")[0] not in allowed:
                    faults.append(f"{relative}:{number}: {folder}/ may not include {target}")
                if quote == '"' and folder == "api" and target.startswith("api/"):
                    if room_fault(relative, target):
                        faults.append(f"{relative}:{number}: this room may not include {target}")
                    here, there = relative.parent.as_posix(), target.rpartition("/")[0]
                    if here != there:
                        edges.setdefault(here, set()).add(there)
                for pattern, allows in GUARDED:
                    if pattern.search(target) and not allows(relative):
                        faults.append(f"{relative}:{number}: {target} may not be included here")
    if found := circle(edges):
        faults.append("folders in a circle: " + " -> ".join(found + found[:1]))
    print("\n".join(faults) or "layering: every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
