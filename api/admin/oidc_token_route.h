// POST /_ecr-local/oidc/token: a token as an identity provider would issue it, signed with this
// server's key, for tests of trust policies. Only for the issuers that --oidc-test-issuer names:
// those count as issuers whose keys are this server's. Stateless.
#pragma once

#include "api/core/services.h"
#include "api/core/wire/http.h"

namespace ecr::api::admin {

// Blocks for up to a second where the key has to be made.
HttpResponse answer_test_token(const Services& services, const HttpRequest& request);

}  // namespace ecr::api::admin
