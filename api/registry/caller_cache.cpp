#include "api/registry/caller_cache.h"

namespace ecr::api::registry {

std::shared_ptr<const Caller> CallerCache::find(std::string_view access_key_id,
                                                std::uint64_t version) const {
  const std::lock_guard lock(mutex_);
  if (version != version_) return nullptr;
  const auto found = callers_.find(std::string(access_key_id));
  return found == callers_.end() ? nullptr : found->second;
}

void CallerCache::put(const Caller& caller, std::uint64_t version) {
  if (caller.temporary) return;
  auto kept = std::make_shared<const Caller>(caller);
  const std::lock_guard lock(mutex_);
  if (version < version_) return;
  if (version > version_ || callers_.size() >= kCapacity) callers_.clear();
  version_ = version;
  callers_[kept->access_key_id] = std::move(kept);
}

}  // namespace ecr::api::registry
