// Findings that the user gives (--scan-findings): a file, or a directory of files that end in
// .json. Each holds
//
//   {"images": [{"repository": "team/*", "tag": "v1.*", "digest": "sha256:...",
//                "findings": [...],          as finding.h has them
//                "trivy": {...}}]}           or, or besides, a report of Trivy
//
// repository, tag and digest are patterns ('*': any run of characters); one that is left out
// matches every image. An image has the findings of every entry that matches it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "schemas/base/clock.h"
#include "schemas/model/repository_name.h"

namespace ecr::api::scan {

struct ScanSubject {
  model::RepositoryName repository;
  std::string digest;
  std::vector<std::string> tags;
};

struct Findings {
  std::vector<nlohmann::json> list;           // as check_finding() lets them through
  std::optional<base::TimePoint> updated_at;  // of the newest file that matched
  bool matched = false;                       // some entry was about the image
};

// Reads the files anew. Or a sentence about what is wrong with them.
tl::expected<Findings, std::string> findings_for(const std::string& path,
                                                 const ScanSubject& subject);
// The sentence alone; empty: all files are well-formed.
std::string findings_problem(const std::string& path);

}  // namespace ecr::api::scan
