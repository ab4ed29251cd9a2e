#include "schemas/base/openssl.h"

#include <chrono>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace ecr::base::openssl {
namespace {

constexpr long kDaySeconds = 86'400;

// Copies: the data belongs to the BIO.
std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

// A serial number is positive and has at most 20 bytes (RFC 5280 section 4.1.2.2). 127 random bits
// are unique in practice, and need no counter that would have to survive a restart.
void set_serial(X509* certificate) {
  const Number number(require(BN_new(), "a number"));
  require_ok(BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), "a serial number");
  require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), "a serial number");
}

// The validity begins a day early: clocks of other machines differ from this one's, and a client
// that is a little behind would refuse a fresh certificate.
void set_validity(X509* certificate, TimePoint now, long days) {
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  ASN1_TIME_set(X509_getm_notBefore(certificate), static_cast<time_t>(seconds - kDaySeconds));
  ASN1_TIME_set(X509_getm_notAfter(certificate), static_cast<time_t>(seconds + days * kDaySeconds));
}

}  // namespace

// A read-only BIO: it does not copy the text.
Memory memory_of(std::string_view text) {
  return Memory(require(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), "memory"));
}

std::string pem_of(X509* certificate) {
  const Memory memory(require(BIO_new(BIO_s_mem()), "memory"));
  require_ok(PEM_write_bio_X509(memory.get(), certificate), "writing a certificate");
  return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Memory memory(require(BIO_new(BIO_s_mem()), "memory"));
  require_ok(
      PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr),
      "writing a key");
  return text_of(memory.get());
}

Certificate read_certificate(std::string_view pem) {
  const ErrorQueue errors;
  // A text that is no certificate is an ordinary answer (null), so its error must not stay in the
  // queue.
  return Certificate(PEM_read_bio_X509(memory_of(pem).get(), nullptr, nullptr, nullptr));
}

PKey read_private_key(std::string_view pem) {
  const ErrorQueue errors;
  return PKey(PEM_read_bio_PrivateKey(memory_of(pem).get(), nullptr, nullptr, nullptr));
}

// P-256: every client of TLS 1.2 and 1.3 and every verifier of ES256 knows it.
PKey make_p256_key() { return PKey(require(EVP_EC_gen("P-256"), "making a key")); }

Certificate new_certificate(EVP_PKEY* key, TimePoint now, long days) {
  Certificate certificate(require(X509_new(), "a certificate"));
  require_ok(X509_set_version(certificate.get(), 2), "a certificate");  // 2 says version 3
  set_serial(certificate.get());
  set_validity(certificate.get(), now, days);
  require_ok(X509_set_pubkey(certificate.get(), key), "a certificate");
  return certificate;
}

void add_to_subject(X509* certificate, const char* part, const std::string& value) {
  require_ok(
      X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), part, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1, 0),
      "a name");
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  // OpenSSL builds the extension from text, as from its configuration file; "nodb" says that there
  // is none.
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(
      require(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()), "an extension"));
  require_ok(X509_add_ext(certificate, extension.get(), -1), "an extension");
}

}  // namespace ecr::base::openssl
