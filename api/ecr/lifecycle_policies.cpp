// PutLifecyclePolicy, GetLifecyclePolicy, DeleteLifecyclePolicy, StartLifecyclePolicyPreview,
// GetLifecyclePolicyPreview. The grammar of policies and their evaluation are
// api/images/lifecycle/.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
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

// The input's policy as ECR keeps it: compacted, with the order of its keys (captured from AWS;
// test APolicyComesBackCompactedAndUnevaluated). ECR names the member LifecyclePolicyText in its
// errors.
std::string read_policy_text(const Json& input) {
  auto policy = lifecycle::parse_policy(text_member(input, "lifecyclePolicyText"));
  if (!policy) {
    throw ApiError::invalid_parameter("LifecyclePolicyText",
                                      "Lifecycle policy validation failure: " + policy.error());
  }
  return std::move(policy->text);
}

// The sentence was captured from AWS.
storage::LifecyclePolicy require_lifecycle_policy(ApiRequest& request,
                                                  const storage::Repository& repository) {
  auto policy = storage::find_lifecycle_policy(request.txn, repository.id);
  if (!policy) {
    throw ApiError::lifecycle_policy_not_found(repository.registry.account, repository.name);
  }
  return std::move(*policy);
}

Json lifecycle_policy_json(const storage::Repository& repository, const std::string& text) {
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"lifecyclePolicyText", text}};
}

// lastEvaluatedAt is 0 until the first evaluation (captured from AWS; test
// ANewPolicyHasNotBeenEvaluated).
double evaluated_at(const storage::LifecyclePolicy& policy) {
  return policy.last_evaluated_at ? base::to_epoch_seconds(*policy.last_evaluated_at) : 0.0;
}

// ECR evaluates a policy within 24 hours. Here the first evaluation is due after that time, and
// tests move the clock (test IsExecutedWithinADayAndThenEveryDay).
Json put_lifecycle_policy(ApiRequest& request, const storage::Repository& repository) {
  const std::string text = read_policy_text(request.input);
  storage::put_lifecycle_policy(request.txn, repository.id, text);
  enqueue_lifecycle(request.core, request.txn, repository.id, request.now + kLifecycleInterval);
  return lifecycle_policy_json(repository, text);
}

Json get_lifecycle_policy(ApiRequest& request, const storage::Repository& repository) {
  const auto policy = require_lifecycle_policy(request, repository);
  Json output = lifecycle_policy_json(repository, policy.text);
  output["lastEvaluatedAt"] = evaluated_at(policy);
  return output;
}

// The answer is the policy that was deleted, with the time of its last evaluation.
Json delete_lifecycle_policy(ApiRequest& request, const storage::Repository& repository) {
  Json output = get_lifecycle_policy(request, repository);
  storage::delete_lifecycle_policy(request.txn, repository.id);
  // Without its policy the repository has no evaluation left to wait for (test
  // WithoutAPolicyNothingIsLeftToDo).
  cancel_job(request.txn, kLifecycle.kind, std::to_string(repository.id));
  return output;
}

// A preview of the text in the input or, without one, of the policy in force (test
// APreviewOfThePolicyInForceNeedsNoText). One preview of a repository runs at a time, and replaces
// the results of the one before. It is a job: the answer says IN_PROGRESS, and clients wait.
Json start_preview(ApiRequest& request, const storage::Repository& repository) {
  const std::string text = request.input.contains("lifecyclePolicyText")
                               ? read_policy_text(request.input)
                               : require_lifecycle_policy(request, repository).text;
  const auto running = storage::find_lifecycle_preview(request.txn, repository.id);
  if (running && running->status == storage::WorkStatus::kInProgress) {
    throw ApiError::lifecycle_preview_in_progress(repository.registry.account, repository.name);
  }
  storage::start_lifecycle_preview(request.txn, repository.id, text);
  enqueue_job(request.core, request.txn, kLifecyclePreview.kind, {{"repository", repository.id}},
              request.now, std::to_string(repository.id));
  Json output = lifecycle_policy_json(repository, text);
  output["status"] = storage::word_of(storage::WorkStatus::kInProgress);
  return output;
}

// targetStorageClass is there for transitions alone; storageClass is where the image is now.
Json result_json(const storage::LifecyclePreviewResult& result) {
  Json json = {{"imageTags", result.tags},
               {"imageDigest", result.digest.text()},
               {"imagePushedAt", base::to_epoch_seconds(result.pushed_at)},
               {"action", {{"type", storage::word_of(result.action)}}},
               {"appliedRulePriority", result.rule_priority},
               {"storageClass", storage::word_of(result.storage_class)}};
  if (result.action == storage::RuleAction::kTransition) {
    json["action"]["targetStorageClass"] = storage::word_of(storage::StorageClass::kArchive);
  }
  return json;
}

// transitioningImageTotalCounts is there only where the policy would archive an image (ECR API
// Reference; test APreviewOfTransitionsCountsThem).
Json summary_json(const storage::LifecyclePreview& preview) {
  Json summary = {{"expiringImageTotalCount", preview.expiring}};
  if (preview.transitioning > 0) {
    summary["transitioningImageTotalCounts"] = Json::array(
        {{{"targetStorageClass", "ARCHIVE"}, {"imageTotalCount", preview.transitioning}}});
  }
  return summary;
}

// The only filter that a preview has.
TagStatus preview_tag_status(const Json& filter) {
  const std::string status = text_member(filter, "tagStatus");
  if (status == "TAGGED") return TagStatus::kTagged;
  return status == "UNTAGGED" ? TagStatus::kUntagged : TagStatus::kAny;
}

// The result of one image. An image that is named by a tag must have had that tag when the preview
// ran: the result is of that time, the tag may have moved since.
std::optional<storage::LifecyclePreviewResult> find_result(ApiRequest& request,
                                                           std::int64_t repository,
                                                           const Json& id) {
  const NamedImage named = named_image(id);
  const std::string& tag = named.tag;
  const auto digest = named.digest.empty() ? storage::find_tag(request.txn, repository, tag)
                                           : model::Digest::parse(named.digest);
  if (!digest) return std::nullopt;
  auto result = storage::find_lifecycle_preview_result(request.txn, repository, *digest);
  const auto has = [&](const std::string& name) {
    return std::find(result->tags.begin(), result->tags.end(), name) != result->tags.end();
  };
  if (result && !tag.empty() && !has(tag)) return std::nullopt;
  return result;
}

// The results of the named images that the policy would act on. The others are left out; an id that
// names no image is no error either (our choice: ECR's answer is not documented).
Json named_results(ApiRequest& request, std::int64_t repository, const Json& ids) {
  refuse_paging(request, "imageIds");
  Json results = Json::array();
  const TagStatus wanted = preview_tag_status(request.input.value("filter", Json::object()));
  for (const Json& id : ids) {
    const auto result = find_result(request, repository, id);
    if (!result || (wanted == TagStatus::kTagged && result->tags.empty()) ||
        (wanted == TagStatus::kUntagged && !result->tags.empty())) {
      continue;
    }
    results.push_back(result_json(*result));
  }
  return results;
}

// Results are numbered in the order of the preview; a token is the number of the last one shown.
void add_page(ApiRequest& request, std::int64_t repository, Json& output) {
  const Json filter = request.input.value("filter", Json::object());
  const std::string listing =
      "GetLifecyclePolicyPreview\n" + std::to_string(repository) + "\n" + filter.dump();
  const Page page = requested_page(request, listing);
  auto results = storage::list_lifecycle_preview_results(
      request.txn, repository, preview_tag_status(filter), page.after_number(), page.query_limit());
  const auto token = page.cut(results, [](const auto& result) { return result.position; });
  if (token) output["nextToken"] = *token;
  output["previewResults"] = Json::array();
  for (const auto& result : results) output["previewResults"].push_back(result_json(result));
}

// While the preview runs there are no results yet, and the counts are 0. The counts are those of
// all results, whatever the filter.
Json get_preview(ApiRequest& request, const storage::Repository& repository) {
  const auto preview = storage::find_lifecycle_preview(request.txn, repository.id);
  if (!preview) {
    throw ApiError::lifecycle_preview_not_found(repository.registry.account, repository.name);
  }
  Json output = lifecycle_policy_json(repository, preview->text);
  output["status"] = storage::word_of(preview->status);
  if (const auto ids = request.input.find("imageIds"); ids != request.input.end()) {
    output["previewResults"] = named_results(request, repository.id, *ids);
  } else {
    add_page(request, repository.id, output);
  }
  output["summary"] = summary_json(*preview);
  return output;
}

constexpr Operation kLifecyclePolicyOperations[] = {
    {"PutLifecyclePolicy", "ecr:PutLifecyclePolicy", Access::kWrite,
     on<repository_target, put_lifecycle_policy>},
    {"GetLifecyclePolicy", "ecr:GetLifecyclePolicy", Access::kRead,
     on<repository_target, get_lifecycle_policy>},
    {"DeleteLifecyclePolicy", "ecr:DeleteLifecyclePolicy", Access::kWrite,
     on<repository_target, delete_lifecycle_policy>},
    {"StartLifecyclePolicyPreview", "ecr:StartLifecyclePolicyPreview", Access::kWrite,
     on<repository_target, start_preview>},
    {"GetLifecyclePolicyPreview", "ecr:GetLifecyclePolicyPreview", Access::kRead,
     on<repository_target, get_preview>},
};

}  // namespace

std::vector<const Operation*> lifecycle_policy_operations() {
  return pointers(kLifecyclePolicyOperations);
}

}  // namespace ecr::api::ecr
