#include "api/housekeeping.h"

#include "storage/sessions.h"
#include "storage/uploads.h"

namespace ecr::api {

void drop_stale_uploads(JobCall& call) {
  storage::sql::Txn& txn = call.begin();
  const auto stale = storage::stale_uploads(txn, call.now - std::chrono::hours(24));
  for (const std::string& id : stale) storage::delete_upload(txn, id);
  // One that is in use right now loses its row and fails; its file goes at the next start.
  call.after_commit.emplace_back([&uploads = call.services.store.uploads(), stale] {
    for (const std::string& id : stale) uploads.discard(id);
  });
}

void drop_expired_sessions(JobCall& call) {
  storage::delete_expired_sessions(call.begin(), call.now - std::chrono::hours(24));
}

}  // namespace ecr::api
