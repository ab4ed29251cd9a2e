// This server as an issuer of web identity tokens (GetWebIdentityToken): its URL, under which the
// admin API describes it (OpenID Connect Discovery 1.0). Pure.
#pragma once

#include <string>

#include "api/core/wire/http.h"

namespace ecr::api {

inline constexpr std::string_view kWebIdentityIssuerPath = "/_ecr-local/oidc";

// By the name and scheme that the request was sent to.
inline std::string web_identity_issuer(const HttpRequest& request) {
  return request.origin() + std::string(kWebIdentityIssuerPath);
}

}  // namespace ecr::api
