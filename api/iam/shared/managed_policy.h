// A managed policy as the API sees it: customer-managed ones are rows, AWS-managed ones are built
// into the program, or rows of a seed. Shared by the operations on policies, versions and
// attachments. Stateless functions on the request's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api {
class ApiError;
}

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
  bool aws_managed = false;
  std::optional<std::int64_t> row_id;  // nullopt: it is built into the program
};

// PolicyUsageFilter: the ways to use a managed policy that a listing asks for.
enum class PolicyUse { kAny, kPermissions, kBoundary };
PolicyUse requested_use(const Json& input);

std::optional<ManagedPolicy> find_policy(const ApiRequest& request, const std::string& arn);
// The policy that the request names by PolicyArn.
struct NamedPolicy : Named<ManagedPolicy> {
  std::string arn;

  [[noreturn]] void missing() const;  // throws NoSuchEntity
};
// The error of operations that need the policy attachable: "Policy <ARN><more> does not exist or is
// not attachable."
ApiError not_attachable(std::string_view arn, std::string_view more = {});
// Throws AccessDenied for an AWS-managed policy, which only AWS changes: "Cannot <what> outside
// your own account."
void refuse_aws_managed(const ManagedPolicy& policy, std::string_view what);
// The policies of the caller's account (`customer`), then those of AWS (`aws`): where `uses` is
// given, only those of AWS that it has.
std::vector<ManagedPolicy> all_policies(const ApiRequest& request, bool customer, bool aws,
                                        const storage::PolicyUses* uses = nullptr);

// The policy's versions, newest first; of an AWS-managed policy only the default one is here.
std::vector<storage::PolicyVersion> versions_of(const ApiRequest& request,
                                                const ManagedPolicy& policy);

// The members that listings show: no description, no tags.
Json policy_json(const ApiRequest& request, const ManagedPolicy& policy);
Json version_json(const ManagedPolicy& policy, const storage::PolicyVersion& version,
                  bool document);
std::string version_id(std::int64_t version);  // "v1"

}  // namespace ecr::api::iam
