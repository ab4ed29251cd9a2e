"""No operation and no registry route is open to whoever cannot prove who they are.

Generated from the API models and from the registry's methods and routes, so that nothing added
later can be forgotten.
"""

import base64
import json
import os
import secrets

import harness
import registry
import signing

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REJECTED_BY_SIGNATURE = {
    "InvalidSignatureException": 400,
    "IncompleteSignatureException": 400,
    "MissingAuthenticationTokenException": 400,
    "SignatureDoesNotMatch": 403,
    "IncompleteSignature": 400,
    "MissingAuthenticationToken": 403,
}
# What an operation answers that the server does not have, whoever asks.
NOT_THERE = {"UnknownOperationException": 400, "InvalidAction": 400}

# Who calls these shows a token of his identity provider, no signature: without one they are refused
# as incomplete. test_sts_sdk.py has the tokens.
BY_TOKEN = {"AssumeRoleWithWebIdentity": {"ValidationError": 400}}


def operations(service):
    """The names of the API model's operations."""
    with open(os.path.join(harness.ROOT, "schemas", f"{service}.json"), encoding="utf-8") as file:
        return sorted(json.load(file)["operations"])


def with_random_signature(headers):
    """The same headers, the signature replaced by 64 random hexadecimal digits."""
    front = headers["Authorization"].rsplit("Signature=", 1)[0]
    return {**headers, "Authorization": front + "Signature=" + secrets.token_hex(32)}


def with_random_query(path):
    """The same presigned path with another signature."""
    return path.rsplit("X-Amz-Signature=", 1)[0] + "X-Amz-Signature=" + secrets.token_hex(32)


class EveryOperationTest(harness.ServerTest):
    seed = {
        "accounts": {
            harness.ACCOUNT: {
                "users": [harness.user("jane", KEY, SECRET, harness.allow("*"))],
                "repositories": [{"name": "app"}],
            }
        }
    }

    def attempts(self, service, headers, body, keys):
        """(what it is, path, headers) of requests that prove nothing."""
        signed = signing.sign(self.server, headers, body, keys, service)
        path, query_signed = signing.presign(self.server, headers, body, keys, service)
        forged = with_random_signature(signed)
        empty = forged["Authorization"].rsplit("Signature=", 1)[0] + "Signature="
        return (
            ("no signature", "/", headers),
            ("random signature", "/", forged),
            ("empty signature", "/", {**signed, "Authorization": empty}),
            ("random signature in the query", with_random_query(path), query_signed),
            ("right signatures in header and query", path, signed),
            ("forged header, right query", path, forged),
            ("right header, forged query", with_random_query(path), signed),
            ("Basic credentials", "/", {**headers, "Authorization": "Basic QVdTOng="}),
        )

    def error_of(self, service, body):
        if service in ("ecr", "organizations"):
            return json.loads(body).get("__type")
        return body.decode().split("<Code>")[1].split("</Code>")[0]

    def assert_all_rejected(self, service, make_request):
        done = self.server.coverage()[service]["operations"]
        names = operations(service)
        self.assertEqual(names, sorted(done))
        for name in names:
            expected = BY_TOKEN.get(name, REJECTED_BY_SIGNATURE) if done[name] else NOT_THERE
            for keys in (harness.ROOT_KEYS, (KEY, SECRET)):
                headers, body = make_request(name)
                for what, path, sent in self.attempts(service, headers, body, keys):
                    with self.subTest(operation=name, attempt=what, key=keys[0]):
                        status, _, answer = self.server.request("POST", path, body, sent)
                        code = self.error_of(service, answer)
                        self.assertIn(code, expected)
                        self.assertEqual(expected[code], status)

    def test_no_ecr_operation_runs_without_a_right_signature(self):
        self.assert_all_rejected(
            "ecr", lambda name: signing.ecr_request(name, repositoryName="app", registryId="1" * 12)
        )

    def test_no_sts_operation_runs_without_a_right_signature(self):
        self.assert_all_rejected("sts", signing.sts_request)

    def test_no_iam_operation_runs_without_a_right_signature(self):
        self.assert_all_rejected(
            "iam", lambda name: signing.iam_request(name, UserName="jane", RoleName="ci")
        )

    def test_no_organizations_operation_runs_without_a_right_signature(self):
        self.assert_all_rejected("organizations", signing.organizations_request)

    def test_nothing_was_changed_by_what_was_refused(self):
        headers, body = signing.ecr_request("DeleteRepository", repositoryName="app")
        for _, path, sent in self.attempts("ecr", headers, body, harness.ROOT_KEYS):
            self.server.request("POST", path, body, sent)
        found = self.ecr().describe_repositories()["repositories"]
        self.assertEqual(["app"], [repository["repositoryName"] for repository in found])


class EveryRegistryRouteTest(harness.ServerTest):
    seed = {
        "accounts": {
            harness.ACCOUNT: {
                "users": [harness.user("jane", KEY, SECRET, harness.allow("*"))],
                "repositories": [{"name": "app"}],
            }
        }
    }
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = registry.Registry(cls.server, cls.server.password())
        cls.image = registry.make_image(b"a layer")
        cls.registry.push(cls.image, "app", "v1")
        blob = next(iter(cls.image.blobs))
        cls.routes = (
            "/v2/",
            "/v2",
            "/v2/_catalog",
            "/v2/app/tags/list",
            "/v2/app/manifests/v1",
            f"/v2/app/manifests/{cls.image.digest}",
            f"/v2/app/blobs/{blob}",
            "/v2/app/blobs/uploads/",
            cls.registry.start_upload("app"),
            f"/v2/app/referrers/{cls.image.digest}",
        )

    def authorizations(self):
        """(what it is, value) of Authorization headers that prove nothing."""
        password = self.server.password()

        def basic(pair):
            return "Basic " + base64.b64encode(pair.encode()).decode()

        changed = password[:20] + ("A" if password[20] != "A" else "B") + password[21:]
        headers, body = signing.sts_request("GetCallerIdentity")
        signed = signing.sign(self.server, headers, body)
        return (
            ("nothing", None),
            ("an empty header", ""),
            ("another user name", basic(f"test:{password}")),
            ("no user name", basic(f":{password}")),
            ("an empty password", basic("AWS:")),
            ("access keys", basic("AWS:test")),
            ("a changed token", basic(f"AWS:{changed}")),
            ("a cut token", basic(f"AWS:{password[:-1]}")),
            ("a doubled token", basic(f"AWS:{password}{password}")),
            ("not base64", "Basic ***"),
            ("a bearer token", f"Bearer {password}"),
            ("a signature", signed["Authorization"]),
        )

    def test_no_route_answers_without_a_right_token(self):
        stranger = registry.Registry(self.server)
        for what, value in self.authorizations():
            for route in self.routes:
                for method in self.methods:
                    with self.subTest(method=method, route=route, authorization=what):
                        headers = {} if value is None else {"Authorization": value}
                        reply = stranger.request(method, route, headers=headers)
                        self.assertEqual(401, reply.status)
                        self.assertEqual(
                            f'Basic realm="{self.server.url}/",service="ecr.amazonaws.com"',
                            reply.headers["www-authenticate"],
                        )
                        self.assertEqual(
                            b"" if method == "HEAD" else b"Not Authorized\n", reply.body
                        )

    def test_nothing_was_changed_by_what_was_refused(self):
        self.assertEqual(self.image.digest, self.registry.pull("app", "v1").digest)

    def test_registry_token_opens_no_other_door(self):
        headers = {**self.registry.headers, **signing.ecr_request("ListImages")[0]}
        status, _, _ = self.server.request("POST", "/", '{"repositoryName":"app"}', headers)
        self.assertEqual(400, status)


if __name__ == "__main__":
    harness.main()
