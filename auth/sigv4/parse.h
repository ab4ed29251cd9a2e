// Reads the authentication of a request from its Authorization header or its query string. These
// are the first steps of the verifier. Private to auth/. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "auth/sigv4/canonical_request.h"
#include "auth/sigv4/sigv4.h"

namespace ecr::auth {

// Views point into the request or into `decoded`, whose buffer a move leaves where it is.
struct AuthParts {
  AuthParts() = default;
  AuthParts(AuthParts&&) = default;
  AuthParts& operator=(AuthParts&&) = default;

  bool presigned = false;
  std::string_view credential;  // keyid/date/region/service/aws4_request
  std::vector<std::string_view> signed_headers;
  std::string_view signature;
  std::string_view date;
  bool date_is_http = false;       // from a Date header, which may have HTTP's own form
  std::string_view session_token;  // empty: none
  std::optional<std::string_view> payload_hash;  // X-Amz-Content-Sha256
  std::optional<std::chrono::seconds> expires;   // of a presigned request
  std::vector<char> decoded;                     // the query's values
};

// Exactly one form of authentication, its algorithm, the key=value form, and every part present.
tl::expected<AuthParts, SignatureError> parse_auth(const SignedRequest& request,
                                                   const HeaderIndex& headers);

}  // namespace ecr::auth
