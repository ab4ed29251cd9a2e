#include "api/core/access/credential_use.h"

#include "storage/os/error.h"

namespace ecr::api {
namespace {

void write(storage::Store& store, const std::function<void(storage::sql::Txn&)>& change) {
  try {
    storage::sql::Txn txn = store.database().begin(storage::sql::Access::kWrite);
    change(txn);
    txn.commit(storage::sql::Durability::kRelaxed);
  } catch (const storage::StorageError&) {
    // The call itself has its answer already.
  }
}

}  // namespace

std::function<void()> note_of_use(const Services& services, const Caller& caller,
                                  std::string_view service, std::string_view region,
                                  base::TimePoint now) {
  const LastUse& last = caller.last_use;
  const bool noted = last.at && now - *last.at < std::chrono::minutes(1) && last.region == region;
  storage::Store* store = &services.store;
  if (caller.temporary) {
    const auto& session = *caller.temporary;
    if (session.kind != storage::SessionKind::kRole || !session.entity || noted) return {};
    return [store, role = *session.entity, now, region = std::string(region)] {
      write(*store, [&](auto& txn) { storage::note_entity_use(txn, role, now, region); });
    };
  }
  const bool user = caller.principal.kind == auth::iam::PrincipalKind::kUser;
  if (!user || (noted && last.service == service)) return {};
  return [store, key = caller.access_key_id, now, region = std::string(region),
          service = std::string(service)] {
    write(*store, [&](auto& txn) { storage::note_access_key_use(txn, key, now, region, service); });
  };
}

}  // namespace ecr::api
