#include "api/decision_log.h"

#include <algorithm>

namespace ecr::api {

void DecisionLog::record(DecisionRecord decision) {
  auto kept = std::make_shared<DecisionRecord>(std::move(decision));
  std::shared_ptr<const DecisionRecord> oldest;  // freed outside of the lock
  const std::lock_guard lock(mutex_);
  kept->sequence = next_++;
  records_.push_back(std::move(kept));
  if (records_.size() <= capacity_) return;
  oldest = std::move(records_.front());
  records_.pop_front();
}

std::vector<std::shared_ptr<const DecisionRecord>> DecisionLog::read(
    std::uint64_t after, std::size_t limit,
    const std::function<bool(const DecisionRecord&)>& wanted) const {
  std::vector<std::shared_ptr<const DecisionRecord>> found;
  const std::lock_guard lock(mutex_);
  // Sequences are consecutive, so the first one wanted is found without a search.
  std::size_t at = 0;
  if (!records_.empty() && records_.front()->sequence <= after) {
    at = std::min<std::size_t>(after - records_.front()->sequence + 1, records_.size());
  }
  for (; at < records_.size() && found.size() < limit; ++at) {
    if (!wanted || wanted(*records_[at])) found.push_back(records_[at]);
  }
  return found;
}

std::uint64_t DecisionLog::newest() const {
  const std::lock_guard lock(mutex_);
  return next_ - 1;
}

}  // namespace ecr::api
