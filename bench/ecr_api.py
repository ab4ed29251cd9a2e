"""The ECR API: does the time of a page grow with what there is, and how many calls a second?

Fills registries of 10, 1,000 and 100,000 repositories and repositories of as many images, by the
API itself, and times pages of 10 from the middle of each. Where moto_server is on the machine, the
same is done to it in the same run, as far as it goes in a reasonable time.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import tempfile
import time

import cpu_per_request
import http_client
import servers

HERE = pathlib.Path(__file__).resolve().parent
PAGE = 10
CONFIG = b"{}"
OCI = "application/vnd.oci.image."


def find_moto():
    """The program of moto_server: one that pyenv keeps, or on PATH; None where there is none."""
    root = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"))
    kept = sorted(root.glob("versions/*/bin/moto_server"))
    return str(kept[-1]) if kept else shutil.which("moto_server")


class Moto(servers.Server):
    """moto in server mode: another emulator of AWS, in the memory of a Python process."""

    name = "moto_server"
    first_status = 404
    patience = 120  # much Python to load

    def command(self):
        return [find_moto(), "-H", "127.0.0.1", "-p", str(self.port)]

    def prepare(self):
        http_client.aws_call(self.port, "CreateRepository", {"repositoryName": servers.REPOSITORY})


class Api:
    """Signed calls over one connection, as the root user of an account."""

    def __init__(self, server, account="test"):
        self.server = server
        self.account = account
        self.client = http_client.Client(server.port)

    def call(self, operation, parameters):
        body = json.dumps(parameters)
        headers = http_client.signed_headers(self.server.port, operation, body, self.account)
        _, text = self.client.request("POST", "/", body=body.encode(), headers=headers)
        return json.loads(text)

    def close(self):
        self.client.close()


def account_of(total):
    return f"{total:012d}"


def push_config(server, repository):
    """The blob that all images of the benchmark share."""
    api = Api(server)
    token = api.call("GetAuthorizationToken", {})["authorizationData"][0]["authorizationToken"]
    api.close()
    client = http_client.Client(server.port, "Basic " + token)
    digest = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
    client.request("POST", f"/v2/{repository}/blobs/uploads/?digest={digest}", body=CONFIG,
                   expect=201)
    client.close()


def manifest(number):
    digest = "sha256:" + hashlib.sha256(CONFIG).hexdigest()
    config = {"mediaType": OCI + "config.v1+json", "digest": digest, "size": len(CONFIG)}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                       "config": config, "layers": [], "annotations": {"n": str(number)}})


def create_repository(api, number):
    api.call("CreateRepository", {"repositoryName": f"team-{api.account}/app-{number:06d}"})


def put_image(repository):
    def put(api, number):
        api.call("PutImage", {"repositoryName": repository, "imageTag": f"v{number}",
                              "imageManifest": manifest(number)})
    return put


def many(server, account, action, numbers, connections):
    """Calls `action` for each number; calls a second."""
    numbers = list(numbers)

    def some(part):
        api = Api(server, account)
        for number in part:
            action(api, number)
        api.close()

    began = time.perf_counter()
    parts = [numbers[i::connections] for i in range(connections)]
    with concurrent.futures.ThreadPoolExecutor(connections) as pool:
        list(pool.map(some, parts))
    return len(numbers) / (time.perf_counter() - began)


def middle_token(api, operation, parameters, total):
    """nextToken of the middle of the listing; None where it is too short to have one."""
    token = None
    for _ in range(total // 2000):
        more = {"nextToken": token} if token else {}
        answer = api.call(operation, {**parameters, **more, "maxResults": 1000})
        token = answer.get("nextToken")
    return token


class Page:
    """One page from the middle of a listing, and how long it took each time."""

    def __init__(self, server, account, operation, parameters, total):
        self.api = Api(server, account)
        self.operation = operation
        token = middle_token(self.api, operation, parameters, total)
        self.query = {**parameters, **({"nextToken": token} if token else {}), "maxResults": PAGE}
        self.times = []

    def measure(self):
        began = time.perf_counter()
        self.api.call(self.operation, self.query)
        self.times.append((time.perf_counter() - began) * 1e3)

    def millis(self):
        return statistics.median(self.times)


def fill(server, total):
    repository = f"images-{total}"
    many(server, account_of(total), create_repository, range(total), 8)
    Api(server).call("CreateRepository", {"repositoryName": repository})
    if isinstance(server, servers.EcrLocal):
        push_config(server, repository)
    many(server, "test", put_image(repository), range(total), 8)


def measure_pages(server, totals, rounds):
    """By operation: median ms of a page for each total. The totals take turns, so that whatever
    else the machine does meets all of them."""
    rows = {}
    for total in totals:
        fill(server, total)
        images = {"repositoryName": f"images-{total}"}
        for operation, account, parameters in (
                ("DescribeRepositories", account_of(total), {}),
                ("DescribeImages", "test", images), ("ListImages", "test", images)):
            page = Page(server, account, operation, parameters, total)
            rows.setdefault(operation, []).append(page)
    for pages in rows.values():
        for _ in range(rounds):
            for page in pages:
                page.measure()
    return {operation: [page.millis() for page in pages] for operation, pages in rows.items()}


def measure_writes(server, count):
    rows = {}
    for connections in (1, 8):
        base = 10_000_000 * connections
        numbers = range(base, base + count)
        rows[f"CreateRepository, {connections} at once"] = many(
            server, "test", create_repository, numbers, connections)
        rows[f"PutImage, {connections} at once"] = many(
            server, "test", put_image(servers.REPOSITORY), numbers, connections)
    return rows


def measure_reads(server, seconds):
    """Signed DescribeRepositories by wrk, which sends one signature for as long as it is good."""
    rows = {}
    one = account_of(1)
    many(server, one, create_repository, [1], 1)
    for name, account, size in (("one repository", one, 1),
                                ("pages of 100", account_of(1000), 100)):
        body = json.dumps({"maxResults": size})
        headers = http_client.signed_headers(server.port, "DescribeRepositories", body, account)
        del headers["host"]
        _, rate = cpu_per_request.wrk(server.port, seconds, "/", "POST", headers, body)
        rows[f"DescribeRepositories, {name}"] = rate
    return rows


def measure(kind, options, totals):
    with kind(options) as server:
        server.prepare()
        if kind is servers.EcrLocal:
            push_config(server, servers.REPOSITORY)
        pages = measure_pages(server, totals, options.rounds)
        rates = measure_writes(server, options.writes)
        if shutil.which("wrk"):
            rates.update(measure_reads(server, options.seconds))
        return pages, rates


def print_pages(name, totals, pages):
    print(f"\n{name}: ms for a page of {PAGE}, client included")
    print(f"{'':24}" + "".join(f"{total:>10,}" for total in totals) + f"{'last/first':>12}")
    for operation, millis in pages.items():
        print(f"{operation:24}" + "".join(f"{value:10.2f}" for value in millis)
              + f"{millis[-1] / millis[0]:12.2f}")


def print_rates(results):
    print("\ncalls a second")
    print(f"{'':40}" + "".join(f"{name:>14}" for name in results))
    for row in next(iter(results.values())):
        print(f"{row:40}" + "".join(f"{rates[row]:14.0f}" for rates in results.values()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10,000 instead of 100,000")
    parser.add_argument("--rounds", type=int, default=200, help="calls of each page")
    parser.add_argument("--writes", type=int, default=1000, help="of each kind of write")
    parser.add_argument("--seconds", type=int, default=3, help="of wrk")
    parser.add_argument("--dir", default=tempfile.gettempdir())
    parser.add_argument("--ecr-local", default=str(HERE.parent / "build/release/ecr-local"))
    options = parser.parse_args()
    options.no_access_log = False
    totals = [10, 1000, 10_000 if options.quick else 100_000]
    rates = {}
    pages, rates[servers.EcrLocal.name] = measure(servers.EcrLocal, options, totals)
    print_pages(servers.EcrLocal.name, totals, pages)
    if find_moto() is None:
        print("\nmoto_server is neither kept by pyenv nor on PATH (pip install 'moto[server]'): skipped")
    else:
        # Its time grows with what it holds: 100,000 would take hours.
        pages, rates[Moto.name] = measure(Moto, options, totals[:2])
        print_pages(Moto.name, totals[:2], pages)
    if not shutil.which("wrk"):
        print("\nwrk is not there: DescribeRepositories a second skipped")
    print_rates(rates)


if __name__ == "__main__":
    main()
