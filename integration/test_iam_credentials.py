"""Credentials, reports and settings of IAM through botocore: every operation, with all members."""

import base64
import csv
import hashlib
import hmac
import io
import json
import os
import shutil
import struct
import tempfile
import time

import harness
from harness import ACCOUNT, allow, policy

TAGS = [{"Key": "team", "Value": "a"}]


def totp(seed, steps=0):
    """The code of the seed (base32), so many steps of 30 seconds from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    mac = hmac.new(base64.b32decode(seed), counter, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def arn(rest):
    return f"arn:aws:iam::{ACCOUNT}:{rest}"


class Credentials(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Debian's clients predate some operations; this teaches them all of the model's.
        cls.models = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.models)
        folder = os.path.join(cls.models, "iam", "2010-05-08")
        os.makedirs(folder)
        shutil.copy(os.path.join(harness.ROOT, "schemas", "iam.json"),
                    os.path.join(folder, "service-2.json"))

    def iam(self, keys=harness.ROOT_KEYS):
        botocore = harness.import_botocore()
        session = botocore.session.Session()
        session.set_config_variable("data_path", self.models)
        return session.create_client(
            "iam", region_name=harness.REGION, endpoint_url=self.server.url,
            aws_access_key_id=keys[0], aws_secret_access_key=keys[1],
            aws_session_token=keys[2] if len(keys) > 2 else None)

    def user(self, name, *statements):
        """Makes a user with these permissions; returns its keys."""
        iam = self.iam()
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy(*statements)))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def openssl(self, *arguments, stdin=None):
        result = harness.run(harness.tool("openssl"), *arguments, stdin=stdin)
        self.assertEqual(0, result.returncode, result.stderr)
        return result.stdout

    def certificate(self):
        """A key and a certificate of it, in PEM."""
        with tempfile.TemporaryDirectory() as directory:
            key = os.path.join(directory, "key")
            certificate = self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
                                       "3", "-subj", "/CN=example.com", "-keyout", key)
            with open(key, encoding="ascii") as file:
                return file.read(), certificate

    def test_mfa(self):
        iam = self.iam()
        keys = self.user("jane")
        device = iam.create_virtual_mfa_device(
            VirtualMFADeviceName="jane", Path="/phones/", Tags=TAGS)["VirtualMFADevice"]
        serial, seed = device["SerialNumber"], device["Base32StringSeed"]
        self.assertEqual(arn("mfa/phones/jane"), serial)
        self.assertEqual(TAGS, device["Tags"])
        iam.enable_mfa_device(UserName="jane", SerialNumber=serial,
                              AuthenticationCode1=totp(seed, -1), AuthenticationCode2=totp(seed))
        self.assertEqual("jane", iam.get_mfa_device(SerialNumber=serial)["UserName"])
        self.assertEqual([serial], [one["SerialNumber"] for one in
                                    iam.list_mfa_devices(UserName="jane")["MFADevices"]])
        listed = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
        self.assertEqual("jane", listed[0]["User"]["UserName"])
        # A role that asks for the code.
        iam.create_role(RoleName="admin", AssumeRolePolicyDocument=json.dumps(policy({
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": arn("user/jane")},
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})))
        sts = self.server.client("sts", keys)
        role = {"RoleArn": arn("role/admin"), "RoleSessionName": "session"}
        self.assert_error("AccessDenied", None, sts.assume_role, status=403, **role)
        code = totp(seed, 1)
        sts.assume_role(**role, SerialNumber=serial, TokenCode=code)
        self.assert_error("AccessDenied", None, sts.get_session_token, status=403,
                          SerialNumber=serial, TokenCode=code)
        iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "k", "Value": "v"}])
        iam.untag_mfa_device(SerialNumber=serial, TagKeys=["team"])
        self.assertEqual([{"Key": "k", "Value": "v"}],
                         iam.list_mfa_device_tags(SerialNumber=serial)["Tags"])
        iam.resync_mfa_device(UserName="jane", SerialNumber=serial,
                              AuthenticationCode1=totp(seed, 3), AuthenticationCode2=totp(seed, 4))
        iam.deactivate_mfa_device(UserName="jane", SerialNumber=serial)
        iam.delete_virtual_mfa_device(SerialNumber=serial)

    def test_server_certificates(self):
        iam = self.iam()
        key, certificate = self.certificate()
        made = iam.upload_server_certificate(
            ServerCertificateName="web", Path="/a/", CertificateBody=certificate, PrivateKey=key,
            CertificateChain=certificate, Tags=TAGS)
        self.assertEqual(arn("server-certificate/a/web"),
                         made["ServerCertificateMetadata"]["Arn"])
        shown = iam.get_server_certificate(ServerCertificateName="web")["ServerCertificate"]
        self.assertEqual(certificate.strip(), shown["CertificateBody"].strip())
        self.assertEqual(TAGS, shown["Tags"])
        iam.update_server_certificate(ServerCertificateName="web", NewPath="/b/",
                                      NewServerCertificateName="shop")
        iam.tag_server_certificate(ServerCertificateName="shop", Tags=[{"Key": "k", "Value": "v"}])
        iam.untag_server_certificate(ServerCertificateName="shop", TagKeys=["team"])
        self.assertEqual([{"Key": "k", "Value": "v"}],
                         iam.list_server_certificate_tags(ServerCertificateName="shop")["Tags"])
        listed = iam.list_server_certificates(PathPrefix="/b/")["ServerCertificateMetadataList"]
        self.assertEqual(["shop"], [one["ServerCertificateName"] for one in listed])
        iam.delete_server_certificate(ServerCertificateName="shop")

    def test_credentials_of_a_user(self):
        iam = self.iam()
        keys = self.user("sue", allow("iam:ChangePassword"))
        _, certificate = self.certificate()
        made = iam.upload_signing_certificate(UserName="sue", CertificateBody=certificate)
        named = {"UserName": "sue", "CertificateId": made["Certificate"]["CertificateId"]}
        iam.update_signing_certificate(**named, Status="Inactive")
        self.assertEqual("Inactive", iam.list_signing_certificates(
            UserName="sue")["Certificates"][0]["Status"])
        iam.delete_signing_certificate(**named)

        pem = self.openssl("x509", "-noout", "-pubkey", stdin=certificate)
        made = iam.upload_ssh_public_key(UserName="sue", SSHPublicKeyBody=pem)["SSHPublicKey"]
        named = {"UserName": "sue", "SSHPublicKeyId": made["SSHPublicKeyId"]}
        ssh = iam.get_ssh_public_key(**named, Encoding="SSH")["SSHPublicKey"]["SSHPublicKeyBody"]
        digest = hashlib.md5(base64.b64decode(ssh.split(" ")[1])).hexdigest()
        self.assertEqual(digest, made["Fingerprint"].replace(":", ""))
        iam.update_ssh_public_key(**named, Status="Inactive")
        self.assertEqual("Inactive",
                         iam.list_ssh_public_keys(UserName="sue")["SSHPublicKeys"][0]["Status"])
        iam.delete_ssh_public_key(**named)

        made = iam.create_service_specific_credential(
            UserName="sue", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=30)
        made = made["ServiceSpecificCredential"]
        named = {"UserName": "sue",
                 "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
        self.assertNotEqual(
            made["ServiceCredentialSecret"],
            iam.reset_service_specific_credential(**named)["ServiceSpecificCredential"][
                "ServiceCredentialSecret"])
        iam.update_service_specific_credential(**named, Status="Inactive")
        listed = iam.list_service_specific_credentials(
            AllUsers=True, ServiceName="bedrock.amazonaws.com")["ServiceSpecificCredentials"]
        self.assertEqual(["Inactive"], [one["Status"] for one in listed])
        iam.delete_service_specific_credential(**named)

        iam.create_login_profile(UserName="sue", Password="the first password")
        self.iam(keys).change_password(OldPassword="the first password",
                                       NewPassword="the second password")

    def test_reports(self):
        iam = self.iam()
        keys = self.user("joe", allow(["sts:*", "ecr:DescribeRepositories"]))
        self.server.client("ecr", keys).describe_repositories()
        self.assertEqual("STARTED", iam.generate_credential_report()["State"])
        report = iam.get_credential_report()
        self.assertEqual("text/csv", report["ReportFormat"])
        rows = {row["user"]: row for row in
                csv.DictReader(io.StringIO(report["Content"].decode()))}
        self.assertIn("<root_account>", rows)
        self.assertEqual("ecr", rows["joe"]["access_key_1_last_used_service"])

        job = iam.generate_service_last_accessed_details(
            Arn=arn("user/joe"), Granularity="SERVICE_LEVEL")["JobId"]
        details = iam.get_service_last_accessed_details(JobId=job, MaxItems=1)
        self.assertTrue(details["IsTruncated"])
        used = details["ServicesLastAccessed"][0]
        self.assertEqual(("ecr", arn("user/joe")),
                         (used["ServiceNamespace"], used["LastAuthenticatedEntity"]))
        more = iam.get_service_last_accessed_details(JobId=job, Marker=details["Marker"])
        self.assertNotIn("LastAuthenticated", more["ServicesLastAccessed"][0])
        entities = iam.get_service_last_accessed_details_with_entities(
            JobId=job, ServiceNamespace="ecr")["EntityDetailsList"]
        self.assertEqual("joe", entities[0]["EntityInfo"]["Name"])

    def test_settings(self):
        iam = self.iam()
        iam.put_account_properties(Properties={"RoleManager/Enabled": "true"})
        self.assertEqual({"RoleManager/Enabled": "true"},
                         iam.get_account_properties()["Properties"])
        iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
        self.assertEqual(2, iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"])
        issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
        self.assertEqual(issuer,
                         iam.get_outbound_web_identity_federation_info()["IssuerIdentifier"])
        iam.disable_outbound_web_identity_federation()
        self.assert_error("OrganizationNotFoundException", None, iam.list_organizations_features)
        self.server.client("organizations").create_organization()
        iam.enable_organizations_root_sessions()
        features = iam.enable_organizations_root_credentials_management()["EnabledFeatures"]
        self.assertEqual(["RootSessions", "RootCredentialsManagement"], features)
        iam.disable_organizations_root_sessions()
        iam.disable_organizations_root_credentials_management()
        self.assertEqual([], iam.list_organizations_features().get("EnabledFeatures", []))


if __name__ == "__main__":
    harness.main()
