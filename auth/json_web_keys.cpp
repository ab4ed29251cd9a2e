// Reads key sets of identity providers and verifies signatures with OpenSSL. The rule behind all of
// it: the token never decides how it is verified. Its algorithm must be in the list below, and the
// key must be of that algorithm's type, so that "none" and an HMAC with a public key as its secret
// verify nothing (RFC 8725 section 3.1; test: ForgedTokensAreRefused).
#include <array>

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>

#include "auth/jwt.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/openssl.h"

namespace ecr::auth {
namespace {

using base::openssl::ErrorQueue;
using base::openssl::Number;
using base::openssl::ParamBuilder;
using base::openssl::PKey;

// Limits on the input from a provider. A provider usually publishes a few keys, and a verification
// may try each of them. The time of an RSA verification grows with the square of the key's bits.
constexpr std::size_t kMaxKeys = 100;
constexpr int kMinRsaBits = 2048;  // RFC 7518 section 3.3
constexpr int kMaxRsaBits = 8192;

// One row for each algorithm that is accepted (RFC 7518 section 3.1). An algorithm that is not in
// the table verifies nothing.
struct Algorithm {
  std::string_view name;
  std::string_view key_type;  // kty
  std::string_view curve;     // crv; empty: RSA
  const char* group;          // OpenSSL's name of the curve
  const char* digest;
  std::size_t coordinate;  // bytes of each half of the signature
};
constexpr Algorithm kAlgorithms[] = {
    {"RS256", "RSA", "", nullptr, "SHA256", 0},
    {"RS384", "RSA", "", nullptr, "SHA384", 0},
    {"RS512", "RSA", "", nullptr, "SHA512", 0},
    {"ES256", "EC", "P-256", "prime256v1", "SHA256", 32},
    {"ES384", "EC", "P-384", "secp384r1", "SHA384", 48},
    {"ES512", "EC", "P-521", "secp521r1", "SHA512", 66},
};

const Algorithm* find_algorithm(std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A member of another type than text counts as absent.
std::string member(const base::Json& key, const char* name) {
  const auto found = key.find(name);
  return found != key.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Empty for a missing or broken member, which makes a key that OpenSSL or the size checks refuse.
std::string decoded(const base::Json& key, const char* name) {
  return base::base64url_decode(member(key, name)).value_or("");
}

// Makes a public key of its numbers. Null: OpenSSL does not accept them as one. For a curve it
// checks that the point is on the curve.
PKey make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const base::openssl::Params params(OSSL_PARAM_BLD_to_param(builder));
  const base::openssl::PKeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return PKey(key);
}

PKey make_rsa_key(const base::Json& key) {
  const std::string modulus = decoded(key, "n");
  const std::string exponent = decoded(key, "e");
  // Checked before OpenSSL sees the numbers: an exponent of thousands of bits would make each
  // verification slow.
  if (modulus.size() > kMaxRsaBits / 8 || exponent.empty() || exponent.size() > 8) return nullptr;
  const Number n(BN_bin2bn(bytes(modulus), static_cast<int>(modulus.size()), nullptr));
  const Number e(BN_bin2bn(bytes(exponent), static_cast<int>(exponent.size()), nullptr));
  if (!n || !e || BN_num_bits(n.get()) < kMinRsaBits || BN_is_odd(e.get()) == 0) return nullptr;
  // With the exponent 1 every padded hash is its own signature.
  if (BN_is_one(e.get()) != 0) return nullptr;
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return make_key("RSA", builder.get());
}

// Both coordinates have the full width of the curve (RFC 7518 section 6.2.1.2).
PKey make_ec_key(const base::Json& key, const Algorithm& algorithm) {
  std::string x = decoded(key, "x");
  std::string y = decoded(key, "y");
  if (x.size() != algorithm.coordinate || y.size() != algorithm.coordinate) return nullptr;
  // SEC 1 section 2.3.3: the byte 4 begins a point with both coordinates.
  const std::string point = std::string("\x04") + x + y;  // uncompressed
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, algorithm.group,
                                      0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return make_key("EC", builder.get());
}

// A JWS has the two numbers side by side (RFC 7518 section 3.4); OpenSSL wants them in ASN.1.
// Empty: not a signature.
std::string to_asn1(const std::string& raw, std::size_t coordinate) {
  if (raw.size() != 2 * coordinate) return {};
  const int half = static_cast<int>(coordinate);
  Number r(BN_bin2bn(bytes(raw), half, nullptr));
  Number s(BN_bin2bn(bytes(raw) + half, half, nullptr));
  const base::openssl::Signature signature(ECDSA_SIG_new());
  if (!r || !s || !signature) return {};
  // set0 takes both numbers over; it fails only for a null one, and these are not null.
  if (ECDSA_SIG_set0(signature.get(), r.release(), s.release()) != 1) return {};
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool verify(EVP_PKEY* key, const Algorithm& algorithm, const Jwt& token) {
  std::string signature = token.signature;
  if (algorithm.coordinate != 0) signature = to_asn1(signature, algorithm.coordinate);
  if (signature.empty()) return false;
  const base::openssl::DigestContext context(EVP_MD_CTX_new());
  // A wrong signature leaves an error in the thread's queue.
  const ErrorQueue errors;
  return context &&
         EVP_DigestVerifyInit_ex(context.get(), nullptr, algorithm.digest, nullptr, nullptr, key,
                                 nullptr) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(),
                          bytes(token.signed_text), token.signed_text.size()) == 1;
}

}  // namespace

struct JsonWebKeySet::Key {
  std::string id;         // kid; empty: none
  std::string type;       // kty
  std::string curve;      // crv
  std::string algorithm;  // alg; empty: any of its type
  PKey key;

  static std::unique_ptr<const Key> read(const base::Json& description) {
    auto key = std::make_unique<Key>();
    key->id = member(description, "kid");
    key->type = member(description, "kty");
    key->curve = member(description, "crv");
    key->algorithm = member(description, "alg");
    const ErrorQueue errors;
    const std::string use = member(description, "use");
    // A key for encryption must verify nothing (RFC 7517 section 4.2).
    if (!use.empty() && use != "sig") return nullptr;
    for (const Algorithm& algorithm : kAlgorithms) {
      if (key->type != algorithm.key_type || (key->type == "EC" && key->curve != algorithm.curve)) {
        continue;
      }
      key->key =
          key->type == "RSA" ? make_rsa_key(description) : make_ec_key(description, algorithm);
      break;
    }
    if (!key->key) return nullptr;
    return key;
  }

  // A token without "kid" may fit any key of its type. A token with one fits only the keys of that
  // id.
  bool suits(const Algorithm& wanted, const std::optional<std::string>& id_wanted) const {
    return type == wanted.key_type && (type != "EC" || curve == wanted.curve) &&
           (algorithm.empty() || algorithm == wanted.name) && (!id_wanted || id == *id_wanted);
  }
};

JsonWebKeySet::JsonWebKeySet() = default;
JsonWebKeySet::JsonWebKeySet(JsonWebKeySet&&) noexcept = default;
JsonWebKeySet& JsonWebKeySet::operator=(JsonWebKeySet&&) noexcept = default;
JsonWebKeySet::~JsonWebKeySet() = default;

tl::expected<JsonWebKeySet, std::string> JsonWebKeySet::parse(std::string_view text) {
  const auto json = base::parse_json(text, {.max_depth = 16, .max_bytes = 1u << 20});
  if (!json) return tl::unexpected("it is not JSON: " + json.error().detail);
  // RFC 7517 section 5. Unknown members of the set are ignored.
  if (!json->is_object() || !json->contains("keys") || !(*json)["keys"].is_array()) {
    return tl::unexpected(std::string("it has no list \"keys\""));
  }
  JsonWebKeySet set;
  for (const auto& description : (*json)["keys"]) {
    // More keys are left out, not refused: the tokens of the first ones still work.
    if (set.keys_.size() == kMaxKeys) break;
    if (!description.is_object()) continue;
    if (auto key = Key::read(description)) set.keys_.push_back(std::move(key));
  }
  return set;
}

bool JsonWebKeySet::has_key(std::string_view key_id) const {
  for (const auto& key : keys_) {
    if (key->id == key_id) return true;
  }
  return false;
}

// More than one key may suit, for example while a provider changes its keys.
bool JsonWebKeySet::verifies(const Jwt& token) const {
  const Algorithm* algorithm = find_algorithm(token.algorithm);
  if (algorithm == nullptr) return false;
  for (const auto& key : keys_) {
    if (key->suits(*algorithm, token.key_id) && verify(key->key.get(), *algorithm, token)) {
      return true;
    }
  }
  return false;
}

}  // namespace ecr::auth
