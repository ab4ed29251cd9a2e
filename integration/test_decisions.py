"""Every decision explained: the list, the live stream, the policy for what was done, `explain`."""

import base64
import contextlib
import datetime
import http.client
import json
import subprocess
import threading
import time
import unittest

import harness
import registry
from harness import ACCOUNT, allow
from team import DENIED, NOBODY, OTHER, PULLER, SEED, STRANGER, arn, sentence

PULLER_ARN = f"arn:aws:iam::{ACCOUNT}:user/puller"


class DecisionsTest(harness.ServerTest):
    seed = SEED

    def decisions(self, **query):
        return self.get("decisions", **query)["decisions"]

    def get(self, path, expected=200, **query):
        from urllib.parse import urlencode

        target = f"/_ecr-local/{path}?{urlencode(query)}"
        status, _, body = self.server.request("GET", target)
        self.assertEqual(expected, status, body)
        return json.loads(body)

    def explain(self, *arguments, **environment):
        env = harness.plain_environment(**environment)
        url = [] if "ECR_LOCAL_URL" in environment else ["--url", self.server.url]
        return harness.run(harness.BINARY, "explain", *arguments, *url, env=env)

    def start_push(self, keys, repository="team-a/app"):
        """What docker sends first for a push: the status and the request id of the answer."""
        basic = base64.b64encode(f"AWS:{self.server.password(keys)}".encode()).decode()
        path = f"/v2/{repository}/blobs/uploads/"
        headers = {"Authorization": f"Basic {basic}", "Content-Length": "0"}
        status, headers, _ = self.server.request("POST", path, b"", headers)
        return status, headers["x-amzn-requestid"]

    def apply(self, name, statement):
        """Gives a seeded user of the default account one more statement."""
        seed = json.loads(json.dumps(SEED))
        users = seed["accounts"][ACCOUNT]["users"]
        user = next(user for user in users if user["name"] == name)
        user["policies"]["suggested"] = harness.policy(statement)
        self.addCleanup(self.server.apply_seed, SEED)
        self.server.apply_seed(seed)

    def test_the_tag_that_a_policy_asks_for_is_an_alternative(self):
        team = "${aws:PrincipalTag/team}"
        condition = {"StringEquals": {"aws:ResourceTag/team": team}}
        keys = ("AKIATAGGED0000000001", "tagged-secret")
        user = {
            "name": "tagged",
            "tags": {"team": "web"},
            "accessKeys": [{"accessKeyId": keys[0], "secretAccessKey": keys[1]}],
            "policies": {
                "own": harness.policy(
                    allow("ecr:GetAuthorizationToken"), allow("ecr:*", Condition=condition)
                )
            },
        }
        account = {"users": [user], "repositories": [{"name": "untagged"}]}
        self.server.apply_seed({"accounts": {ACCOUNT: account}})
        status, request_id = self.start_push(keys, "untagged")
        self.assertEqual(403, status)
        (decision,) = self.decisions(requestId=request_id, trace="true")
        (tag,) = decision["alternatives"]
        self.assertEqual([tag], decision["work"]["alternatives"])
        command = f"aws ecr tag-resource --resource-arn {arn('untagged')} --tags Key=team,Value=web"
        self.assertEqual(command, tag["command"])
        printed = self.explain(request_id).stdout
        self.assertIn(f"├─ {command}", printed)
        self.assertIn("└─ careful: this changes what every caller may do", printed)
        tags = [{"Key": key, "Value": value} for key, value in tag["tags"].items()]
        self.server.client("ecr").tag_resource(resourceArn=arn("untagged"), tags=tags)
        self.assertEqual(202, self.start_push(keys, "untagged")[0])

    def test_refused_push_is_explained_and_the_advice_lets_it_pass(self):
        status, request_id = self.start_push(PULLER)
        self.assertEqual(403, status)
        action, resource = "ecr:InitiateLayerUpload", arn("team-a/app")
        (decision,) = self.decisions(requestId=request_id)
        self.assertEqual("registry", decision["via"])
        self.assertEqual(sentence("puller", action, resource), decision["message"])
        (step,) = decision["suggestion"]
        self.assertEqual(("add", "identity"), (step["change"], step["policyType"]))
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        self.assertEqual(statement, step["statement"])

        result = self.explain(request_id)
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        for line in (
            f"✗ {action} on {resource}",
            f"├─ principal: {PULLER_ARN}",
            "├─ verdict: ImplicitlyDenied (identity)",
            "├─ to allow the whole docker push",
            f"├─ message: {decision['message']}",
            '– Allow (statement 0) does not apply: Action "ecr:GetAuthorizationToken" does not '
            f"match {action}",
            "├─ deciding statement: none, as no identity-based policy allows it",
            f"└─ add this policy to {PULLER_ARN} (aws iam put-user-policy)",
            json.dumps(harness.policy(statement), separators=(",", ":")),
        ):
            self.assertIn(line, result.stdout)

        lines = result.stdout.splitlines()
        self.assertLess(lines.index("├─ to allow the whole docker push"), 5)
        self.assertIn(f"├─ to allow {action} alone", lines)
        self.assertEqual("└─ context", next(line for line in lines if line.endswith("─ context")))

        self.apply("puller", step["statement"])
        self.assertEqual(202, self.start_push(PULLER)[0])

    def test_later_requests_are_named(self):
        """The latest denial may be older than the failure that somebody asks about."""
        self.start_push(PULLER)
        self.assertNotIn("since then", self.explain().stdout)
        (step,) = self.decisions(limit=1, decision="Denied")[0]["suggestion"]
        self.apply("puller", step["statement"])
        self.start_push(PULLER)
        said = self.explain().stdout
        self.assertIn("less than a minute ago", said)
        self.assertIn("├─ since then: 2 requests of this principal; the last one, ecr:Init", said)
        self.assertRegex(said, r"the last one, \S+ at \S+, was allowed\n")
        with self.assertRaises(Exception):
            self.ecr().list_images(repositoryName="nothing")
        said = self.explain("--json").stdout
        newest = json.loads(said)["since"][1]
        self.assertTrue(newest.startswith("the newest request is of arn:aws:iam::"), newest)
        self.assertIn("was allowed, but failed with RepositoryNotFoundException: The repo", newest)

    def test_one_fix_is_enough_for_a_push(self):
        status, request_id = self.start_push(PULLER)
        self.assertEqual(403, status)
        (decision,) = self.decisions(requestId=request_id, trace="true")
        work = decision["work"]
        self.assertEqual("push", work["name"])
        (step,) = work["suggestion"]
        self.apply("puller", step["statement"])
        image = registry.make_image(b"a layer of the puller's")
        client = registry.Registry(self.server, self.server.password(PULLER))
        for data in image.blobs.values():
            path = f"/v2/team-a/app/blobs/uploads/?digest={registry.digest_of(data)}"
            client.expect(201, "POST", path, data)
        self.assertEqual(201, client.put_manifest(image, "team-a/app", "new").status)

    def test_denying_statement_is_named(self):
        call = self.ecr(DENIED).delete_repository
        response = self.assert_error(
            "AccessDeniedException", None, call, repositoryName="team-a/app", force=True
        )
        request_id = response["ResponseMetadata"]["RequestId"]
        result = self.explain(ECR_LOCAL_URL=self.server.url)  # the last denial
        self.assertIn(request_id, result.stdout)
        self.assertIn("✗ Deny (statement 1) applies", result.stdout)
        self.assertIn("replace statement 1 of ", result.stdout)

    def test_statements_name_users_by_their_arns(self):
        """The repository's policy is stored with unique ids, which nobody knows."""
        statement = {"Effect": "Deny", "Principal": {"AWS": PULLER_ARN}, "Action": "ecr:ListImages"}
        name = {"repositoryName": "team-b/app"}
        self.ecr().set_repository_policy(policyText=json.dumps(harness.policy(statement)), **name)
        self.addCleanup(self.ecr().delete_repository_policy, **name)
        with self.assertRaises(Exception):
            self.ecr(PULLER).list_images(**name)
        (decision,) = self.decisions(principal=PULLER_ARN, limit=1, trace="true")
        step = next(one for one in decision["suggestion"] if one["change"] == "removeOrNarrow")
        denying = [entry["document"] for entry in decision["trace"] if entry["effect"] == "Deny"]
        for found in (decision["statement"]["document"], step["statement"], denying[0]):
            self.assertEqual(statement, found)
        self.assertNotIn("AIDA", json.dumps([decision["statement"], step, denying]))

    def test_allowed_request_is_explained_as_well(self):
        reply = self.ecr(PULLER).get_authorization_token()
        result = self.explain(reply["ResponseMetadata"]["RequestId"])
        self.assertTrue(result.stdout.startswith("✓ ecr:GetAuthorizationToken on *"))
        self.assertIn("deciding statement: 0 of ", result.stdout)
        self.assertNotIn("to allow it", result.stdout)

    def test_cross_account_call_needs_the_repository_policy(self):
        call = self.ecr(STRANGER).list_images
        with self.assertRaises(Exception):
            call(registryId=ACCOUNT, repositoryName="team-b/app")
        (decision,) = self.decisions(principal=f"arn:aws:iam::{OTHER}:user/stranger", limit=1)
        (step,) = decision["suggestion"]
        self.assertEqual("resource", step["policyType"])
        self.assertEqual(f"the repository policy of team-b/app in account {ACCOUNT}", step["where"])
        document = {"Version": "2012-10-17", "Statement": [step["statement"]]}
        name = {"repositoryName": "team-b/app"}
        self.ecr().set_repository_policy(policyText=json.dumps(document), **name)
        self.addCleanup(self.ecr().delete_repository_policy, **name)
        call(registryId=ACCOUNT, **name)

    def test_unknown_request_and_missing_server(self):
        result = self.explain("no-such-request")
        self.assertEqual(1, result.returncode)
        self.assertIn("no decision of request no-such-request is recorded", result.stderr)
        result = harness.run(harness.BINARY, "explain", "x", "--url", "http://127.0.0.1:1")
        self.assertEqual(3, result.returncode)
        self.assertIn("nothing answers on http://127.0.0.1:1", result.stderr)
        self.assertIn("use --url or ECR_LOCAL_URL", result.stderr)

    def test_role_that_does_not_exist(self):
        call = self.server.client("sts", PULLER).assume_role
        role = f"arn:aws:iam::{ACCOUNT}:role/nope"
        with self.assertRaises(Exception):
            call(RoleArn=role, RoleSessionName="session")
        result = self.explain("--principal", "puller")
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn(f"✗ sts:AssumeRole on {role}", result.stdout)
        self.assertIn(f"note: no such role: account {ACCOUNT} has no role nope", result.stdout)
        self.assertNotIn("to allow it", result.stdout)

    def test_repository_of_another_account(self):
        status, request_id = self.start_push(STRANGER)  # at the registry of its own account
        self.assertEqual(404, status)
        result = self.explain(request_id)
        self.assertIn(f"note: there is no repository team-a/app in account {OTHER}", result.stdout)
        host = f"{ACCOUNT}.dkr.ecr.us-east-1.localhost:{self.server.port}"
        self.assertIn(
            f"team-a/app exists in account {ACCOUNT}, region us-east-1: use {host}/team-a/app",
            result.stdout,
        )

    def test_failed_authentication_is_explained(self):
        response = self.assert_error(
            "UnrecognizedClientException",
            None,
            self.ecr(("AKIAUNKNOWNUNKNOWN00", "x")).describe_repositories,
        )
        result = self.explain(response["ResponseMetadata"]["RequestId"])
        self.assertEqual((0, ""), (result.returncode, result.stderr))
        self.assertTrue(result.stdout.startswith("✗ POST /: the caller is not known"))
        self.assertIn("why: There is no access key AKIAUNKNOWNUNKNOWN00 here", result.stdout)
        self.assertEqual(result.stdout, self.explain().stdout)  # it is the last one, too

    def test_last_denials_of_one_principal_as_json(self):
        _, first = self.start_push(PULLER)
        _, second = self.start_push(PULLER, "team-b/app")
        with self.assertRaises(Exception):
            self.ecr(NOBODY).describe_repositories()
        for principal in ("puller", PULLER_ARN):
            result = self.explain("--principal", principal, "--last", "2", "--json")
            found = [json.loads(line)["requestId"] for line in result.stdout.splitlines()]
            self.assertEqual([first, second], found)
        result = self.explain("--principal", "who")
        self.assertEqual(1, result.returncode)
        self.assertIn("no denial of who is recorded", result.stderr)

    def test_denials_are_followed(self):
        command = [harness.BINARY, "explain", "--follow", "--json", "--last", "1"]
        self.start_push(PULLER)
        process = subprocess.Popen(
            [*command, "--url", self.server.url],
            stdout=subprocess.PIPE,
            text=True,
            env=harness.plain_environment(),
        )
        with process:
            try:
                process.stdout.readline()  # the last one so far: it follows now
                _, denied = self.start_push(PULLER)
                self.assertEqual(denied, json.loads(process.stdout.readline())["requestId"])
                response = self.assert_error(
                    "InvalidSignatureException",
                    None,
                    self.ecr((PULLER[0], "wrong")).describe_repositories,
                )
                failure = json.loads(process.stdout.readline())
                self.assertEqual(response["ResponseMetadata"]["RequestId"], failure["requestId"])
                self.assertIn("was not signed with its secret", failure["why"])
            finally:
                process.kill()

    def test_pages_and_filters(self):
        with self.assertRaises(Exception):
            self.ecr(NOBODY).get_authorization_token()
        for _ in range(3):
            self.ecr(PULLER).get_authorization_token()
        query = {"principal": PULLER_ARN, "action": "ecr:getauth*", "decision": "Allowed"}
        first = self.get("decisions", limit=2, **query)
        self.assertEqual(2, len(first["decisions"]))
        second = self.get("decisions", limit=2, nextToken=first["nextToken"], **query)
        self.assertLess(
            second["decisions"][0]["sequence"], first["decisions"][-1]["sequence"], second
        )
        message = self.get("decisions", expected=400, limit=0)["message"]
        self.assertTrue(message.startswith("limit: "), message)

    def test_live_stream_receives_what_happens(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", "/_ecr-local/decisions?follow=true&decision=Denied")
            stream = connection.getresponse()
            self.assertEqual("text/event-stream", stream.getheader("Content-Type"))
            done = {}
            push = threading.Thread(target=lambda: done.update(id=self.start_push(PULLER)[1]))
            push.start()
            event = {}
            while "data" not in event:
                line = stream.readline().decode().rstrip("\n")
                if line and not line.startswith(":"):
                    name, value = line.split(": ", 1)
                    event[name] = value
            push.join()
        decision = json.loads(event["data"])
        self.assertEqual(done["id"], decision["requestId"])
        self.assertEqual(str(decision["sequence"]), event["id"])

    def test_policy_for_what_was_done_is_enough(self):
        # What other tests of this class did before counts for others.
        time.sleep(0.002)
        since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self.assertEqual(403, self.start_push(PULLER)[0])
        policy = self.get("decisions/policy", principal=PULLER_ARN, since=since[:-4] + "Z")
        self.assertEqual("2012-10-17", policy["Version"])
        statements = {s["Resource"]: s["Action"] for s in policy["Statement"]}
        self.assertEqual("ecr:GetAuthorizationToken", statements["*"])
        self.assertIn("ecr:InitiateLayerUpload", statements[arn("team-a/app")])
        seed = json.loads(json.dumps(SEED))
        user = harness.user("copy", "AKIACOPYCOPYCOPY0000", "copy-secret")
        user["policies"] = {"generated": policy}
        seed["accounts"][ACCOUNT]["users"].append(user)
        self.server.apply_seed(seed)
        copy = ("AKIACOPYCOPYCOPY0000", "copy-secret")
        self.assertEqual(202, self.start_push(copy)[0])
        self.assertEqual(403, self.start_push(copy, "team-b/app")[0])
        nothing = self.get("decisions/policy", expected=404, principal="never-seen")
        self.assertIn("never-seen", nothing["message"])


class GuardedTest(harness.ServerTest):
    flags = ("--admin-token", "let-me-in")
    seed = {"accounts": {ACCOUNT: {"users": [harness.user("u", *NOBODY, allow("ecr:*"))]}}}

    def test_the_admin_token_is_asked_for(self):
        self.ecr(NOBODY).get_authorization_token()
        for path in (
            "decisions",
            "decisions/policy?principal=x",
            "decisions?follow=true",
            "authentication-failures",
        ):
            self.assertEqual(403, self.server.request("GET", "/_ecr-local/" + path)[0])
        command = (harness.BINARY, "explain", "--url", self.server.url)
        result = harness.run(*command)
        self.assertEqual(3, result.returncode)
        self.assertIn("the server answers 403: ", result.stderr)
        result = harness.run(*command, "--admin-token", "let-me-in")
        self.assertIn("no denial is recorded", result.stderr)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main()
