"""An image of many small layers, and skopeo pushing it."""
import gzip
import hashlib
import json
import os
import subprocess
import time

LAYERS = 100


def make(directory):
    """An OCI layout of LAYERS layers of 1 MiB that nobody has seen before."""
    blobs = os.path.join(directory, "blobs", "sha256")
    os.makedirs(blobs)

    def put(content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as out:
            out.write(content)
        return {"mediaType": media_type, "size": len(content), "digest": "sha256:" + digest}

    layers, diffs = [], []
    for _ in range(LAYERS):
        raw = os.urandom(1 << 20)
        diffs.append("sha256:" + hashlib.sha256(raw).hexdigest())
        # Stored, not deflated: skopeo compresses what is no gzip stream, and would be measured.
        layers.append(put(gzip.compress(raw, 0, mtime=0),
                          "application/vnd.oci.image.layer.v1.tar+gzip"))
    config = put(json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                             "rootfs": {"type": "layers", "diff_ids": diffs}}).encode(),
                 "application/vnd.oci.image.config.v1+json")
    manifest = put(json.dumps({"schemaVersion": 2,
                               "mediaType": "application/vnd.oci.image.manifest.v1+json",
                               "config": config, "layers": layers}).encode(),
                   "application/vnd.oci.image.manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": "bench"}
    with open(os.path.join(directory, "index.json"), "w", encoding="ascii") as out:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, out)
    with open(os.path.join(directory, "oci-layout"), "w", encoding="ascii") as out:
        json.dump({"imageLayoutVersion": "1.0.0"}, out)


def push(directory, server, tag):
    """Seconds that `skopeo copy` takes."""
    command = ["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]
    if server.authorization:
        command += ["--dest-creds", server.credentials()]
    else:
        command += ["--dest-no-creds"]
    command += [f"oci:{directory}:bench", f"docker://127.0.0.1:{server.port}/app:{tag}"]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"skopeo to {server.name}: {done.stderr[-500:]}")
    return time.perf_counter() - began
