// A registry's replication configuration: what is stored of PutReplicationConfiguration, and which
// destinations a push has by it. ECR User Guide, "Private image replication".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "storage/sql/database.h"

namespace ecr::api::replication {

using Json = nlohmann::json;

struct Destination {
  std::string account;
  std::string region;
};

// {"rules": [...]} as it was put; {"rules": []} where none was.
Json configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region);
void set_configuration(storage::sql::Txn& txn, std::string_view account, std::string_view region,
                       const Json& configuration);

// Where a push to that repository goes to, each destination once, in the order of the rules. A rule
// without filters covers every repository; of several filters one must match.
std::vector<Destination> destinations_of(const Json& configuration, std::string_view repository);

}  // namespace ecr::api::replication
