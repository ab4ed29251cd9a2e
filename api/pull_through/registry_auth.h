// Authentication at an upstream registry: the challenges of a 401, the Basic credentials that
// answer one, and the answer of a token server. Pure. Source: RFC 9110, section 11; distribution,
// "Token Authentication Specification".
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/pull_through/secrets.h"

namespace ecr::api::pull_through {

struct Challenge {
  std::string scheme;                                    // lower case: "basic", "bearer"
  std::map<std::string, std::string> parameters;         // names in lower case
  std::string parameter(const std::string& name) const;  // empty: none
};

// The challenges of one WWW-Authenticate header. From the first fault on the rest is left out.
std::vector<Challenge> parse_challenges(std::string_view header);

// "Basic ...", for the Authorization header.
std::string basic_authorization(const Secret& secret);

struct TokenAnswer {
  std::string token;  // safe to send in a header
  std::chrono::seconds lasts;
};
// The body of a token server's answer; nullopt: it holds no token.
std::optional<TokenAnswer> read_token_answer(std::string_view body);

}  // namespace ecr::api::pull_through
