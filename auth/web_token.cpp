#include "auth/web_token.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/openssl.h"

namespace ecr::auth {
namespace {

using base::openssl::require;
using base::openssl::require_ok;

struct WebTokenAlgorithm {
  std::string_view name;
  const char* digest;
  const char* curve;  // crv, and OpenSSL's name of it; null: RSA
  int coordinate;     // bytes of each half of an ECDSA signature
};
constexpr WebTokenAlgorithm kWebTokenAlgorithms[] = {
    {"RS256", "SHA256", nullptr, 0},
    {"ES384", "SHA384", "P-384", 48},
};

const WebTokenAlgorithm* find_web_token_algorithm(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kWebTokenAlgorithms), std::end(kWebTokenAlgorithms),
                   [&](const WebTokenAlgorithm& algorithm) { return algorithm.name == name; });
  return found == std::end(kWebTokenAlgorithms) ? nullptr : found;
}

const WebTokenAlgorithm& algorithm_of(const WebTokenKey& key) {
  return *require(find_web_token_algorithm(key.algorithm), "an algorithm of tokens");
}

base::openssl::PKey private_key_of(const WebTokenKey& key) {
  return require(base::openssl::read_private_key(key.private_key), "a private key");
}

// Big-endian; `size` 0: as short as it can be (RFC 7518 section 2, "Base64urlUInt").
std::string encoded_number(const BIGNUM* number, int size) {
  if (size == 0) size = BN_num_bytes(number);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  require_ok(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), size),
             "a number of a key");
  return bytes;
}

std::string public_number(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* raw = nullptr;
  require_ok(EVP_PKEY_get_bn_param(key, name, &raw), "a number of a key");
  const base::openssl::Number number(raw);
  return base::base64url_encode(encoded_number(number.get(), size));
}

// OpenSSL's DER becomes the two numbers side by side (RFC 7518 section 3.4).
std::string both_halves(const std::string& der, int coordinate) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const base::openssl::Signature signature(
      require(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), "a signature"));
  return encoded_number(ECDSA_SIG_get0_r(signature.get()), coordinate) +
         encoded_number(ECDSA_SIG_get0_s(signature.get()), coordinate);
}

}  // namespace

bool is_web_token_algorithm(std::string_view algorithm) {
  return find_web_token_algorithm(algorithm) != nullptr;
}

std::string make_web_token_key(std::string_view algorithm) {
  const WebTokenAlgorithm& kind =
      *require(find_web_token_algorithm(algorithm), "an algorithm of tokens");
  constexpr unsigned kRsaBits = 2048;
  const base::openssl::PKey key(require(
      kind.curve != nullptr ? EVP_EC_gen(kind.curve) : EVP_RSA_gen(kRsaBits), "making a key"));
  return base::openssl::pem_of(key.get());
}

std::string sign_web_token(const WebTokenKey& key, std::string_view claims) {
  const WebTokenAlgorithm& kind = algorithm_of(key);
  const base::Json header = {{"alg", key.algorithm}, {"kid", key.id}, {"typ", "JWT"}};
  const std::string text =
      base::base64url_encode(base::dump(header)) + "." + base::base64url_encode(claims);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const base::openssl::PKey private_key = private_key_of(key);
  const base::openssl::DigestContext context(require(EVP_MD_CTX_new(), "signing"));
  require_ok(EVP_DigestSignInit_ex(context.get(), nullptr, kind.digest, nullptr, nullptr,
                                   private_key.get(), nullptr),
             "signing");
  std::size_t size = 0;
  require_ok(EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()), "signing");
  std::string signature(size, '\0');
  require_ok(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                            &size, bytes, text.size()),
             "signing");
  signature.resize(size);
  if (kind.curve != nullptr) signature = both_halves(signature, kind.coordinate);
  return text + "." + base::base64url_encode(signature);
}

std::string public_json_web_key(const WebTokenKey& key) {
  const WebTokenAlgorithm& kind = algorithm_of(key);
  const base::openssl::PKey private_key = private_key_of(key);
  base::Json out = {{"alg", key.algorithm}, {"kid", key.id}, {"use", "sig"}};
  if (kind.curve != nullptr) {
    out["kty"] = "EC";
    out["crv"] = kind.curve;
    out["x"] = public_number(private_key.get(), OSSL_PKEY_PARAM_EC_PUB_X, kind.coordinate);
    out["y"] = public_number(private_key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kind.coordinate);
  } else {
    out["kty"] = "RSA";
    out["n"] = public_number(private_key.get(), OSSL_PKEY_PARAM_RSA_N, 0);
    out["e"] = public_number(private_key.get(), OSSL_PKEY_PARAM_RSA_E, 0);
  }
  return base::dump(out);
}

}  // namespace ecr::auth
