// Owners of OpenSSL's objects, its errors as exceptions, and the certificates that the program
// makes: for the identity that signs images and for the authority of --tls auto. Values and pure
// functions, except that keys and serial numbers come from OpenSSL's random numbers.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "schemas/base/clock.h"

namespace ecr::base::openssl {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* memory) const { BIO_free_all(memory); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using PKey = std::unique_ptr<EVP_PKEY, Free>;
using PKeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Free>;
using Params = std::unique_ptr<OSSL_PARAM, Free>;
using Signature = std::unique_ptr<ECDSA_SIG, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Extension = std::unique_ptr<X509_EXTENSION, Free>;
using Memory = std::unique_ptr<BIO, Free>;
using Number = std::unique_ptr<BIGNUM, Free>;

// Clears the thread's errors at the end of the scope. A failure in the scope must not be taken for
// a failure of the next call that the thread makes to OpenSSL.
struct ErrorQueue {
  ErrorQueue() = default;
  ErrorQueue(const ErrorQueue&) = delete;
  ErrorQueue& operator=(const ErrorQueue&) = delete;
  ~ErrorQueue() { ERR_clear_error(); }
};

// The value, or std::runtime_error where it is null or false.
template <typename T>
T require(T value, const char* doing) {
  if (value) return value;
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL failed at ") + doing);
}
inline void require_ok(int result, const char* doing) { require(result > 0, doing); }

// Reads the text where it is: the text must outlive it.
Memory memory_of(std::string_view text);

std::string pem_of(X509* certificate);
std::string pem_of(EVP_PKEY* key);  // PKCS #8, not encrypted
// Null: the text is no certificate, or no private key.
Certificate read_certificate(std::string_view pem);
PKey read_private_key(std::string_view pem);

PKey make_p256_key();

// Version 3, with a random serial number, valid from a day before `now` for `days` after it: clocks
// of other machines differ from this one's. No names, extensions and signature yet.
Certificate new_certificate(EVP_PKEY* key, TimePoint now, long days);
// Appends one part of the subject's name, such as "CN".
void add_to_subject(X509* certificate, const char* part, const std::string& value);
// `id`: an NID of OpenSSL; `value`: in the form of its configuration files.
void add_extension(X509* certificate, X509* issuer, int id, const std::string& value);

}  // namespace ecr::base::openssl
