"""A registry client of a hundred lines, for tests that need exact requests and no container tool.

    registry = Registry(server, server.password())
    image = make_image(b"layer one", b"layer two")
    registry.push(image, "app", "v1")
    registry.pull("app", "v1")
"""

import base64
import contextlib
import hashlib
import http.client
import json
from dataclasses import dataclass, field

MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def digest_of(data):
    """sha256:<hex>."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Image:
    """A manifest and the blobs that it names, by digest."""

    manifest: bytes
    media_type: str = MANIFEST_TYPE
    blobs: dict = field(default_factory=dict)

    @property
    def digest(self):
        return digest_of(self.manifest)


def make_image(*layers, config=None):
    """A Docker image of these layers; the registry does not look inside them."""
    config = config or json.dumps({"architecture": "amd64", "os": "linux"}).encode()

    def descriptor(media_type, data):
        return {"mediaType": media_type, "size": len(data), "digest": digest_of(data)}

    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": descriptor(CONFIG_TYPE, config),
        "layers": [descriptor(LAYER_TYPE, layer) for layer in layers],
    }
    blobs = {digest_of(data): data for data in (config, *layers)}
    return Image(json.dumps(manifest).encode(), MANIFEST_TYPE, blobs)


def make_index(*images):
    """An OCI index of images that are already in the repository."""
    entries = [
        {"mediaType": image.media_type, "size": len(image.manifest), "digest": image.digest}
        for image in images
    ]
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX_TYPE, "manifests": entries}
    return Image(json.dumps(index).encode(), OCI_INDEX_TYPE)


@dataclass
class Reply:
    """An HTTP answer; header names are lower-case."""

    status: int
    headers: dict
    body: bytes

    @property
    def error(self):
        """(code, message) of the first error of the body."""
        first = json.loads(self.body)["errors"][0]
        return first["code"], first["message"]


class RegistryError(Exception):
    """An answer that the caller did not expect."""


class Registry:
    """/v2/ of a server, with a password (None: unauthenticated). A connection a request."""

    def __init__(self, server, password=None, host=None):
        self.port = server.port
        self.headers = {"Host": host} if host else {}
        if password is not None:
            pair = base64.b64encode(f"AWS:{password}".encode()).decode()
            self.headers["Authorization"] = f"Basic {pair}"

    def request(self, method, path, body=None, headers=None):
        """`path` is whole: it begins with /v2/."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, found, reply.read())

    def expect(self, status, method, path, body=None, headers=None):
        """The answer, which must have this status."""
        reply = self.request(method, path, body, headers)
        if reply.status != status:
            raise RegistryError(f"{method} {path}: {reply.status} {reply.body[:500]!r}")
        return reply

    def start_upload(self, repository):
        """The path of a new upload."""
        reply = self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/")
        return reply.headers["location"]

    def push_blob(self, repository, data):
        """POST, PATCH, PUT; the digest."""
        digest = digest_of(data)
        location = self.start_upload(repository)
        location = self.expect(202, "PATCH", location, data).headers["location"]
        self.expect(201, "PUT", f"{location}?digest={digest}")
        return digest

    def put_manifest(self, image, repository, reference):
        """The answer of the manifest's PUT, whatever it is."""
        headers = {"Content-Type": image.media_type}
        path = f"/v2/{repository}/manifests/{reference}"
        return self.request("PUT", path, image.manifest, headers)

    def push(self, image, repository, tag=None):
        """Blobs, then the manifest by tag or by digest."""
        for data in image.blobs.values():
            self.push_blob(repository, data)
        reply = self.put_manifest(image, repository, tag or image.digest)
        if reply.status != 201:
            raise RegistryError(f"PUT manifest: {reply.status} {reply.body[:500]!r}")
        return image.digest

    def pull(self, repository, reference):
        """The image with all its blobs, each checked against its digest."""
        headers = {"Accept": f"{MANIFEST_TYPE}, {OCI_MANIFEST_TYPE}, {OCI_INDEX_TYPE}"}
        path = f"/v2/{repository}/manifests/{reference}"
        reply = self.expect(200, "GET", path, headers=headers)
        if reply.headers["docker-content-digest"] != digest_of(reply.body):
            raise RegistryError(f"{path}: the manifest is not what its digest says")
        image = Image(reply.body, reply.headers["content-type"])
        manifest = json.loads(reply.body)
        for entry in [manifest["config"], *manifest["layers"]]:
            image.blobs[entry["digest"]] = self.pull_blob(repository, entry["digest"])
        return image

    def pull_blob(self, repository, digest):
        """The bytes, checked against the digest."""
        data = self.expect(200, "GET", f"/v2/{repository}/blobs/{digest}").body
        if digest_of(data) != digest:
            raise RegistryError(f"blob {digest} has other bytes")
        return data
