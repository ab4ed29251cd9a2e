#include "api/images/lifecycle/evaluate.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace ecr::api::lifecycle {
namespace {

using base::TimePoint;

// The time that a rule counts from; nullopt: there is none, and the rule keeps the image.
std::optional<TimePoint> clock_of(CountType type, const Image& image) {
  switch (type) {
    case CountType::kImageCountMoreThan:
      return image.pushed_at;
    case CountType::kSinceImagePushed:
      // An image that has ever been restored counts from then.
      return image.last_activated_at.value_or(image.pushed_at);
    case CountType::kSinceImagePulled:
      // ECR User Guide: an image that was never pulled counts from its push. A pull before the
      // image was restored says nothing about its use since.
      if (image.last_activated_at &&
          (!image.last_pulled_at || *image.last_pulled_at < *image.last_activated_at)) {
        return image.last_activated_at;
      }
      return image.last_pulled_at.value_or(image.pushed_at);
    case CountType::kSinceImageTransitioned:
      return image.last_archived_at;
  }
  return std::nullopt;
}

class Evaluator {
 public:
  Evaluator(const Policy& policy, const std::vector<Image>& images, TimePoint now)
      : policy_(policy), images_(images), now_(now) {
    result_.images.resize(images.size());
    by_digest_.reserve(images.size());
    for (std::size_t i = 0; i < images.size(); ++i) by_digest_.emplace(images[i].digest, i);
  }

  Evaluation run() {
    for (const Rule& rule : policy_.rules) apply(rule);
    hold_referenced();
    let_referrers_follow();
    return std::move(result_);
  }

 private:
  bool leaves(std::size_t image) const {
    const Outcome outcome = result_.images[image].outcome;
    return outcome == Outcome::kExpired || outcome == Outcome::kArchived;
  }

  // Youngest first; equal ages by digest, so that a result does not depend on the order of rows.
  std::vector<std::size_t> select(const Rule& rule) const {
    std::vector<std::size_t> selected;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (images_[i].storage_class == rule.storage_class && selects_tags(rule, images_[i].tags)) {
        selected.push_back(i);
      }
    }
    std::sort(selected.begin(), selected.end(), [&](std::size_t a, std::size_t b) {
      const auto time_a = clock_of(rule.count_type, images_[a]);
      const auto time_b = clock_of(rule.count_type, images_[b]);
      return time_a != time_b ? time_a > time_b : images_[a].digest < images_[b].digest;
    });
    return selected;
  }

  // `position` among the selected, from 0. imageCountMoreThan N keeps the N youngest; the other
  // types mark an image that is older than N days.
  Finding judge(const Rule& rule, std::size_t image, std::size_t position) const {
    if (rule.count_type == CountType::kImageCountMoreThan) {
      const bool within = static_cast<std::int64_t>(position) < rule.count;
      return within ? Finding::kWithinCount : Finding::kMarked;
    }
    const auto since = clock_of(rule.count_type, images_[image]);
    const bool old = since && now_ - *since > std::chrono::days(rule.count);
    return old ? Finding::kMarked : Finding::kTooYoung;
  }

  // Two rules of the guide meet here. Every rule counts all images that it selects, as if no other
  // rule had marked any ("within count" is independent of other rules). And an image that a rule
  // selects, even one that the rule keeps, is out of reach of every later rule.
  void apply(const Rule& rule) {
    RuleReport report{rule.priority, {}};
    const auto selected = select(rule);
    report.selected.reserve(selected.size());
    for (std::size_t position = 0; position < selected.size(); ++position) {
      const std::size_t image = selected[position];
      Verdict& verdict = result_.images[image];
      Finding finding = judge(rule, image, position);
      if (verdict.rule_priority) {
        finding = Finding::kOutOfReach;
      } else {
        verdict.rule_priority = rule.priority;
        verdict.outcome = finding != Finding::kMarked          ? Outcome::kKept
                          : rule.action == ActionType::kExpire ? Outcome::kExpired
                                                               : Outcome::kArchived;
      }
      report.selected.push_back({image, finding});
    }
    result_.rules.push_back(std::move(report));
  }

  // Whether an index that names the image keeps it where it is: an image expires only with all of
  // its indexes, and is archived only where they are in the archive or gone too.
  bool is_held(std::size_t image) const {
    const bool expires = result_.images[image].outcome == Outcome::kExpired;
    return std::any_of(images_[image].parents.begin(), images_[image].parents.end(),
                       [&](const std::string& digest) {
                         const auto found = by_digest_.find(digest);
                         if (found == by_digest_.end()) return false;
                         const std::size_t parent = found->second;
                         if (result_.images[parent].outcome == Outcome::kExpired) return false;
                         if (expires) return true;
                         return !leaves(parent) &&
                                images_[parent].storage_class != StorageClass::kArchive;
                       });
  }

  // An index that stays holds its children (ImageReferencedByManifestList), which may be indexes
  // themselves: an image that is held holds its own children in turn, until nothing changes.
  void hold_referenced() {
    std::unordered_map<std::size_t, std::vector<std::size_t>> children;
    std::vector<std::size_t> suspects;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (!leaves(i) || images_[i].parents.empty()) continue;
      suspects.push_back(i);
      for (const std::string& parent : images_[i].parents) {
        if (const auto at = by_digest_.find(parent); at != by_digest_.end()) {
          children[at->second].push_back(i);
        }
      }
    }
    while (!suspects.empty()) {
      const std::size_t image = suspects.back();
      suspects.pop_back();
      if (!leaves(image) || !is_held(image)) continue;
      result_.images[image].outcome = Outcome::kReferenced;
      if (const auto found = children.find(image); found != children.end()) {
        suspects.insert(suspects.end(), found->second.begin(), found->second.end());
      }
    }
  }

  bool is_named(std::size_t image) const {
    return std::any_of(images_[image].parents.begin(), images_[image].parents.end(),
                       [&](const std::string& parent) { return by_digest_.contains(parent); });
  }

  // True where the image now goes where its subject goes. One that an index names waits until that
  // index is gone.
  bool follow(std::size_t image, const Verdict& subject) {
    Verdict& verdict = result_.images[image];
    if (verdict.outcome == Outcome::kExpired || verdict.outcome == subject.outcome) return false;
    const bool archives = subject.outcome == Outcome::kArchived;
    if (archives && images_[image].storage_class == StorageClass::kArchive) return false;
    if (is_named(image)) return false;
    verdict = {subject.outcome, subject.rule_priority, true};
    return true;
  }

  // ECR removes artifacts with their subject, within 24 hours: here in the same evaluation. An
  // artifact may be the subject of another one.
  void let_referrers_follow() {
    std::unordered_map<std::string_view, std::vector<std::size_t>> referrers;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (!images_[i].subject.empty()) referrers[images_[i].subject].push_back(i);
    }
    std::vector<std::size_t> gone;
    for (std::size_t i = 0; i < images_.size(); ++i) {
      if (leaves(i)) gone.push_back(i);
    }
    while (!referrers.empty() && !gone.empty()) {
      const std::size_t subject = gone.back();
      gone.pop_back();
      const auto found = referrers.find(images_[subject].digest);
      if (found == referrers.end()) continue;
      const Verdict verdict = result_.images[subject];
      for (const std::size_t image : found->second) {
        if (follow(image, verdict)) gone.push_back(image);
      }
    }
  }

  const Policy& policy_;
  const std::vector<Image>& images_;
  const TimePoint now_;
  std::unordered_map<std::string_view, std::size_t> by_digest_;
  Evaluation result_;
};

}  // namespace

std::optional<TimePoint> due_at(const Rule& rule, const Image& image) {
  if (rule.count_type == CountType::kImageCountMoreThan) return std::nullopt;
  const auto since = clock_of(rule.count_type, image);
  return since ? std::optional(*since + std::chrono::days(rule.count)) : std::nullopt;
}

Evaluation evaluate(const Policy& policy, const std::vector<Image>& images, base::TimePoint now) {
  return Evaluator(policy, images, now).run();
}

}  // namespace ecr::api::lifecycle
