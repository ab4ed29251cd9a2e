#include "api/registry/read_memo.h"

namespace ecr::api::registry {
namespace {

std::string repository_key(const std::string& account, const std::string& region,
                           const std::string& name) {
  std::string key;
  key.reserve(account.size() + region.size() + name.size() + 2);
  return key.append(account).append(1, ' ').append(region).append(1, ' ').append(name);
}

}  // namespace

void ReadMemo::put(const Caller& caller, std::uint64_t version) {
  if (caller.temporary) return;
  callers_.put(caller.access_key_id, std::make_shared<const KnownCaller>(caller), version);
}

std::shared_ptr<const storage::Repository> ReadMemo::find_repository(const std::string& account,
                                                                     const std::string& region,
                                                                     const std::string& name,
                                                                     std::uint64_t version) const {
  return repositories_.find(repository_key(account, region, name), version);
}

void ReadMemo::put(const storage::Repository& repository, std::uint64_t version) {
  repositories_.put(repository_key(repository.account, repository.region, repository.name),
                    std::make_shared<const storage::Repository>(repository), version);
}

}  // namespace ecr::api::registry
