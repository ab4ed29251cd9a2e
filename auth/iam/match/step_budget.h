// The work that one evaluation may take. Clients write both sides of a comparison: a policy of 10
// KB can ask for hundreds of comparisons with a header of 30 KB, each as long as the header. What
// may be long is paid for before it is done, so that the time of a decision has a bound whatever
// policies and requests say (test: AnEvaluationHasABudget). One for each evaluation; not
// thread-safe.
#pragma once

#include <cstddef>

namespace ecr::auth::iam {

// A step is about one byte that is compared, copied or searched: a nanosecond or less. An ordinary
// decision takes less than a thousand.
inline constexpr std::size_t kMostEvaluationSteps = 8 * 1024 * 1024;
// For decisions on a thread that many connections share: a tenth of a millisecond.
inline constexpr std::size_t kQuickEvaluationSteps = 64 * 1024;

class StepBudget {
 public:
  explicit StepBudget(std::size_t steps = kMostEvaluationSteps) : left_(steps) {}

  // False: the budget has no room for the steps, now or before. The work must not be done, and the
  // evaluation has no result.
  bool spend(std::size_t steps) {
    if (exceeded_ || steps > left_) {
      exceeded_ = true;
      return false;
    }
    left_ -= steps;
    return true;
  }
  bool exceeded() const { return exceeded_; }

 private:
  std::size_t left_;
  bool exceeded_ = false;
};

}  // namespace ecr::auth::iam
