#include "api/core/work/housekeeping.h"

#include "storage/collector.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api {

// In short transactions of its own; a run that breaks off is simply begun anew.
void collect_garbage(JobCall& call) {
  storage::collect_garbage(call.services.store, call.now - call.services.settings.gc_grace);
}

void drop_expired_sessions(JobCall& call) {
  storage::delete_expired_sessions(call.begin(), call.now - std::chrono::hours(24));
}

}  // namespace ecr::api
