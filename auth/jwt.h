// JSON Web Tokens of identity providers: taken apart, and verified with the provider's own keys.
// Nothing inside a token says where its key comes from: "jwk", "jku" and "x5u" of the header are
// ignored, "kid" only picks one of the provider's keys, and the key's type has to be that of the
// algorithm. Sources: RFC 7515 (signatures), 7517 (keys), 7518 (algorithms), 7519 (claims).
// Pure; values are immutable and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ecr::auth {

struct JwtClaims {
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  std::optional<std::string> authorized_party;  // azp
  std::optional<std::int64_t> expires;          // seconds since the epoch
  std::optional<std::int64_t> not_before;
  std::optional<std::int64_t> issued;
  // Every claim that is a text, number, boolean or list of those, by name; those in an object of
  // the token by "<object>/<name>".
  std::vector<std::pair<std::string, std::vector<std::string>>> values;
  // AWS's own claims ("https://aws.amazon.com/tags", "https://aws.amazon.com/source_identity").
  std::vector<std::pair<std::string, std::string>> session_tags;
  std::vector<std::string> transitive_keys;
  std::optional<std::string> source_identity;
};

// Not to be believed before JsonWebKeySet::verifies().
struct Jwt {
  std::string algorithm;
  std::optional<std::string> key_id;
  JwtClaims claims;
  std::string signed_text;  // header and claims as they were sent
  std::string signature;
};

// The reason, without the token's text, where it is not a signed JWT in compact form. At most
// 20,000 bytes are read.
tl::expected<Jwt, std::string> parse_jwt(std::string_view token);

class JsonWebKeySet {
 public:
  JsonWebKeySet(JsonWebKeySet&&) noexcept;
  JsonWebKeySet& operator=(JsonWebKeySet&&) noexcept;
  ~JsonWebKeySet();

  // {"keys": [...]}. Keys that cannot sign, or of kinds that are not known here, are left out. The
  // reason where it is not a key set.
  static tl::expected<JsonWebKeySet, std::string> parse(std::string_view text);

  std::size_t size() const { return keys_.size(); }
  bool has_key(std::string_view key_id) const;
  // RS256, RS384, RS512, ES256, ES384, ES512. Never "none", never a symmetric algorithm.
  bool verifies(const Jwt& token) const;

 private:
  struct Key;
  JsonWebKeySet();
  std::vector<std::unique_ptr<const Key>> keys_;
};

}  // namespace ecr::auth
