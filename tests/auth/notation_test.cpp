// Envelopes are verified here by OpenSSL and nothing of ours.
#include "auth/notation.h"

#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

const base::TimePoint kNow{std::chrono::milliseconds(1'700'000'000'000)};
const SignedArtifact kArtifact{"application/vnd.oci.image.manifest.v1+json",
                               "sha256:" + std::string(64, 'a'), 428};

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read_certificate(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return {d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free};
}

// As JWS ES256: r and s side by side.
bool verifies(X509* certificate, const std::string& text, const std::string& signature) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(signature.data());
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> halves(ECDSA_SIG_new(),
                                                                     ECDSA_SIG_free);
  ECDSA_SIG_set0(halves.get(), BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(halves.get(), &der);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                       X509_get0_pubkey(certificate));
  const int result =
      EVP_DigestVerify(context.get(), der, static_cast<std::size_t>(size),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size());
  OPENSSL_free(der);
  return result == 1;
}

TEST(Notation, TheEnvelopeIsAJwsThatTheCertificateVerifies) {
  const SigningIdentity identity = make_signing_identity(kNow);
  const base::Json envelope = base::Json::parse(notation_envelope(identity, kArtifact, kNow));
  const auto text = [&](const char* name) { return envelope[name].get<std::string>(); };
  EXPECT_EQ(
      base::Json::parse(*base::base64url_decode(text("payload"))),
      base::Json(
          {{"targetArtifact",
            {{"mediaType", kArtifact.media_type}, {"digest", kArtifact.digest}, {"size", 428}}}}));
  EXPECT_EQ(base::Json::parse(*base::base64url_decode(text("protected"))),
            base::Json({{"alg", "ES256"},
                        {"cty", "application/vnd.cncf.notary.payload.v1+json"},
                        {"crit", base::Json::array({"io.cncf.notary.signingScheme"})},
                        {"io.cncf.notary.signingScheme", "notary.x509"},
                        {"io.cncf.notary.signingTime", "2023-11-14T22:13:20Z"}}));
  ASSERT_EQ(envelope["header"]["x5c"].size(), 1U);
  const auto certificate =
      read_certificate(*base::base64_decode(envelope["header"]["x5c"][0].get<std::string>()));
  ASSERT_TRUE(certificate);
  const std::string signature = *base::base64url_decode(text("signature"));
  ASSERT_EQ(signature.size(), 64U);
  EXPECT_TRUE(verifies(certificate.get(), text("protected") + "." + text("payload"), signature));
  EXPECT_FALSE(verifies(certificate.get(), text("protected") + ".x", signature));
}

TEST(Notation, TheCertificateIsForCodeSigningAlone) {
  const SigningIdentity identity = make_signing_identity(kNow);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(
      BIO_new_mem_buf(identity.certificate.data(), static_cast<int>(identity.certificate.size())),
      BIO_free_all);
  const Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr),
                                X509_free);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(X509_get_key_usage(certificate.get()), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(certificate.get()), static_cast<unsigned>(XKU_CODE_SIGN));
  EXPECT_EQ(X509_check_ca(certificate.get()), 0);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
  time_t then = 1'700'000'000;
  EXPECT_LT(X509_cmp_time(X509_get0_notBefore(certificate.get()), &then), 0);
  EXPECT_GT(X509_cmp_time(X509_get0_notAfter(certificate.get()), &then), 0);
  EXPECT_EQ(certificate_thumbprint(identity.certificate).size(), 64U);
}

TEST(Notation, EveryIdentityIsAnother) {
  const SigningIdentity one = make_signing_identity(kNow);
  const SigningIdentity two = make_signing_identity(kNow);
  EXPECT_NE(one.private_key, two.private_key);
  EXPECT_NE(certificate_thumbprint(one.certificate), certificate_thumbprint(two.certificate));
}

TEST(Notation, AKeyThatIsNoneIsAnError) {
  EXPECT_THROW(notation_envelope({"no key", "no certificate"}, kArtifact, kNow),
               std::runtime_error);
  EXPECT_THROW(certificate_thumbprint("no certificate"), std::runtime_error);
}

}  // namespace
}  // namespace ecr::auth
