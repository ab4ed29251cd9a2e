// PutLifecyclePolicy, GetLifecyclePolicy, DeleteLifecyclePolicy, StartLifecyclePolicyPreview,
// GetLifecyclePolicyPreview.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/lifecycle/lifecycle_jobs.h"
#include "api/images/lifecycle/policy.h"
#include "storage/rows/image_listing.h"
#include "storage/rows/images.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::TagStatus;
using storage::sql::Access;

// The input's policy as ECR keeps it: compacted.
std::string read_policy_text(const Json& input) {
  auto policy = lifecycle::parse_policy(string_member(input, "lifecyclePolicyText"));
  if (!policy) {
    throw ApiError::invalid_parameter("LifecyclePolicyText",
                                      "Lifecycle policy validation failure: " + policy.error());
  }
  return std::move(policy->text);
}

storage::LifecyclePolicy require_lifecycle_policy(Call& call,
                                                  const storage::Repository& repository) {
  auto policy = storage::find_lifecycle_policy(call.txn, repository.id);
  if (!policy) {
    throw ApiError::lifecycle_policy_not_found(repository.account, repository.name);
  }
  return std::move(*policy);
}

Json lifecycle_policy_json(const storage::Repository& repository, const std::string& text) {
  return {{"registryId", repository.account},
          {"repositoryName", repository.name},
          {"lifecyclePolicyText", text}};
}

// 0 until the first evaluation, as ECR has it.
double evaluated_at(const storage::LifecyclePolicy& policy) {
  return policy.last_evaluated_at ? base::to_epoch_seconds(*policy.last_evaluated_at) : 0.0;
}

Json put_lifecycle_policy(Call& call) {
  const storage::Repository repository = require_repository(call);
  const std::string text = read_policy_text(call.input);
  storage::put_lifecycle_policy(call.txn, repository.id, text);
  enqueue_lifecycle(call.services, call.txn, repository.id, call.now + kLifecycleInterval);
  return lifecycle_policy_json(repository, text);
}

Json get(Call& call) {
  const storage::Repository repository = require_repository(call);
  const auto policy = require_lifecycle_policy(call, repository);
  Json output = lifecycle_policy_json(repository, policy.text);
  output["lastEvaluatedAt"] = evaluated_at(policy);
  return output;
}

Json delete_lifecycle_policy(Call& call) {
  Json output = get(call);
  const storage::Repository repository = require_repository(call);
  storage::delete_lifecycle_policy(call.txn, repository.id);
  cancel_job(call.txn, kLifecycle.kind, std::to_string(repository.id));
  return output;
}

Json start_preview(Call& call) {
  const storage::Repository repository = require_repository(call);
  const std::string text = call.input.contains("lifecyclePolicyText")
                               ? read_policy_text(call.input)
                               : require_lifecycle_policy(call, repository).text;
  const auto running = storage::find_lifecycle_preview(call.txn, repository.id);
  if (running && running->status == "IN_PROGRESS") {
    throw ApiError::lifecycle_preview_in_progress(repository.account, repository.name);
  }
  storage::start_lifecycle_preview(call.txn, repository.id, text);
  enqueue_job(call.services, call.txn, kLifecyclePreview.kind, {{"repository", repository.id}},
              call.now, std::to_string(repository.id));
  Json output = lifecycle_policy_json(repository, text);
  output["status"] = "IN_PROGRESS";
  return output;
}

Json result_json(const storage::LifecyclePreviewResult& result) {
  Json json = {{"imageTags", result.tags},
               {"imageDigest", result.digest},
               {"imagePushedAt", base::to_epoch_seconds(result.pushed_at)},
               {"action", {{"type", result.action}}},
               {"appliedRulePriority", result.rule_priority},
               {"storageClass", result.storage_class}};
  if (result.action == "TRANSITION") json["action"]["targetStorageClass"] = "ARCHIVE";
  return json;
}

Json summary_json(const storage::LifecyclePreview& preview) {
  Json summary = {{"expiringImageTotalCount", preview.expiring}};
  if (preview.transitioning > 0) {
    summary["transitioningImageTotalCounts"] = Json::array(
        {{{"targetStorageClass", "ARCHIVE"}, {"imageTotalCount", preview.transitioning}}});
  }
  return summary;
}

TagStatus preview_tag_status(const Json& filter) {
  const std::string status = string_member(filter, "tagStatus");
  if (status == "TAGGED") return TagStatus::kTagged;
  return status == "UNTAGGED" ? TagStatus::kUntagged : TagStatus::kAny;
}

// By tag as the image had it when it was previewed: it may be gone since.
std::optional<storage::LifecyclePreviewResult> find_result(Call& call, std::int64_t repository,
                                                           const Json& id) {
  std::string digest = string_member(id, "imageDigest");
  const std::string tag = string_member(id, "imageTag");
  if (digest.empty() && !tag.empty()) {
    digest = storage::find_tag(call.txn, repository, tag).value_or("");
  }
  auto result = storage::find_lifecycle_preview_result(call.txn, repository, digest);
  const auto has = [&](const std::string& name) {
    return std::find(result->tags.begin(), result->tags.end(), name) != result->tags.end();
  };
  if (result && !tag.empty() && !has(tag)) return std::nullopt;
  return result;
}

// Those of the named images that the policy would act on.
Json named_results(Call& call, std::int64_t repository, const Json& ids) {
  for (const char* other : {"nextToken", "maxResults"}) {
    if (call.input.contains(other)) {
      throw ApiError::invalid_parameter(other, "Member must be null when imageIds is used");
    }
  }
  Json results = Json::array();
  const TagStatus wanted = preview_tag_status(call.input.value("filter", Json::object()));
  for (const Json& id : ids) {
    const auto result = find_result(call, repository, id);
    if (!result || (wanted == TagStatus::kTagged && result->tags.empty()) ||
        (wanted == TagStatus::kUntagged && !result->tags.empty())) {
      continue;
    }
    results.push_back(result_json(*result));
  }
  return results;
}

void add_page(Call& call, std::int64_t repository, Json& output) {
  const Json filter = call.input.value("filter", Json::object());
  const std::string listing =
      "GetLifecyclePolicyPreview\n" + std::to_string(repository) + "\n" + filter.dump();
  const Page page = read_page(call, listing);
  const std::int64_t after = page.after.empty() ? 0 : std::stoll(page.after.front());
  auto results = storage::list_lifecycle_preview_results(
      call.txn, repository, preview_tag_status(filter), after, page.limit + 1);
  if (static_cast<std::int64_t>(results.size()) > page.limit) {
    results.pop_back();
    output["nextToken"] = next_token(call, listing, {std::to_string(results.back().position)});
  }
  output["previewResults"] = Json::array();
  for (const auto& result : results) output["previewResults"].push_back(result_json(result));
}

Json get_preview(Call& call) {
  const storage::Repository repository = require_repository(call);
  const auto preview = storage::find_lifecycle_preview(call.txn, repository.id);
  if (!preview) {
    throw ApiError::lifecycle_preview_not_found(repository.account, repository.name);
  }
  Json output = lifecycle_policy_json(repository, preview->text);
  output["status"] = preview->status;
  if (const auto ids = call.input.find("imageIds"); ids != call.input.end()) {
    output["previewResults"] = named_results(call, repository.id, *ids);
  } else {
    add_page(call, repository.id, output);
  }
  output["summary"] = summary_json(*preview);
  return output;
}

constexpr Operation kLifecycleOperations[] = {
    {"PutLifecyclePolicy", "ecr:PutLifecyclePolicy", Access::kWrite, repository_target,
     put_lifecycle_policy},
    {"GetLifecyclePolicy", "ecr:GetLifecyclePolicy", Access::kRead, repository_target, get},
    {"DeleteLifecyclePolicy", "ecr:DeleteLifecyclePolicy", Access::kWrite, repository_target,
     delete_lifecycle_policy},
    {"StartLifecyclePolicyPreview", "ecr:StartLifecyclePolicyPreview", Access::kWrite,
     repository_target, start_preview},
    {"GetLifecyclePolicyPreview", "ecr:GetLifecyclePolicyPreview", Access::kRead, repository_target,
     get_preview},
};

}  // namespace

std::vector<const Operation*> lifecycle_operations() { return pointers(kLifecycleOperations); }

}  // namespace ecr::api::ecr
