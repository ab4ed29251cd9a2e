// Repair of a data directory: what is broken is moved aside, so that what is left is sound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/store.h"

namespace ecr::storage {

struct RepairReport {
  CheckReport found;              // as check_store saw it before
  std::vector<std::string> done;  // one sentence each
  std::vector<std::string> left;  // problems that cannot be repaired (a broken database file)
};

// A broken blob leaves every repository; an image that is broken, or names a blob or child that is
// not there, is deleted with its tags, and so is every index above it: clients are told that it is
// unknown, and a push of it makes it whole again. Bytes of blobs and manifests are kept in
// <data directory>/quarantine/, with `report.txt` saying what each was.
// Copies before rows, rows before files: it may be interrupted anywhere and run again. A second
// run finds nothing to do. REQUIRES: nobody serves from the store. Throws StorageError.
RepairReport repair_store(Store& store,
                          const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace ecr::storage
