// Periodic work that keeps the store tidy.
#pragma once

#include "api/core/work/jobs.h"

namespace ecr::api {

// What nobody has needed for Settings::gc_grace: blobs that no image names, abandoned uploads
// (storage/collector.h).
void collect_garbage(JobCall& call);
// Rows of temporary credentials that expired a day ago: until then a client is told so.
void drop_expired_sessions(JobCall& call);

inline JobKind garbage_collection(const Settings& settings) {
  return {"garbage-collection", collect_garbage, settings.gc_interval};
}
inline constexpr JobKind kExpiredSessions{"expired-sessions", drop_expired_sessions,
                                          std::chrono::hours(1)};

}  // namespace ecr::api
