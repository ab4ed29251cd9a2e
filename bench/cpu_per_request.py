"""What authentication and authorization cost: CPU time of the server for each kind of request.

Compares a signed DescribeRepositories (signature, policies, one repository) with the health
endpoint, and with a registry request, through the same server in one run. Goal: at most three times
the CPU of the health endpoint.
"""
import argparse
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--dir", default=tempfile.gettempdir())
    parser.add_argument("--ecr-local", default=str(HERE.parent / "build/release/ecr-local"))
    options = parser.parse_args()
    options.no_access_log = False
    if not shutil.which("wrk"):
        parser.error("wrk is not there; README.md tells how to get it")
    micros = {}
    with servers.EcrLocal(options) as server:
        server.prepare()
        for _ in range(options.rounds):
            signed = http_client.signed_headers(server.port, "DescribeRepositories", "{}")
            del signed["host"]  # wrk sends it
            kinds = {
                "health": ("/_ecr-local/health",),
                "signed DescribeRepositories": ("/", "POST", signed, "{}"),
                "GET /v2/ with a token": ("/v2/", "GET", {"authorization": server.authorization}),
            }
            for kind, arguments in kinds.items():
                before = server.cpu_seconds()
                requests, rate = wrk(server.port, options.seconds, *arguments)
                cost = (server.cpu_seconds() - before) * 1e6 / requests
                micros.setdefault(kind, []).append((cost, rate))
    base = statistics.median(cost for cost, _ in micros["health"])
    print(f"{'request':32}{'CPU us':>8}{'to health':>11}{'a second':>11}")
    for kind, values in micros.items():
        cost = statistics.median(cost for cost, _ in values)
        rate = statistics.median(rate for _, rate in values)
        print(f"{kind:32}{cost:8.1f}{cost / base:11.2f}{rate:11.0f}")


if __name__ == "__main__":
    main()
