// Recorded requests judged again, with changed policies. Nothing is stored, and nothing is
// recorded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "api/admin/what_if/budget.h"
#include "api/admin/what_if/change.h"
#include "api/core/access/decision_log.h"
#include "api/core/services.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

// A request about which the changes decide otherwise.
struct ChangedVerdict {
  std::shared_ptr<const DecisionRecord> record;
  auth::iam::PolicySet policies_before;  // that are stored
  auth::iam::PolicySet policies_after;
  auth::iam::Verdict before;  // points into policies_before
  auth::iam::Verdict after;
  std::string sentence;  // of a denial afterwards
};

struct Replay {
  std::size_t replayed = 0;
  std::size_t skipped = 0;  // the caller is gone
  bool truncated = false;   // there was no time for all of them
  std::vector<ChangedVerdict> changed;
};

// Both verdicts are of now: a policy that was changed since the request was made is no difference.
// Throws ParameterError where the target of a change does not exist.
Replay replay(const Services& services, storage::sql::Txn& txn,
              const std::vector<std::shared_ptr<const DecisionRecord>>& records,
              const std::vector<Change>& changes, const Deadline& deadline);

}  // namespace ecr::api::admin::what_if
