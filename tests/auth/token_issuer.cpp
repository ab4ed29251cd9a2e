#include "tests/auth/token_issuer.h"

#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::auth::test {
namespace {

struct Curve {
  const char* algorithm;
  const char* group;
  const char* jwk;
  int bytes;
};
constexpr Curve kCurves[] = {{"ES256", "prime256v1", "P-256", 32},
                             {"ES384", "secp384r1", "P-384", 48},
                             {"ES512", "secp521r1", "P-521", 66}};

const Curve* curve_of(const std::string& algorithm) {
  for (const Curve& curve : kCurves) {
    if (algorithm == curve.algorithm) return &curve;
  }
  return nullptr;
}

void require(bool good) {
  if (!good) throw std::runtime_error("OpenSSL failed");
}

std::string number(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* value = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &value) == 1);
  if (size == 0) size = BN_num_bytes(value);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), size);
  BN_free(value);
  return base::base64url_encode(bytes);
}

std::string to_raw(const std::string& der, int size) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  require(signature != nullptr);
  std::string raw(static_cast<std::size_t>(2 * size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, size);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + size, size);
  ECDSA_SIG_free(signature);
  return raw;
}

}  // namespace

struct TokenIssuer::Impl {
  EVP_PKEY* key = nullptr;
  ~Impl() { EVP_PKEY_free(key); }
};

TokenIssuer::TokenIssuer(const std::string& algorithm, const std::string& key_id, unsigned rsa_bits)
    : algorithm_(algorithm), key_id_(key_id), impl_(std::make_unique<Impl>()) {
  const Curve* curve = curve_of(algorithm);
  impl_->key = curve != nullptr
                   ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->group)
                   : EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(rsa_bits));
  require(impl_->key != nullptr);
}

TokenIssuer::~TokenIssuer() = default;

base::Json TokenIssuer::jwk() const {
  base::Json out = {{"kid", key_id_}, {"use", "sig"}, {"alg", algorithm_}};
  if (const Curve* curve = curve_of(algorithm_)) {
    out["kty"] = "EC";
    out["crv"] = curve->jwk;
    out["x"] = number(impl_->key, OSSL_PKEY_PARAM_EC_PUB_X, curve->bytes);
    out["y"] = number(impl_->key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->bytes);
  } else {
    out["kty"] = "RSA";
    out["n"] = number(impl_->key, OSSL_PKEY_PARAM_RSA_N, 0);
    out["e"] = number(impl_->key, OSSL_PKEY_PARAM_RSA_E, 0);
  }
  return out;
}

std::string TokenIssuer::sign(const base::Json& claims, const base::Json& header) const {
  const std::string text =
      base::base64url_encode(header.dump()) + "." + base::base64url_encode(claims.dump());
  const std::string digest = "SHA" + algorithm_.substr(2);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  require(EVP_DigestSignInit_ex(context, nullptr, digest.c_str(), nullptr, nullptr, impl_->key,
                                nullptr) == 1 &&
          EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  require(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                         text.size()) == 1);
  signature.resize(size);
  EVP_MD_CTX_free(context);
  if (const Curve* curve = curve_of(algorithm_)) signature = to_raw(signature, curve->bytes);
  return text + "." + base::base64url_encode(signature);
}

std::string TokenIssuer::public_pem() const {
  BIO* memory = BIO_new(BIO_s_mem());
  require(PEM_write_bio_PUBKEY(memory, impl_->key) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

std::string compact_token(const base::Json& header, const base::Json& claims,
                          const std::string& signature) {
  return base::base64url_encode(header.dump()) + "." + base::base64url_encode(claims.dump()) + "." +
         base::base64url_encode(signature);
}

std::string hmac_sha256(const std::string& key, const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return std::string(reinterpret_cast<const char*>(out), size);
}

}  // namespace ecr::auth::test
