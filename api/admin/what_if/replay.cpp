#include "api/admin/what_if/replay.h"

#include "api/admin/what_if/changed_policies.h"
#include "api/admin/what_if/policy_view.h"

namespace ecr::api::admin::what_if {

Replay replay(const Services& services, storage::sql::Txn& txn,
              const std::vector<std::shared_ptr<const DecisionRecord>>& records,
              const std::vector<Change>& changes, const Deadline& deadline) {
  const ChangedPolicies reader(txn, changes);
  PolicyView stored(services, txn, stored_policies());
  PolicyView changed(services, txn, reader);
  Replay result;
  for (const auto& record : records) {
    if (deadline.is_over()) {
      result.truncated = true;
      break;
    }
    auto before = stored.policies_for(*record);
    auto after = changed.policies_for(*record);
    if (!before || !after) {
      ++result.skipped;
      continue;
    }
    ++result.replayed;
    ChangedVerdict one{record, std::move(*before), std::move(*after), {}, {}, {}};
    one.before = evaluate(record->request, one.policies_before, kMostStepsHere);
    one.after = evaluate(record->request, one.policies_after, kMostStepsHere);
    if (one.before.decision == one.after.decision) continue;
    if (!one.after.allowed()) one.sentence = denial_message(record->request, one.after);
    // The verdicts point into the policies, whose lists keep their elements when they are moved.
    result.changed.push_back(std::move(one));
  }
  return result;
}

}  // namespace ecr::api::admin::what_if
