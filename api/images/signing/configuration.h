// A registry's signing configuration (PutSigningConfiguration): which signing profiles sign what is
// pushed to which repositories.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::api::signing {

struct Rule {
  std::string profile;               // ARN of an AWS Signer signing profile
  std::vector<std::string> filters;  // '*': any run of characters; none: every repository
};

// nullopt: there is none.
std::optional<std::vector<Rule>> configuration_of(storage::sql::Txn& txn, std::string_view account,
                                                  std::string_view region);
void set_configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region,
                       const std::optional<std::vector<Rule>>& rules);

// Profiles of the rules that are about the repository, each once, in order.
std::vector<std::string> profiles_for(const std::vector<Rule>& rules, std::string_view repository);

}  // namespace ecr::api::signing
