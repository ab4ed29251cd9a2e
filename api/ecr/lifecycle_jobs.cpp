#include "api/ecr/lifecycle_jobs.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "api/lifecycle/evaluate.h"
#include "storage/images.h"
#include "storage/lifecycle.h"

namespace ecr::api::ecr {
namespace {

using lifecycle::Fate;
using storage::LifecycleImage;
using storage::sql::Access;

// Images that one transaction changes: how long it may keep pushes waiting.
constexpr std::size_t kAtOnce = 200;

lifecycle::Image to_image(const LifecycleImage& row) {
  const storage::Image& image = row.image;
  return {.digest = image.digest,
          .tags = row.tags,
          .storage_class = image.status == "ACTIVE" ? lifecycle::StorageClass::kStandard
                                                    : lifecycle::StorageClass::kArchive,
          .pushed_at = image.pushed_at,
          .last_pulled_at = image.last_pulled_at,
          .last_archived_at = image.last_archived_at,
          .last_activated_at = image.last_activated_at,
          .parents = row.parents,
          .subject = image.subject};
}

lifecycle::Policy require_policy(std::string_view text) {
  auto policy = lifecycle::parse_policy(text);  // it was accepted when it was stored
  if (!policy) throw std::runtime_error(policy.error());
  return std::move(*policy);
}

// What one snapshot of the repository says. `images` and `verdicts` go together.
struct Plan {
  std::vector<LifecycleImage> images;
  std::vector<lifecycle::Verdict> verdicts;
};

Plan make_plan(storage::sql::Txn& txn, std::int64_t repository, std::string_view text,
               schemas::TimePoint now) {
  Plan plan{storage::lifecycle_images(txn, repository), {}};
  std::vector<lifecycle::Image> images;
  images.reserve(plan.images.size());
  for (const LifecycleImage& image : plan.images) images.push_back(to_image(image));
  plan.verdicts = lifecycle::evaluate(require_policy(text), images, now).images;
  return plan;
}

bool leaves(const lifecycle::Verdict& verdict) {
  return verdict.fate == Fate::kExpired || verdict.fate == Fate::kArchived;
}

// Whether an image that goes with `verdict` may still go: an index that names it may have stayed,
// and so may the subject that it follows.
bool is_held(storage::sql::Txn& txn, std::int64_t repository, const LifecycleImage& judged,
             const lifecycle::Verdict& verdict) {
  const bool expires = verdict.fate == Fate::kExpired;
  const auto stays = [&](const std::string& digest) {
    const auto image = storage::find_image(txn, repository, digest);
    return image && (expires || image->status == "ACTIVE");
  };
  const auto parents = storage::image_parents(txn, repository, judged.image.digest);
  return std::any_of(parents.begin(), parents.end(), stays) ||
         (verdict.follows_subject && stays(judged.image.subject));
}

// The image was pulled, tagged, archived or restored since it was judged: the next evaluation
// judges it anew.
bool has_changed(storage::sql::Txn& txn, std::int64_t repository, const LifecycleImage& judged) {
  const storage::Image& image = judged.image;
  const auto current = storage::find_image(txn, repository, image.digest);
  return !current || current->pushed_at != image.pushed_at ||
         current->last_pulled_at != image.last_pulled_at || current->status != image.status ||
         current->last_activated_at != image.last_activated_at ||
         storage::image_tags(txn, repository, image.digest) != judged.tags;
}

void act(storage::sql::Txn& txn, std::int64_t repository, const LifecycleImage& judged,
         const lifecycle::Verdict& verdict, schemas::TimePoint now) {
  if (verdict.fate == Fate::kExpired) {
    storage::delete_image(txn, repository, judged.image.digest, now);
  } else {
    storage::archive_image(txn, repository, judged.image.digest, now);
  }
}

// Indexes before what they name, subjects before what refers to them: so that is_held() sees what
// has become of those.
std::vector<std::size_t> order_of(const Plan& plan) {
  std::unordered_map<std::string_view, std::size_t> leaving;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    if (leaves(plan.verdicts[i])) leaving.emplace(plan.images[i].image.digest, i);
  }
  std::unordered_map<std::size_t, std::vector<std::size_t>> after;
  std::unordered_map<std::size_t, std::size_t> waits_for;  // how many
  const auto wait = [&](std::size_t image, const std::string& digest) {
    const auto first = leaving.find(digest);
    if (first == leaving.end()) return;
    after[first->second].push_back(image);
    ++waits_for[image];
  };
  for (const auto& [digest, i] : leaving) {
    for (const std::string& parent : plan.images[i].parents) wait(i, parent);
    if (plan.verdicts[i].follows_subject) wait(i, plan.images[i].image.subject);
  }
  std::vector<std::size_t> order;
  for (const auto& [digest, i] : leaving) {
    if (waits_for.find(i) == waits_for.end()) order.push_back(i);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const std::size_t image : after[order[next]]) {
      if (--waits_for[image] == 0) order.push_back(image);
    }
  }
  return order;
}

void carry_out(JobCall& call, std::int64_t repository, const Plan& plan) {
  const auto order = order_of(plan);
  for (std::size_t at = 0; at < order.size(); at += kAtOnce) {
    auto txn = call.services.store.database().begin(Access::kWrite);
    const std::size_t end = std::min(order.size(), at + kAtOnce);
    for (std::size_t i = at; i < end; ++i) {
      const LifecycleImage& judged = plan.images[order[i]];
      const lifecycle::Verdict& verdict = plan.verdicts[order[i]];
      if (has_changed(txn, repository, judged) || is_held(txn, repository, judged, verdict))
        continue;
      act(txn, repository, judged, verdict, call.now);
    }
    txn.commit();
  }
}

std::int64_t repository_of(const JobCall& call) {
  return call.payload.at("repository").get<std::int64_t>();
}

const char* name_of(lifecycle::StorageClass storage_class) {
  return storage_class == lifecycle::StorageClass::kArchive ? "ARCHIVE" : "STANDARD";
}

// What the preview shows: what the rules do themselves, oldest first.
std::vector<storage::LifecyclePreviewResult> preview_results(const Plan& plan) {
  std::vector<storage::LifecyclePreviewResult> results;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const lifecycle::Verdict& verdict = plan.verdicts[i];
    if (!leaves(verdict) || verdict.follows_subject) continue;
    const LifecycleImage& row = plan.images[i];
    results.push_back({.digest = row.image.digest,
                       .tags = row.tags,
                       .pushed_at = row.image.pushed_at,
                       .storage_class = name_of(to_image(row).storage_class),
                       .action = verdict.fate == Fate::kExpired ? "EXPIRE" : "TRANSITION",
                       .rule_priority = verdict.rule_priority.value_or(0)});
  }
  std::stable_sort(results.begin(), results.end(),
                   [](const auto& a, const auto& b) { return a.pushed_at < b.pushed_at; });
  std::int64_t position = 0;
  for (auto& result : results) result.position = ++position;
  return results;
}

}  // namespace

void run_lifecycle(JobCall& call) {
  const std::int64_t repository = repository_of(call);
  std::optional<storage::LifecyclePolicy> policy;
  Plan plan;
  {
    auto txn = call.services.store.database().begin(Access::kRead);
    policy = storage::find_lifecycle_policy(txn, repository);
    if (policy) plan = make_plan(txn, repository, policy->text, call.now);
  }
  if (policy) carry_out(call, repository, plan);
  storage::sql::Txn& txn = call.begin();
  const auto current = storage::find_lifecycle_policy(txn, repository);
  if (!current) return;  // it went, or its repository did
  // Another one was put meanwhile: that one has not been evaluated, and its turn is now.
  const bool same = policy && current->text == policy->text;
  if (same) storage::set_lifecycle_evaluated(txn, repository, call.now);
  enqueue_lifecycle(call.services, txn, repository,
                    same ? call.now + kLifecycleInterval : call.now);
}

void run_lifecycle_preview(JobCall& call) {
  const std::int64_t repository = repository_of(call);
  std::vector<storage::LifecyclePreviewResult> results;
  std::optional<storage::LifecyclePreview> preview;
  {
    auto txn = call.services.store.database().begin(Access::kRead);
    preview = storage::find_lifecycle_preview(txn, repository);
    if (preview) results = preview_results(make_plan(txn, repository, preview->text, call.now));
  }
  storage::sql::Txn& txn = call.begin();
  const auto current = storage::find_lifecycle_preview(txn, repository);
  if (!preview || !current || current->text != preview->text) return;
  for (const auto& result : results) {
    storage::add_lifecycle_preview_result(txn, repository, result);
    ++(result.action == "EXPIRE" ? preview->expiring : preview->transitioning);
  }
  preview->status = "COMPLETE";
  storage::finish_lifecycle_preview(txn, repository, *preview);
}

void enqueue_lifecycle(const Services& services, storage::sql::Txn& txn, std::int64_t repository,
                       schemas::TimePoint due) {
  enqueue_job(services, txn, kLifecycle.kind, {{"repository", repository}}, due,
              std::to_string(repository));
}

}  // namespace ecr::api::ecr
