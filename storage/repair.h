// Repair of a data directory: broken blobs and images are removed and kept aside, so that the rest
// is sound.
#pragma once

#include <string>
#include <vector>

#include "storage/check.h"
#include "storage/store.h"

namespace ecr::storage {

struct RepairReport {
  CheckReport found;              // as check_store reports before the repair
  std::vector<std::string> done;  // one sentence each
  std::vector<std::string> left;  // problems that cannot be repaired (a broken database file)
};

// A broken blob leaves every repository; an image that is broken, or names a blob or child that is
// not there, is deleted with its tags, and so is every index above it. Clients are then told that
// it is unknown, and a push of it makes it whole again. Bytes of blobs and manifests are kept in
// <data directory>/quarantine/, where `report.txt` says what each was.
// Copies are made before rows go, and rows go before files: a repair may be interrupted anywhere
// and run again. A second run finds nothing to do. REQUIRES: no server uses the store. Throws
// StorageError.
RepairReport repair_store(Store& store, const CheckProgress& progress);

}  // namespace ecr::storage
