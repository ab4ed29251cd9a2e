// Callers by access key, each good for as long as nothing at all has been written since it was
// read: a deleted user or a detached policy stops its token at once. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/identity.h"

namespace ecr::api::registry {

class CallerCache {
 public:
  // `version`: the database's, now. Null: not known to this version.
  std::shared_ptr<const Caller> find(std::string_view access_key_id, std::uint64_t version) const;

  // `version`: the database's before the transaction in which the caller was read, so that what was
  // committed meanwhile makes the entry too old rather than too young. Temporary credentials are
  // not kept: they end by time.
  void put(const Caller& caller, std::uint64_t version);

 private:
  static constexpr std::size_t kCapacity = 1000;

  mutable std::mutex mutex_;
  std::uint64_t version_ = 0;  // of all entries
  std::unordered_map<std::string, std::shared_ptr<const Caller>> callers_;
};

}  // namespace ecr::api::registry
