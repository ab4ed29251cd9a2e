// The password of `docker login`: an encrypted, authenticated pointer to a principal. It grants
// nothing by itself; each request is authorized as the principal is at that moment.
// Format: base64url(version byte, 12-byte nonce, AES-256-GCM ciphertext, 16-byte tag); no ':' in it
// (the AWS CLI splits the decoded authorizationToken at ':').
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "schemas/base/clock.h"

namespace ecr::auth {

struct RegistryTokenClaims {
  std::string access_key_id;  // whose live state decides; for sessions the temporary key
  std::string account;        // of the caller
  std::string region;         // where the token was issued; it works only there
  base::TimePoint issued;
  base::TimePoint expires;
  friend bool operator==(const RegistryTokenClaims&, const RegistryTokenClaims&) = default;
};

enum class TokenError { kMalformed /* not ours, or tampered with */, kExpired };

// Immutable and thread-safe.
class RegistryTokenCodec {
 public:
  using Key = std::array<std::uint8_t, 32>;
  RegistryTokenCodec(const Key& key, base::Random& random);
  ~RegistryTokenCodec();

  std::string seal(const RegistryTokenClaims& claims) const;
  tl::expected<RegistryTokenClaims, TokenError> open(std::string_view token,
                                                     base::TimePoint now) const;

 private:
  Key key_;
  base::Random& random_;
};

}  // namespace ecr::auth
