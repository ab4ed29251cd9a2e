// Which claims of a web identity token are condition keys. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecr::auth::iam {

// The claims of an issuer that conditions can ask for, as the Service Authorization Reference lists
// them ("token.actions.githubusercontent.com:repository", "oidc.circleci.com/org/${OrgId}:...").
// `url`: without its scheme. Those that AWS knows of every issuer may be missing:
// kClaimsOfEveryIssuer.
std::vector<std::string> claims_of_issuer(std::string_view url);

// IAM User Guide, "Available keys for AWS OIDC federation".
inline constexpr std::string_view kClaimsOfEveryIssuer[] = {"amr", "aud", "email", "oaud", "sub"};

}  // namespace ecr::auth::iam
