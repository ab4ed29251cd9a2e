// Remembers the caller and the repository of the requests that clients send most. An entry is valid
// only as long as nothing at all has been written since it was read, so that a deleted user, a
// detached policy or a new repository policy counts at once. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "api/core/access/identity.h"
#include "api/core/background/call_record.h"
#include "schemas/base/bounded_memo.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/repositories.h"

namespace ecr::api::registry {

// `version`, everywhere: the database's. Of put(): before the transaction in which the value was
// read, so that what was committed meanwhile makes it too old rather than too young.
template <typename Value>
class VersionedMemo {
 public:
  // Null: not known to this version.
  std::shared_ptr<const Value> find(std::string_view key, std::uint64_t version) const {
    const std::lock_guard lock(mutex_);
    if (version != version_) return nullptr;
    const auto* const found = values_.find(key);
    return found == nullptr ? nullptr : *found;
  }

  void put(std::string key, std::shared_ptr<const Value> value, std::uint64_t version) {
    const std::lock_guard lock(mutex_);
    if (version < version_) return;
    if (version > version_) values_.clear();
    version_ = version;
    values_.put(std::move(key), std::move(value));
  }

 private:
  static constexpr std::size_t kCapacity = 1000;

  mutable std::mutex mutex_;
  std::uint64_t version_ = 0;  // of all values
  mutable base::BoundedMemo<std::string, std::shared_ptr<const Value>, base::StringHash> values_{
      kCapacity};
};

struct KnownCaller {
  explicit KnownCaller(const Caller& caller_)
      : caller(caller_), who(std::make_shared<const CallIdentity>(make_call_identity(caller_))) {}
  Caller caller;
  std::shared_ptr<const CallIdentity> who;
};

class ReadMemo {
 public:
  // By access key, and the partition of the token's Region, of which a root user is. Null: not
  // known.
  std::shared_ptr<const KnownCaller> find_caller(std::string_view access_key_id,
                                                 std::string_view partition,
                                                 std::uint64_t version) const;
  // Temporary credentials are not kept: they end by time.
  void put(std::shared_ptr<const KnownCaller> caller, std::string_view partition,
           std::uint64_t version);

  std::shared_ptr<const storage::Repository> find_repository(const model::RegistryId& registry,
                                                             const model::RepositoryName& name,
                                                             std::uint64_t version) const;
  void put(const storage::Repository& repository, std::uint64_t version);

 private:
  VersionedMemo<KnownCaller> callers_;
  VersionedMemo<storage::Repository> repositories_;
};

}  // namespace ecr::api::registry
