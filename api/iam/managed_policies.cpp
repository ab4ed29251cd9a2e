// Customer-managed policies and their versions; AWS-managed ones can be read. Source: AWS IAM API
// Reference; the texts of errors are those of published errors.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/managed_policy.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

// The grammar is checked before the size, so that a document with both faults gets
// MalformedPolicyDocument.
std::string checked_document(const Call& call) {
  std::string document = text_member(call.input, "PolicyDocument");
  check_policy(document, auth::iam::PolicyType::kIdentity);
  if (auth::iam::counted_size(document) > kPolicySize) {
    throw limit_exceeded(base::format("Cannot exceed quota for PolicySize: {}", kPolicySize));
  }
  return document;
}

// The policy that the call changes, as the operation's refusal of an AWS-managed one says. The
// sentences of DeletePolicy, DeletePolicyVersion and SetDefaultPolicyVersion are recorded.
ManagedPolicy require_customer_policy(const Call& call, std::string_view what) {
  ManagedPolicy policy = require_policy(call);
  refuse_aws_managed(policy, what);
  return policy;
}

Json create_policy(Call& call) {
  storage::ManagedPolicy row;
  row.account = call.caller.account;
  row.name = text_member(call.input, "PolicyName");
  row.path = path_of(call.input);
  row.arn = base::format("arn:aws:iam::{}:policy{}{}", row.account, row.path, row.name);
  row.unique_id = make_unique_id(call.services.random, kPolicyId, row.account);
  row.created_at = call.now;
  if (call.input.contains("Description")) row.description = text_member(call.input, "Description");
  // Names are unique in the account whatever the path, and without regard to case.
  const std::string document = checked_document(call);
  if (storage::find_managed_policy_named(call.txn, row.account, row.name)) {
    throw already_exists(base::format(
        "A policy called {} already exists. Duplicate names are not allowed.", row.name));
  }
  storage::insert_managed_policy(call.txn, row, document);
  tag_resource(call, row.arn);
  // The answer has no Description, and the tags in the order of the request (recorded from IAM).
  Json json = policy_json(call, find_policy(call, row.arn).value());
  add_tags(requested_resource_tags(call.input), json);
  return {{"Policy", std::move(json)}};
}

// Tags are there where the list is empty, too, also of an AWS-managed policy (recorded from IAM).
Json get_managed_policy(Call& call) {
  const ManagedPolicy policy = require_policy(call);
  Json json = policy_json(call, policy);
  if (policy.description) json["Description"] = *policy.description;
  json["Tags"] = tags_json(storage::resource_tags(call.txn, policy.arn));
  return {{"Policy", std::move(json)}};
}

// PolicyUsageFilter: PermissionsPolicy (attached), PermissionsBoundary; empty: either.
bool is_used(const Call& call, const ManagedPolicy& policy, std::string_view usage) {
  const std::string& account = call.caller.account;
  const bool attached = usage != "PermissionsBoundary" &&
                        !storage::entities_with_policy(call.txn, account, policy.arn).empty();
  const bool boundary = usage != "PermissionsPolicy" &&
                        !storage::entities_with_boundary(call.txn, account, policy.arn).empty();
  return attached || boundary;
}

// AWS-managed policies are part of the list (Scope All is the default).
Json list_managed_policies(Call& call) {
  const std::string scope = text_member(call.input, "Scope", "All");
  const std::string usage = text_member(call.input, "PolicyUsageFilter");
  const std::string prefix = text_member(call.input, "PathPrefix");
  const bool only_used = call.input.value("OnlyAttached", false) || !usage.empty();
  std::vector<Listed> items;
  for (const ManagedPolicy& policy : all_policies(call, scope != "AWS", scope != "Local")) {
    if (!policy.path.starts_with(prefix)) continue;
    if (only_used && !is_used(call, policy, usage)) continue;
    items.emplace_back(base::to_lower(policy.name) + " " + policy.arn, policy_json(call, policy));
  }
  std::sort(items.begin(), items.end(),
            [](const Listed& a, const Listed& b) { return a.first < b.first; });
  return Pager(call).page("Policies", std::move(items));
}

// All other versions have to be deleted first; the default version is deleted with the policy.
Json delete_managed_policy(Call& call) {
  const ManagedPolicy policy = require_customer_policy(call, "delete policies");
  if (is_used(call, policy, "")) {
    throw delete_conflict("Cannot delete a policy attached to entities.");
  }
  if (versions_of(call, policy).size() > 1) {
    throw delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy.");
  }
  storage::remove_resource_tags(call.txn, policy.arn);
  storage::delete_managed_policy(call.txn, *policy.row);
  return Json::object();
}

// A policy keeps at most five versions, of which one, the default, is in force: a new version has
// no effect until it is made the default (test FiveVersionsOneOfWhichIsInForce). IAM never reuses a
// version number.
Json create_version(Call& call) {
  const ManagedPolicy policy = require_customer_policy(call, "update policies");  // inferred
  const std::string document = checked_document(call);
  if (versions_of(call, policy).size() >= kVersionsPerPolicy) {
    throw limit_exceeded(base::format(
        "A managed policy can have up to {} versions. Before you create a new version, you must "
        "delete an existing version.",
        kVersionsPerPolicy));
  }
  const auto number = storage::add_policy_version(call.txn, *policy.row, document, call.now);
  if (call.input.value("SetAsDefault", false)) {
    storage::set_default_version(call.txn, *policy.row, number);
  }
  return {{"PolicyVersion", version_json(require_policy(call), {number, "", call.now}, false)}};
}

// An AWS-managed policy has only version v1 here, whatever AWS's own number is.
storage::PolicyVersion require_version(const Call& call, const ManagedPolicy& policy) {
  const std::string id = text_member(call.input, "VersionId");
  for (auto& version : versions_of(call, policy)) {
    if (version_id(version.version) == id) return std::move(version);
  }
  throw no_such_entity(
      base::format("Policy {} version {} does not exist or is not attachable.", policy.arn, id));
}

// " version v1", for the error of a policy that does not exist.
std::string named_version(const Call& call) {
  return " version " + text_member(call.input, "VersionId");
}

Json get_version(Call& call) {
  const ManagedPolicy policy = require_attachable_policy(call, named_version(call));
  return {{"PolicyVersion", version_json(policy, require_version(call, policy), true)}};
}

Json list_versions(Call& call) {
  const ManagedPolicy policy = require_policy(call);
  std::vector<Listed> items;
  for (const auto& version : versions_of(call, policy)) {
    // Newest first: the key falls as the number grows.
    items.emplace_back(base::format("{:020}", 1'000'000'000 - version.version),
                       version_json(policy, version, false));
  }
  return Pager(call).page("Versions", std::move(items));
}

// Takes effect with the next request of every principal that has the policy.
Json set_default(Call& call) {
  const ManagedPolicy policy = require_attachable_policy(call, named_version(call));
  refuse_aws_managed(policy, "update policies");
  storage::set_default_version(call.txn, *policy.row, require_version(call, policy).version);
  return Json::object();
}

Json delete_version(Call& call) {
  const ManagedPolicy policy = require_customer_policy(call, "delete policy versions for policies");
  const auto version = require_version(call, policy).version;
  if (version == policy.default_version) {
    throw delete_conflict("Cannot delete the default version of a policy.");
  }
  storage::delete_policy_version(call.txn, *policy.row, version);
  return Json::object();
}

// Tagging changes a policy: it is refused for AWS-managed ones. The sentence is inferred.
Json tag_policy(Call& call) {
  tag_resource(call, require_customer_policy(call, "update policies").arn);
  return Json::object();
}
Json untag_policy(Call& call) {
  untag_resource(call, require_customer_policy(call, "update policies").arn);
  return Json::object();
}
// AWS-managed policies can be asked, too; they have no tags.
Json list_policy_tags(Call& call) {
  return list_tags(call, storage::resource_tags(call.txn, require_policy(call).arn));
}

constexpr Operation kManagedPolicyOperations[] = {
    {"CreatePolicy", "iam:CreatePolicy", Access::kWrite, new_policy_target, create_policy},
    {"GetPolicy", "iam:GetPolicy", Access::kRead, policy_target, get_managed_policy},
    {"ListPolicies", "iam:ListPolicies", Access::kRead, account_target, list_managed_policies},
    {"DeletePolicy", "iam:DeletePolicy", Access::kWrite, policy_target, delete_managed_policy},
    {"CreatePolicyVersion", "iam:CreatePolicyVersion", Access::kWrite, policy_target,
     create_version},
    {"GetPolicyVersion", "iam:GetPolicyVersion", Access::kRead, policy_target, get_version},
    {"ListPolicyVersions", "iam:ListPolicyVersions", Access::kRead, policy_target, list_versions},
    {"SetDefaultPolicyVersion", "iam:SetDefaultPolicyVersion", Access::kWrite, policy_target,
     set_default},
    {"DeletePolicyVersion", "iam:DeletePolicyVersion", Access::kWrite, policy_target,
     delete_version},
    {"TagPolicy", "iam:TagPolicy", Access::kWrite, policy_target, tag_policy},
    {"UntagPolicy", "iam:UntagPolicy", Access::kWrite, policy_target, untag_policy},
    {"ListPolicyTags", "iam:ListPolicyTags", Access::kRead, policy_target, list_policy_tags},
};

}  // namespace

std::vector<const Operation*> managed_policy_operations() {
  return pointers(kManagedPolicyOperations);
}

}  // namespace ecr::api::iam
