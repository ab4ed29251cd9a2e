// Owners of what OpenSSL's certificate code makes, and its errors as exceptions.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace ecr::server::openssl {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* memory) const { BIO_free_all(memory); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using PKey = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Extension = std::unique_ptr<X509_EXTENSION, Free>;
using Memory = std::unique_ptr<BIO, Free>;
using Number = std::unique_ptr<BIGNUM, Free>;

template <typename T>
T require(T value, const char* doing) {
  if (value) return value;
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL failed at ") + doing);
}

inline void require_ok(int result, const char* doing) { require(result > 0, doing); }

}  // namespace ecr::server::openssl
