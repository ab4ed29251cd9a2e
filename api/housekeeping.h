// Periodic work that keeps the store tidy.
#pragma once

#include "api/jobs.h"

namespace ecr::api {

// Uploads that were begun a day ago and never completed.
void drop_stale_uploads(JobCall& call);
// Rows of temporary credentials that expired a day ago: until then a client is told so.
void drop_expired_sessions(JobCall& call);

inline constexpr JobKind kStaleUploads{"stale-uploads", drop_stale_uploads, std::chrono::hours(1)};
inline constexpr JobKind kExpiredSessions{"expired-sessions", drop_expired_sessions,
                                          std::chrono::hours(1)};

}  // namespace ecr::api
