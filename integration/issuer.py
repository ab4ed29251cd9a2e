"""An OpenID Connect issuer on this machine: a key, tokens, and an HTTPS server with its documents.

Made of the openssl command and the standard library; everything is in a temporary directory.
"""

import base64
import http.server
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import time

import harness


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """`url` is what tokens have as "iss"; it answers once start() was called."""

    def __init__(self, url=None):
        self.directory = tempfile.mkdtemp(prefix="issuer-")
        self.key = os.path.join(self.directory, "key.pem")
        self.certificate = os.path.join(self.directory, "tls.pem")
        self.keys_file = os.path.join(self.directory, "keys.json")
        self.url = url
        self.keys_url = None  # None: of this server
        self.asked = []
        self.server = None
        self._openssl("genrsa", "-out", self.key, "2048")
        with open(self.keys_file, "w", encoding="utf-8") as file:
            json.dump(self.key_set(), file)

    def _openssl(self, *arguments, stdin=None):
        command = [harness.tool("openssl"), *arguments]
        return subprocess.run(
            command, input=stdin, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ).stdout

    def key_set(self):
        """The JWKS document."""
        text = self._openssl("rsa", "-in", self.key, "-noout", "-modulus").decode()
        modulus = bytes.fromhex(text.strip().split("=", 1)[1])
        key = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256"}
        return {"keys": [{**key, "n": _base64url(modulus), "e": "AQAB"}]}

    def token(self, **claims):
        """A signed token, good for an hour; `claims` replace the usual ones."""
        now = int(time.time())
        usual = {"iss": self.url, "sub": "repo:octo/app:ref:refs/heads/main"}
        usual |= {"aud": "sts.amazonaws.com", "iat": now, "nbf": now - 5, "exp": now + 3600}
        parts = [{"alg": "RS256", "typ": "JWT", "kid": "k1"}, {**usual, **claims}]
        text = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
        signature = self._openssl("dgst", "-sha256", "-sign", self.key, stdin=text.encode())
        return f"{text}.{_base64url(signature)}"

    def token_file(self, name="token", **claims):
        """The path of a file with such a token."""
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.token(**claims))
        return path

    def start(self):
        """Serves the discovery document and the keys over TLS; `certificate` is to be trusted."""
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (the name is http.server's)
                issuer.asked.append(self.path)
                documents = {
                    "/.well-known/openid-configuration": {
                        "issuer": issuer.url,
                        "jwks_uri": issuer.keys_url or f"{issuer.url}/keys",
                    },
                    "/keys": issuer.key_set(),
                }
                body = json.dumps(documents.get(self.path, {})).encode()
                self.send_response(200 if self.path in documents else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        tls_key = os.path.join(self.directory, "tls.key")
        subject = ["-subj", "/CN=issuer", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
        places = ["-keyout", tls_key, "-out", self.certificate]
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *places)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, tls_key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def close(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        shutil.rmtree(self.directory, ignore_errors=True)
