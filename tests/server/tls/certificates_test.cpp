// The authority of --tls auto and what it issues.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "server/tls/server_certificates.h"

namespace ecr::server {
namespace {

class FixedClock : public base::Clock {
 public:
  base::TimePoint now() const override { return time; }
  // The certificates are verified by OpenSSL against the machine's clock.
  base::TimePoint time =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
};

constexpr std::chrono::hours kDay{24};

class CertificatesTest : public ::testing::Test {
 protected:
  CertificatesTest() {
    std::string pattern = "/tmp/ecr-local-ca-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~CertificatesTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const char* name) const { return directory_ + "/tls/" + name; }

  std::string directory_;
  FixedClock clock_;
};

bool is_for(X509* certificate, const std::string& name) {
  if (is_ip_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) == 1;
}

bool is_issued_by(X509* certificate, const std::string& authority_pem) {
  const base::openssl::Memory memory(
      BIO_new_mem_buf(authority_pem.data(), static_cast<int>(authority_pem.size())));
  const base::openssl::Certificate authority(
      PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  X509_STORE* const store = X509_STORE_new();
  X509_STORE_add_cert(store, authority.get());
  X509_STORE_CTX* const context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, certificate, nullptr);
  X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(context), X509_PURPOSE_SSL_SERVER);
  const bool good = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return good;
}

TEST_F(CertificatesTest, TheAuthorityIsKeptAndItsKeyIsPrivate) {
  const CertificateAuthority first(directory_, clock_.time);
  const CertificateAuthority second(directory_, clock_.time + kDay);
  EXPECT_EQ(first.certificate(), second.certificate());
  struct stat state {};
  ASSERT_EQ(stat(file("ca-key.pem").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
  EXPECT_NE(CertificateAuthority("", clock_.time).certificate(), first.certificate());
}

TEST_F(CertificatesTest, AnAuthorityNearItsEndIsReplaced) {
  const std::string first = CertificateAuthority(directory_, clock_.time).certificate();
  const auto later = clock_.time + 3600 * kDay;
  const CertificateAuthority second(directory_, later);
  EXPECT_NE(second.certificate(), first);
  EXPECT_EQ(CertificateAuthority(directory_, later).certificate(), second.certificate());
}

TEST_F(CertificatesTest, WhatDoesNotFitIsRefusedAndNamed) {
  const auto error = [this]() -> std::string {
    try {
      const CertificateAuthority authority(directory_, clock_.time);
    } catch (const std::runtime_error& caught) {
      return caught.what();
    }
    return "";
  };
  EXPECT_EQ(error(), "");
  std::ofstream(file("ca-key.pem")) << "nonsense";
  EXPECT_NE(error().find(directory_ + "/tls: ca.pem and ca-key.pem are not a pair"),
            std::string::npos);
  std::filesystem::remove(file("ca-key.pem"));
  EXPECT_NE(error().find("ca-key.pem is missing"), std::string::npos);
}

TEST_F(CertificatesTest, EveryNameThatIsAskedForIsServed) {
  const CertificateAuthority authority("", clock_.time);
  ServerCertificates certificates(
      authority, certificate_names("us-east-1", "", {"127.0.0.7:0"}, {"ecr.test"}), clock_);
  for (const char* name :
       {"localhost", "127.0.0.1", "::1", "127.0.0.7", "ecr.test", "192.0.2.9",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.ap-south-1.localhost.localstack.cloud", "Some.Name.Of.Mine"}) {
    const auto certificate = certificates.get(name);
    EXPECT_TRUE(is_for(certificate.get(), name)) << name;
    EXPECT_TRUE(is_for(certificate.get(), "localhost")) << name;
    EXPECT_TRUE(is_issued_by(certificate.get(), authority.certificate())) << name;
    EXPECT_EQ(X509_check_private_key(certificate.get(), certificates.key()), 1);
  }
}

TEST_F(CertificatesTest, WhatIsNoNameGetsTheCommonCertificate) {
  const CertificateAuthority authority("", clock_.time);
  ServerCertificates certificates(authority, certificate_names("us-east-1", "", {}, {}), clock_);
  for (const char* name : {"", "a b", "x,IP:192.0.2.1", "*.com", "-a.example", "a..b"}) {
    EXPECT_EQ(certificates.get(name), certificates.get("")) << name;
  }
  EXPECT_FALSE(is_for(certificates.get("x,IP:192.0.2.1").get(), "192.0.2.1"));
}

TEST_F(CertificatesTest, ACertificateIsReusedUntilItNearsItsEnd) {
  const CertificateAuthority authority("", clock_.time);
  ServerCertificates certificates(authority, {"localhost"}, clock_);
  const auto first = certificates.get("localhost");
  clock_.time += 59 * kDay;
  EXPECT_EQ(certificates.get("LOCALHOST"), first);
  clock_.time += 2 * kDay;
  EXPECT_NE(certificates.get("localhost"), first);
}

TEST_F(CertificatesTest, ManyNamesAreNotAllKept) {
  const CertificateAuthority authority("", clock_.time);
  ServerCertificates certificates(authority, {"localhost"}, clock_);
  const std::weak_ptr<X509> first = certificates.get("first.example");
  EXPECT_FALSE(first.expired());
  for (int i = 0; i < 300; ++i) certificates.get("n" + std::to_string(i) + ".example");
  EXPECT_TRUE(first.expired());
}

TEST(CertificateNames, AreThoseOfTheConfiguration) {
  const auto names = certificate_names("eu-west-1", "{account}.dkr.ecr.{region}.corp.test:{port}",
                                       {"0.0.0.0:4600", "Build.Host:4601"}, {"extra.test"});
  const auto has = [&](const char* name) {
    return std::count(names.begin(), names.end(), name) == 1;
  };
  EXPECT_TRUE(has("*.dkr.ecr.eu-west-1.amazonaws.com"));
  EXPECT_TRUE(has("*.dkr-ecr.eu-west-1.on.aws"));
  EXPECT_TRUE(has("*.dkr.ecr-fips.eu-west-1.amazonaws.com"));
  EXPECT_TRUE(has("ecr.eu-west-1.api.aws"));
  EXPECT_TRUE(has("iam.amazonaws.com"));
  EXPECT_TRUE(has("*.dkr.ecr.eu-west-1.localhost"));
  EXPECT_TRUE(has("*.dkr.ecr.eu-west-1.corp.test"));
  EXPECT_TRUE(has("build.host"));
  EXPECT_TRUE(has("extra.test"));
  EXPECT_FALSE(has("0.0.0.0"));
}

}  // namespace
}  // namespace ecr::server
