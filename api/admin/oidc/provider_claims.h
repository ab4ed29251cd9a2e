// The claims that tokens of well-known providers have, for tokens made up by tests. What a test
// gives replaces what is usual, and the subject is built of both, as the provider builds it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/json.h"

namespace ecr::api::admin {

// "github", "gitlab", ...: in the order of the help.
std::vector<std::string> token_providers();

// The issuer of a provider's tokens, with its scheme; that of CircleCI and Oracle has the id of a
// customer, which is made up. Empty: it has none of its own ("other").
std::string usual_issuer(std::string_view provider);

// All claims but the issuer, the times and the id of the token. A claim that is given as null is
// left out. `given`: an object. `issuer`: CircleCI's has the organization in it.
// REQUIRES: `provider` is one of token_providers().
base::OrderedJson provider_claims(std::string_view provider, std::string_view issuer,
                                  const base::OrderedJson& given);

}  // namespace ecr::api::admin
