// This server as an issuer of web identity tokens: its description and its public keys (OpenID
// Connect Discovery 1.0), for whoever verifies tokens of GetWebIdentityToken. Stateless.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

HttpResponse answer_oidc_description(const Services& services, const HttpRequest& request);
HttpResponse answer_oidc_keys(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
