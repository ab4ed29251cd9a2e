"""Requests that a web page of another site has a browser send, names that a stranger's DNS points to
this server, and what proxies pass on: each plane of the running program refuses them.
(test_browser.py shows the first two with a real browser.)
"""

import json
import re

import harness
import registry
import signing
from harness import ACCOUNT, allow

OWN = ("AKIAOWNKEYOWNKEYOWNK", "own-secret")
FOREIGN = (
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


def named(server, host):
    """The server under another name, for signatures."""

    class Named:
        address = f"{host}:{server.port}"
        url = f"http://{host}:{server.port}"

    return Named


class OriginTest(harness.ServerTest):
    seed = {
        "accounts": {
            ACCOUNT: {
                "users": [harness.user("own", *OWN, allow(["ecr:*", "sts:*", "iam:*"]))],
                "repositories": [{"name": "app"}],
            }
        }
    }

    def users(self):
        users = self.server.client("iam").list_users()["Users"]
        return sorted(user["UserName"] for user in users)

    def send(self, method, path, headers, body=None):
        status, found, text = self.server.request(method, path, body, headers)
        return status, found, text.decode()

    def test_a_presigned_url_in_a_page_of_another_site_creates_no_user(self):
        pairs = f"Action=CreateUser&UserName=intruder&Version={signing.IAM_VERSION}"
        path, headers = signing.presign(
            self.server, {}, "", service="iam", method="GET", path="/?" + pairs
        )
        for foreign in FOREIGN:
            status, found, text = self.send("GET", path, {**headers, **foreign})
            self.assertEqual(403, status, text)
            self.assertEqual("text/xml", found["content-type"])
            self.assertIn("<Code>AccessDenied</Code>", text)
        self.assertEqual(["own"], self.users())

    def test_a_browser_that_tells_nothing_runs_no_presigned_url(self):
        pairs = f"Action=CreateUser&UserName=intruder&Version={signing.IAM_VERSION}"
        path, headers = signing.presign(
            named(self.server, "192.0.2.5"), {}, "", service="iam", method="GET", path="/?" + pairs
        )
        status, _, _ = self.send("GET", path, {**headers, "User-Agent": "Mozilla/5.0"})
        self.assertEqual(403, status)
        self.assertEqual(["own"], self.users())

    def test_every_plane_refuses_a_foreign_page_in_its_own_form(self):
        headers, body = signing.ecr_request("CreateRepository", repositoryName="evil")
        signed = signing.sign(self.server, headers, body)
        basic = registry.Registry(self.server, self.server.password()).headers
        for foreign in FOREIGN:
            for method, path, more, sent, member in (
                ("POST", "/", signed, body, "__type"),
                ("GET", "/_ecr-local/health", {}, None, "message"),
                ("POST", "/_ecr-local/reset", {}, None, "message"),
                ("PUT", "/_ecr-local/snapshot", {}, b"x", "message"),
                ("GET", "/_ecr-local/faults", {}, None, "message"),
                ("GET", "/metrics", {}, None, "message"),
                ("GET", "/_localstack/health", {}, None, "message"),
                ("POST", "/v2/app/blobs/uploads/", basic, None, "errors"),
                ("DELETE", "/v2/app/manifests/latest", basic, None, "errors"),
                ("GET", "/v2/", {}, None, "errors"),
            ):
                with self.subTest(path=path, foreign=foreign):
                    status, found, text = self.send(method, path, {**more, **foreign}, sent)
                    self.assertIn(status, (400, 403), text)
                    self.assertIn(member, json.loads(text))
                    self.assertNotIn("access-control-allow-origin", found)
            status, _, _ = self.send("GET", "/v2/", {**basic, **foreign})
            self.assertEqual(200, status)
        names = self.ecr().describe_repositories()["repositories"]
        self.assertEqual(["app"], [each["repositoryName"] for each in names])

    def test_a_refusal_of_head_has_no_body(self):
        data = self.server.raw(
            b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\n"
            b"Connection: close\r\n\r\n"
        )
        self.assertTrue(data.startswith(b"HTTP/1.1 403"), data)
        self.assertTrue(data.endswith(b"\r\n\r\n"), data)

    def test_default_credentials_are_refused_under_a_strangers_name(self):
        for host in ("evil.test", f"{ACCOUNT}.dkr.ecr.{harness.REGION}.evil.test"):
            there = named(self.server, host)
            for keys in (harness.ROOT_KEYS, ("111122223333", "test")):
                headers, body = signing.ecr_request("DescribeRepositories")
                signed = signing.sign(there, headers, body, keys)
                status, _, text = self.send("POST", "/", signed, body)
                self.assertEqual(400, status)
                self.assertEqual("AccessDeniedException", json.loads(text)["__type"])
                self.assertRegex(text, "--(admin|registry)-host")
                for service, request in (
                    ("sts", signing.sts_request("GetCallerIdentity")),
                    ("iam", signing.iam_request("CreateUser", UserName="intruder")),
                ):
                    signed = signing.sign(there, *request, keys, service)
                    status, _, text = self.send("POST", "/", signed, request[1])
                    self.assertEqual(403, status)
                    self.assertIn("<Code>AccessDenied</Code>", text)
                path, headers = signing.presign(
                    there, {}, "", keys, service="sts", method="GET",
                    path=f"/?Action=GetCallerIdentity&Version={signing.STS_VERSION}",
                )
                status, _, text = self.send("GET", path, headers)
                self.assertEqual(403, status, text)
            reply = registry.Registry(self.server, self.server.password(), host=host).request(
                "GET", "/v2/"
            )
            self.assertEqual(403, reply.status)
            self.assertEqual("DENIED", reply.error[0])
            self.assertIn("default credentials", reply.error[1])
        self.assertEqual(["own"], self.users())

    def test_names_of_containers_and_own_keys_work(self):
        for host, keys in (
            ("ecr-local", harness.ROOT_KEYS),
            ("host.docker.internal", harness.ROOT_KEYS),
            ("ecr.ci.svc.cluster.local", harness.ROOT_KEYS),
            (f"{ACCOUNT}.dkr.ecr.{harness.REGION}.amazonaws.com", harness.ROOT_KEYS),
            ("ecr.corp.test", OWN),
        ):
            headers, body = signing.ecr_request("DescribeRepositories")
            signed = signing.sign(named(self.server, host), headers, body, keys)
            status, _, text = self.send("POST", "/", signed, body)
            self.assertEqual(200, status, f"{host}: {text}")

    def test_the_admin_plane_refuses_what_a_proxy_passed_on(self):
        for headers in (
            {"X-Forwarded-For": "203.0.113.9"},
            {"X-Forwarded-For": "127.0.0.1"},
            {"Forwarded": "for=127.0.0.1"},
            {"Via": "1.1 proxy"},
        ):
            for path in ("snapshot", "coverage", "faults"):
                status, _, _ = self.send("GET", f"/_ecr-local/{path}", headers)
                self.assertEqual(403, status, f"{path} {headers}")
        self.assertEqual(200, self.send("GET", "/_ecr-local/coverage", {})[0])

    def test_everything_is_inert_in_a_browser(self):
        image = registry.make_image(b"layer")
        client = registry.Registry(self.server, self.server.password())
        client.push(image, "app", "v1")
        blob = next(iter(image.blobs))
        layer = self.ecr().get_download_url_for_layer(
            repositoryName="app", layerDigest=list(image.blobs)[1]
        )["downloadUrl"]
        for path in (
            "/v2/app/manifests/v1", f"/v2/app/blobs/{blob}", f"/v2/app/referrers/{image.digest}",
            "/v2/app/tags/list", "/_ecr-local/health", "/nothing", "/",
            re.sub("^https?://[^/]*", "", layer),
        ):
            status, found, _ = self.send("GET", path, client.headers)
            self.assertEqual("nosniff", found.get("x-content-type-options"), path)
            policy = found.get("content-security-policy")
            self.assertEqual("sandbox; default-src 'none'", policy, path)
        refused = self.server.raw(b"nonsense\r\n\r\n").lower()
        self.assertIn(b"x-content-type-options: nosniff", refused)


class TrustedProxyTest(harness.ServerTest):
    flags = ("--trusted-proxy", "127.0.0.1")

    def test_the_clients_address_decides(self):
        for address in ("203.0.113.9", "127.0.0.1"):
            headers = {"X-Forwarded-For": address}
            self.assertEqual(403, self.server.request("GET", "/_ecr-local/snapshot", None, headers)[0])
        self.assertEqual(200, self.server.request("GET", "/_ecr-local/coverage")[0])

    def test_one_answer_to_whether_it_is_tls(self):
        """The challenge, links and token endpoints all name the scheme that the client used."""
        headers = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}
        _, found, _ = self.server.request("GET", "/v2/", None, headers)
        self.assertIn('realm="https://', found["www-authenticate"])
        headers, body = signing.ecr_request("GetAuthorizationToken")
        signed = signing.sign(self.server, headers, body)
        signed["X-Forwarded-Proto"] = "https"
        _, _, text = self.server.request("POST", "/", body, signed)
        endpoint = json.loads(text)["authorizationData"][0]["proxyEndpoint"]
        self.assertTrue(endpoint.startswith("https://"), endpoint)


class TokenBehindProxyTest(harness.ServerTest):
    flags = ("--admin-token", "hush")

    def test_the_token_is_enough(self):
        headers = {"Authorization": "Bearer hush", "X-Forwarded-For": "203.0.113.9"}
        self.assertEqual(200, self.server.request("GET", "/_ecr-local/coverage", None, headers)[0])
        del headers["Authorization"]
        self.assertEqual(403, self.server.request("GET", "/_ecr-local/coverage", None, headers)[0])


class FlagsTest(harness.ServerTest):
    flags = (
        *("--admin-host", "admin.corp.test"),
        *("--registry-host", "{account}.dkr.ecr.{region}.corp.test:{port}"),
    )

    def test_flags_allow_names(self):
        for host in ("admin.corp.test", f"{ACCOUNT}.dkr.ecr.eu-west-1.corp.test"):
            headers, body = signing.ecr_request("DescribeRepositories")
            signed = signing.sign(named(self.server, host), headers, body, region="eu-west-1")
            status, _, text = self.server.request("POST", "/", body, signed)
            self.assertEqual(200, status, text)


if __name__ == "__main__":
    harness.main()
