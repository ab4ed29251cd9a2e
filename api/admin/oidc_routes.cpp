#include "api/admin/oidc_routes.h"

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/core/web_identity_issuer.h"
#include "auth/web_token.h"
#include "schemas/base/json.h"
#include "storage/rows/iam/web_identity_issuers.h"

namespace ecr::api::admin {

// "issuer" has to be the URL under which the document was fetched. It is that of the tokens where
// the feature was switched on by the same name of this server.
HttpResponse answer_oidc_description(const Services&, const HttpRequest& request) {
  const std::string issuer = web_identity_issuer(request);
  return json_response(
      200, base::Json{{"issuer", issuer},
                      {"jwks_uri", issuer + "/jwks"},
                      {"response_types_supported", base::Json::array({"id_token"})},
                      {"subject_types_supported", base::Json::array({"public"})},
                      {"id_token_signing_alg_values_supported", {"RS256", "ES384"}},
                      {"claims_supported", {"aud", "exp", "iat", "iss", "jti", "sub"}}});
}

// No keys, where no token was asked for yet.
HttpResponse answer_oidc_keys(const Services& services, const HttpRequest&) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  base::Json keys = base::Json::array();
  for (const auto& key : storage::web_identity_keys(txn)) {
    keys.push_back(
        base::parse_json(auth::public_json_web_key({key.algorithm, key.id, key.private_key}))
            .value());
  }
  return json_response(200, base::Json{{"keys", std::move(keys)}});
}

}  // namespace ecr::api::admin
