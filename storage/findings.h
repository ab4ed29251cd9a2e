// What check_store reports and repair_store acts on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/store.h"

namespace ecr::storage {

struct Finding {
  std::string text;        // one sentence
  std::string blob;        // digest of the blob that is broken; empty: it is not a blob
  std::int64_t image = 0;  // row of the image that is broken; 0: it is not an image
};

// Everything that is wrong; counts what it looked at in `report`, whose problems it leaves alone.
std::vector<Finding> find_problems(Store& store, CheckReport& report,
                                   const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace ecr::storage
