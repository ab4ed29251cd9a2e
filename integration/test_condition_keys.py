"""The request context: what the global condition keys are, for each principal, at both planes."""

import contextlib
import datetime
import http.client
import json
import os
import re
import socket
import ssl
import unittest

import harness
import registry
import signing
from condition_case import ConditionTest, probe, probes
from condition_people import BY_NAME, PEOPLE, seed

FORWARDED = "203.0.113.7"


class PrincipalKeysTest(ConditionTest):
    def context(self, person):
        """With the unique id, which is made when the user or role is."""
        return {"aws:userid": self.identity(person)["UserId"], **person.context}

    def check(self, person):
        found = list(probes(person, self.context(person)))
        self.server.apply_seed(seed([one for _, *pair in found for one in pair]))
        for key, so, not_so in found:
            with self.subTest(key=key):
                self.assert_let_in(person, so["name"])
                self.assert_kept_out(person, not_so["name"])

    def test_identity_is_told_to_everybody(self):
        for person in PEOPLE:
            with self.subTest(person=person.name):
                identity = self.identity(person)
                self.assertEqual(person.arn, identity["Arn"])
                self.assertEqual(person.account, identity["Account"])
                self.assertRegex(identity["UserId"], f"^{person.user_id}$")

    def test_aws_tells_the_identity_of_temporary_credentials(self):
        for person in PEOPLE:
            if len(person.keys) < 3:
                continue
            with self.subTest(person=person.name):
                result = self.server.aws("sts", "get-caller-identity", keys=person.keys)
                self.assertEqual(0, result.returncode, result.stderr)
                identity = json.loads(result.stdout)
                self.assertEqual(person.arn, identity["Arn"])
                self.assertEqual(person.account, identity["Account"])
                self.assertTrue(re.fullmatch(person.user_id, identity["UserId"]), identity)

    def test_unique_id_is_that_of_the_user_behind_the_token(self):
        ids = {name: self.identity(BY_NAME[name])["UserId"] for name in ("user", "token")}
        self.assertEqual(ids["user"], ids["token"])


for _person in PEOPLE:

    def _test(self, person=_person):
        self.check(person)

    setattr(PrincipalKeysTest, f"test_keys_of_{_person.name}", _test)


class TimeKeysTest(ConditionTest):
    """Times are those of the server, in the forms that AWS gives them."""

    @staticmethod
    def around_now(key, epoch=False):
        """A condition that holds outside of ten minutes around now."""
        edges = [datetime.timedelta(minutes=minutes) + signing.now() for minutes in (-10, 10)]
        if epoch:
            texts = [str(int(edge.timestamp())) for edge in edges]
        else:
            texts = [edge.strftime("%Y-%m-%dT%H:%M:%SZ") for edge in edges]
        kind = "Numeric" if epoch else "Date"
        return ({f"{kind}LessThan": {key: texts[0]}}, {f"{kind}GreaterThan": {key: texts[1]}})

    def test_times_are_the_servers(self):
        cases = (
            ("aws:CurrentTime", False, "user"),
            ("aws:EpochTime", True, "user"),
            ("aws:TokenIssueTime", False, "token"),
            ("aws:TokenIssueTime", False, "build"),
            ("aws:TokenIssueTime", False, "federated"),
        )
        for number, (key, epoch, who) in enumerate(cases):
            with self.subTest(key=key, principal=who):
                earlier, later = self.around_now(key, epoch)
                form = "1?????????" if epoch else "20??-??-??T??:??:??Z"
                repositories = [
                    probe(f"time/{number}/earlier", **earlier),
                    probe(f"time/{number}/later", **later),
                    probe(f"time/{number}/form", StringNotLike={key: form}),
                ]
                self.server.apply_seed(seed(repositories))
                for repository in repositories:
                    self.assert_let_in(BY_NAME[who], repository["name"])

    def test_age_of_the_second_factor_is_in_seconds(self):
        key = "aws:MultiFactorAuthAge"
        repositories = [
            probe("age/young", NumericGreaterThan={key: "600"}),
            probe("age/old", NumericLessThan={key: "600"}),
        ]
        self.server.apply_seed(seed(repositories))
        for who in ("token", "plain"):
            with self.subTest(principal=who):
                self.assert_let_in(BY_NAME[who], "age/young")
                self.assert_kept_out(BY_NAME[who], "age/old")


class OrganizationPathsTest(ConditionTest):
    """The ways from the organization through its units; multivalued keys."""

    def test_paths_of_principal_and_resource(self):
        work, root = "o-conditions/*/ou-work/ou-ci/", "o-conditions/*/"
        cases = (
            ("user", "aws:PrincipalOrgPaths", work),
            ("root", "aws:PrincipalOrgPaths", work),
            ("federated", "aws:PrincipalOrgPaths", work),
            ("stranger", "aws:PrincipalOrgPaths", root),
            ("visitor", "aws:PrincipalOrgPaths", root),
            ("user", "aws:ResourceOrgPaths", work),
            ("stranger", "aws:ResourceOrgPaths", work),
            ("loner", "aws:ResourceOrgPaths", work),
        )
        for number, (who, key, pattern) in enumerate(cases):
            with self.subTest(principal=who, key=key):
                names = ("so", "not-so", "single")
                so, not_so, single = (f"paths/{number}/{name}" for name in names)
                units = {"ForAnyValue:StringLike": {key: "*/ou-work/*"}}
                other = units if pattern == root else {"ForAnyValue:StringNotLike": {key: work}}
                repositories = [
                    probe(so, **other),
                    probe(not_so, **{"ForAnyValue:StringLike": {key: pattern}}),
                    # Without a set operator a multivalued key matches nothing.
                    probe(single, StringLike={key: pattern}),
                ]
                self.server.apply_seed(seed(repositories))
                person = BY_NAME[who]
                self.assert_let_in(person, so)
                self.assert_let_in(person, single)
                self.assert_kept_out(person, not_so)

    def test_who_is_in_no_organization_has_no_paths(self):
        loner, key = BY_NAME["loner"], "aws:PrincipalOrgPaths"
        condition = {"ForAnyValue:StringLike": {key: "*"}}
        self.server.apply_seed(
            seed([probe("paths/any", **condition), probe("paths/none", Null={key: "true"})])
        )
        self.assert_let_in(loner, "paths/any")
        self.assert_kept_out(loner, "paths/none")


class RequestKeysTest(ConditionTest):
    seed = seed(
        [
            probe("agent", StringNotEquals={"aws:UserAgent": "probe/1.0"}),
            probe("referer", StringNotEquals={"aws:Referer": "https://example.org/"}),
            probe("local", NotIpAddress={"aws:SourceIp": "127.0.0.0/8"}),
            probe("forwarded", NotIpAddress={"aws:SourceIp": FORWARDED}),
            probe("secure", Bool={"aws:SecureTransport": "false"}),
            probe("plain", Bool={"aws:SecureTransport": "true"}),
        ]
    )

    def test_headers_of_the_request(self):
        jane = BY_NAME["user"]
        self.assert_let_in(jane, "agent", {"User-Agent": "probe/1.0"})
        self.assert_kept_out(jane, "agent", {"User-Agent": "probe/1.1"})
        self.assert_let_in(jane, "referer", {"Referer": "https://example.org/"})
        self.assert_kept_out(jane, "referer")

    def test_nobody_is_believed_who_forwards(self):
        jane = BY_NAME["user"]
        for headers in ({}, {"X-Forwarded-For": FORWARDED, "X-Forwarded-Proto": "https"}):
            with self.subTest(headers=headers):
                for name in ("local", "plain"):
                    self.assert_let_in(jane, name, headers)
                for name in ("forwarded", "secure"):
                    self.assert_kept_out(jane, name, headers)


class TrustedProxyTest(ConditionTest):
    seed = RequestKeysTest.seed
    flags = ("--trusted-proxy", "127.0.0.1")

    def test_a_trusted_proxy_names_the_client(self):
        cases = (
            (FORWARDED, "forwarded", "local"),
            (f"192.0.2.1, {FORWARDED}", "forwarded", "local"),  # what is before, anybody wrote
            (f"{FORWARDED}, 127.0.0.1", "forwarded", "local"),  # a chain of trusted proxies
            (f"{FORWARDED}, 192.0.2.1", None, "forwarded"),
            ("not an address", "local", "forwarded"),
            (None, "local", "forwarded"),
        )
        jane = BY_NAME["user"]
        for value, let_in, kept_out in cases:
            with self.subTest(forwarded=value):
                headers = {"X-Forwarded-For": value} if value else {}
                if let_in:
                    self.assert_let_in(jane, let_in, headers)
                self.assert_kept_out(jane, kept_out, headers)

    def test_a_trusted_proxy_says_whether_there_was_tls(self):
        jane = BY_NAME["user"]
        cases = (("https", "secure", "plain"), ("http", "plain", "secure"))
        for protocol, let_in, kept_out in cases:
            with self.subTest(protocol=protocol):
                headers = {"X-Forwarded-Proto": protocol}
                self.assert_let_in(jane, let_in, headers)
                self.assert_kept_out(jane, kept_out, headers)


class TlsTest(ConditionTest):
    """aws:SecureTransport of a connection with TLS."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(seed=RequestKeysTest.seed)
        cls.addClassCleanup(cls.server.close)
        certificate = [os.path.join(cls.server.directory, name) for name in ("cert", "key")]
        made = harness.run(
            *(harness.tool("openssl"), "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
            *("-out", certificate[0], "-keyout", certificate[1]),
        )
        if made.returncode != 0:
            raise unittest.SkipTest(f"openssl makes no certificate: {made.stderr}")
        with socket.create_server(("127.0.0.1", 0)) as free:
            cls.port = free.getsockname()[1]
        cls.server.flags += ["--tls-listen", f"127.0.0.1:{cls.port}"]
        cls.server.flags += ["--tls-cert", certificate[0], "--tls-key", certificate[1]]
        cls.server.start()

    def request(self, method, path, body, headers):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def test_tls_is_secure_at_both_planes(self):
        jane = BY_NAME["user"]
        authorization = registry.Registry(self.server, self.password(jane)).headers
        for name, api_status, registry_status in (("secure", 200, 200), ("plain", 400, 403)):
            with self.subTest(repository=name):
                call = signing.ecr_request("ListImages", repositoryName=name)
                signed = signing.sign(self.server, *call, jane.keys)
                status, body = self.request("POST", "/", call[1], signed)
                self.assertEqual(api_status, status, body)
                status, body = self.request("GET", f"/v2/{name}/tags/list", None, authorization)
                self.assertEqual(registry_status, status, body)
        self.assert_let_in(jane, "plain")


if __name__ == "__main__":
    harness.main()
