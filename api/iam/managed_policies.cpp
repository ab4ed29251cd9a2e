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
std::string checked_document(const ApiRequest& request) {
  std::string document = text_member(request.input, "PolicyDocument");
  check_policy(document, auth::iam::PolicyType::kIdentity);
  if (auth::iam::counted_size(document) > kPolicySize) {
    throw limit_exceeded(base::format("Cannot exceed quota for PolicySize: {}", kPolicySize));
  }
  return document;
}

Resolved<storage::ManagedPolicy> new_policy_target(const ApiRequest& request) {
  storage::ManagedPolicy row;
  row.account = request.caller.account;
  row.name = text_member(request.input, "PolicyName");
  row.path = path_of(request.input);
  row.arn = base::format("arn:{}:iam::{}:policy{}{}", request.registry.partition(), row.account,
                         row.path, row.name);
  auto targets = new_resource_target(request, row.arn, "iam:TagPolicy");
  for (Target& target : targets) target.shown_resource = "policy " + row.name;
  return {std::move(targets), std::move(row)};
}

Json create_policy(ApiRequest& request, storage::ManagedPolicy& row) {
  row.unique_id = make_unique_id(request.core.random, kPolicyId, row.account);
  row.created_at = request.now;
  if (request.input.contains("Description"))
    row.description = text_member(request.input, "Description");
  // Names are unique in the account whatever the path, and without regard to case.
  const std::string document = checked_document(request);
  if (storage::find_managed_policy_named(request.txn, row.account, row.name)) {
    throw already_exists(base::format(
        "A policy called {} already exists. Duplicate names are not allowed.", row.name));
  }
  storage::insert_managed_policy(request.txn, row, document);
  tag_resource(request, row.arn);
  // The answer has no Description, and the tags in the order of the request (recorded from IAM).
  Json json = policy_json(request, find_policy(request, row.arn).value());
  add_tags(requested_resource_tags(request.input), json);
  return {{"Policy", std::move(json)}};
}

// Tags are there where the list is empty, too, also of an AWS-managed policy (recorded from IAM).
Json get_managed_policy(ApiRequest& request, const ManagedPolicy& policy) {
  Json json = policy_json(request, policy);
  if (policy.description) json["Description"] = *policy.description;
  json["Tags"] = tags_json(storage::resource_tags(request.txn, policy.arn));
  return {{"Policy", std::move(json)}};
}

bool is_used(const storage::PolicyUses& uses, const ManagedPolicy& policy, PolicyUse wanted) {
  const auto use = uses.find(policy.arn);
  if (use == uses.end()) return false;
  return (wanted != PolicyUse::kBoundary && use->second.attachments > 0) ||
         (wanted != PolicyUse::kPermissions && use->second.boundaries > 0);
}

// AWS-managed policies are part of the list (Scope All is the default).
Json list_managed_policies(ApiRequest& request) {
  const std::string scope = text_member(request.input, "Scope", "All");
  const PolicyUse use = requested_use(request.input);
  const std::string prefix = text_member(request.input, "PathPrefix");
  const bool only_used = request.input.value("OnlyAttached", false) || use != PolicyUse::kAny;
  const storage::PolicyUses uses = storage::policy_uses(request.txn, request.caller.account);
  std::vector<std::pair<std::string, ManagedPolicy>> found;
  const Pager pager(request);
  for (ManagedPolicy& policy :
       all_policies(request, scope != "AWS", scope != "Local", only_used ? &uses : nullptr)) {
    if (!policy.path.starts_with(prefix)) continue;
    if (only_used && !is_used(uses, policy, use)) continue;
    std::string key = base::to_lower(policy.name) + " " + policy.arn;
    if (key > pager.after()) found.emplace_back(std::move(key), std::move(policy));
  }
  // To write an entry costs queries, and AWS's policies are many: only the page is written.
  const auto enough = std::min(found.size(), static_cast<std::size_t>(pager.enough()));
  const auto end = found.begin() + static_cast<std::ptrdiff_t>(enough);
  std::partial_sort(found.begin(), end, found.end(),
                    [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Listed> items;
  for (auto one = found.begin(); one != end; ++one) {
    items.emplace_back(one->first, policy_json(request, one->second));
  }
  return pager.page("Policies", std::move(items));
}

// All other versions have to be deleted first; the default version is deleted with the policy.
Json delete_managed_policy(ApiRequest& request, const ManagedPolicy& policy) {
  refuse_aws_managed(policy, "delete policies");
  const auto uses = storage::policy_uses(request.txn, request.caller.account);
  if (is_used(uses, policy, PolicyUse::kAny)) {
    throw delete_conflict("Cannot delete a policy attached to entities.");
  }
  if (versions_of(request, policy).size() > 1) {
    throw delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the "
        "policy's versions. The default version is deleted with the policy.");
  }
  storage::remove_resource_tags(request.txn, policy.arn);
  storage::delete_managed_policy(request.txn, *policy.row_id);
  return Json::object();
}

// A policy keeps at most five versions, of which one, the default, is in force: a new version has
// no effect until it is made the default (test FiveVersionsOneOfWhichIsInForce). IAM never reuses a
// version number.
Json create_version(ApiRequest& request, ManagedPolicy& policy) {
  refuse_aws_managed(policy, "update policies");  // inferred
  const std::string document = checked_document(request);
  if (versions_of(request, policy).size() >= kVersionsPerPolicy) {
    throw limit_exceeded(base::format(
        "A managed policy can have up to {} versions. Before you create a new version, you must "
        "delete an existing version.",
        kVersionsPerPolicy));
  }
  const auto number =
      storage::add_policy_version(request.txn, *policy.row_id, document, request.now);
  if (request.input.value("SetAsDefault", false)) {
    storage::set_default_version(request.txn, *policy.row_id, number);
    policy.default_version = number;
  }
  return {{"PolicyVersion", version_json(policy, {number, "", request.now}, false)}};
}

// " version v1", for the error of a policy or version that does not exist.
std::string named_version(const ApiRequest& request) {
  return " version " + text_member(request.input, "VersionId");
}

// An AWS-managed policy has only its default version here, by AWS's own number.
storage::PolicyVersion require_version(const ApiRequest& request, const ManagedPolicy& policy) {
  const std::string id = text_member(request.input, "VersionId");
  for (auto& version : versions_of(request, policy)) {
    if (version_id(version.version) == id) return std::move(version);
  }
  throw not_attachable(policy.arn, named_version(request));
}

Json get_version(ApiRequest& request, const NamedPolicy& named) {
  if (!named.row) throw not_attachable(named.arn, named_version(request));
  return {{"PolicyVersion", version_json(*named.row, require_version(request, *named.row), true)}};
}

Json list_versions(ApiRequest& request, const ManagedPolicy& policy) {
  std::vector<Listed> items;
  for (const auto& version : versions_of(request, policy)) {
    // Newest first: the key falls as the number grows.
    items.emplace_back(base::format("{:020}", 1'000'000'000 - version.version),
                       version_json(policy, version, false));
  }
  return Pager(request).page("Versions", std::move(items));
}

// Takes effect with the next request of every principal that has the policy.
Json set_default(ApiRequest& request, const NamedPolicy& named) {
  if (!named.row) throw not_attachable(named.arn, named_version(request));
  refuse_aws_managed(*named.row, "update policies");
  storage::set_default_version(request.txn, *named.row->row_id,
                               require_version(request, *named.row).version);
  return Json::object();
}

Json delete_version(ApiRequest& request, const ManagedPolicy& policy) {
  refuse_aws_managed(policy, "delete policy versions for policies");
  const auto version = require_version(request, policy).version;
  if (version == policy.default_version) {
    throw delete_conflict("Cannot delete the default version of a policy.");
  }
  storage::delete_policy_version(request.txn, *policy.row_id, version);
  return Json::object();
}

// Tagging changes a policy: it is refused for AWS-managed ones. The sentence is inferred.
Json tag_policy(ApiRequest& request, const ManagedPolicy& policy) {
  refuse_aws_managed(policy, "update policies");
  tag_resource(request, policy.arn);
  return Json::object();
}
Json untag_policy(ApiRequest& request, const ManagedPolicy& policy) {
  refuse_aws_managed(policy, "update policies");
  untag_resource(request, policy.arn);
  return Json::object();
}
// AWS-managed policies can be asked, too; they have no tags.
Json list_policy_tags(ApiRequest& request, const ManagedPolicy& policy) {
  return list_tags(request, storage::resource_tags(request.txn, policy.arn));
}

constexpr Operation kManagedPolicyOperations[] = {
    {"CreatePolicy", "iam:CreatePolicy", Access::kWrite, on<new_policy_target, create_policy>},
    {"GetPolicy", "iam:GetPolicy", Access::kRead, on<policy_target, get_managed_policy>},
    {"ListPolicies", "iam:ListPolicies", Access::kRead,
     on<listing_target<Listing::kPolicies>, list_managed_policies>},
    {"DeletePolicy", "iam:DeletePolicy", Access::kWrite, on<policy_target, delete_managed_policy>},
    {"CreatePolicyVersion", "iam:CreatePolicyVersion", Access::kWrite,
     on<policy_target, create_version>},
    {"GetPolicyVersion", "iam:GetPolicyVersion", Access::kRead, on<policy_target, get_version>},
    {"ListPolicyVersions", "iam:ListPolicyVersions", Access::kRead,
     on<policy_target, list_versions>},
    {"SetDefaultPolicyVersion", "iam:SetDefaultPolicyVersion", Access::kWrite,
     on<policy_target, set_default>},
    {"DeletePolicyVersion", "iam:DeletePolicyVersion", Access::kWrite,
     on<policy_target, delete_version>},
    {"TagPolicy", "iam:TagPolicy", Access::kWrite, on<policy_target, tag_policy>},
    {"UntagPolicy", "iam:UntagPolicy", Access::kWrite, on<policy_target, untag_policy>},
    {"ListPolicyTags", "iam:ListPolicyTags", Access::kRead, on<policy_target, list_policy_tags>},
};

}  // namespace

std::vector<const Operation*> managed_policy_operations() {
  return pointers(kManagedPolicyOperations);
}

}  // namespace ecr::api::iam
