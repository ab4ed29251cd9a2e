// A managed policy as the API sees it: customer-managed ones are rows, AWS-managed ones are built
// into the program. Shared by the operations on policies, versions and attachments. Stateless
// functions on the request's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::iam {

struct ManagedPolicy {
  std::string arn;
  std::string name;
  std::string path;
  std::string unique_id;
  std::optional<std::string> description;
  base::TimePoint created_at;
  base::TimePoint updated_at;
  std::int64_t default_version = 1;
  bool attachable = true;
  std::optional<std::int64_t> row;  // nullopt: AWS-managed
};

std::optional<ManagedPolicy> find_policy(const Call& call, const std::string& arn);
// The policy that PolicyArn names. Throws NoSuchEntity.
ManagedPolicy require_policy(const Call& call);
// The same in the words of operations that need it attachable: "Policy <ARN><more> does not exist
// or is not attachable."
ManagedPolicy require_attachable_policy(const Call& call, std::string_view more = {});
// The policy that the call changes. Throws AccessDenied for an AWS-managed one: "Cannot <what>
// outside your own account."
void refuse_aws_managed(const ManagedPolicy& policy, std::string_view what);
// The policies of the caller's account (`customer`), then those of AWS (`aws`).
std::vector<ManagedPolicy> all_policies(const Call& call, bool customer, bool aws);

// The policy's versions, newest first; an AWS-managed policy has one.
std::vector<storage::PolicyVersion> versions_of(const Call& call, const ManagedPolicy& policy);

// The members that listings show: no description, no tags.
Json policy_json(const Call& call, const ManagedPolicy& policy);
Json version_json(const ManagedPolicy& policy, const storage::PolicyVersion& version,
                  bool document);
std::string version_id(std::int64_t version);  // "v1"

}  // namespace ecr::api::iam
