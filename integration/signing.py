"""Requests signed by hand with botocore's signer, and a proxy that changes them on their way."""

import contextlib
import datetime
import json
import socket
import threading

import harness

ECR_TARGET = "AmazonEC2ContainerRegistry_V20150921"
STS_VERSION = "2011-06-15"
IAM_VERSION = "2010-05-08"
ORGANIZATIONS_TARGET = "AWSOrganizationsV20161128"


def now(shift=0):
    """The time, `shift` seconds from now."""
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=shift)


def ecr_request(operation, **parameters):
    """(headers, body) of an ECR call, unsigned."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{ECR_TARGET}.{operation}",
    }
    return headers, json.dumps(parameters)


def _query_request(operation, version, parameters):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    pairs = {"Action": operation, "Version": version, **parameters}
    return headers, "&".join(f"{name}={value}" for name, value in pairs.items())


def sts_request(operation, **parameters):
    """(headers, body) of an STS call, unsigned."""
    return _query_request(operation, STS_VERSION, parameters)


def iam_request(operation, **parameters):
    """(headers, body) of an IAM call, unsigned."""
    return _query_request(operation, IAM_VERSION, parameters)


def organizations_request(operation, **parameters):
    """(headers, body) of a call of Organizations, unsigned."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{ORGANIZATIONS_TARGET}.{operation}",
    }
    return headers, json.dumps(parameters)


def _request(server, headers, body, method, path, at):
    from botocore.awsrequest import AWSRequest

    headers = {"Host": server.address, **headers}
    request = AWSRequest(method=method, url=server.url + path, headers=headers, data=body)
    request.context["timestamp"] = (at or now()).strftime("%Y%m%dT%H%M%SZ")
    return request


def _inject(signer, request):
    string = signer.string_to_sign(request, signer.canonical_request(request))
    signer._inject_signature_to_request(request, signer.signature(string, request))


def sign(
    server, headers, body, keys=harness.ROOT_KEYS, service="ecr", region=harness.REGION, at=None
):
    """The headers of a POST / with a signature made at the time `at`."""
    harness.import_botocore()
    from botocore.auth import SigV4Auth
    from botocore.credentials import Credentials

    request = _request(server, headers, body, "POST", "/", at)
    signer = SigV4Auth(Credentials(*keys), service, region)
    signer._modify_request_before_signing(request)
    _inject(signer, request)
    return dict(request.headers.items())


def presign(server, headers, body, keys=harness.ROOT_KEYS, service="ecr", method="POST", path="/"):
    """(path with a signature in its query, headers)."""
    harness.import_botocore()
    from botocore.auth import SigV4QueryAuth
    from botocore.credentials import Credentials

    request = _request(server, headers, "", method, path, None)
    signer = SigV4QueryAuth(Credentials(*keys), service, harness.REGION, 60)
    signer._modify_request_before_signing(request)
    request.data = body
    _inject(signer, request)
    return request.url.removeprefix(server.url), dict(request.headers.items())


class Proxy:
    """Passes connections on to `port`, with `old` replaced by `new` (as long) in requests."""

    def __init__(self, port, old, new):
        assert len(old) == len(new)
        self.target, self.old, self.new = port, old, new
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                for source, sink, change in ((client, server, True), (server, client, False)):
                    arguments = (source, sink, change)
                    threading.Thread(target=self._copy, args=arguments, daemon=True).start()

    def _copy(self, source, sink, change):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                sink.sendall(data.replace(self.old, self.new) if change else data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
