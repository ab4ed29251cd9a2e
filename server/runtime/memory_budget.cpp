#include "server/runtime/memory_budget.h"

namespace ecr::server {

// Nothing else is published by these counts, so no order between threads is needed.
bool MemoryBudget::take(std::size_t bytes, std::size_t ceiling) {
  std::size_t used = used_.load(std::memory_order_relaxed);
  do {
    if (used > ceiling || bytes > ceiling - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  return true;
}

bool MemoryBudget::Claim::grow_to(std::size_t bytes) {
  if (bytes <= bytes_) return true;
  const std::size_t ceiling =
      bytes <= kSmallClaim ? budget_.limit_ : budget_.limit_ - kReservedForSmall;
  if (!budget_.take(bytes - bytes_, ceiling)) return false;
  bytes_ = bytes;
  return true;
}

void MemoryBudget::Claim::release() {
  if (bytes_ > 0) budget_.used_.fetch_sub(bytes_, std::memory_order_relaxed);
  bytes_ = 0;
}

}  // namespace ecr::server
