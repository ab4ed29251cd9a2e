#include "auth/iam/policy/web_identity_claims.h"

#include "auth/iam/policy/authorization_data.h"
#include "schemas/base/text.h"

namespace ecr::auth::iam {

std::vector<std::string> claims_of_issuer(std::string_view url) {
  std::vector<std::string> claims;
  for (const ActionInfo& action : find_service("sts")->actions) {
    if (action.name != "AssumeRoleWithWebIdentity") continue;
    for (const std::string& key : action.condition_keys) {
      const std::size_t colon = key.find(':');
      std::string issuer = key.substr(0, colon);
      const std::size_t variable = issuer.find("${");
      if (variable != std::string::npos) {
        issuer.replace(variable, issuer.find('}') + 1 - variable, "*");
      }
      if (base::wildcard_matches(issuer, url)) claims.push_back(key.substr(colon + 1));
    }
  }
  return claims;
}

}  // namespace ecr::auth::iam
