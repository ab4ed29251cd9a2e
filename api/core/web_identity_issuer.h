// This server as an issuer of web identity tokens: its URL, under which the admin API describes it
// (OpenID Connect Discovery 1.0), for GetWebIdentityToken; and the issuers that it stands in for.
// Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api {

inline constexpr std::string_view kWebIdentityIssuerPath = "/_ecr-local/oidc";

// By the name and scheme that the request was sent to.
inline std::string web_identity_issuer(const HttpRequest& request) {
  return request.origin() + std::string(kWebIdentityIssuerPath);
}

// True where this server's own keys are those of the issuer, and no others (--oidc-test-issuer).
// `issuer`: with its scheme, with or without a slash at its end.
inline bool is_test_issuer(const Settings& settings, std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  const auto& list = settings.oidc_test_issuers;
  return std::find(list.begin(), list.end(), issuer) != list.end();
}

}  // namespace ecr::api
