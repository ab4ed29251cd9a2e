// JSON Web Tokens that this server signs (GetWebIdentityToken), and the public halves of their keys
// for whoever verifies them. Sources: RFC 7515 (signatures), 7517 (keys), 7518 (algorithms).
// Pure, except that keys come from OpenSSL's random numbers.
#pragma once

#include <string>
#include <string_view>

namespace ecr::auth {

// RS256 and ES384.
bool is_web_token_algorithm(std::string_view algorithm);

struct WebTokenKey {
  std::string algorithm;
  std::string id;           // kid
  std::string private_key;  // PEM
};

// A new private key in PEM: 2,048 bits for RS256, P-384 for ES384. Takes up to a second.
// REQUIRES: is_web_token_algorithm(algorithm).
std::string make_web_token_key(std::string_view algorithm);

// `claims`: JSON. Throws std::runtime_error where the key cannot be read.
std::string sign_web_token(const WebTokenKey& key, std::string_view claims);

// The public half: a JSON object, as it stands in a key set.
std::string public_json_web_key(const WebTokenKey& key);

}  // namespace ecr::auth
