// An external scanner (--scanner-command): a shell command that is given an image as a directory in
// the OCI image layout and prints a report in Trivy's JSON. Its environment has
//
//   IMAGE_LAYOUT       the directory; gone when the command ends
//   IMAGE_REPOSITORY   the repository's name
//   IMAGE_DIGEST       of the image's manifest
//
// so that it may be: trivy image --quiet --format json --input "$IMAGE_LAYOUT"
//
// It inherits little else (storage/os/process.h), and clients see nothing of what it writes to
// standard error: both may hold secrets of the operator.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "api/core/services.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::scan {

struct ImageToScan {
  storage::Repository repository;
  storage::Image image;
  std::string manifest;
};

struct ScanFailure {
  std::string reason;       // clients see it, as the scan's description
  std::string detail = {};  // for the operator: the scanner's own words, one line
};

// Its findings, or why there are none to have. Takes as long as the command. Throws StorageError,
// and std::runtime_error where the program ends before the command does.
tl::expected<std::vector<nlohmann::json>, ScanFailure> run_scanner(const Core& core,
                                                                   const std::string& command,
                                                                   const ImageToScan& subject);

}  // namespace ecr::api::scan
