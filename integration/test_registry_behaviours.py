"""Scans, storage classes, creation templates and signatures, with the AWS CLI and docker's plane."""

import base64
import json
import os
import tempfile
import time

import harness
import registry
from harness import ACCOUNT

FINDINGS = {
    "images": [
        {
            "repository": "scanned*",
            "findings": [
                {
                    "name": "CVE-2024-1",
                    "severity": "HIGH",
                    "uri": "https://example.test/CVE-2024-1",
                    "description": "of the test",
                    "package": {"name": "openssl", "version": "3.0.1", "fixedVersion": "3.0.2"},
                },
                {"name": "CVE-2024-2", "severity": "LOW"},
            ],
        }
    ]
}
REPORT = {
    "Results": [
        {
            "Class": "os-pkgs",
            "Type": "debian",
            "Vulnerabilities": [
                {
                    "VulnerabilityID": "CVE-2024-3",
                    "PkgName": "libc6",
                    "InstalledVersion": "2.36",
                    "Severity": "CRITICAL",
                }
            ],
        }
    ]
}
# A scanner: it reads the manifest that the index names, and prints the report.
SCANNER = (
    "test -s \"$IMAGE_LAYOUT/blobs/sha256/${IMAGE_DIGEST#sha256:}\" && printf '%s' '"
    + json.dumps(REPORT)
    + "'"
)


class Behaviours(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="ecr-findings-")
        cls.findings = os.path.join(folder, "findings.json")
        with open(cls.findings, "w", encoding="utf-8") as file:
            json.dump(FINDINGS, file)
        cls.flags = ("--scan-findings", cls.findings, "--scanner-command", SCANNER)
        super().setUpClass()

    def aws(self, *arguments):
        """What `aws ecr` prints, which must succeed."""
        result = self.server.aws("ecr", *arguments)
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout) if result.stdout.strip() else None

    def push(self, name, tag="v1", content=None):
        image = registry.make_image((content or f"{name} {tag}").encode())
        registry.Registry(self.server, self.server.password()).push(image, name, tag)
        return image.digest

    def pull_status(self, name, tag="v1"):
        client = registry.Registry(self.server, self.server.password())
        return client.request("GET", f"/v2/{name}/manifests/{tag}").status

    def events(self, detail_type):
        path = "/_ecr-local/events?kind=event&detail-type=" + detail_type.replace(" ", "%20")
        status, _, body = self.server.request("GET", path)
        self.assertEqual(200, status)
        return [entry["event"] for entry in json.loads(body)["events"]]

    def wait_for(self, condition, what):
        harness.wait_until(condition, 20, what)

    def test_a_scan_and_the_waiter_for_it(self):
        self.ecr().create_repository(repositoryName="scanned")
        digest = self.push("scanned")
        where = ("--repository-name", "scanned", "--image-id", "imageTag=v1")
        started = self.aws("start-image-scan", *where)
        self.assertEqual("IN_PROGRESS", started["imageScanStatus"]["status"])
        self.aws("wait", "image-scan-complete", *where)
        found = self.aws("describe-image-scan-findings", *where)
        self.assertEqual(digest, found["imageId"]["imageDigest"])
        self.assertEqual(
            "The scan was completed successfully.", found["imageScanStatus"]["description"]
        )
        findings = found["imageScanFindings"]
        self.assertEqual({"HIGH": 1, "LOW": 1}, findings["findingSeverityCounts"])
        self.assertEqual(
            ["CVE-2024-1", "CVE-2024-2"], [one["name"] for one in findings["findings"]]
        )
        self.assertIn(
            {"key": "package_name", "value": "openssl"}, findings["findings"][0]["attributes"]
        )
        event = self.events("ECR Image Scan")[0]
        self.assertEqual({"HIGH": 1, "LOW": 1}, event["detail"]["finding-severity-counts"])
        self.assert_error(
            "LimitExceededException",
            "The scan quota per image has been exceeded. Wait and try again.",
            self.ecr().start_image_scan,
            repositoryName="scanned",
            imageId={"imageTag": "v1"},
        )

    def test_a_push_is_scanned_by_the_scanner(self):
        rule = {
            "scanFrequency": "SCAN_ON_PUSH",
            "repositoryFilters": [{"filter": "pushed", "filterType": "WILDCARD"}],
        }
        self.ecr().put_registry_scanning_configuration(scanType="BASIC", rules=[rule])
        self.ecr().create_repository(repositoryName="pushed")
        self.push("pushed")
        where = ("--repository-name", "pushed", "--image-id", "imageTag=v1")
        self.aws("wait", "image-scan-complete", *where)
        findings = self.aws("describe-image-scan-findings", *where)["imageScanFindings"]
        self.assertEqual({"CRITICAL": 1}, findings["findingSeverityCounts"])
        self.assertEqual("CVE-2024-3", findings["findings"][0]["name"])

    def test_a_scan_survives_a_restart(self):
        self.ecr().create_repository(repositoryName="scanned-late")
        self.push("scanned-late")
        self.ecr().start_image_scan(repositoryName="scanned-late", imageId={"imageTag": "v1"})
        self.server.kill()
        self.server.start()
        where = ("--repository-name", "scanned-late", "--image-id", "imageTag=v1")
        self.aws("wait", "image-scan-complete", *where)

    def test_an_archived_image_is_not_pulled_until_it_is_restored(self):
        self.ecr().create_repository(repositoryName="cold")
        self.push("cold")
        where = ("--repository-name", "cold", "--image-id", "imageTag=v1")
        archived = self.aws(
            "update-image-storage-class", *where, "--target-storage-class", "ARCHIVE"
        )
        self.assertEqual("ARCHIVED", archived["imageStatus"])
        self.assertEqual(404, self.pull_status("cold"))
        self.assertEqual([], self.aws("list-images", "--repository-name", "cold")["imageIds"])
        restored = self.aws(
            "update-image-storage-class", *where, "--target-storage-class", "STANDARD"
        )
        self.assertEqual("ACTIVATING", restored["imageStatus"])
        self.wait_for(lambda: self.pull_status("cold") == 200, "the image to be restored")
        classes = [
            event["detail"]["target-storage-class"]
            for event in self.events("ECR Image Action")
            if event["detail"]["action-type"] == "UPDATE_STORAGE_CLASS"
        ]
        self.assertEqual(["STANDARD", "ARCHIVE"], classes)  # newest first

    def test_a_push_creates_its_repository(self):
        client = registry.Registry(self.server, self.server.password())
        self.assertEqual(404, client.request("POST", "/v2/made/app/blobs/uploads/").status)
        self.aws(
            *("create-repository-creation-template", "--prefix", "made"),
            *("--applied-for", "CREATE_ON_PUSH", "--image-tag-mutability", "IMMUTABLE"),
        )
        self.push("made/app")
        made = self.aws("describe-repositories", "--repository-names", "made/app")
        self.assertEqual("IMMUTABLE", made["repositories"][0]["imageTagMutability"])

    def test_a_push_is_signed(self):
        profile = f"arn:aws:signer:us-east-1:{ACCOUNT}:/signing-profiles/release"
        self.ecr().put_signing_configuration(
            signingConfiguration={
                "rules": [
                    {
                        "signingProfileArn": profile,
                        "repositoryFilters": [
                            {"filter": "signed*", "filterType": "WILDCARD_MATCH"}
                        ],
                    }
                ]
            }
        )
        self.ecr().create_repository(repositoryName="signed")
        digest = self.push("signed")
        image = {"repositoryName": "signed", "imageId": {"imageTag": "v1"}}

        def status():
            return self.ecr().describe_image_signing_status(**image)["signingStatuses"][0]

        self.wait_for(lambda: status()["status"] == "COMPLETE", "the signature")
        self.assertEqual(profile, status()["signingProfileArn"])
        client = registry.Registry(self.server, self.server.password())
        index = json.loads(client.request("GET", f"/v2/signed/referrers/{digest}").body)
        self.assertEqual(
            ["application/vnd.cncf.notary.signature"],
            [one["artifactType"] for one in index["manifests"]],
        )
        path = f"/v2/signed/manifests/{index['manifests'][0]['digest']}"
        manifest = json.loads(client.request("GET", path).body)
        layer = manifest["layers"][0]["digest"]
        envelope = json.loads(client.request("GET", f"/v2/signed/blobs/{layer}").body)
        target = self.verified(envelope)["targetArtifact"]
        self.assertEqual(digest, target["digest"])

    def verified(self, envelope):
        """The payload of a JWS whose signature the server's certificate verifies."""
        try:
            from cryptography import x509
            from cryptography.hazmat.primitives import hashes
            from cryptography.hazmat.primitives.asymmetric import ec, utils
        except ImportError:
            self.skipTest("python3-cryptography is not there")

        def decoded(text):
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

        status, _, pem = self.server.request("GET", "/_ecr-local/signing-certificate")
        self.assertEqual(200, status)
        certificate = x509.load_pem_x509_certificate(pem)
        raw = decoded(envelope["signature"])
        signature = utils.encode_dss_signature(
            int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        )
        signed = f"{envelope['protected']}.{envelope['payload']}".encode()
        certificate.public_key().verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        return json.loads(decoded(envelope["payload"]))


class SlowScanner(harness.ServerTest):
    flags = ("--scanner-command", "sleep 100")

    def test_a_running_scanner_does_not_keep_the_server_from_stopping(self):
        ecr = self.ecr()
        ecr.create_repository(repositoryName="app")
        image = registry.make_image(b"content")
        registry.Registry(self.server, self.server.password()).push(image, "app", "v1")
        ecr.start_image_scan(repositoryName="app", imageId={"imageTag": "v1"})
        staging = os.path.join(self.server.data_dir, "staging")
        harness.wait_until(lambda: os.path.isdir(staging) and os.listdir(staging), 20, "the scan")
        began = time.monotonic()
        self.assertEqual(0, self.server.stop())
        self.assertLess(time.monotonic() - began, 10)
        self.server.start()
        found = self.ecr().describe_image_scan_findings(
            repositoryName="app", imageId={"imageTag": "v1"}
        )
        self.assertEqual("IN_PROGRESS", found["imageScanStatus"]["status"])


class Enhanced(harness.ServerTest):
    def test_without_a_source_a_scan_says_that_nobody_looked(self):
        ecr = self.ecr()
        ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
        ecr.create_repository(repositoryName="app")
        image = registry.make_image(b"content")
        registry.Registry(self.server, self.server.password()).push(image, "app", "v1")
        wanted = {"repositoryName": "app", "imageId": {"imageTag": "v1"}}

        def found():
            return ecr.describe_image_scan_findings(**wanted)

        harness.wait_until(
            lambda: found()["imageScanStatus"]["status"] == "ACTIVE", 20, "the scan"
        )
        self.assertIn("--scan-findings", found()["imageScanStatus"]["description"])
        self.assertEqual([], found()["imageScanFindings"]["enhancedFindings"])

    def test_findings_that_are_broken_keep_the_server_from_starting(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "findings.json")
            with open(path, "w", encoding="utf-8") as file:
                file.write('{"images": [{"findings": [{"name": "X"}]}]}')
            result = harness.run(
                harness.BINARY, "serve", "--in-memory", "--listen", "127.0.0.1:0",
                "--scan-findings", path,
            )
        self.assertNotEqual(0, result.returncode)
        self.assertIn("images[0]: severity of X must be one of", result.stderr)


if __name__ == "__main__":
    harness.main()
