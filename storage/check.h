// Verification of a data directory: every digest and every row. Both functions block, throw
// StorageError, and are safe beside running requests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/store.h"

namespace ecr::storage {

// Called with the bytes that are done and the bytes in all; may be empty.
using CheckProgress = std::function<void(std::int64_t done, std::int64_t total)>;

struct CheckReport {
  std::int64_t blobs = 0;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::vector<std::string> problems;  // one sentence each
};
// Checks that blobs hash to their names, rows have their blobs, manifests hash to their digests,
// children of indexes exist (a subject need not: OCI distribution-spec, "Pushing Manifests with
// Subject"), and the database is sound.
CheckReport check_store(Store& store, const CheckProgress& progress);

// A problem with the row that repair_store has to act on.
struct Finding {
  std::string text;        // one sentence
  std::string blob;        // digest of the broken blob; empty: the problem is not a blob
  std::int64_t image = 0;  // row of the broken image; 0: the problem is not an image
};
// Every problem. Counts the checked blobs, images and bytes in `report`, and does not touch the
// problems there.
std::vector<Finding> find_problems(Store& store, CheckReport& report,
                                   const CheckProgress& progress);

}  // namespace ecr::storage
