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
// The same, where the call changes it. Throws InvalidInput for an AWS-managed one.
ManagedPolicy require_customer_policy(const Call& call);
// The policies of the caller's account (`customer`), then those of AWS (`aws`): where `uses` is
// given, only those of AWS that it has.
std::vector<ManagedPolicy> all_policies(const Call& call, bool customer, bool aws,
                                        const storage::PolicyUses* uses = nullptr);

// The policy's versions, newest first; of an AWS-managed policy only the default one is here.
std::vector<storage::PolicyVersion> versions_of(const Call& call, const ManagedPolicy& policy);

// The members that listings show: no description, no tags.
Json policy_json(const Call& call, const ManagedPolicy& policy);
Json version_json(const ManagedPolicy& policy, const storage::PolicyVersion& version,
                  bool document);
std::string version_id(std::int64_t version);  // "v1"

}  // namespace ecr::api::iam
