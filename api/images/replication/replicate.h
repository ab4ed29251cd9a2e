// Replication of images to other registries of this server: asked for in the transaction of the
// push, done by the job runner. Once a push, without chaining: what arrives by replication goes no
// further. ECR User Guide, "Private image replication".
#pragma once

#include <string_view>

#include "api/core/work/jobs.h"
#include "storage/rows/repositories.h"

namespace ecr::api::replication {

// Enqueues what the registry's configuration says about an image that was just pushed to the
// repository, or restored there. `tag` empty: pushed by digest. REQUIRES: a write transaction.
void image_arrived(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, std::string_view digest,
                   std::string_view tag, base::TimePoint now);

// Payload: {"account", "region", "repository", "digest", "tag", "toAccount", "toRegion"}.
void run_replication(JobCall& call);
inline constexpr JobKind kReplication{"replication", run_replication};

}  // namespace ecr::api::replication
