// A managed policy as the API sees it, the customer's or AWS's. Shared by the operations on
// policies, versions and attachments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {

struct Managed {
  std::string arn;
  std::string name;
  std::string path;
  std::string unique_id;
  std::optional<std::string> description;
  base::TimePoint created_at;
  base::TimePoint updated_at;
  std::int64_t default_version = 1;
  bool attachable = true;
  std::optional<std::int64_t> row;  // none: AWS's
};

std::optional<Managed> find_managed(const Call& call, const std::string& arn);
// The policy of PolicyArn. Throws NoSuchEntity.
Managed require_managed(const Call& call);
// The same, where it is to be changed. Throws InvalidInput for AWS's.
Managed require_own_managed(const Call& call);
// Of the caller's account, then AWS's.
std::vector<Managed> all_managed(const Call& call, bool own, bool aws);

// The policy's versions; of AWS's the one there is.
std::vector<storage::PolicyVersion> versions_of(const Call& call, const Managed& policy);

// As listings show it: without description and tags.
Json managed_json(const Call& call, const Managed& policy);
Json version_json(const Managed& policy, const storage::PolicyVersion& version, bool document);
std::string version_id(std::int64_t version);  // "v1"

}  // namespace ecr::api::iam
