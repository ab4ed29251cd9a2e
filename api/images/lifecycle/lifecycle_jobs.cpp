#include "api/images/lifecycle/lifecycle_jobs.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "api/core/background/events.h"
#include "api/images/lifecycle/evaluate.h"
#include "api/images/lifecycle/lifecycle_record.h"
#include "storage/rows/images.h"
#include "storage/rows/lifecycle.h"
#include "storage/rows/repositories.h"

namespace ecr::api {
namespace {

using lifecycle::Outcome;
using storage::ImageStatus;
using storage::LifecycleImage;
using storage::RuleAction;
using storage::StorageClass;
using storage::sql::Access;

// Images and tags, each of which is an event, that one transaction changes. There is one writer: a
// long transaction would keep pushes waiting. An image has up to 1,000 tags.
constexpr std::size_t kAtOnce = 200;

lifecycle::Policy require_policy(std::string_view text) {
  auto policy = lifecycle::parse_policy(text);  // it was accepted when it was stored
  if (!policy) throw std::runtime_error(policy.error());
  return std::move(*policy);
}

// The evaluation of one snapshot of the repository. `images` and `verdicts` go together.
struct Plan {
  std::vector<LifecycleImage> images;
  std::vector<lifecycle::Verdict> verdicts;
};

Plan make_plan(storage::sql::Txn& txn, std::int64_t repository, std::string_view text,
               base::TimePoint now) {
  Plan plan{storage::lifecycle_images(txn, repository), {}};
  std::vector<lifecycle::Image> images;
  images.reserve(plan.images.size());
  for (const LifecycleImage& image : plan.images) images.push_back(lifecycle_image(image));
  plan.verdicts = lifecycle::evaluate(require_policy(text), images, now).images;
  return plan;
}

bool leaves(const lifecycle::Verdict& verdict) {
  return verdict.outcome == Outcome::kExpired || verdict.outcome == Outcome::kArchived;
}

// Whether an image that goes with `verdict` may still go: an index that names it may have stayed,
// and so may the subject that it follows.
bool is_held(storage::sql::Txn& txn, std::int64_t repository, const LifecycleImage& judged,
             const lifecycle::Verdict& verdict) {
  const bool expires = verdict.outcome == Outcome::kExpired;
  if (storage::find_parent(txn, repository, judged.image.digest,
                           expires ? std::nullopt : std::optional(ImageStatus::kActive))) {
    return true;
  }
  if (!verdict.follows_subject) return false;
  const auto subject = storage::find_image(txn, repository, *judged.image.subject);
  return subject && (expires || subject->status == ImageStatus::kActive);
}

// The image as it is now. nullopt: it was pulled, tagged, archived or restored since it was judged,
// or is gone: the next evaluation judges it anew.
std::optional<storage::Image> unchanged_image(storage::sql::Txn& txn, std::int64_t repository,
                                              const LifecycleImage& judged) {
  const storage::Image& image = judged.image;
  auto current = storage::find_image(txn, repository, image.digest);
  const bool same = current && current->pushed_at == image.pushed_at &&
                    current->last_pulled_at == image.last_pulled_at &&
                    current->status == image.status &&
                    current->last_activated_at == image.last_activated_at &&
                    storage::image_tags(txn, repository, image.digest) == judged.tags;
  return same ? std::move(current) : std::nullopt;
}

// One run of the job.
struct Run {
  JobAttempt& attempt;
  storage::Repository repository;
  storage::LifecyclePolicy policy;
  Plan plan;
};

void record(const Run& run, storage::sql::Txn& txn, const Event& event) {
  record_event(run.attempt.services, txn, run.attempt.now, event);
}

// Writes one event for each tag, or one without a tag. `image`: as it is now, with its media types.
void expire(const Run& run, storage::sql::Txn& txn, const storage::Image& image,
            const std::vector<std::string>& tags) {
  storage::delete_image(txn, run.repository.id, image.digest, run.attempt.now);
  const auto record_deletion = [&](std::string_view tag) {
    record(run, txn, push_or_delete_event(run.repository, ImageAction::kDelete, image, tag));
  };
  if (tags.empty()) record_deletion("");
  for (const std::string& tag : tags) record_deletion(tag);
}

void archive(const Run& run, storage::sql::Txn& txn, const storage::Image& image,
             const std::vector<std::string>& tags) {
  storage::archive_image(txn, run.repository.id, image.digest, run.attempt.now);
  record(run, txn,
         storage_class_event(run.repository, image, tags.empty() ? "" : tags.front(),
                             StorageClass::kArchive, std::nullopt));
}

LifecycleAction action_of(const LifecycleImage& judged, const lifecycle::Verdict& verdict) {
  return {.digest = judged.image.digest,
          .tags = judged.tags,
          .pushed_at = judged.image.pushed_at,
          .rule_priority = verdict.rule_priority.value_or(0),
          .referenced = verdict.outcome == Outcome::kReferenced};
}

// Writes PolicyExecutionEvents, in the transaction of the actions that they record.
void record_actions(const Run& run, storage::sql::Txn& txn,
                    const std::vector<LifecycleAction>& actions) {
  const lifecycle::Policy policy = require_policy(run.policy.text);
  std::size_t at = 0;
  do {
    const std::size_t end = std::min(actions.size(), at + kRecordedImages);
    const std::vector<LifecycleAction> some(actions.begin() + static_cast<std::ptrdiff_t>(at),
                                            actions.begin() + static_cast<std::ptrdiff_t>(end));
    record_service_event(
        run.attempt.services, txn, run.attempt.now, run.repository, "PolicyExecutionEvent",
        lifecycle_record(run.repository, policy, run.policy.last_evaluated_at, some));
    at = end;
  } while (at < actions.size());
}

// Indexes before what they name, subjects before what refers to them: so that is_held() sees what
// has become of those.
std::vector<std::size_t> order_of(const Plan& plan) {
  std::unordered_map<model::Digest, std::size_t, model::DigestHash> leaving;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    if (leaves(plan.verdicts[i])) leaving.emplace(plan.images[i].image.digest, i);
  }
  std::unordered_map<std::size_t, std::vector<std::size_t>> after;
  std::unordered_map<std::size_t, std::size_t> waits_for;  // how many
  const auto wait = [&](std::size_t image, const model::Digest& digest) {
    const auto first = leaving.find(digest);
    if (first == leaving.end()) return;
    after[first->second].push_back(image);
    ++waits_for[image];
  };
  for (const auto& [digest, i] : leaving) {
    for (const model::Digest& parent : plan.images[i].parents) wait(i, parent);
    if (plan.verdicts[i].follows_subject) wait(i, *plan.images[i].image.subject);
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

// How many images went.
std::size_t carry_out(const Run& run) {
  const auto order = order_of(run.plan);
  std::size_t gone = 0;
  for (std::size_t at = 0; at < order.size();) {
    auto txn = run.attempt.services.store.database().begin(Access::kWrite);
    std::vector<LifecycleAction> done;
    for (std::size_t changes = 0; at < order.size() && changes < kAtOnce; ++at) {
      const LifecycleImage& judged = run.plan.images[order[at]];
      const lifecycle::Verdict& verdict = run.plan.verdicts[order[at]];
      changes += 1 + judged.tags.size();
      const auto image = unchanged_image(txn, run.repository.id, judged);
      if (!image || is_held(txn, run.repository.id, judged, verdict)) continue;
      const auto act = verdict.outcome == Outcome::kExpired ? expire : archive;
      act(run, txn, *image, judged.tags);
      done.push_back(action_of(judged, verdict));
    }
    if (!done.empty()) record_actions(run, txn, done);
    gone += done.size();
    txn.commit();
  }
  return gone;
}

// Records the images that the policy would have removed and could not; and a run that did nothing,
// without any action.
void record_rest(const Run& run, storage::sql::Txn& txn, std::size_t gone) {
  std::vector<LifecycleAction> kept;
  for (std::size_t i = 0; i < run.plan.images.size(); ++i) {
    if (run.plan.verdicts[i].outcome == Outcome::kReferenced) {
      kept.push_back(action_of(run.plan.images[i], run.plan.verdicts[i]));
    }
  }
  if (gone == 0 || !kept.empty()) record_actions(run, txn, kept);
}

std::int64_t repository_of(const JobAttempt& attempt) {
  return attempt.payload.at("repository").get<std::int64_t>();
}

// The preview shows the images that rules themselves select, oldest first; artifacts that follow
// their subject are not in it.
std::vector<storage::LifecyclePreviewResult> preview_results(const Plan& plan) {
  std::vector<storage::LifecyclePreviewResult> results;
  for (std::size_t i = 0; i < plan.images.size(); ++i) {
    const lifecycle::Verdict& verdict = plan.verdicts[i];
    if (!leaves(verdict) || verdict.follows_subject) continue;
    const LifecycleImage& row = plan.images[i];
    results.push_back({.digest = row.image.digest,
                       .tags = row.tags,
                       .pushed_at = row.image.pushed_at,
                       .storage_class = lifecycle_image(row).storage_class,
                       .action = verdict.outcome == Outcome::kExpired ? RuleAction::kExpire
                                                                      : RuleAction::kTransition,
                       .rule_priority = verdict.rule_priority.value_or(0)});
  }
  std::stable_sort(results.begin(), results.end(),
                   [](const auto& a, const auto& b) { return a.pushed_at < b.pushed_at; });
  std::int64_t position = 0;
  for (auto& result : results) result.position = ++position;
  return results;
}

}  // namespace

lifecycle::Image lifecycle_image(const LifecycleImage& row) {
  const storage::Image& image = row.image;
  return {.digest = image.digest.text(),
          .tags = row.tags,
          .storage_class = image.status == storage::ImageStatus::kActive
                               ? lifecycle::StorageClass::kStandard
                               : lifecycle::StorageClass::kArchive,
          .pushed_at = image.pushed_at,
          .last_pulled_at = image.last_pulled_at,
          .last_archived_at = image.last_archived_at,
          .last_activated_at = image.last_activated_at,
          .parents = model::texts_of(row.parents),
          .subject = image.subject ? image.subject->text() : std::string()};
}

// Read, decide, act, in three steps: the evaluation runs on a snapshot without a lock, and each
// image is looked at again before it goes (unchanged_image(), is_held()), so that a push or a pull
// in between saves it.
void run_lifecycle(JobAttempt& attempt) {
  const std::int64_t id = repository_of(attempt);
  std::optional<Run> run;
  {
    auto txn = attempt.services.store.database().begin(Access::kRead);
    auto repository = storage::find_repository(txn, id);
    auto policy = storage::find_lifecycle_policy(txn, id);
    if (repository && policy) {
      Plan plan = make_plan(txn, id, policy->text, attempt.now);
      run.emplace(Run{attempt, std::move(*repository), std::move(*policy), std::move(plan)});
    }
  }
  const std::size_t gone = run ? carry_out(*run) : 0;
  storage::sql::Txn& txn = attempt.begin().txn;
  const auto current = storage::find_lifecycle_policy(txn, id);
  if (!current) return;  // it went, or its repository did
  if (run) record_rest(*run, txn, gone);
  // Another one was put meanwhile: that one has not been evaluated, and its turn is now.
  const bool same = run && current->text == run->policy.text;
  if (same) storage::set_lifecycle_evaluated(txn, id, attempt.now);
  enqueue_lifecycle(attempt.services, txn, id,
                    same ? attempt.now + kLifecycleInterval : attempt.now);
}

// The text of the preview may be another one than the repository's policy. A preview that was
// started anew meanwhile has another text, and a job of its own.
void run_lifecycle_preview(JobAttempt& attempt) {
  const std::int64_t repository = repository_of(attempt);
  std::vector<storage::LifecyclePreviewResult> results;
  std::optional<storage::LifecyclePreview> preview;
  {
    auto txn = attempt.services.store.database().begin(Access::kRead);
    preview = storage::find_lifecycle_preview(txn, repository);
    if (preview) results = preview_results(make_plan(txn, repository, preview->text, attempt.now));
  }
  storage::sql::Txn& txn = attempt.begin().txn;
  const auto current = storage::find_lifecycle_preview(txn, repository);
  if (!preview || !current || current->text != preview->text) return;
  for (const auto& result : results) {
    storage::add_lifecycle_preview_result(txn, repository, result);
    ++(result.action == RuleAction::kExpire ? preview->expiring : preview->transitioning);
  }
  preview->status = storage::WorkStatus::kComplete;
  storage::finish_lifecycle_preview(txn, repository, *preview);
}

void enqueue_lifecycle(const Core& core, storage::sql::Txn& txn, std::int64_t repository,
                       base::TimePoint due) {
  enqueue_job(core, txn, kLifecycle.kind, {{"repository", repository}}, due,
              std::to_string(repository));
}

}  // namespace ecr::api
