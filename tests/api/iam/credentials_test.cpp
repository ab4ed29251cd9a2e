// Credentials that are stored and shown: certificates, SSH keys, service-specific credentials.
#include <gmock/gmock.h>

#include "schemas/base/openssl.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A key made for this test; fingerprint and PEM are those of OpenSSH's ssh-keygen.
const std::string kSshBody =
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDWll5fGcBFAWy4Ahx9vc+LnGp+v3cJbURsCARFOKynYANvxxgO"
    "iyYoXhLYVwKIzAPQqg1c8C68GL0xWwB82+4Wd/IQ23MqiRwQ2NbJaGjSBQtMDRmkrYW8PmgvK5D8qz3p"
    "GvjDLdz+MB0dPtXscSvpLryo9TNjSOk66zVwy8bZs/yiFCtPgIcb7DmhcL6s+u9Odm+CnMerGTAhMnIa"
    "HLye2e3DSt/f26TyxWWlUgm3cgOfex8k/WT1MJ/uUtaHj6tnTaagCZRj5/HjcNV4gpHlkMFkmU+DxqAE"
    "tH6q+cU/za8U3KX+Il2j0g1xb7tkaVDT8HT+GoufR8VO0OAyNdYT";
const std::string kSshPublicKey = "ssh-rsa " + kSshBody + " jane@example.com";
constexpr const char* kSshFingerprint = "70:ba:14:46:87:9a:83:8d:21:f4:8a:47:67:42:09:ad";

struct KeyAndCertificate {
  std::string key;
  std::string certificate;
};

class Credentials : public IamTest {
 protected:
  Credentials() { iam("CreateUser", {{"UserName", "jane"}}); }

  KeyAndCertificate make(long days = 10) {
    const auto key = base::openssl::make_p256_key();
    const auto made = base::openssl::new_certificate(key.get(), clock.now(), days);
    base::openssl::add_to_subject(made.get(), "CN", "example.com");
    X509_set_issuer_name(made.get(), X509_get_subject_name(made.get()));
    X509_sign(made.get(), key.get(), EVP_sha256());
    return {base::openssl::pem_of(key.get()), base::openssl::pem_of(made.get())};
  }
  Parameters of_jane(Parameters more = {}) {
    more.emplace_back("UserName", "jane");
    return more;
  }
};

TEST_F(Credentials, ServerCertificates) {
  const auto [key, certificate] = make();
  const auto other = make();
  Parameters upload = {{"ServerCertificateName", "web"},
                       {"Path", "/a/"},
                       {"CertificateBody", certificate},
                       {"PrivateKey", key},
                       {"CertificateChain", certificate + other.certificate},
                       {"Tags.member.1.Key", "k"},
                       {"Tags.member.1.Value", "v"}};
  const Json made = iam("UploadServerCertificate", upload);
  const Json metadata = made["ServerCertificateMetadata"];
  EXPECT_EQ(metadata["Arn"], "arn:aws:iam::111122223333:server-certificate/a/web");
  EXPECT_THAT(metadata["ServerCertificateId"].get<std::string>(), ::testing::StartsWith("ASCA"));
  EXPECT_EQ(metadata["Expiration"], "2023-11-24T22:13:20Z");
  EXPECT_EQ(iam_fail("UploadServerCertificate", upload, 409).first, "EntityAlreadyExists");
  const Json shown =
      iam("GetServerCertificate", {{"ServerCertificateName", "web"}})["ServerCertificate"];
  EXPECT_EQ(shown["ServerCertificateMetadata"], metadata);
  EXPECT_EQ(shown["CertificateBody"], certificate);
  EXPECT_EQ(shown["Tags"], made["Tags"]);
  EXPECT_EQ(iam("ListServerCertificates", {{"PathPrefix", "/a/"}})["ServerCertificateMetadataList"],
            Json::array({metadata}));
  EXPECT_THAT(
      iam("ListServerCertificates", {{"PathPrefix", "/b/"}})["ServerCertificateMetadataList"],
      IsEmpty());
  iam("UpdateServerCertificate",
      {{"ServerCertificateName", "web"}, {"NewServerCertificateName", "shop"}, {"NewPath", "/b/"}});
  const Parameters shop = {{"ServerCertificateName", "shop"}};
  EXPECT_THAT(names(iam("ListServerCertificateTags", shop)["Tags"], "Key"), ElementsAre("k"));
  iam("TagServerCertificate", {{"ServerCertificateName", "shop"},
                               {"Tags.member.1.Key", "x"},
                               {"Tags.member.1.Value", "y"}});
  iam("UntagServerCertificate", {{"ServerCertificateName", "shop"}, {"TagKeys.member.1", "k"}});
  EXPECT_THAT(names(iam("ListServerCertificateTags", shop)["Tags"], "Key"), ElementsAre("x"));
  EXPECT_EQ(iam("GetAccountSummary")["SummaryMap"]["ServerCertificates"], 1);
  iam("DeleteServerCertificate", shop);
  EXPECT_EQ(iam_fail("GetServerCertificate", shop, 404).first, "NoSuchEntity");
}

TEST_F(Credentials, ServerCertificatesThatDoNotFit) {
  const auto [key, certificate] = make();
  const auto other = make();
  const struct {
    std::string body, key, chain;
    const char* code;
  } rows[] = {
      {"x", key, "", "MalformedCertificate"},
      {certificate + other.certificate, key, "", "MalformedCertificate"},
      {certificate, "x", "", "MalformedCertificate"},
      {certificate, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "", "MalformedCertificate"},
      {certificate, other.key, "", "KeyPairMismatch"},
      {certificate, key, "x", "MalformedCertificate"},
      {certificate, key, other.certificate + "-----BEGIN CERTIFICATE-----\nx\n",
       "MalformedCertificate"},
  };
  for (const auto& row : rows) {
    Parameters upload = {
        {"ServerCertificateName", "web"}, {"CertificateBody", row.body}, {"PrivateKey", row.key}};
    if (!row.chain.empty()) upload.emplace_back("CertificateChain", row.chain);
    EXPECT_EQ(iam_fail("UploadServerCertificate", upload, 400).first, row.code) << row.body;
  }
  const auto expiring = make(1);
  clock.time += std::chrono::hours(48);
  EXPECT_EQ(iam_fail("UploadServerCertificate",
                     {{"ServerCertificateName", "web"},
                      {"CertificateBody", expiring.certificate},
                      {"PrivateKey", expiring.key}},
                     400)
                .first,
            "MalformedCertificate");
}

TEST_F(Credentials, SigningCertificates) {
  const std::string certificate = make().certificate;
  const Json made =
      iam("UploadSigningCertificate", of_jane({{"CertificateBody", certificate}}))["Certificate"];
  const std::string id = made["CertificateId"].get<std::string>();
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(
      iam_fail("UploadSigningCertificate", of_jane({{"CertificateBody", certificate}}), 409).first,
      "DuplicateCertificate");
  EXPECT_EQ(iam_fail("UploadSigningCertificate", of_jane({{"CertificateBody", "x"}}), 400).first,
            "MalformedCertificate");
  iam("UploadSigningCertificate", of_jane({{"CertificateBody", make().certificate}}));
  EXPECT_EQ(
      iam_fail("UploadSigningCertificate", of_jane({{"CertificateBody", make().certificate}}), 409)
          .first,
      "LimitExceeded");
  iam("UpdateSigningCertificate", of_jane({{"CertificateId", id}, {"Status", "Inactive"}}));
  EXPECT_EQ(iam("ListSigningCertificates", of_jane())["Certificates"].size(), 2u);
  EXPECT_EQ(iam_fail("DeleteUser", of_jane(), 409).first, "DeleteConflict");
  iam("DeleteSigningCertificate", of_jane({{"CertificateId", id}}));
  EXPECT_EQ(iam_fail("DeleteSigningCertificate", of_jane({{"CertificateId", id}}), 404).first,
            "NoSuchEntity");
}

TEST_F(Credentials, SshPublicKeys) {
  const Json made =
      iam("UploadSSHPublicKey", of_jane({{"SSHPublicKeyBody", kSshPublicKey}}))["SSHPublicKey"];
  EXPECT_EQ(made["Fingerprint"], kSshFingerprint);
  EXPECT_EQ(made["SSHPublicKeyBody"], kSshPublicKey);
  const std::string id = made["SSHPublicKeyId"].get<std::string>();
  const auto body = [&](const char* encoding) {
    return iam("GetSSHPublicKey",
               of_jane({{"SSHPublicKeyId", id},
                        {"Encoding", encoding}}))["SSHPublicKey"]["SSHPublicKeyBody"]
        .get<std::string>();
  };
  EXPECT_EQ(body("SSH"), "ssh-rsa " + kSshBody);
  const std::string pem = body("PEM");
  EXPECT_THAT(pem,
              HasSubstr("\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1pZeXxnARQFsuAIcfb3P\n"));
  // The same key in the other form.
  EXPECT_EQ(iam_fail("UploadSSHPublicKey", of_jane({{"SSHPublicKeyBody", pem}}), 400).first,
            "DuplicateSSHPublicKey");
  const std::pair<std::string, const char*> bad[] = {
      {"x", "UnrecognizedPublicKeyEncoding"},
      {"ssh-ed25519 AAAA", "UnrecognizedPublicKeyEncoding"},
      {"ssh-rsa !", "InvalidPublicKey"},
      {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB", "InvalidPublicKey"},
      {"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAwEAAQ==", "InvalidPublicKey"},  // 17 bits
      {"-----BEGIN PUBLIC KEY-----\nx\n", "InvalidPublicKey"}};
  for (const auto& [text, code] : bad) {
    EXPECT_EQ(iam_fail("UploadSSHPublicKey", of_jane({{"SSHPublicKeyBody", text}}), 400).first,
              code)
        << text;
  }
  iam("UpdateSSHPublicKey", of_jane({{"SSHPublicKeyId", id}, {"Status", "Inactive"}}));
  const Json listed = iam("ListSSHPublicKeys", of_jane())["SSHPublicKeys"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["Status"], "Inactive");
  iam("CreateUser", {{"UserName", "joe"}});
  EXPECT_EQ(
      iam_fail("DeleteSSHPublicKey", {{"UserName", "joe"}, {"SSHPublicKeyId", id}}, 404).first,
      "NoSuchEntity");
  iam("DeleteSSHPublicKey", of_jane({{"SSHPublicKeyId", id}}));
  EXPECT_THAT(iam("ListSSHPublicKeys", of_jane())["SSHPublicKeys"], IsEmpty());
}

TEST_F(Credentials, ServiceSpecificCredentials) {
  const auto create = [&](const std::string& service) {
    return iam("CreateServiceSpecificCredential",
               of_jane({{"ServiceName", service}}))["ServiceSpecificCredential"];
  };
  const Json first = create("codecommit.amazonaws.com");
  EXPECT_EQ(first["ServiceUserName"], "jane-at-111122223333");
  EXPECT_EQ(create("codecommit.amazonaws.com")["ServiceUserName"], "jane+1-at-111122223333");
  const Json key = create("bedrock.amazonaws.com");
  EXPECT_TRUE(key.contains("ServiceCredentialSecret"));
  EXPECT_FALSE(key.contains("ServicePassword"));
  EXPECT_EQ(iam_fail("CreateServiceSpecificCredential",
                     of_jane({{"ServiceName", "codecommit.amazonaws.com"}}), 409)
                .first,
            "LimitExceeded");
  EXPECT_EQ(
      iam_fail("CreateServiceSpecificCredential", of_jane({{"ServiceName", "ecr"}}), 404).first,
      "NotSupportedService");
  const std::string id = first["ServiceSpecificCredentialId"].get<std::string>();
  const Parameters named = of_jane({{"ServiceSpecificCredentialId", id}});
  const Json reset = iam("ResetServiceSpecificCredential", named)["ServiceSpecificCredential"];
  EXPECT_NE(reset["ServicePassword"], first["ServicePassword"]);
  Parameters inactive = named;
  inactive.emplace_back("Status", "Inactive");
  iam("UpdateServiceSpecificCredential", inactive);
  const Json listed =
      iam("ListServiceSpecificCredentials",
          of_jane({{"ServiceName", "codecommit.amazonaws.com"}}))["ServiceSpecificCredentials"];
  EXPECT_EQ(listed.size(), 2u);
  EXPECT_FALSE(listed[0].contains("ServicePassword"));
  EXPECT_EQ(
      iam("ListServiceSpecificCredentials", {{"AllUsers", "true"}})["ServiceSpecificCredentials"]
          .size(),
      3u);
  iam("DeleteServiceSpecificCredential", named);
  EXPECT_EQ(iam_fail("ResetServiceSpecificCredential", named, 404).first, "NoSuchEntity");
}

TEST_F(Credentials, PasswordsAreChangedByTheirUser) {
  iam("CreateLoginProfile", of_jane({{"Password", "the-first-password"}}));
  become("joe", policy("Allow", "iam:ChangePassword", "*"));
  EXPECT_EQ(iam_fail("ChangePassword", {{"OldPassword", "a"}, {"NewPassword", "b"}}, 404).first,
            "NoSuchEntity");  // it has none
  use(kRoot);
  EXPECT_EQ(iam_fail("ChangePassword", {{"OldPassword", "a"}, {"NewPassword", "b"}}, 400).first,
            "InvalidUserType");
  iam("PutUserPolicy",
      of_jane({{"PolicyName", "may"},
               {"PolicyDocument", policy("Allow", "iam:ChangePassword", "*").dump()}}));
  use(keys_of(iam("CreateAccessKey", of_jane())["AccessKey"]));
  const auto change = [](const std::string& old_one, const std::string& new_one) {
    return Parameters{{"OldPassword", old_one}, {"NewPassword", new_one}};
  };
  EXPECT_EQ(iam_fail("ChangePassword", change("wrong", "the-second-password"), 403).first,
            "AccessDenied");
  EXPECT_EQ(iam_fail("ChangePassword", change("the-first-password", "short"), 400).first,
            "PasswordPolicyViolation");
  iam("ChangePassword", change("the-first-password", "the-second-password"));
  EXPECT_EQ(
      iam_fail("ChangePassword", change("the-first-password", "the-third-password"), 403).first,
      "AccessDenied");
  iam("ChangePassword", change("the-second-password", "the-third-password"));
}

TEST_F(Credentials, RecordsHideKeysAndPasswords) {
  const auto [key, certificate] = make();
  iam("UploadServerCertificate",
      {{"ServerCertificateName", "web"}, {"CertificateBody", certificate}, {"PrivateKey", key}});
  const Json bedrock =
      iam("CreateServiceSpecificCredential", of_jane({{"ServiceName", "bedrock.amazonaws.com"}}));
  const std::string records = body_of(admin.handle(
      make_request("GET", "/_ecr-local/events?kind=record&limit=100", {{"Host", host}}, "")));
  EXPECT_THAT(records, HasSubstr("UploadServerCertificate"));
  EXPECT_THAT(records, Not(HasSubstr("BEGIN PRIVATE KEY")));
  EXPECT_THAT(
      records,
      Not(HasSubstr(
          bedrock["ServiceSpecificCredential"]["ServiceCredentialSecret"].get<std::string>())));
}

}  // namespace
}  // namespace ecr::api::test
