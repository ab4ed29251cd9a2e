#include "tests/api/images/lifecycle/naive_evaluator.h"

#include <algorithm>

namespace ecr::api::lifecycle::test {
namespace {

using base::TimePoint;

bool glob(const char* pattern, const char* text) {
  if (*pattern == '\0') return *text == '\0';
  if (*pattern == '*') return glob(pattern + 1, text) || (*text != '\0' && glob(pattern, text + 1));
  return *pattern == *text && glob(pattern + 1, text + 1);
}

bool selects(const Rule& rule, const Image& image) {
  if (rule.storage_class != image.storage_class) return false;
  if (rule.tag_status == TagStatus::kUntagged && !image.tags.empty()) return false;
  if (rule.tag_status != TagStatus::kTagged) return true;
  std::vector<std::string> patterns = rule.patterns;
  for (const auto& prefix : rule.prefixes) patterns.push_back(prefix + "*");
  for (const auto& pattern : patterns) {
    bool matched = false;
    for (const auto& tag : image.tags) matched = matched || glob(pattern.c_str(), tag.c_str());
    if (!matched) return false;
  }
  return true;
}

// Whole days are not enough: older means older.
bool older(TimePoint since, std::int64_t days, TimePoint now) {
  return since.time_since_epoch().count() < now.time_since_epoch().count() - days * 86'400'000;
}

bool would_mark(const Rule& rule, const Image& image, const std::vector<Image>& images,
                TimePoint now) {
  if (rule.count_type == CountType::kImageCountMoreThan) {
    std::int64_t younger = 0;
    for (const Image& other : images) {
      if (!selects(rule, other) || other.digest == image.digest) continue;
      if (other.pushed_at > image.pushed_at ||
          (other.pushed_at == image.pushed_at && other.digest < image.digest)) {
        ++younger;
      }
    }
    return younger >= rule.count;
  }
  if (rule.count_type == CountType::kSinceImageTransitioned) {
    return image.last_archived_at && older(*image.last_archived_at, rule.count, now);
  }
  TimePoint since = image.pushed_at;
  if (rule.count_type == CountType::kSinceImagePushed) {
    if (image.last_activated_at) since = *image.last_activated_at;
  } else {
    if (image.last_pulled_at) since = *image.last_pulled_at;
    const bool pulled_since_restored = image.last_pulled_at && image.last_activated_at &&
                                       *image.last_pulled_at >= *image.last_activated_at;
    if (image.last_activated_at && !pulled_since_restored) since = *image.last_activated_at;
  }
  return older(since, rule.count, now);
}

bool goes(Outcome outcome) { return outcome == Outcome::kExpired || outcome == Outcome::kArchived; }

}  // namespace

std::vector<Verdict> naive_evaluate(const Policy& policy, const std::vector<Image>& images,
                                    TimePoint now) {
  std::vector<Verdict> verdicts(images.size());
  // The first rule that selects an image decides about it.
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Rule* first = nullptr;
    for (const Rule& rule : policy.rules) {
      if (selects(rule, images[i]) && (first == nullptr || rule.priority < first->priority)) {
        first = &rule;
      }
    }
    if (first == nullptr) continue;
    verdicts[i].rule_priority = first->priority;
    verdicts[i].outcome = Outcome::kKept;
    if (!would_mark(*first, images[i], images, now)) continue;
    verdicts[i].outcome =
        first->action == ActionType::kExpire ? Outcome::kExpired : Outcome::kArchived;
  }
  const auto index_of = [&](const std::string& digest) {
    std::size_t i = 0;
    while (i < images.size() && images[i].digest != digest) ++i;
    return i;
  };
  // Hold back what an index names that stays, until nothing changes.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < images.size(); ++i) {
      for (const auto& parent : images[i].parents) {
        const std::size_t p = index_of(parent);
        if (!goes(verdicts[i].outcome) || p == images.size()) continue;
        const Outcome outcome = verdicts[p].outcome;
        const bool in_archive =
            outcome == Outcome::kArchived || images[p].storage_class == StorageClass::kArchive;
        const bool free = outcome == Outcome::kExpired ||
                          (verdicts[i].outcome == Outcome::kArchived && in_archive);
        if (free) continue;
        verdicts[i].outcome = Outcome::kReferenced;
        changed = true;
      }
    }
  }
  // An artifact goes where its subject goes, until nothing changes.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const std::size_t s = index_of(images[i].subject);
      if (s == images.size() || !goes(verdicts[s].outcome)) continue;
      const bool named = std::any_of(images[i].parents.begin(), images[i].parents.end(),
                                     [&](const auto& p) { return index_of(p) < images.size(); });
      if (named || verdicts[i].outcome == Outcome::kExpired) continue;
      if (verdicts[s].outcome == Outcome::kArchived &&
          (verdicts[i].outcome == Outcome::kArchived ||
           images[i].storage_class == StorageClass::kArchive)) {
        continue;
      }
      verdicts[i] = {verdicts[s].outcome, verdicts[s].rule_priority, true};
      changed = true;
    }
  }
  return verdicts;
}

}  // namespace ecr::api::lifecycle::test
