"""What a benchmark does over HTTP: blobs up and down, manifests, AWS calls. Standard library only."""
import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import http.client
import json
import os

MIB = 1 << 20
CHUNK = 32 << 10  # what Go's clients (docker, skopeo, ...) put into one HTTP chunk


class Blob:
    """A blob of whole mebibytes that differs from every other one, in the memory of two of them."""

    def __init__(self, mebibytes):
        self.first = os.urandom(MIB)
        self.rest = os.urandom(MIB) if mebibytes > 1 else b""
        self.count = mebibytes
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        self.digest = "sha256:" + digest.hexdigest()
        self.size = mebibytes * MIB

    def blocks(self):
        yield self.first
        for _ in range(self.count - 1):
            yield self.rest

    def chunked(self):
        """The blocks in HTTP's chunked coding; the coding is done before anything is measured."""
        first, rest = chunk_coding(self.first), chunk_coding(self.rest)
        yield first
        for _ in range(self.count - 1):
            yield rest
        yield b"0\r\n\r\n"


def chunk_coding(block):
    parts = []
    for at in range(0, len(block), CHUNK):
        piece = block[at:at + CHUNK]
        parts.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return b"".join(parts)


class Client:
    """One keep-alive connection to one server."""

    def __init__(self, port, authorization=None):
        self.headers = {"Authorization": authorization} if authorization else {}
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def close(self):
        self.http.close()

    def request(self, method, target, body=None, headers=None, expect=200):
        self.http.request(method, target, body=body, headers={**self.headers, **(headers or {})})
        response = self.http.getresponse()
        text = response.read()
        if response.status != expect:
            raise RuntimeError(f"{method} {target}: {response.status} {text[:300]!r}")
        return response, text

    def begin_upload(self, repository):
        response, _ = self.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        return local(response.headers["Location"])

    def patch(self, location, blob, chunked):
        """One PATCH with the whole blob; returns where the upload goes on."""
        blocks = list(blob.chunked() if chunked else blob.blocks())
        self.http.putrequest("PATCH", location)
        for name, value in self.headers.items():
            self.http.putheader(name, value)
        self.http.putheader("Content-Type", "application/octet-stream")
        if chunked:
            self.http.putheader("Transfer-Encoding", "chunked")
        else:
            self.http.putheader("Content-Length", str(blob.size))
        self.http.endheaders()
        for block in blocks:
            self.http.sock.sendall(block)
        response = self.http.getresponse()
        text = response.read()
        if response.status != 202:
            raise RuntimeError(f"PATCH: {response.status} {text[:300]!r}")
        return local(response.headers["Location"])

    def upload(self, repository, blob, chunked=False):
        location = self.patch(self.begin_upload(repository), blob, chunked)
        join = "&" if "?" in location else "?"
        self.request("PUT", f"{location}{join}digest={blob.digest}", body=b"", expect=201)

    def download(self, repository, digest):
        """Reads the blob and drops it; returns its size."""
        self.http.request("GET", f"/v2/{repository}/blobs/{digest}", headers=self.headers)
        response = self.http.getresponse()
        if response.status != 200:
            raise RuntimeError(f"GET blob: {response.status}")
        buffer = bytearray(MIB)
        size = 0
        while got := response.readinto(buffer):
            size += got
        return size

    def push_small_image(self, repository, tag):
        """Config, one layer, manifest: about what a manifest of a small image is."""
        config, layer = Blob(1), Blob(1)
        for blob in (config, layer):
            self.upload(repository, blob)
        manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                       "size": config.size, "digest": config.digest},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": layer.size, "digest": layer.digest}]}, indent=3).encode()
        self.request("PUT", f"/v2/{repository}/manifests/{tag}", body=manifest, expect=201, headers={
            "Content-Type": "application/vnd.docker.distribution.manifest.v2+json"})


def local(location):
    """Path and query of a Location, which may be absolute."""
    return location if location.startswith("/") else "/" + location.split("/", 3)[3]


def upload_parallel(port, authorization, repository, blobs):
    def one(blob):
        client = Client(port, authorization)
        client.upload(repository, blob)
        client.close()

    with concurrent.futures.ThreadPoolExecutor(len(blobs)) as pool:
        list(pool.map(one, blobs))


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def signed_headers(port, operation, body, access_key="test", secret="test", region="us-east-1"):
    """Of one call of the ECR API (AWS General Reference, "Signing AWS API requests")."""
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{region}/ecr/aws4_request"
    headers = {"content-type": "application/x-amz-json-1.1", "host": f"127.0.0.1:{port}",
               "x-amz-date": stamp,
               "x-amz-target": f"AmazonEC2ContainerRegistry_V20150921.{operation}"}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body.encode()).hexdigest()}"
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, to_sign.encode(), "sha256").hexdigest()
    headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, "
                                f"SignedHeaders={names}, Signature={signature}")
    return headers


def aws_call(port, operation, parameters):
    """One signed call of the ECR API; its output."""
    body = json.dumps(parameters)
    client = Client(port)
    _, text = client.request("POST", "/", body=body.encode(),
                             headers=signed_headers(port, operation, body))
    client.close()
    return json.loads(text)
