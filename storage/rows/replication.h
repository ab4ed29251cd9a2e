// Rows of where an image is being replicated to, one a destination. They go with the image.
// Free functions on Txn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

struct ImageReplication {
  std::string account;  // the destination's
  std::string region;
  std::string status;        // IN_PROGRESS, COMPLETE, FAILED
  std::string failure_code;  // empty: it has not failed
};

// Adds the row, or changes it. Nothing where the image is not there (any more).
void put_image_replication(sql::Txn& txn, std::int64_t repository, std::string_view digest,
                           const ImageReplication& replication);
// By account and region.
std::vector<ImageReplication> image_replications(sql::Txn& txn, std::int64_t repository,
                                                 std::string_view digest);

}  // namespace ecr::storage
