// What DescribeImages says of an image's scan.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::api::ecr {

// Adds imageScanStatus and imageScanFindingsSummary to an imageDetail whose image was scanned.
void add_scan_summary(storage::sql::Txn& txn, const storage::Repository& repository,
                      nlohmann::json& detail);

}  // namespace ecr::api::ecr
