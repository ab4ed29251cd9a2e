#include "api/iam/shared/managed_policy.h"

#include <nlohmann/json.hpp>

#include "api/core/access/aws_managed_policies.h"
#include "api/core/wire/error.h"
#include "api/iam/shared/common.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

ManagedPolicy policy_of(const ApiRequest& request, const storage::ManagedPolicy& row) {
  ManagedPolicy policy;
  policy.arn = row.arn;
  policy.name = row.name;
  policy.path = row.path;
  policy.unique_id = row.unique_id;
  policy.description = row.description;
  policy.created_at = row.created_at;
  policy.updated_at = row.created_at;
  policy.default_version = row.default_version;
  policy.aws_managed = row.account == kAwsPolicyOwner;
  policy.row_id = row.id;
  // UpdateDate is the time of the newest version, whether it is the default or not.
  const auto versions = storage::policy_versions(request.txn, row.id);
  if (!versions.empty()) policy.updated_at = versions.front().created_at;
  return policy;
}

// The ARN is that of the partition which the call names.
ManagedPolicy policy_of(const AwsManagedPolicy& aws, std::string arn) {
  ManagedPolicy policy;
  policy.arn = std::move(arn);
  policy.name = aws.name;
  policy.path = aws.path;
  policy.unique_id = aws.unique_id();
  if (const auto text = aws.description(); !text.empty()) policy.description = std::string(text);
  policy.created_at = aws.created;
  policy.updated_at = aws.updated;
  policy.default_version = aws.version;
  policy.attachable = aws.attachable();
  policy.aws_managed = true;
  return policy;
}

constexpr std::int64_t kAllRows = 1'000'000;  // the caller sorts, filters and pages

}  // namespace

PolicyUse requested_use(const Json& input) {
  const std::string use = text_member(input, "PolicyUsageFilter");
  if (use == "PermissionsPolicy") return PolicyUse::kPermissions;
  if (use == "PermissionsBoundary") return PolicyUse::kBoundary;
  return PolicyUse::kAny;
}

// A policy of another account does not exist for the caller: managed policies cannot be shared.
std::optional<ManagedPolicy> find_policy(const ApiRequest& request, const std::string& arn) {
  if (const AwsManagedPolicy* aws = find_aws_managed_policy(arn)) return policy_of(*aws, arn);
  const auto row = storage::find_managed_policy(request.txn, arn);
  if (!row || (row->account != request.caller.account && row->account != kAwsPolicyOwner)) {
    return std::nullopt;
  }
  return policy_of(request, *row);
}

void NamedPolicy::missing() const {
  throw no_such_entity(base::format("Policy {} was not found.", arn));
}

ApiError not_attachable(std::string_view arn, std::string_view more) {
  return no_such_entity(
      base::format("Policy {}{} does not exist or is not attachable.", arn, more));
}

void refuse_aws_managed(const ManagedPolicy& policy, std::string_view what) {
  if (!policy.aws_managed) return;
  throw ApiError::access_denied(base::format("Cannot {} outside your own account.", what));
}

std::vector<ManagedPolicy> all_policies(const ApiRequest& request, bool customer, bool aws,
                                        const storage::PolicyUses* uses) {
  std::vector<ManagedPolicy> policies;
  const auto add_rows = [&](std::string_view owner, const storage::PolicyUses* used) {
    for (const auto& row : storage::list_managed_policies(request.txn, owner, "", "", kAllRows)) {
      if (used == nullptr || used->contains(row.arn)) policies.push_back(policy_of(request, row));
    }
  };
  if (customer) add_rows(request.caller.account, nullptr);
  if (aws) add_rows(kAwsPolicyOwner, uses);
  if (aws && uses != nullptr) {
    // One that is attached by the ARN of another partition is listed by that ARN.
    for (const auto& [arn, use] : *uses) {
      if (const auto* policy = find_aws_managed_policy(arn)) {
        policies.push_back(policy_of(*policy, arn));
      }
    }
  } else if (aws) {
    for (const auto& policy : aws_managed_policies()) {
      policies.push_back(policy_of(policy, policy.arn(request.registry.partition())));
    }
  }
  return policies;
}

std::vector<storage::PolicyVersion> versions_of(const ApiRequest& request,
                                                const ManagedPolicy& policy) {
  if (policy.row_id) return storage::policy_versions(request.txn, *policy.row_id);
  const AwsManagedPolicy& aws = *find_aws_managed_policy(policy.arn);
  return {{aws.version, aws.document(), aws.updated}};
}

// AttachmentCount and PermissionsBoundaryUsageCount of an AWS-managed policy count the caller's
// account only.
Json policy_json(const ApiRequest& request, const ManagedPolicy& policy) {
  const std::string& account = request.caller.account;
  return {
      {"PolicyName", policy.name},
      {"PolicyId", policy.unique_id},
      {"Arn", policy.arn},
      {"Path", policy.path},
      {"DefaultVersionId", version_id(policy.default_version)},
      {"AttachmentCount", storage::entities_with_policy(request.txn, account, policy.arn).size()},
      {"PermissionsBoundaryUsageCount",
       storage::entities_with_boundary(request.txn, account, policy.arn).size()},
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
