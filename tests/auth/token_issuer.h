// An identity provider for tests: a key pair, its JWK, and tokens signed with it.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace ecr::auth::test {

class TokenIssuer {
 public:
  // RS256, RS384, RS512, ES256, ES384 or ES512.
  TokenIssuer(const std::string& algorithm, const std::string& key_id, unsigned rsa_bits = 2048);
  ~TokenIssuer();

  nlohmann::json jwk() const;
  std::string key_set() const { return nlohmann::json{{"keys", {jwk()}}}.dump(); }
  std::string sign(const nlohmann::json& claims) const { return sign(claims, header()); }
  std::string sign(const nlohmann::json& claims, const nlohmann::json& header) const;
  nlohmann::json header() const { return {{"alg", algorithm_}, {"kid", key_id_}, {"typ", "JWT"}}; }
  // The public key as PEM, which naive verifiers take for an HMAC secret.
  std::string public_pem() const;

 private:
  struct Impl;
  std::string algorithm_;
  std::string key_id_;
  std::unique_ptr<Impl> impl_;
};

// base64url(header).base64url(claims).base64url(signature)
std::string compact_token(const nlohmann::json& header, const nlohmann::json& claims,
                          const std::string& signature);
std::string hmac_sha256(const std::string& key, const std::string& text);

}  // namespace ecr::auth::test
