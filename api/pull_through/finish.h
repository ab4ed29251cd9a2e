// The end of an import: its image with its tags, or what is left of it taken away. Part of
// imports.h.
#pragma once

#include <string>
#include <string_view>

#include "api/core/services.h"
#include "api/pull_through/rules.h"
#include "api/pull_through/transport.h"
#include "storage/rows/repositories.h"

namespace ecr::api::pull_through {

// The event's failure-code. Of what is neither access nor rate AWS has one code.
std::string_view event_code(UpstreamFailure failure);

// Lets every tag that the upstream has for the image point to it, where the repository's tags may
// move, and tells of it. REQUIRES: the repository has the image; a write transaction.
void tag_image(const Services& services, storage::sql::Txn& txn,
               const storage::Repository& repository, const Origin& origin,
               const std::string& digest, base::TimePoint now);

// Makes the import an image. False: something of it is not there (any more). Nothing where there is
// no such import. Throws ApiError where the repository does not take it. REQUIRES: a write
// transaction, which is given up where it throws or is false.
bool finish_import(const Services& services, storage::sql::Txn& txn,
                   const storage::Repository& repository, const std::string& digest,
                   base::TimePoint now);

// Forgets the import, and tells of it. REQUIRES: a write transaction.
void give_up_import(const Services& services, storage::sql::Txn& txn,
                    const storage::Repository& repository, const std::string& digest,
                    const UpstreamError& error, base::TimePoint now);

}  // namespace ecr::api::pull_through
