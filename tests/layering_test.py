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
# The folders of server/, and what each of them may include beside itself. The files on top of them
# wire everything.
SERVER_FOLDERS = {
    "faults": set(),
    "runtime": {"faults"},
    "tls": {"runtime"},
    "net": {"faults", "runtime", "tls"},
    "client": {"net", "runtime"},
    "cli": {"client", "net", "runtime", "tls"},
}
# What only some places may include, by the first matching pattern.
GUARDED = [
    (re.compile(r"boost/asio"), lambda f: f.parts[:2] == ("server", "net")),
    (re.compile(r"boost/beast"), lambda f: f.as_posix() == "server/net/http_parser.cpp"),
    (re.compile(r"CLI/CLI\.hpp"), lambda f: f.as_posix() == "server/cli/command_line.cpp"),
    (re.compile(r"sqlite3\.h"), lambda f: f.as_posix() == "storage/sql/database.cpp"),
    (re.compile(r"nlohmann/json\.hpp"), lambda f: f.suffix == ".cpp"),
]
SERVER_INCLUDE = re.compile(r"^server/(\w+)/")
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
                if folder == "server" and len(relative.parts) > 2:
                    room = relative.parts[1]
                    other = SERVER_INCLUDE.match(target)
                    if other is None:
                        upward = target.startswith("server/")
                    else:
                        upward = other[1] != room and other[1] not in SERVER_FOLDERS[room]
                    if upward:
                        faults.append(f"{relative}:{number}: server/{room}/ may not include {target}")
                for pattern, allows in GUARDED:
                    if pattern.search(target) and not allows(relative):
                        faults.append(f"{relative}:{number}: {target} may not be included here")
    print("\n".join(faults) or "layering: every include points down")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
