#include "api/iam/shared/managed_policy.h"

#include <nlohmann/json.hpp>

#include "api/core/access/aws_managed_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

ManagedPolicy policy_of(const Call& call, const storage::ManagedPolicy& row) {
  ManagedPolicy policy;
  policy.arn = row.arn;
  policy.name = row.name;
  policy.path = row.path;
  policy.unique_id = row.unique_id;
  policy.description = row.description;
  policy.created_at = row.created_at;
  policy.updated_at = row.created_at;
  policy.default_version = row.default_version;
  policy.row = row.id;
  // UpdateDate is the time of the newest version, whether it is the default or not.
  const auto versions = storage::policy_versions(call.txn, row.id);
  if (!versions.empty()) policy.updated_at = versions.front().created_at;
  return policy;
}

// All versions of an AWS-managed policy but the current one are left out; it is v1 here.
ManagedPolicy policy_of(const AwsManagedPolicy& aws) {
  ManagedPolicy policy;
  policy.arn = aws.arn();
  policy.name = aws.name;
  policy.path = aws.path;
  policy.unique_id = aws.unique_id();
  policy.description = std::string(aws.description);
  policy.created_at = base::parse_iso8601(aws.created).value();
  policy.updated_at = policy.created_at;
  policy.attachable = aws.attachable();
  return policy;
}

constexpr std::int64_t kAllRows = 1'000'000;  // the caller sorts, filters and pages

}  // namespace

// A policy of another account does not exist for the caller: managed policies cannot be shared.
std::optional<ManagedPolicy> find_policy(const Call& call, const std::string& arn) {
  if (const AwsManagedPolicy* aws = find_aws_managed_policy(arn)) return policy_of(*aws);
  const auto row = storage::find_managed_policy(call.txn, arn);
  if (!row || row->account != call.caller.account) return std::nullopt;
  return policy_of(call, *row);
}

ManagedPolicy require_policy(const Call& call) {
  const std::string arn = text_member(call.input, "PolicyArn");
  auto policy = find_policy(call, arn);
  if (!policy) throw no_such_entity(base::format("Policy {} was not found.", arn));
  return std::move(*policy);
}

ManagedPolicy require_attachable_policy(const Call& call, std::string_view more) {
  const std::string arn = text_member(call.input, "PolicyArn");
  auto policy = find_policy(call, arn);
  if (!policy) {
    throw no_such_entity(
        base::format("Policy {}{} does not exist or is not attachable.", arn, more));
  }
  return std::move(*policy);
}

void refuse_aws_managed(const ManagedPolicy& policy, std::string_view what) {
  if (policy.row) return;
  throw ApiError::access_denied(base::format("Cannot {} outside your own account.", what));
}

std::vector<ManagedPolicy> all_policies(const Call& call, bool customer, bool aws) {
  std::vector<ManagedPolicy> policies;
  if (customer) {
    for (const auto& row :
         storage::list_managed_policies(call.txn, call.caller.account, "", "", kAllRows)) {
      policies.push_back(policy_of(call, row));
    }
  }
  if (aws) {
    for (const auto& policy : aws_managed_policies()) policies.push_back(policy_of(policy));
  }
  return policies;
}

std::vector<storage::PolicyVersion> versions_of(const Call& call, const ManagedPolicy& policy) {
  if (policy.row) return storage::policy_versions(call.txn, *policy.row);
  return {{1, std::string(find_aws_managed_policy(policy.arn)->document), policy.created_at}};
}

// AttachmentCount and PermissionsBoundaryUsageCount of an AWS-managed policy count the caller's
// account only.
Json policy_json(const Call& call, const ManagedPolicy& policy) {
  const std::string& account = call.caller.account;
  return {
      {"PolicyName", policy.name},
      {"PolicyId", policy.unique_id},
      {"Arn", policy.arn},
      {"Path", policy.path},
      {"DefaultVersionId", version_id(policy.default_version)},
      {"AttachmentCount", storage::entities_with_policy(call.txn, account, policy.arn).size()},
      {"PermissionsBoundaryUsageCount",
       storage::entities_with_boundary(call.txn, account, policy.arn).size()},
      {"IsAttachable", policy.attachable},
      {"CreateDate", iso_time(policy.created_at)},
      {"UpdateDate", iso_time(policy.updated_at)},
  };
}

Json version_json(const ManagedPolicy& policy, const storage::PolicyVersion& version,
                  bool document) {
  Json json = {{"VersionId", version_id(version.version)},
               {"IsDefaultVersion", version.version == policy.default_version},
               {"CreateDate", iso_time(version.created_at)}};
  if (document) json["Document"] = url_encoded(version.document);
  return json;
}

std::string version_id(std::int64_t version) { return base::format("v{}", version); }

}  // namespace ecr::api::iam
