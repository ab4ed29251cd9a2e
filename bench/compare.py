#!/usr/bin/python3
"""ecr-local and Debian's docker-registry side by side in one run: medians of interleaved rounds.

Needs Debian's docker-registry and wrk; skopeo, openssl and a C++ compiler where they are there.
README.md beside this file tells how to read the table.
"""
import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import limits
import skopeo_image
from http_client import Blob, upload_parallel
from servers import REPOSITORY, DockerRegistry, DockerRegistryHtpasswd, EcrLocal

HERE = Path(__file__).resolve().parent
ECR, OPEN, HTPASSWD = EcrLocal.name, DockerRegistry.name, DockerRegistryHtpasswd.name
CONNECTIONS = 16
DOWNLOADS = 4  # of the blob, in one measurement: the processes' CPU clocks tick in 10 ms
PARALLEL, PARALLEL_MIB = 8, 20
MANIFEST_ACCEPT = "Accept: application/vnd.docker.distribution.manifest.v2+json"

# label, measurement, unit, which is better, compared with, goal: a limit for the value ("<30") or
# for the ratio (">=2x").
ROWS = [
    ("start to first answer, new data", "start_new", "ms", "low", OPEN, "<30"),
    ("start to first answer, old data", "start_old", "ms", "low", OPEN, "<30"),
    ("idle memory (RSS)", "idle_rss", "MiB", "low", OPEN, "<15"),
    ("peak memory after transfers", "peak_rss", "MiB", "low", OPEN, "<64"),
    ("upload", "upload", "MiB/s", "high", OPEN, ">=2x"),
    ("upload, chunked as docker does", "upload_chunked", "MiB/s", "high", OPEN, ">=2x"),
    ("upload, server CPU", "upload_cpu", "s/GiB", "low", OPEN, ""),
    ("download", "download", "MiB/s", "high", OPEN, ">=1x"),
    ("download, server CPU", "download_cpu", "s/GiB", "low", OPEN, ">=2x"),
    (f"{PARALLEL} parallel uploads of {PARALLEL_MIB} MiB", "parallel", "MiB/s", "high", OPEN,
     ">=1.5x"),
    ("GET /v2/ without credentials (401)", "v2_401", "1/s", "high", HTPASSWD, ">=25x"),
    ("GET /v2/ authorized", "v2", "1/s", "high", OPEN, ">=25x"),
    ("GET /v2/ authorized", "v2", "1/s", "high", HTPASSWD, ">=25x"),
    ("GET /v2/ authorized, server CPU", "v2_cpu", "us", "low", OPEN, ""),
    ("manifest GET", "manifest_get", "1/s", "high", OPEN, ">=15x"),
    ("manifest GET", "manifest_get", "1/s", "high", HTPASSWD, ">=15x"),
    ("manifest GET, server CPU", "manifest_get_cpu", "us", "low", OPEN, ""),
    ("manifest HEAD", "manifest_head", "1/s", "high", OPEN, ""),
    (f"skopeo push, {skopeo_image.LAYERS} layers of 1 MiB", "skopeo", "s", "low", OPEN, ">=1x"),
]


class Results:
    """measurement -> server -> one value a round."""

    def __init__(self):
        self.values = {}

    def add(self, measurement, server, value):
        self.values.setdefault(measurement, {}).setdefault(server, []).append(value)

    def of(self, measurement, server):
        return self.values.get(measurement, {}).get(server, [])


class Bench:
    def __init__(self, options):
        self.options = options
        self.results = Results()
        self.tools = tempfile.mkdtemp(prefix="ecr-bench-", dir=options.dir)
        self.head_load = self.compile_head_load()

    def compile_head_load(self):
        compiler = shutil.which("c++") or shutil.which("g++")
        program = os.path.join(self.tools, "head_load")
        if compiler and subprocess.run([compiler, "-std=c++20", "-O2", "-o", program,
                                        HERE / "head_load.cpp"], check=False).returncode == 0:
            return program
        return None

    def rounds(self, what, servers):
        """Each server in each round; every other round the other way round."""
        for number in range(self.options.rounds):
            print(f"  {what}: round {number + 1} of {self.options.rounds}", file=sys.stderr)
            for server in servers if number % 2 == 0 else reversed(servers):
                yield number, server

    def start_and_idle(self):
        for _, kind in self.rounds("start", [EcrLocal, DockerRegistry]):
            directory = tempfile.mkdtemp(prefix="ecr-bench-", dir=self.options.dir)
            try:
                with kind(self.options, directory) as server:
                    self.results.add("start_new", kind.name, server.start_seconds * 1000)
                    time.sleep(self.options.idle)
                    self.results.add("idle_rss", kind.name, server.memory_mib("VmRSS"))
                with kind(self.options, directory) as server:
                    self.results.add("start_old", kind.name, server.start_seconds * 1000)
            finally:
                shutil.rmtree(directory, ignore_errors=True)

    def transfers(self):
        """A new server and directory each time; nothing of the last one is still to be written."""
        number, blobs = -1, ()
        for this, kind in self.rounds("transfers", [EcrLocal, DockerRegistry]):
            if this != number:
                number = this
                self.limits()
                blobs = (Blob(self.options.blob), Blob(self.options.blob),
                         [Blob(PARALLEL_MIB) for _ in range(PARALLEL)])
            with kind(self.options) as server:
                server.prepare()
                self.transfer(server, *blobs)

    def limits(self):
        """What the machine can do just now; it changes as much as the servers do."""
        add = self.results.add
        add("limit_sha256", "machine", limits.sha256_mib_s())
        add("limit_disk", "machine", limits.disk_mib_s(self.options.dir, self.options.blob))
        add("limit_loopback", "machine", limits.loopback_mib_s())
        add("limit_fsync", "machine", limits.fsync_ms(self.options.dir))

    def transfer(self, server, plain, chunked, many):
        client, name, mib = server.client(), server.name, self.options.blob

        def timed(action):
            os.sync()
            cpu, began = server.cpu_seconds(), time.perf_counter()
            action()
            return time.perf_counter() - began, server.cpu_seconds() - cpu

        def download():
            for _ in range(DOWNLOADS):
                if client.download(REPOSITORY, plain.digest) != plain.size:
                    raise RuntimeError(f"{name}: a download was not whole")

        took, cpu = timed(lambda: client.upload(REPOSITORY, plain))
        self.results.add("upload", name, mib / took)
        self.results.add("upload_cpu", name, cpu / (mib / 1024))
        took, cpu = timed(download)
        self.results.add("download", name, DOWNLOADS * mib / took)
        self.results.add("download_cpu", name, max(cpu, 0.005) / (DOWNLOADS * mib / 1024))
        took, _ = timed(lambda: client.upload(REPOSITORY, chunked, chunked=True))
        self.results.add("upload_chunked", name, mib / took)
        took, _ = timed(
            lambda: upload_parallel(server.port, server.authorization, REPOSITORY, many))
        self.results.add("parallel", name, PARALLEL * PARALLEL_MIB / took)
        self.results.add("peak_rss", name, server.memory_mib("VmHWM"))

    def requests(self):
        with EcrLocal(self.options) as ecr, DockerRegistry(self.options) as plain, \
                DockerRegistryHtpasswd(self.options) as htpasswd:
            everyone = [ecr, plain, htpasswd]
            for server in everyone:
                server.prepare()
                server.client().push_small_image(REPOSITORY, "v1")
            manifest = f"/v2/{REPOSITORY}/manifests/v1"
            for _, server in self.rounds("GET /v2/, 401", [ecr, htpasswd]):
                self.load("v2_401", server, self.wrk(server, "/v2/", authorized=False), 401)
            for _, server in self.rounds("GET /v2/, authorized", everyone):
                self.load("v2", server, self.wrk(server, "/v2/"))
            for _, server in self.rounds("manifest GET", everyone):
                self.load("manifest_get", server, self.wrk(server, manifest))
            if self.head_load:
                for _, server in self.rounds("manifest HEAD", [ecr, plain]):
                    self.load("manifest_head", server, lambda s=server: self.head(s, manifest))
            self.skopeo([ecr, plain])

    def load(self, measurement, server, run, status=200):
        """`run` loads the server and returns (requests, seconds, answers other than 2xx)."""
        cpu = server.cpu_seconds()
        count, seconds, bad = run()
        if count == 0 or bad != (0 if status == 200 else count):
            raise RuntimeError(f"{server.name}, {measurement}: {bad} wrong answers of {count}")
        self.results.add(measurement, server.name, count / seconds)
        self.results.add(measurement + "_cpu", server.name,
                         (server.cpu_seconds() - cpu) / count * 1e6)

    def wrk(self, server, path, authorized=True):
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self.options.seconds}s", "--timeout", "10s",
                   "-H", MANIFEST_ACCEPT]
        if authorized and server.authorization:
            command += ["-H", f"Authorization: {server.authorization}"]
        command.append(f"http://127.0.0.1:{server.port}{path}")

        def run():
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            done = re.search(r"(\d+) requests in ([0-9.]+)(ms|s|m)", text)
            bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
            unit = {"ms": 0.001, "s": 1, "m": 60}[done[3]]
            return int(done[1]), float(done[2]) * unit, int(bad[1]) if bad else 0

        return run

    def head(self, server, path):
        command = [self.head_load, str(server.port), path, str(self.options.seconds),
                   str(CONNECTIONS), MANIFEST_ACCEPT]
        if server.authorization:
            command.append(f"Authorization: {server.authorization}")
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        count, seconds, bad = text.split()
        return int(count), float(seconds), int(bad)

    def skopeo(self, servers):
        if not shutil.which("skopeo"):
            print("  no skopeo: its row is left out", file=sys.stderr)
            return
        number, image = -1, ""
        for this, server in self.rounds("skopeo push", servers):
            if this != number:  # an image that neither has seen
                number = this
                image = os.path.join(self.tools, f"image{number}")
                skopeo_image.make(image)
            os.sync()
            took = skopeo_image.push(image, server, f"round{number}")
            self.results.add("skopeo", server.name, took)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def is_met(goal, value, ratio):
    if goal.startswith("<"):
        return value < float(goal[1:])
    return ratio >= float(goal[2:-1])


def table_rows(results):
    for label, measurement, unit, better, other, goal in ROWS:
        ours, theirs = results.of(measurement, ECR), results.of(measurement, other)
        if not ours or not theirs:
            continue
        sign = 1 if better == "high" else -1
        ratio = (statistics.median(ours) / statistics.median(theirs)) ** sign
        each = [(a / b) ** sign for a, b in zip(ours, theirs)]
        verdict = "" if not goal else "met" if is_met(goal, statistics.median(ours), ratio) else "-"
        yield [label, unit, number(statistics.median(ours)), number(statistics.median(theirs)),
               number(ratio) + "x", f"{number(min(each))}-{number(max(each))}",
               "htpasswd" if other == HTPASSWD else "", goal, verdict]


def print_table(results):
    header = ["metric", "unit", ECR, OPEN, "ratio", "by round", "against", "goal", ""]
    rows = [header, *table_rows(results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    for at, row in enumerate(rows):
        cells = [cell.ljust(width) if i in (0, 1, 6, 8) else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
        if at == 0:
            print("-" * (sum(widths) + 2 * (len(widths) - 1)))


def print_limits(results, options):
    print("\nphysical limits, measured before each round of transfers, and how near ecr-local is")
    for key, label, unit, near in [
            ("sha256", "openssl speed -evp sha256, one thread", "MiB/s", "upload"),
            ("disk", f"write {options.blob} MiB and fsync", "MiB/s", "upload"),
            ("loopback", "loopback TCP without pacing, one connection", "MiB/s", "download"),
            ("fsync", "append 4 KiB and fsync", "ms", "")]:
        values = results.of("limit_" + key, "machine")
        limit = statistics.median(values)
        share = statistics.median(results.of(near, ECR)) / limit if near else 0
        line = (f"  {label:<43} {number(limit):>7} {unit:<5}  by round "
                f"{number(min(values))}-{number(max(values))}")
        print(line + (f", {near} at {share:.0%}" if near else ""))


def version_of(command):
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return text.replace("/usr/bin/docker-registry github.com/docker/distribution", "docker-registry")


def machine_line():
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"),
                      re.M)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text("ascii").strip()
    return (f"{len(os.sched_getaffinity(0))} cores, {model[1] if model else platform.machine()}, "
            f"{memory:.0f} GiB, Linux {platform.release()}, TCP {congestion}, "
            f"load {os.getloadavg()[0]:.2f}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true",
                        help="about a minute: 3 rounds, 128 MiB, 1 s of load (noisy)")
    parser.add_argument("--rounds", type=int, help="default 5")
    parser.add_argument("--blob", type=int, help="MiB; default 512")
    parser.add_argument("--seconds", type=int, help="of load in each measurement; default 3")
    parser.add_argument("--dir", help="where data directories are made; default the temporary one")
    parser.add_argument("--no-access-log", action="store_true",
                        help="turn it off in both; by default both write it to /dev/null")
    parser.add_argument("--only", choices=["start", "transfers", "requests"], action="append",
                        help="leave the rest out; repeatable")
    parser.add_argument("--json", help="file that gets every value")
    parser.add_argument("--ecr-local", default=HERE.parent / "build/release/ecr-local")
    parser.add_argument("--docker-registry", default="/usr/bin/docker-registry")
    options = parser.parse_args()
    for name, quick, full in [("rounds", 3, 5), ("blob", 128, 512), ("seconds", 1, 3)]:
        if getattr(options, name) is None:
            setattr(options, name, quick if options.quick else full)
    options.idle = 0.5 if options.quick else 1.0
    options.dir = options.dir or tempfile.gettempdir()
    options.ecr_local = str(options.ecr_local)
    for program in (options.ecr_local, options.docker_registry, "wrk"):
        if not shutil.which(program):
            parser.error(f"{program} is not there; README.md tells how to get it")
    return options


def main():
    options = parse_options()
    machine = machine_line()
    bench = Bench(options)
    phases = {"start": bench.start_and_idle, "transfers": bench.transfers,
              "requests": bench.requests}
    try:
        for name, phase in phases.items():
            if not options.only or name in options.only:
                phase()
    finally:
        shutil.rmtree(bench.tools, ignore_errors=True)
    versions = [version_of([options.ecr_local, "version"]),
                version_of([options.docker_registry, "--version"])]
    print(f"{machine} at the start, {os.getloadavg()[0]:.2f} at the end")
    print(f"{versions[0]} against {versions[1]}; medians of {options.rounds} rounds, "
          f"blob {options.blob} MiB, {options.seconds} s of load, {CONNECTIONS} connections")
    print("ratio: how many times better ecr-local is; by round: the least and the greatest\n")
    print_table(bench.results)
    if bench.results.of("upload", ECR):
        print_limits(bench.results, options)
    if options.json:
        Path(options.json).write_text(json.dumps(
            {"machine": machine, "versions": versions, "values": bench.results.values}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
