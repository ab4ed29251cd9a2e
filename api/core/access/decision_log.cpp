#include "api/core/access/decision_log.h"

#include <algorithm>

namespace ecr::api {
namespace {

using Records = std::vector<std::shared_ptr<const DecisionRecord>>;

// By principal ARN: each session of a role is a principal of its own here.
std::string usage_key(const auth::iam::Request& request) {
  std::string key = request.principal.arn;
  key.append(1, '\n').append(request.action).append(1, '\n').append(request.resource);
  return key;
}

std::uint64_t& count_of(DecisionLog::Totals& totals, const auth::iam::Verdict& verdict) {
  if (verdict.over_budget) return totals.over_budget;
  switch (verdict.decision) {
    case auth::iam::Decision::kAllowed:
      return totals.allowed;
    case auth::iam::Decision::kExplicitlyDenied:
      return totals.explicitly_denied;
    case auth::iam::Decision::kImplicitlyDenied:
      break;
  }
  return totals.implicitly_denied;
}

}  // namespace

void DecisionLog::record(DecisionRecord decision) {
  auto kept = std::make_shared<DecisionRecord>(std::move(decision));
  std::shared_ptr<const DecisionRecord> oldest;  // freed outside of the lock
  // The record is made before the lock is taken, and the oldest is freed after it: the lock is on
  // the path of every request.
  const std::lock_guard lock(mutex_);
  ++count_of(totals_, kept->verdict);
  kept->sequence = next_++;
  note_usage(*kept);
  records_.push_back(std::move(kept));
  if (records_.size() <= capacity_) return;
  oldest = std::move(records_.front());
  records_.pop_front();
}

// REQUIRES: the lock.
void DecisionLog::note_usage(const DecisionRecord& decision) {
  const bool allowed = decision.verdict.allowed();
  // Allowed, and by no statement: the action needs no permission (sts:GetCallerIdentity).
  if (allowed && decision.verdict.policy == nullptr) return;
  std::string key = usage_key(decision.request);
  Usage* const known = usages_.find(key);
  Usage& usage = known != nullptr ? *known : usages_.put(std::move(key), Usage{});
  if (known == nullptr) {
    usage.principal = decision.request.principal;
    usage.action = decision.request.action;
    usage.resource = decision.request.resource;
  }
  usage.last_sequence = decision.sequence;
  usage.last = decision.time;
  if (allowed) usage.last_allowed = decision.time;
}

Records DecisionLog::read(std::uint64_t after, std::size_t limit, const Filter& filter) const {
  Records found;
  const std::lock_guard lock(mutex_);
  // Sequences are consecutive, so the first one wanted is found without a search.
  std::size_t at = 0;
  if (!records_.empty() && records_.front()->sequence <= after) {
    at = std::min<std::size_t>(after - records_.front()->sequence + 1, records_.size());
  }
  for (; at < records_.size() && found.size() < limit; ++at) {
    if (!filter || filter(*records_[at])) found.push_back(records_[at]);
  }
  return found;
}

Records DecisionLog::read_back(std::uint64_t before, std::uint64_t after, std::size_t limit,
                               const Filter& filter) const {
  Records found;
  const std::lock_guard lock(mutex_);
  for (auto at = records_.rbegin(); at != records_.rend() && found.size() < limit; ++at) {
    if ((*at)->sequence <= after) break;
    if ((*at)->sequence < before && (!filter || filter(**at))) found.push_back(*at);
  }
  return found;
}

DecisionLog::Totals DecisionLog::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

std::uint64_t DecisionLog::newest() const {
  const std::lock_guard lock(mutex_);
  return next_ - 1;
}

std::vector<Usage> DecisionLog::usages(const std::function<bool(const Usage&)>& wanted) const {
  std::vector<Usage> found;
  const std::lock_guard lock(mutex_);
  usages_.for_each([&](const std::string&, const Usage& usage) {
    if (wanted(usage)) found.push_back(usage);
  });
  return found;
}

}  // namespace ecr::api
