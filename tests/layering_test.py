"""Fails on an include that points up: arrows go server -> api -> auth, storage -> schemas only."""

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
# What only some places may include, by the first matching pattern.
GUARDED = [
    (re.compile(r"boost/(asio|beast)"), lambda f: f.parts[0] == "server"),
    (re.compile(r"sqlite3\.h"), lambda f: f.as_posix() == "storage/sql/connection.cpp"),
    (re.compile(r"nlohmann/json\.hpp"), lambda f: f.suffix == ".cpp"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def main(root: pathlib.Path) -> int:
    faults = []
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
                for pattern, allows in GUARDED:
                    if pattern.search(target) and not allows(relative):
                        faults.append(f"{relative}:{number}: {target} may not be included here")
    print("\n".join(faults) or "layering: every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
