"""Every decision explained: the list, the live stream, the policy for what was done, `explain`."""

import base64
import contextlib
import http.client
import json
import threading
import unittest

import harness
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

    def test_refused_push_is_explained_and_the_advice_lets_it_pass(self):
        status, request_id = self.start_push(PULLER)
        self.assertEqual(403, status)
        action, resource = "ecr:InitiateLayerUpload", arn("team-a/app")
        (decision,) = self.decisions(requestId=request_id)
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
            f"├─ message: {decision['message']}",
            f'✗ Allow (statement 0): Action "ecr:GetAuthorizationToken" does not match {action}',
            "├─ deciding statement: none, the identity-based policies do not allow it",
            f"└─ add to an identity-based policy of {PULLER_ARN}",
            json.dumps(statement, separators=(",", ":")),
        ):
            self.assertIn(line, result.stdout)

        self.apply("puller", step["statement"])
        self.assertEqual(202, self.start_push(PULLER)[0])

    def test_denying_statement_is_named(self):
        call = self.ecr(DENIED).delete_repository
        response = self.assert_error(
            "AccessDeniedException", None, call, repositoryName="team-a/app", force=True
        )
        request_id = response["ResponseMetadata"]["RequestId"]
        result = self.explain(ECR_LOCAL_URL=self.server.url)  # the last denial
        self.assertIn(request_id, result.stdout)
        self.assertIn("✓ Deny (statement 1): applies", result.stdout)
        self.assertIn("remove or narrow statement 1 of ", result.stdout)

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
        self.assertEqual(403, self.start_push(PULLER)[0])
        policy = self.get("decisions/policy", principal=PULLER_ARN)
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
        nothing = self.get("decisions/policy", expected=404, principal="nobody")
        self.assertIn("nobody", nothing["message"])


class GuardedTest(harness.ServerTest):
    flags = ("--admin-token", "let-me-in")
    seed = {"accounts": {ACCOUNT: {"users": [harness.user("u", *NOBODY, allow("ecr:*"))]}}}

    def test_the_admin_token_is_asked_for(self):
        self.ecr(NOBODY).get_authorization_token()
        for path in ("decisions", "decisions/policy?principal=x", "decisions?follow=true"):
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
