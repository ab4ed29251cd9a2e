// GetAuthorizationToken: the password of `docker login`.
// Source: ECR User Guide, "Private registry authentication".
#include <nlohmann/json.hpp>

#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/encoding.h"
#include "schemas/model/aws_hosts.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;
constexpr std::chrono::hours kTokenLife{12};

// The token names the principal and the Region, and grants nothing by itself: each request of /v2/
// is authorized as its principal is then (api/registry/registry_request.cpp). It is base64 of
// "AWS:" and the password. The AWS CLI splits that at every ':' and expects two parts, so the
// sealed password has none.
Json token_json(const ApiRequest& request, const model::RegistryId& registry) {
  const auth::RegistryTokenClaims claims{request.caller.access_key_id, request.caller.account,
                                         request.registry.region, request.now,
                                         request.now + kTokenLife};
  const std::string host = registry_endpoint(request, registry);
  // Amazon's names are served over TLS alone, and its credential helper believes nothing else.
  const bool secure = request.http.secure || model::is_aws_name(host);
  const std::string scheme = secure ? "https://" : "http://";
  return {
      {"authorizationToken", base::base64_encode("AWS:" + request.services.tokens.seal(claims))},
      {"expiresAt", base::to_epoch_seconds(claims.expires)},
      {"proxyEndpoint", scheme + host}};
}

// registryIds (deprecated by AWS) only multiplies the answers: every token is good for whatever its
// principal may do, in the registries of other accounts too.
Json get_authorization_token(ApiRequest& request) {
  Json data = Json::array();
  for (const Json& id :
       request.input.value("registryIds", Json::array({registry_of(request).account}))) {
    data.push_back(token_json(request, {id.get<std::string>(), request.registry.region}));
  }
  return {{"authorizationData", data}};
}

constexpr Operation kAuthorizationTokenOperations[] = {
    {"GetAuthorizationToken", "ecr:GetAuthorizationToken", Access::kRead,
     on<registry_target, get_authorization_token>},
};

}  // namespace

std::vector<const Operation*> authorization_token_operations() {
  return pointers(kAuthorizationTokenOperations);
}

}  // namespace ecr::api::ecr
