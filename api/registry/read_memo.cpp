#include "api/registry/read_memo.h"

namespace ecr::api::registry {
namespace {

std::string repository_key(const model::RegistryId& registry, const model::RepositoryName& name) {
  const auto& [account, region] = registry;
  std::string key;
  key.reserve(account.size() + region.size() + name.text().size() + 2);
  return key.append(account).append(1, ' ').append(region).append(1, ' ').append(name.text());
}

std::string caller_key(std::string_view access_key_id, std::string_view partition) {
  std::string key;
  key.reserve(access_key_id.size() + partition.size() + 1);
  return key.append(access_key_id).append(1, ' ').append(partition);
}

}  // namespace

std::shared_ptr<const KnownCaller> ReadMemo::find_caller(std::string_view access_key_id,
                                                         std::string_view partition,
                                                         std::uint64_t version) const {
  return callers_.find(caller_key(access_key_id, partition), version);
}

void ReadMemo::put(std::shared_ptr<const KnownCaller> caller, std::string_view partition,
                   std::uint64_t version) {
  if (caller->caller.temporary) return;
  std::string key = caller_key(caller->caller.access_key_id, partition);
  callers_.put(std::move(key), std::move(caller), version);
}

std::shared_ptr<const storage::Repository> ReadMemo::find_repository(
    const model::RegistryId& registry, const model::RepositoryName& name,
    std::uint64_t version) const {
  return repositories_.find(repository_key(registry, name), version);
}

void ReadMemo::put(const storage::Repository& repository, std::uint64_t version) {
  repositories_.put(repository_key(repository.registry, repository.name),
                    std::make_shared<const storage::Repository>(repository), version);
}

}  // namespace ecr::api::registry
