// Runs policy tests: asks for each check what the policies of a store decide, and, where a change
// is proposed, what they would decide with it. Nothing is stored. Blocking.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "api/admin/policy_tests/test_file.h"
#include "api/admin/what_if/change.h"
#include "api/core/services.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::policy_tests {

struct CheckResult {
  const Check* check = nullptr;  // of the file
  enum class Status { kPassed, kFailed, kError } status = Status::kPassed;
  bool allowed = false;
  // AWS's sentence of a denial; else which statement allows. Where `because` has to be.
  std::string reason;
  // kFailed, kError: what is wrong, in a sentence.
  std::string problem;
  // kFailed: the decision with its trace, in the form of decisions/decision_json.h.
  base::OrderedJson decision;
  // Set where the change makes another verdict of it: that before.
  std::optional<bool> allowed_before;
};

struct TestRun {
  std::vector<CheckResult> results;  // in the order of the checks
  std::size_t passed = 0;
  std::size_t failed = 0;  // with those that could not be asked
  std::size_t flips = 0;
  bool good() const { return failed == 0; }
};

// The results refer to `checks`. Throws ParameterError where a change cannot be made.
TestRun run_checks(const Services& services, const std::vector<Check>& checks,
                   const std::vector<what_if::Change>& changes);

}  // namespace ecr::api::admin::policy_tests
