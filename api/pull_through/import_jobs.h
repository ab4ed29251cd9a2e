// The job of an import (image_import.h) and the end of it: the image with its tags, or, where it
// failed, the removal of what was imported. Stateless functions; the caller owns the transaction.
#pragma once

#include <string>
#include <string_view>

#include "api/core/background/jobs.h"
#include "api/images/images.h"
#include "api/pull_through/rules.h"
#include "api/pull_through/transport.h"
#include "storage/rows/repositories.h"

namespace ecr::api::pull_through {

// The failure-code of ECR's event. AWS lists three: every failure that is neither about access nor
// about the rate is UpstreamUnavailable here (inferred).
std::string_view failure_code(UpstreamFailure failure);

// Moves every tag that the upstream has for the image to it, where the repository's tags may move,
// and writes the event of each. REQUIRES: the repository has the image; a write transaction.
void move_cached_tags(const Services& services, storage::sql::Txn& txn,
                      const storage::Repository& repository, const Origin& origin,
                      const SentManifest& sent, base::TimePoint now);

// Makes the import an image, and those of the images that it names, in short transactions of its
// own. False: a part of it is not there (any more). Does nothing where there is no such import.
// Throws ApiError where the repository refuses an image. In both cases images that came before it
// stay, as after a push that breaks off. REQUIRES: no write transaction in this thread.
bool complete_import(const Services& services, std::int64_t repository, const model::Digest& digest,
                     base::TimePoint now);

// Removes the import, and writes the event of the failure. REQUIRES: a write transaction.
void abandon_import(const Services& services, storage::sql::Txn& txn,
                    const storage::Repository& repository, const model::Digest& digest,
                    const UpstreamError& error, base::TimePoint now);

// Payload: {"repository": id, "digest": "...", "failures": n}; key: "<id>/<digest>".
void run_import(JobAttempt& attempt);
inline constexpr JobKind kImportJob{
    .kind = "pull-through", .run = run_import, .lane = JobLane::kOutbound};

}  // namespace ecr::api::pull_through
