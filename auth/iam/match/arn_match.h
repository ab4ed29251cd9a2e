// Matching of ARNs, part by part: "arn", partition, service, region, account, resource. A '*' stays
// inside its part; the last part holds all colons and slashes that follow, and there '*' spans
// them. Case-sensitive. Sources: AWS IAM User Guide, "IAM JSON policy elements: Resource" and
// "Condition operators", "Amazon Resource Name (ARN) condition operators".
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "auth/iam/match/glob.h"
#include "auth/iam/match/step_budget.h"
#include "auth/iam/match/variables.h"

namespace ecr::auth::iam {

// Views of a text's six parts; `is_arn` is false unless there are six.
struct ArnParts {
  explicit ArnParts(std::string_view text);
  std::string_view whole;
  std::array<std::string_view, 6> part;
  bool is_arn = false;
};

// A value of ArnEquals, ArnLike and their negations (the two are the same).
class ArnGlob {
 public:
  explicit ArnGlob(const GlobText& text);
  // A pattern or a value of fewer than six parts matches nothing.
  bool matches(const ArnParts& arn, StepBudget& budget) const;

 private:
  bool complete_ = false;
  std::array<Glob, 6> part_;
};

// A value of Resource or NotResource.
class ResourcePattern {
 public:
  // REQUIRES for `variables`: the policy's Version is 2012-10-17. Variables count only in the last
  // part, after the fifth colon.
  ResourcePattern(std::string_view text, bool variables);

  // `complete_short`: the policy is of a kind where parts that are missing at the end stand for '*'
  // ("arn:aws:sqs" is "arn:aws:sqs:*:*:*"). A resource that is no ARN, as the "*" of an action
  // without resources, is matched only by "*".
  bool matches(const ArnParts& resource, const Context& context, bool complete_short,
               StepBudget& budget) const;
  bool is_everything() const { return everything_; }

 private:
  bool everything_ = false;
  std::size_t parts_ = 0;  // that the text had
  std::string head_;       // the first five parts with their colons, where they have no wildcard
  std::array<Glob, 5> part_;
  Glob resource_;
  std::optional<Template> variable_resource_;
};

}  // namespace ecr::auth::iam
