// Signs a request as a client does. For tests and benchmarks of code that verifies signatures.
// Pure; uses the canonical form of the verifier.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "schemas/base/clock.h"

namespace ecr::auth {

struct SigningInput {
  std::string method = "POST";
  std::string path = "/";
  std::string query;                                         // raw, without '?'
  std::vector<std::pair<std::string, std::string>> headers;  // REQUIRES: has Host; all are signed
  std::string body;
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty: long-term key
  std::string region = "us-east-1";
  std::string service = "ecr";
  base::TimePoint time;
};

// The headers to add: X-Amz-Date, X-Amz-Security-Token for a session, Authorization. Headers that
// proxies and HTTP libraries change (User-Agent, Expect, ...) are left unsigned, as SDKs do.
std::vector<std::pair<std::string, std::string>> sign_headers(const SigningInput& input);

// The whole query string of the presigned request: the input's and the X-Amz- parameters.
std::string presign_query(const SigningInput& input, std::chrono::seconds expires);

}  // namespace ecr::auth
