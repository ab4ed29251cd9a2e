// AWS's service authorization reference, of the services that this program speaks: which actions
// there are, which resources and condition keys each of them knows. Loaded at the first use,
// immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecr::auth::iam {

struct ActionInfo {
  std::string name;                         // "PutImage"
  std::string lower;                        // "putimage"
  bool wildcard_only = false;               // knows no resources: only "*" matches
  std::vector<std::string> resource_arns;   // "arn:${Partition}:ecr:${Region}:...", one a type
  std::vector<std::string> condition_keys;  // "aws:ResourceTag/${TagKey}"
};

struct ServiceInfo {
  std::string prefix;  // "ecr"
  std::vector<ActionInfo> actions;
};

// Null: the service is not known, so nothing can be said about its actions.
const ServiceInfo* find_service(std::string_view lower_prefix);

}  // namespace ecr::auth::iam
