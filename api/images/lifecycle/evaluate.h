// The evaluation of a lifecycle policy: which images of a repository it expires or archives, and
// why. Pure: images and time are given. Source: ECR User Guide, "Lifecycle policy evaluation
// rules".
//
// Every rule first looks at all images of its storage class whose tags it selects, as if no rule
// had done anything. Then the rules are applied by priority: an image that a rule selects is out of
// reach of every rule after it, also where that rule keeps it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/images/lifecycle/policy.h"
#include "schemas/base/clock.h"

namespace ecr::api::lifecycle {

struct Image {
  std::string digest;  // text, which is only compared: whoever tries a policy out may invent images
  std::vector<std::string> tags;
  StorageClass storage_class = StorageClass::kStandard;
  base::TimePoint pushed_at;
  std::optional<base::TimePoint> last_pulled_at = {};
  std::optional<base::TimePoint> last_archived_at = {};
  std::optional<base::TimePoint> last_activated_at = {};  // restored from the archive
  std::vector<std::string> parents = {};                  // digests of the indexes that name it
  std::string subject = {};                               // digest; empty: none
};

// The finding of a rule about one image that it selects.
enum class Finding {
  kWithinCount,  // among the youngest that the rule keeps
  kTooYoung,
  kOutOfReach,  // a rule of higher priority selects it
  kMarked
};
struct Selected {
  std::size_t image;  // index
  Finding finding;
};
struct RuleReport {
  std::int64_t priority;
  std::vector<Selected> selected;  // youngest first
};

// The outcome of one image.
enum class Outcome {
  kNotSelected,  // no rule is about it
  kKept,         // by the rule that selects it
  kReferenced,   // marked, but an index that stays names it (ImageReferencedByManifestList)
  kExpired,
  kArchived
};
struct Verdict {
  Outcome outcome = Outcome::kNotSelected;
  // The rule that decided: the first that selects the image. nullopt: none.
  std::optional<std::int64_t> rule_priority = {};
  // The outcome comes from no rule: its subject goes, and an artifact follows its subject.
  bool follows_subject = false;
};

struct Evaluation {
  std::vector<Verdict> images;    // as the input's
  std::vector<RuleReport> rules;  // by priority
};

// When an image that the rule selects is older than the rule allows; nullopt: the rule counts
// images, or the image has not the time that it counts from.
std::optional<base::TimePoint> due_at(const Rule& rule, const Image& image);

// REQUIRES: digests are unique.
Evaluation evaluate(const Policy& policy, const std::vector<Image>& images, base::TimePoint now);

}  // namespace ecr::api::lifecycle
