"""A real browser: what a web page of another site has it send, and what it does with what it is sent.

Debian's Chromium, headless; it prints the page as it is after its scripts have run.
"""

import base64
import http.server
import json
import tempfile
import threading

import harness
import registry
import signing

SCRIPT = """
fetch('/_ecr-local/coverage').then(answer => answer.text()).then(
  text => document.documentElement.setAttribute('data-stolen', text.slice(0, 40)));
document.documentElement.setAttribute('data-ran', 'yes');
"""


class Site:
    """A web site on a port of its own, with one page."""

    def __init__(self):
        self.page = ""
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(site.page.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class BrowserTest(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.chromium = harness.tool("chromium")
        super().setUpClass()
        cls.site = Site()
        cls.addClassCleanup(cls.site.close)
        cls.server.client().create_repository(repositoryName="app")

    def open(self, url):
        """The page of `url` after its scripts, as text. Every name *.test is this machine."""
        with tempfile.TemporaryDirectory(prefix="ecr-local-browser-") as home:
            result = harness.run(
                self.chromium, "--headless", "--no-sandbox", "--disable-gpu",
                "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
                "--disable-background-networking", f"--user-data-dir={home}/profile",
                "--host-resolver-rules=MAP *.test 127.0.0.1",
                "--virtual-time-budget=4000", "--dump-dom", url,
                env={**harness.plain_environment(), "HOME": home}, timeout=60,
            )
        self.assertEqual(0, result.returncode, result.stderr[-2000:])
        return result.stdout

    def visit(self, page, host="evil.test"):
        """The page of the other site after its scripts."""
        self.site.page = f"<html><body>{page}</body></html>"
        return self.open(f"http://{host}:{self.site.port}/")

    def users(self):
        return [user["UserName"] for user in self.server.client("iam").list_users()["Users"]]

    def presigned(self, name):
        pairs = f"Action=CreateUser&UserName={name}&Version={signing.IAM_VERSION}"
        path, _ = signing.presign(
            self.server, {}, "", service="iam", method="GET", path="/?" + pairs
        )
        return self.server.url + path.replace("&", "&amp;")

    def test_an_image_of_another_site_creates_no_user(self):
        for host in ("evil.test", "127.0.0.1", "localhost"):
            dom = self.visit(
                f'<img src="{self.presigned("intruder")}" '
                "onerror=\"this.setAttribute('data-failed', 'yes')\">",
                host,
            )
            self.assertIn("data-failed", dom, "the browser did ask")
            self.assertEqual([], self.users(), host)

    def test_a_form_and_a_link_of_another_site_do_nothing(self):
        self.visit(
            f'<form id="f" method="post" enctype="text/plain" action="{self.presigned("formed")}">'
            "<input name=a></form><script>document.getElementById('f').submit()</script>"
        )
        url = self.presigned("linked").replace("&amp;", "&")
        self.visit(f"<script>location.href = {json.dumps(url)}</script>")
        self.visit(
            f"<script>fetch('{self.server.url}/_ecr-local/reset', "
            "{method: 'POST', mode: 'no-cors'})</script>"
        )
        self.assertEqual([], self.users())
        names = self.ecr().describe_repositories()["repositories"]
        self.assertEqual(["app"], [each["repositoryName"] for each in names])

    def test_a_name_that_was_pointed_here_gets_nothing(self):
        """DNS rebinding: the page's own origin, its name now resolved to this server."""

        class Rebound:
            address = f"evil.test:{self.server.port}"
            url = f"http://{address}"

        pairs = f"Action=CreateUser&UserName=rebound&Version={signing.IAM_VERSION}"
        path, _ = signing.presign(Rebound, {}, "", service="iam", method="GET", path="/?" + pairs)
        self.assertRegex(self.open(Rebound.url + path), "default credentials|another site")
        self.assertEqual([], self.users())
        self.assertIn("--admin-host evil.test", self.open(f"{Rebound.url}/_ecr-local/coverage"))

    def test_what_a_client_stored_runs_no_script(self):
        """A manifest that says that it is a page: refused, or shown without its script."""
        client = registry.Registry(self.server, self.server.password())
        pair = base64.b64decode(client.headers["Authorization"].split()[1]).decode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "text/html",
                "config": {"mediaType": "text/html", "size": 2, "digest": registry.digest_of(b"{}")},
                "layers": [],
                "annotations": {"page": f"<script>{SCRIPT}</script>"},
            }
        ).encode()
        client.push_blob("app", b"{}")
        path = "/v2/app/manifests/page"
        reply = client.request("PUT", path, manifest, {"Content-Type": "text/html"})
        if reply.status == 201:
            dom = self.open(f"http://{pair}@{self.server.address}{path}")
            self.assertNotIn('data-ran="', dom)
            self.assertNotIn("data-stolen", dom)
        else:
            self.assertEqual(400, reply.status)

    def test_an_answer_that_quotes_a_client_runs_no_script(self):
        """Whatever its type is: the policy of the answer stands between."""
        dom = self.open(f"{self.server.url}/?Version=%3Cscript%3E{SCRIPT}%3C/script%3E&Action=x")
        self.assertNotIn('data-ran="', dom)


if __name__ == "__main__":
    harness.main()
