#include "auth/notation.h"

#include <array>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/x509v3.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/openssl.h"
#include "schemas/model/digest.h"

namespace ecr::auth {
namespace {

using base::openssl::require;
using base::openssl::require_ok;

// The names of the specification's "JWS Signature envelope".
constexpr const char* kPayloadType = "application/vnd.cncf.notary.payload.v1+json";
constexpr const char* kScheme = "io.cncf.notary.signingScheme";
constexpr long kIdentityDays = 3650;
constexpr std::size_t kCoordinate = 32;  // bytes of each half of an ES256 signature

base::openssl::PKey read_key(std::string_view pem) {
  return require(base::openssl::read_private_key(pem), "a private key");
}

std::string der_of(std::string_view pem) {
  const auto certificate = require(base::openssl::read_certificate(pem), "a certificate");
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate.get(), &bytes);
  require_ok(size, "encoding a certificate");
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

// Makes a certificate that meets the Notary Project's requirements ("Signature Specification",
// "Certificate Requirements"): it is no authority, digitalSignature is critical, and its purpose is
// codeSigning (test: TheCertificateIsForCodeSigningAlone).
base::openssl::Certificate self_signed(EVP_PKEY* key, base::TimePoint now) {
  auto made = base::openssl::new_certificate(key, now, kIdentityDays);
  X509* const certificate = made.get();
  // Trust policies of verifiers name C, ST and O of the subject (Notary Project, "Trust policy"),
  // so all three must be there.
  base::openssl::add_to_subject(certificate, "C", "US");
  base::openssl::add_to_subject(certificate, "ST", "WA");
  base::openssl::add_to_subject(certificate, "O", "ECR Local");
  base::openssl::add_to_subject(certificate, "CN", "ECR Local image signing");
  require_ok(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), "an issuer");
  base::openssl::add_extension(certificate, certificate, NID_basic_constraints,
                               "critical,CA:FALSE");
  base::openssl::add_extension(certificate, certificate, NID_key_usage,
                               "critical,digitalSignature");
  base::openssl::add_extension(certificate, certificate, NID_ext_key_usage, "codeSigning");
  require_ok(X509_sign(certificate, key, EVP_sha256()), "signing a certificate");
  return made;
}

// Signs with ES256. The result is the two numbers side by side, each 32 bytes (RFC 7518 section
// 3.4), not OpenSSL's DER.
std::string sign_es256(EVP_PKEY* key, std::string_view text) {
  const base::openssl::DigestContext context(require(EVP_MD_CTX_new(), "signing"));
  require_ok(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key), "signing");
  // The DER form of a P-256 signature has at most 72 bytes.
  std::vector<unsigned char> der(256);
  std::size_t size = der.size();
  require_ok(EVP_DigestSign(context.get(), der.data(), &size,
                            reinterpret_cast<const unsigned char*>(text.data()), text.size()),
             "signing");
  const unsigned char* at = der.data();
  const base::openssl::Signature signature(
      require(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), "a signature"));
  std::array<unsigned char, 2 * kCoordinate> halves{};
  // Padded on the left: a number that happens to be short still takes 32 bytes.
  require_ok(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), halves.data(), kCoordinate),
             "a signature");
  require_ok(
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), halves.data() + kCoordinate, kCoordinate),
      "a signature");
  return std::string(reinterpret_cast<const char*>(halves.data()), halves.size());
}

}  // namespace

SigningIdentity make_signing_identity(base::TimePoint now) {
  const base::openssl::PKey key = base::openssl::make_p256_key();
  const base::openssl::Certificate certificate = self_signed(key.get(), now);
  return {base::openssl::pem_of(key.get()), base::openssl::pem_of(certificate.get())};
}

std::string notation_envelope(const SigningIdentity& identity, const SignedArtifact& artifact,
                              base::TimePoint now) {
  using nlohmann::json;
  const json payload = {
      {"targetArtifact",
       {{"mediaType", artifact.media_type}, {"digest", artifact.digest}, {"size", artifact.size}}}};
  // The scheme is listed as critical, as the specification demands: a verifier that does not know
  // it must refuse the signature.
  const json header = {{"alg", "ES256"},
                       {"cty", kPayloadType},
                       {"crit", json::array({kScheme})},
                       {kScheme, "notary.x509"},
                       {"io.cncf.notary.signingTime", base::format_iso8601(now)}};
  // A JWS signs the encoded parts, so these very texts go into the envelope.
  const std::string encoded_payload = base::base64url_encode(base::dump(payload));
  const std::string encoded_header = base::base64url_encode(base::dump(header));
  const base::openssl::PKey key = read_key(identity.private_key);
  const std::string signature = sign_es256(key.get(), encoded_header + "." + encoded_payload);
  const json envelope = {
      {"payload", encoded_payload},
      {"protected", encoded_header},
      // The unprotected header: the certificate needs no signature, because the verifier checks it
      // against its own trust store.
      {"header",
       {{"x5c", json::array({base::base64_encode(der_of(identity.certificate))})},
        {"io.cncf.notary.signingAgent", "ecr-local"}}},
      {"signature", base::base64url_encode(signature)}};
  return base::dump(envelope);
}

std::string certificate_thumbprint(std::string_view certificate) {
  // Without "sha256:".
  return model::Digest::of(der_of(certificate)).text().substr(7);
}

}  // namespace ecr::auth
