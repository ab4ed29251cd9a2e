"""What authentication and authorization cost: CPU time of the server for each kind of request.

Compares a signed DescribeRepositories (signature, policies, one repository) with the health
endpoint, and with registry requests, through the same server in one run. Goal: at most three times
the CPU of the health endpoint. Two programs are compared by --ecr-local OLD --ecr-local NEW.
"""
import argparse
import contextlib
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

import http_client
import servers

HERE = pathlib.Path(__file__).resolve().parent


def wrk(port, seconds, path, method="GET", headers=None, body=""):
    """Runs wrk; (requests, requests per second)."""
    script = f'wrk.method = "{method}"\nwrk.body = [[{body}]]\n'
    for name, value in (headers or {}).items():
        script += f"wrk.headers[{name!r}] = [[{value}]]\n"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", file.name,
                   f"http://127.0.0.1:{port}{path}"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        raise SystemExit(f"{path}: not every answer was a success\n{text}")
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    return requests, float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def kinds_of(server):
    signed = http_client.signed_headers(server.port, "DescribeRepositories", "{}")
    del signed["host"]  # wrk sends it
    login = {"authorization": server.authorization}
    manifest = {**login, "accept": "application/vnd.docker.distribution.manifest.v2+json"}
    return {
        "health": ("/_ecr-local/health",),
        "signed DescribeRepositories": ("/", "POST", signed, "{}"),
        "GET /v2/ with a token": ("/v2/", "GET", login),
        "manifest GET": (f"/v2/{servers.REPOSITORY}/manifests/v1", "GET", manifest),
    }


def one_round(server, seconds, values):
    """Adds (CPU microseconds, requests a second) of each kind."""
    for kind, arguments in kinds_of(server).items():
        before = server.cpu_seconds()
        requests, rate = wrk(server.port, seconds, *arguments)
        values.setdefault(kind, []).append(((server.cpu_seconds() - before) * 1e6 / requests, rate))


def print_table(program, values):
    medians = {kind: statistics.median(cost for cost, _ in some) for kind, some in values.items()}
    print(f"{program}\n{'request':32}{'CPU us':>8}{'range':>14}{'to health':>11}{'a second':>11}")
    for kind, some in values.items():
        costs = [cost for cost, _ in some]
        rate = statistics.median(rate for _, rate in some)
        spread = f"{min(costs):.1f}-{max(costs):.1f}"
        print(f"{kind:32}{medians[kind]:8.1f}{spread:>14}"
              f"{medians[kind] / medians['health']:11.2f}{rate:11.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--dir", default=tempfile.gettempdir())
    parser.add_argument("--ecr-local", action="append",
                        help="a program; given twice, the two are measured in turn")
    options = parser.parse_args()
    options.no_access_log = False
    if not shutil.which("wrk"):
        parser.error("wrk is not there; README.md tells how to get it")
    programs = options.ecr_local or [str(HERE.parent / "build/release/ecr-local")]
    values = {program: {} for program in programs}
    with contextlib.ExitStack() as stack:
        running = []
        for program in programs:
            of_program = argparse.Namespace(**{**vars(options), "ecr_local": program})
            server = stack.enter_context(servers.EcrLocal(of_program))
            server.prepare()
            http_client.Client(server.port, server.authorization).push_small_image(servers.REPOSITORY, "v1")
            running.append((server, values[program]))
        for _ in range(options.rounds):
            for server, of_program in running:
                one_round(server, options.seconds, of_program)
    for program in programs:
        print_table(program, values[program])


if __name__ == "__main__":
    main()
