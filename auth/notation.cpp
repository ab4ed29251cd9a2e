#include "auth/notation.h"

#include <array>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/digest.h"

namespace ecr::auth {
namespace {

template <typename T, void (*Free)(T*)>
struct NotationDeleter {
  void operator()(T* pointer) const { Free(pointer); }
};
using NotationPKey = std::unique_ptr<EVP_PKEY, NotationDeleter<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, NotationDeleter<X509, X509_free>>;
using NotationDigestContext =
    std::unique_ptr<EVP_MD_CTX, NotationDeleter<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, NotationDeleter<BIO, BIO_free_all>>;
using NotationSignature = std::unique_ptr<ECDSA_SIG, NotationDeleter<ECDSA_SIG, ECDSA_SIG_free>>;
using Extension =
    std::unique_ptr<X509_EXTENSION, NotationDeleter<X509_EXTENSION, X509_EXTENSION_free>>;
using NotationNumber = std::unique_ptr<BIGNUM, NotationDeleter<BIGNUM, BN_free>>;

constexpr const char* kPayloadType = "application/vnd.cncf.notary.payload.v1+json";
constexpr const char* kScheme = "io.cncf.notary.signingScheme";
constexpr std::size_t kCoordinate = 32;  // bytes of each half of an ES256 signature

template <typename T>
T require_openssl(T value, const char* doing) {
  if (value) return value;
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL failed at ") + doing);
}

void require_ok(int result, const char* doing) { require_openssl(result > 0, doing); }

std::string memory_text(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Memory memory_of(std::string_view text) {
  return Memory(
      require_openssl(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "memory"));
}

NotationPKey read_key(std::string_view pem) {
  const Memory memory = memory_of(pem);
  return NotationPKey(require_openssl(
      PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr), "a private key"));
}

std::string der_of(std::string_view pem) {
  const Memory memory = memory_of(pem);
  const Certificate certificate(
      require_openssl(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), "a certificate"));
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(certificate.get(), &bytes);
  require_ok(size, "encoding a certificate");
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

void set_name(X509* certificate) {
  // Verifiers' trust policies name C, ST and O (Notary Project, "Trust policy").
  constexpr std::pair<const char*, const char*> kParts[] = {
      {"C", "US"}, {"ST", "WA"}, {"O", "ECR Local"}, {"CN", "ECR Local image signing"}};
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const auto& [key, value] : kParts) {
    require_ok(X509_NAME_add_entry_by_txt(name, key, MBSTRING_ASC,
                                          reinterpret_cast<const unsigned char*>(value), -1, -1, 0),
               "a name");
  }
  require_ok(X509_set_issuer_name(certificate, name), "an issuer");
}

void add_extension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(
      require_openssl(X509V3_EXT_conf_nid(nullptr, &context, id, value), "an extension"));
  require_ok(X509_add_ext(certificate, extension.get(), -1), "an extension");
}

void set_validity(X509* certificate, base::TimePoint now) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  constexpr long kDay = 86'400;
  ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(seconds - kDay));
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(seconds + 3650 * kDay));
}

void set_serial(X509* certificate) {
  const NotationNumber number(require_openssl(BN_new(), "a number"));
  require_ok(BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), "a serial number");
  require_openssl(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)),
                  "a serial number");
}

Certificate self_signed(EVP_PKEY* key, base::TimePoint now) {
  Certificate certificate(require_openssl(X509_new(), "a certificate"));
  require_ok(X509_set_version(certificate.get(), 2), "a certificate");
  set_serial(certificate.get());
  set_validity(certificate.get(), now);
  set_name(certificate.get());
  require_ok(X509_set_pubkey(certificate.get(), key), "a certificate");
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), NID_ext_key_usage, "codeSigning");
  require_ok(X509_sign(certificate.get(), key, EVP_sha256()), "signing a certificate");
  return certificate;
}

// RFC 7518 section 3.4: the two halves side by side, not DER.
std::string sign_es256(EVP_PKEY* key, std::string_view text) {
  const NotationDigestContext context(require_openssl(EVP_MD_CTX_new(), "signing"));
  require_ok(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key), "signing");
  std::vector<unsigned char> der(256);
  std::size_t size = der.size();
  require_ok(EVP_DigestSign(context.get(), der.data(), &size,
                            reinterpret_cast<const unsigned char*>(text.data()), text.size()),
             "signing");
  const unsigned char* at = der.data();
  const NotationSignature signature(
      require_openssl(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), "a signature"));
  std::array<unsigned char, 2 * kCoordinate> halves{};
  require_ok(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), halves.data(), kCoordinate),
             "a signature");
  require_ok(
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), halves.data() + kCoordinate, kCoordinate),
      "a signature");
  return std::string(reinterpret_cast<const char*>(halves.data()), halves.size());
}

}  // namespace

SigningIdentity make_signing_identity(base::TimePoint now) {
  const NotationPKey key(require_openssl(EVP_EC_gen("P-256"), "making a key"));
  const Memory private_key(require_openssl(BIO_new(BIO_s_mem()), "memory"));
  require_ok(PEM_write_bio_PKCS8PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0,
                                           nullptr, nullptr),
             "writing a key");
  const Certificate certificate = self_signed(key.get(), now);
  const Memory text(require_openssl(BIO_new(BIO_s_mem()), "memory"));
  require_ok(PEM_write_bio_X509(text.get(), certificate.get()), "writing a certificate");
  return {memory_text(private_key.get()), memory_text(text.get())};
}

std::string notation_envelope(const SigningIdentity& identity, const SignedArtifact& artifact,
                              base::TimePoint now) {
  using nlohmann::json;
  const json payload = {
      {"targetArtifact",
       {{"mediaType", artifact.media_type}, {"digest", artifact.digest}, {"size", artifact.size}}}};
  const json header = {{"alg", "ES256"},
                       {"cty", kPayloadType},
                       {"crit", json::array({kScheme})},
                       {kScheme, "notary.x509"},
                       {"io.cncf.notary.signingTime", base::format_iso8601(now)}};
  const std::string encoded_payload = base::base64url_encode(base::dump(payload));
  const std::string encoded_header = base::base64url_encode(base::dump(header));
  const NotationPKey key = read_key(identity.private_key);
  const std::string signature = sign_es256(key.get(), encoded_header + "." + encoded_payload);
  const json envelope = {
      {"payload", encoded_payload},
      {"protected", encoded_header},
      {"header",
       {{"x5c", json::array({base::base64_encode(der_of(identity.certificate))})},
        {"io.cncf.notary.signingAgent", "ecr-local"}}},
      {"signature", base::base64url_encode(signature)}};
  return base::dump(envelope);
}

std::string certificate_thumbprint(std::string_view certificate) {
  return model::Digest::of(der_of(certificate)).text().substr(7);
}

}  // namespace ecr::auth
