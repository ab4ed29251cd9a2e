"""What the server says of its requests: complete, of one request id, and without a secret.

Secrets are planted wherever a client can put them; then everything that the server wrote or
answers is searched for them.
"""

import base64
import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import unittest

import harness
import registry
import signing
from harness import ACCOUNT

ROOT_KEY = "AKIAROOTROOTROOTROOT"
USER_KEY = "AKIAPLANTEDUSERKEY01"
OWN_ROUTES = ("decisions?trace=true&limit=1000", "events?limit=1000", "jobs", "coverage", "health")


class Planted:
    """Secrets by what they are. What is searched for is their unguessable middle."""

    def __init__(self):
        self.values = {}

    def new(self, name, prefix=""):
        """A secret of ours."""
        self.values[name] = prefix + secrets.token_hex(20)
        return self.values[name]

    def found(self, name, value):
        """A secret that the server made."""
        self.values[name] = value
        return value

    def search(self, text, where):
        """"name in where" for each that stands in the text, as it is or in base64."""
        leaks = []
        for name, value in self.values.items():
            encoded = base64.b64encode(value.encode()).decode().rstrip("=")
            pieces = [value, encoded, base64.b64encode(f"AWS:{value}".encode()).decode()[:-4]]
            # A part of a long token is a leak as well.
            pieces += [value[16:48]] if len(value) >= 64 else []
            if any(piece in text for piece in pieces):
                leaks.append(f"{name} in {where}")
        return leaks


def basic(password, user="AWS"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class SecretsTest(unittest.TestCase):
    log_format = "text"
    # AWS quotes these headers in its answer to whoever sent them; the log does not.
    QUOTED = ("nonsense", "no scheme", "no equals sign")

    @classmethod
    def setUpClass(cls):
        cls.planted = Planted()
        new = cls.planted.new
        cls.root = (ROOT_KEY, new("root secret key"))
        cls.user = (USER_KEY, new("secret key of a seeded user"))
        cls.admin = new("admin token")
        may = ["ecr:Describe*", "sts:AssumeRole"]
        seed = {
            "accounts": {
                ACCOUNT: {
                    "users": [harness.user("jane", *cls.user, harness.allow(may))],
                    "roles": [
                        {
                            "name": "worker",
                            "trustPolicy": harness.policy(
                                {
                                    "Effect": "Allow",
                                    "Principal": {"AWS": ACCOUNT},
                                    "Action": "sts:AssumeRole",
                                }
                            ),
                        }
                    ],
                    "repositories": [{"name": "app"}],
                }
            }
        }
        flags = ("--root-access-key", ROOT_KEY, "--root-secret-key", cls.root[1])
        flags += ("--admin-token", cls.admin, "--access-log", cls.log_format)
        cls.server = harness.Server(*flags, seed=seed)
        cls.addClassCleanup(cls.server.close)
        cls.server.start()
        cls.errors = []  # (what was sent, the answer) of every request that failed

    def send(self, what, method, path, body=None, headers=None):
        """A request that is expected to fail; its answer is kept for the search."""
        status, answered, text = self.server.request(method, path, body, headers)
        self.assertGreaterEqual(status, 400, what)
        if what not in self.QUOTED:
            self.errors.append((what, f"{answered} {text.decode(errors='replace')}"))
        return status

    def raw(self, what, data):
        """Bytes that may not be HTTP at all."""
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.server.port), 10) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                received = b""
                while chunk := connection.recv(65536):
                    received += chunk
                self.errors.append((what, received.decode(errors="replace")))

    def admin_get(self, route):
        headers = {"Authorization": f"Bearer {self.admin}"}
        status, _, body = self.server.request("GET", f"/_ecr-local/{route}", None, headers)
        self.assertEqual(200, status, route)
        return body.decode()

    def plant_in_signatures(self):
        """In the forms of authentication of the APIs, well-formed and not."""
        new = self.planted.new
        headers, body = signing.ecr_request("DescribeRepositories")
        signed = signing.sign(self.server, headers, body, keys=self.user)
        good = signed["Authorization"]
        signature = self.planted.found("signature", good.rsplit("Signature=", 1)[1])
        broken = (
            ("a signature of other bytes", good, body + " "),
            ("no signed headers", good.replace("SignedHeaders=", "Signed="), body),
            ("a doubled part", good + f", Signature={signature}", body),
            ("no equals sign", good.replace("Signature=", ""), body),
            ("no scheme", good.replace("AWS4-HMAC-SHA256", ""), body),
            ("another algorithm", good.replace("AWS4-HMAC-SHA256", "AWS4-X"), body),
            ("basic", basic(new("password of basic authentication")), body),
            ("bearer", "Bearer " + new("bearer token"), body),
            ("nonsense", new("authorization without scheme"), body),
            ("a secret as access key", good.replace(USER_KEY, new("secret as access key")), body),
        )
        for what, authorization, sent in broken:
            self.send(what, "POST", "/", sent, {**signed, "Authorization": authorization})
        token = new("session token that is none", "FwoGZXIvYXdzE")
        keys = ("ASIAPLANTEDSESSION01", new("secret key of no session"), token)
        self.send("session", "POST", "/", body, signing.sign(self.server, headers, body, keys))
        path, sent = signing.presign(self.server, headers, body, keys=self.user)
        found = re.search("X-Amz-Signature=([0-9a-f]+)", path).group(1)
        self.planted.found("signature of a presigned request", found)
        self.send("presigned", "POST", path + "0", body, sent)
        self.send("presigned elsewhere", "GET", "/nowhere" + path[1:])
        self.send("presigned twice", "POST", path + "&" + path[2:], body, sent)
        path, sent = signing.presign(self.server, headers, body, keys=keys)
        self.send("presigned session", "POST", path, body, sent)

    def plant_in_bodies(self):
        """In parameters, right and wrong ones."""
        from botocore.exceptions import ClientError

        new = self.planted.new
        iam = self.server.client("iam", self.root)
        iam.create_user(UserName="joe")
        made = iam.create_access_key(UserName="joe")["AccessKey"]
        self.planted.found("secret key that was made", made["SecretAccessKey"])
        iam.create_login_profile(UserName="joe", Password=new("password of a user", "A1-"))
        sts = self.server.client("sts", self.user)
        role = f"arn:aws:iam::{ACCOUNT}:role/worker"
        taken = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
        self.planted.found("session token", taken["SessionToken"])
        self.planted.found("secret key of a session", taken["SecretAccessKey"])
        keys = (taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
        jwt = ".".join(new(f"web identity token {i}", "eyJ") for i in range(3))

        def calls():
            yield "too long", iam.update_login_profile, {
                "UserName": "joe",
                "Password": new("password that is too long") * 5,
            }
            yield "no password", iam.create_login_profile, {
                "UserName": "joe",
                "Password": new("password of a second profile", "A1-"),
            }
            yield "change", self.server.client("iam", self.user).change_password, {
                "OldPassword": new("old password", "A1-"),
                "NewPassword": new("new password", "A1-"),
            }
            yield "jwt", sts.assume_role_with_web_identity, {
                "RoleArn": role,
                "RoleSessionName": "session",
                "WebIdentityToken": jwt,
            }
            yield "short jwt", sts.assume_role_with_web_identity, {
                "RoleArn": role,
                "RoleSessionName": "session",
                "WebIdentityToken": new("web identity token that is none"),
            }
            yield "saml", sts.assume_role_with_saml, {
                "RoleArn": role,
                "PrincipalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/p",
                "SAMLAssertion": new("assertion"),
            }
            yield "denied", self.server.client("ecr", keys).create_repository, {
                "repositoryName": "x"
            }

        for what, call, parameters in calls():
            with self.assertRaises(ClientError, msg=what) as caught:
                call(**parameters)
            self.errors.append((what, json.dumps(caught.exception.response, default=str)))
        json_type = {"Content-Type": "application/x-amz-json-1.1"}
        target = {**json_type, "X-Amz-Target": f"{signing.ECR_TARGET}.PutImage"}
        bad = '{"secretAccessKey": "' + new("secret in bad JSON")
        self.send("bad JSON", "POST", "/", bad, target)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        secret = new("password in a form without signature")
        self.send("form", "POST", "/", f"Action=ChangePassword&OldPassword={secret}", form)
        secret = new("password in a form with a bad escape")
        self.send("bad form", "POST", "/", f"Action=ChangePassword&OldPassword={secret}%zz", form)

    def plant_in_registry_requests(self):
        new = self.planted.new
        password = self.planted.found("registry password", self.server.password(self.root))
        there = registry.Registry(self.server, password)
        image = registry.make_image(b"layer")
        there.push(image, "app", "1")
        joe = self.planted.found("registry password of a user", self.user_password())
        wrong = (
            ("changed", basic(password[:-4] + "AAAA")),
            ("made up", basic(new("registry password that is none"))),
            ("user", basic(new("password of another user"), "root")),
            ("bearer", "Bearer " + new("bearer token of a registry")),
            ("no base64", "Basic " + new("password without base64") + "!"),
            ("user alone", "Basic " + base64.b64encode(new("user alone").encode()).decode()),
        )
        for what, authorization in wrong:
            headers = {"Authorization": authorization}
            self.send(f"registry {what}", "GET", "/v2/app/manifests/1", None, headers)
        denied = {"Authorization": basic(joe)}
        self.send("registry denied", "PUT", "/v2/app/manifests/2", "{}", denied)
        self.send("in the query", "GET", f"/v2/?password={new('password in a query')}")
        url = self.server.client("ecr", self.root).get_download_url_for_layer(
            repositoryName="app", layerDigest=next(iter(image.blobs))
        )["downloadUrl"]
        found = re.search("signature=([0-9a-f]+)", url).group(1)
        self.planted.found("signature of a layer's URL", found)
        path = url.removeprefix(self.server.url)
        self.send("another layer", "GET", path.replace("/app/", "/other/"))
        self.assertEqual(200, self.server.request("GET", path)[0])

    def user_password(self):
        iam = self.server.client("iam", self.root)
        iam.put_user_policy(
            UserName="joe",
            PolicyName="login",
            PolicyDocument=json.dumps(harness.policy(harness.allow("ecr:GetAuthorizationToken"))),
        )
        key = iam.create_access_key(UserName="joe")["AccessKey"]
        self.planted.found("secret key of joe", key["SecretAccessKey"])
        return self.server.password((key["AccessKeyId"], key["SecretAccessKey"]))

    def plant_in_administration(self):
        new = self.planted.new
        for route in ("decisions", "snapshot", "faults", "nowhere"):
            headers = {"Authorization": "Bearer " + new(f"admin token that is none, {route}")}
            self.send(route, "GET", f"/_ecr-local/{route}", None, headers)
            secret = new(f"admin token in a query, {route}")
            self.send(route, "GET", f"/_ecr-local/{route}?token={secret}")
        good = {"Authorization": f"Bearer {self.admin}"}
        key = {"accessKeyId": USER_KEY, "secretAccessKey": new("secret key in a seed") * 4}
        users = [{"name": "a b", "accessKeys": [key]}]
        for what, key_json in (
            ("seed", json.dumps({"accounts": {ACCOUNT: {"users": users}}})),
            ("bad seed", '{"secretAccessKey": "' + new("secret in a seed that is none")),
            ("seed with a number", json.dumps({"accounts": {new("secret as account"): {}}})[:-1]),
        ):
            self.send(what, "POST", "/_ecr-local/seed", key_json, good)
        bad = json.dumps({new("secret as member"): 1})[:-1]
        self.send("fault", "PUT", "/_ecr-local/faults", bad, good)

    def plant_in_framing(self):
        new = self.planted.new
        host = f"Host: 127.0.0.1:{self.server.port}\r\n"
        lines = (
            f"GET http://AWS:{new('password in a target')}@127.0.0.1/v2/ HTTP/1.1\r\n{host}",
            f"GET /v2/ HTTP/1.1\r\n{host}Authorization {new('header without colon')}\r\n",
            f"GET / HTTP/1.1\r\n{host}Authorization: a\r\nAuthorization: {new('second')}\r\n",
            f"GET /v2/?p={new('query of a bad version')} HTTP/9.9\r\n{host}",
            f"POST / HTTP/1.1\r\n{host}Content-Length: {new('a length that is none')}\r\n",
            f"{new('nonsense')}\r\n{host}",
        )
        for line in lines:
            self.raw("framing", (line + "\r\n").encode())

    def test_no_secret_leaves_the_server(self):
        self.plant_in_signatures()
        self.plant_in_bodies()
        self.plant_in_registry_requests()
        self.plant_in_administration()
        self.plant_in_framing()
        self.assertGreater(len(self.planted.values), 50)
        leaks = []
        for what, answer in self.errors:
            leaks += self.planted.search(answer, f"the answer to: {what}")
        for route in OWN_ROUTES:
            leaks += self.planted.search(self.admin_get(route), route)
        leaks += self.planted.search(
            self.admin_get(f"decisions/policy?principal=arn:aws:iam::{ACCOUNT}:user/jane"), "policy"
        )
        metrics = self.server.request("GET", "/metrics")[2].decode()
        leaks += self.planted.search(metrics, "/metrics")
        self.assertEqual(0, self.server.stop())
        log = self.server.log()
        self.assertGreater(log.count("\n"), 50)
        leaks += self.planted.search(log, "the log: " + self.log_format)
        self.assertEqual([], leaks)


class SecretsInJsonTest(SecretsTest):
    log_format = "json"


class StartTest(unittest.TestCase):
    """What a start that is refused says of its configuration."""

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="ecr-local-start-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.planted = Planted()

    def file(self, text):
        path = os.path.join(self.directory, secrets.token_hex(4))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_it_keeps_secrets_to_itself(self):
        new = self.planted.new
        key = {"accessKeyId": "short", "secretAccessKey": new("secret key of a bad seed")}
        users = {"users": [{"name": "jane", "accessKeys": [key]}]}
        other = ("--root-secret-key", new("root secret key without access key"))
        for flags, environment in (
            (("--events-webhook", f"http://u:{new('password in a URL')}@127.0.0.1/"), {}),
            (("--events-webhook", f"https://h/{new('token in a URL')}"), {}),
            (("--seed", self.file(json.dumps({"accounts": {ACCOUNT: users}}))), {}),
            (("--seed", self.file('{"x": "' + new("secret in a seed that is no JSON"))), {}),
            (("--config", self.file('{"admin-token": "' + new("token in no JSON"))), {}),
            (("--config", self.file(json.dumps({"admin-token": {"a": new("nested token")}}))), {}),
            (("--upstream-secrets", self.file('{"a": "' + new("upstream token in no JSON"))), {}),
            (("--oidc-keys", "https://i.test=" + self.file(new("keys that are none"))), {}),
            (("--tls-listen", "127.0.0.1:0", "--tls-cert", self.file(new("no certificate")))
             + ("--tls-key", self.file(new("private key"))), {}),
            (other, {}),
            (("--iam", "maybe"), {"ECR_LOCAL_ADMIN_TOKEN": new("admin token of the environment")}),
            (("--help",), {"ECR_LOCAL_ROOT_SECRET_KEY": new("secret key of the environment")}),
        ):
            with self.subTest(flags=flags[0]):
                result = harness.run(
                    *(harness.BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0", *flags),
                    env=harness.plain_environment(**environment),
                    timeout=10,
                )
                said = result.stdout + result.stderr
                self.assertNotEqual("", said)
                self.assertEqual([], self.planted.search(said, flags[0]))


class LogTest(unittest.TestCase):
    """One line a request, which says what the client was told."""

    def lines(self, *requests):
        """The JSON lines of these calls, by request id."""
        server = harness.Server("--access-log", "json", "--in-memory")
        self.addCleanup(server.close)
        server.start()
        ids = [request(server) for request in requests]
        self.assertEqual(0, server.stop())
        entries = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        by_id = {entry["requestId"]: entry for entry in entries if "requestId" in entry}
        return [by_id[request_id] for request_id in ids]

    def test_the_id_is_the_one_that_the_client_sees(self):
        def api(server):
            answer = server.client().create_repository(repositoryName="app")
            return answer["ResponseMetadata"]["RequestId"]

        def registry_denial(server):
            there = registry.Registry(server, server.password())
            return there.request("GET", "/v2/none/manifests/1").headers["x-amzn-requestid"]

        made, missing = self.lines(api, registry_denial)
        self.assertEqual(
            ("POST", "/", 200, "ecr:CreateRepository", f"arn:aws:iam::{ACCOUNT}:root"),
            tuple(made[name] for name in ("method", "path", "status", "action", "principal")),
        )
        self.assertGreater(made["microseconds"], 0)
        self.assertGreater(made["bytesOut"], 0)
        self.assertNotIn("error", made)
        self.assertEqual((404, "/v2/none/manifests/1"), (missing["status"], missing["path"]))
        self.assertIn("NAME_UNKNOWN", missing["error"])


class MetricsTest(harness.ServerTest):
    def metrics(self):
        """Every sample by its name and labels."""
        status, headers, body = self.server.request("GET", "/metrics")
        self.assertEqual(200, status)
        self.assertTrue(headers["content-type"].startswith("text/plain; version=0.0.4"))
        samples = {}
        for line in body.decode().splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? [0-9.e+-]+)$")
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                samples[name] = float(value)
        return samples

    def test_everything_that_happened_is_counted(self):
        self.ecr().create_repository(repositoryName="counted")
        there = registry.Registry(self.server, self.server.password())
        layer = secrets.token_bytes(100_000)
        there.push(registry.make_image(layer), "counted", "1")
        there.pull("counted", "1")
        jane = ("AKIAJANEJANEJANEJAN1", "jane-secret")
        joe = ("AKIAJOEJOEJOEJOEJOE1", "joe-secret")
        users = [
            harness.user("jane", *jane),
            harness.user("joe", *joe, harness.allow("*"), harness.deny("ecr:Describe*")),
        ]
        self.server.apply_seed({"accounts": {ACCOUNT: {"users": users}}})
        for refused in (jane, joe):
            self.assert_error("AccessDeniedException", None, self.ecr(refused).describe_repositories)
        self.server.request("POST", "/_ecr-local/gc")
        samples = self.metrics()

        def sample(name, **labels):
            inside = ",".join(f'{label}="{value}"' for label, value in labels.items())
            return samples[f"{name}{{{inside}}}" if inside else name]

        create = {"plane": "api", "operation": "ecr:CreateRepository"}
        self.assertEqual(1, sample("ecr_local_requests_total", **create, status="2xx"))
        duration = "ecr_local_request_duration_seconds"
        self.assertEqual(1, sample(f"{duration}_bucket", **create, le="+Inf"))
        received = sum(
            value for name, value in samples.items() if name.startswith("ecr_local_received_bytes")
        )
        self.assertGreater(received, 100_000)
        self.assertEqual(1, sample("ecr_local_decisions_total", decision="implicitDeny"))
        self.assertEqual(1, sample("ecr_local_decisions_total", decision="explicitDeny"))
        self.assertGreater(sample("ecr_local_decisions_total", decision="allowed"), 5)
        self.assertEqual(1, sample("ecr_local_images"))
        self.assertGreater(sample("ecr_local_blob_bytes"), 100_000)
        self.assertGreaterEqual(sample("ecr_local_jobs", state="pending"), 1)
        self.assertEqual(0, sample("ecr_local_jobs", state="failed"))
        self.assertEqual(0, sample("ecr_local_faults_injected_total", kind="reset"))
        self.assertGreaterEqual(sample("ecr_local_connections"), 1)
        self.assertGreater(sample("ecr_local_connections_total"), 5)

    def test_jobs_that_are_done_are_counted(self):
        flags = ("--gc-interval", "100ms", "--in-memory")
        server = harness.Server(*flags)
        self.addCleanup(server.close)
        server.start()
        line = 'ecr_local_jobs_total{kind="garbage-collection",result="done"}'

        def done():
            return line in server.request("GET", "/metrics")[2].decode()

        harness.wait_until(done, 10, "garbage was collected")


if __name__ == "__main__":
    harness.main()
