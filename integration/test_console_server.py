"""The server's side of the web console: its pages, its sign-in, and the paths that it and scripts ask,
on the real program. The pages themselves are tested in a browser, in web/console/tests.
"""

import gzip
import json
import os

import harness

CONSOLE = "/_ecr-local/console"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
JANE = ("AKIAJANE000000000001", "jane-secret")
SEED = {"accounts": {"111122223333": {
    "users": [{"name": "jane", "accessKeys": [
        {"accessKeyId": JANE[0], "secretAccessKey": JANE[1]}]}],
    "repositories": [{"name": "app"}]}}}
APP = "arn:aws:ecr:us-east-1:111122223333:repository/app"
USER = "arn:aws:iam::111122223333:user/jane"


def allow(action):
    return {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


class ConsoleServerTest(harness.ServerTest):
    def ask(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body)
        status, found, text = self.server.request(method, path, data, headers or {})
        return status, found, text

    def answer(self, method, path, body=None):
        status, _, text = self.ask(method, "/_ecr-local/" + path, body)
        self.assertEqual(200, status, text)
        return json.loads(text)

    def test_the_shell_has_its_headers_or_the_program_says_how_to_build_it(self):
        status, headers, body = self.ask("GET", CONSOLE, headers={"Accept-Encoding": "gzip"})
        self.assertEqual([POLICY], [headers["content-security-policy"]])
        self.assertEqual("nosniff", headers["x-content-type-options"])
        self.assertEqual("no-referrer", headers["referrer-policy"])
        self.assertEqual("same-origin", headers["cross-origin-opener-policy"])
        if not os.path.exists(os.path.join(harness.ROOT, "web/console/dist/manifest.json")):
            self.assertEqual(404, status)
            self.assertIn(b"npm run build", body)
            return
        self.assertEqual(200, status)
        self.assertEqual("gzip", headers["content-encoding"])
        page = gzip.decompress(body)
        self.assertIn(b"<!doctype html>", page.lower())
        status, plain, text = self.ask("GET", CONSOLE, headers={"Accept-Encoding": "identity"})
        self.assertEqual((200, page), (status, text))
        self.assertNotIn("content-encoding", plain)
        status, _, text = self.ask("GET", CONSOLE, headers={
            "If-None-Match": headers["etag"], "Accept-Encoding": "gzip"})
        self.assertEqual((304, b""), (status, text))

    def test_a_browser_at_the_root_is_led_to_the_console(self):
        accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        status, headers, _ = self.ask("GET", "/", headers=accept)
        self.assertEqual((303, CONSOLE), (status, headers["location"]))
        status, _, text = self.ask("GET", "/", headers={"Accept": "*/*"})
        self.assertEqual(200, status)
        self.assertIn(b"/_ecr-local/console", text)

    def test_a_denial_is_explained_mended_and_gone(self):
        self.server.apply_seed(SEED)
        jane = self.ecr(JANE)
        response = self.assert_error(
            "AccessDeniedException", None, jane.list_images, repositoryName="app")
        request_id = response["ResponseMetadata"]["RequestId"]
        line = harness.wait_until(
            lambda: [one for one in self.server.log().split("\n") if request_id in one], 5, "a line")
        self.assertTrue(line[0].endswith(
            f" console={self.server.url}{CONSOLE}#/denied/{request_id}"), line)
        change = {"kind": "inline", "target": USER, "name": "see",
                  "document": allow("ecr:ListImages")}
        replay = self.answer("POST", "decisions/replay", {"changes": [change]})
        (changed,) = [one for one in replay["changed"] if one["requestId"] == request_id]
        self.assertEqual("Allowed", changed["after"]["decision"])
        self.assert_error("AccessDeniedException", None, jane.list_images, repositoryName="app")
        self.answer("PUT", "policies", change)
        self.assertEqual([], jane.list_images(repositoryName="app")["imageIds"])
        who = self.answer("GET", f"who-can?action=ecr:ListImages&resource={APP}")
        self.assertIn(USER, [one["principal"] for one in who["principals"]])

    def test_the_inventory_answers(self):
        self.server.apply_seed(SEED)
        accounts = self.answer("GET", "identities?account=111122223333")["accounts"]
        self.assertEqual(["jane"], [one["name"] for one in accounts[0]["users"]])
        repositories = self.answer("GET", "repositories?account=111122223333")["repositories"]
        self.assertEqual([APP], [one["arn"] for one in repositories])

    def test_the_command_prints_the_address(self):
        result = harness.run(harness.BINARY, "console", "--url", self.server.url,
                             env=harness.plain_environment())
        self.assertEqual((0, self.server.url + CONSOLE + "\n"),
                         (result.returncode, result.stdout), result.stderr)


class SignInTest(harness.ServerTest):
    flags = ("--admin-token", "hush")

    def command(self, *flags):
        return harness.run(harness.BINARY, "console", "--url", self.server.url, *flags,
                           env=harness.plain_environment())

    def test_an_address_signs_in_once(self):
        refused = self.command()
        self.assertEqual(3, refused.returncode)
        self.assertIn("--admin-token", refused.stderr)
        result = self.command("--admin-token", "hush", "--print")
        self.assertEqual(0, result.returncode, result.stderr)
        address, code = result.stdout.strip().split("#/sign-in/")
        self.assertEqual(self.server.url + CONSOLE, address)
        status, _, _ = self.server.request("GET", "/_ecr-local/decisions")
        self.assertEqual(403, status)
        body = json.dumps({"code": code})
        status, headers, text = self.server.request("POST", CONSOLE + "/sign-in", body)
        self.assertEqual(200, status, text)
        self.assertIn("HttpOnly; SameSite=Strict", headers["set-cookie"])
        cookie = {"Cookie": headers["set-cookie"].split(";")[0]}
        status, _, _ = self.server.request("GET", "/_ecr-local/decisions", None, cookie)
        self.assertEqual(200, status)
        status, _, _ = self.server.request("POST", "/_ecr-local/reset", None, cookie)
        self.assertEqual(403, status)
        from_page = {**cookie, "Sec-Fetch-Site": "same-origin", "X-Ecr-Local-Console": "1"}
        status, _, text = self.server.request("POST", "/_ecr-local/reset", None, from_page)
        self.assertEqual(200, status, text)
        status, _, _ = self.server.request("POST", CONSOLE + "/sign-in", body)
        self.assertEqual(403, status)


if __name__ == "__main__":
    harness.main()
