// Replication of images to other registries of this server: the registry's configuration
// (PutReplicationConfiguration), and the jobs that copy. A job is asked for in the transaction of
// the push, and done by the job runner. Once a push, without chaining: an image that arrived by
// replication goes no further. Stateless functions on the rows. ECR User Guide, "Private image
// replication".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/background/jobs.h"
#include "api/images/push/image_copy.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::api::replication {

using Json = nlohmann::json;

// {"rules": [...]} as it was put; {"rules": []} where none was.
Json configuration(storage::sql::Txn& txn, const model::RegistryId& registry);
void set_configuration(storage::sql::Txn& txn, const model::RegistryId& registry,
                       const Json& configuration);

// Where a push to that repository goes to, each destination once, in the order of the rules. A rule
// without filters covers every repository; of several filters one must match.
std::vector<model::RegistryId> destinations_of(const Json& configuration,
                                               const model::RepositoryName& repository);

// Whether `destination` is one of destinations_of() of that repository, or of any repository.
bool is_destination_of(const Json& configuration, const model::RepositoryName& repository,
                       const model::RegistryId& destination);
bool is_destination(const Json& configuration, const model::RegistryId& destination);

// Enqueues what the registry's configuration says about an image that was just pushed to the
// repository, or restored there. `tag` empty: pushed by digest. REQUIRES: a write transaction.
void enqueue_replication(const Core& core, storage::sql::Txn& txn,
                         const storage::Repository& repository, const model::Digest& digest,
                         std::string_view tag, base::TimePoint now);

// Notes what became of the copy at the image, for DescribeImageReplicationStatus, and tells about
// it. Does nothing where the image is gone. `failure` empty: none. REQUIRES: a write transaction.
void record_copy(const Core& core, storage::sql::Txn& txn, base::TimePoint now,
                 const ImageCopy& copy, std::string_view failure);

// Payload: {"account", "region", "repository", "digest", "tag", "toAccount", "toRegion"}.
void run_replication(JobAttempt& attempt);
inline constexpr JobKind kReplication{"replication", run_replication};

}  // namespace ecr::api::replication
