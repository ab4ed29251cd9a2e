// The actions of a lifecycle policy in one evaluation, as CloudTrail records them:
// PolicyExecutionEvent. Pure. Source: ECR User Guide, "Logging Amazon ECR actions with AWS
// CloudTrail", and AWS re:Post, "How do I view the events of Amazon ECR lifecycle policies".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/lifecycle/policy.h"
#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

// Images a record speaks of: more are spread over several, as a record's size is limited.
inline constexpr std::size_t kRecordedImages = 10;

struct LifecycleAction {
  model::Digest digest;
  std::vector<std::string> tags;
  base::TimePoint pushed_at;
  std::int64_t rule_priority = 0;
  bool referenced = false;  // nothing was done: an index that stays names it
};

// serviceEventDetails of one record. REQUIRES: at most kRecordedImages actions.
std::string lifecycle_record(const storage::Repository& repository, const lifecycle::Policy& policy,
                             std::optional<base::TimePoint> last_evaluated_at,
                             const std::vector<LifecycleAction>& actions);

}  // namespace ecr::api
