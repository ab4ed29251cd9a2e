#include "api/images/pulls.h"

#include <utility>

#include "storage/os/error.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api {
namespace {

// An exclusion names a user, or a role for all of its sessions.
bool is_excluded(storage::sql::Txn& txn, const Caller& caller,
                 const storage::Repository& repository) {
  const auto& principal = caller.principal;
  const std::string& arn = principal.issuer.empty() ? principal.arn : principal.issuer;
  return storage::has_pull_exclusion(txn, repository.account, repository.region, arn);
}

}  // namespace

// ECR keeps the time of the last pull to a day; to a minute is enough here, and keeps pulls cheap.
bool pull_is_due(const storage::Image& image, base::TimePoint now) {
  return !image.last_pulled_at || now - *image.last_pulled_at >= std::chrono::minutes(1);
}

std::function<void()> record_pulls(const Services& services, storage::sql::Txn& txn,
                                   const Caller& caller, const storage::Repository& repository,
                                   const std::vector<storage::Image>& images, base::TimePoint now) {
  std::vector<std::string> digests;
  for (const storage::Image& image : images) {
    if (pull_is_due(image, now)) digests.push_back(image.digest);
  }
  if (digests.empty() || is_excluded(txn, caller, repository)) return {};
  return [&store = services.store, id = repository.id, now, digests = std::move(digests)] {
    try {
      storage::sql::Txn write = store.database().begin(storage::sql::Access::kWrite);
      for (const auto& digest : digests) storage::touch_image_pull(write, id, digest, now);
      write.commit(storage::sql::Durability::kRelaxed);
    } catch (const storage::StorageError&) {
      return;  // a full or failed disk does not stop pulls
    }
  };
}

}  // namespace ecr::api
