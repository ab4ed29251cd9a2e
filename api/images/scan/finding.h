// One finding of a scan: the JSON that a findings file has and the database keeps, and what it
// becomes in the API. Pure.
//
//   {"name": "CVE-2024-1234",               required
//    "severity": "HIGH",                    required: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL,
//                                           UNDEFINED
//    "title": "...", "description": "...", "uri": "https://...", "source": "NVD",
//    "vendorSeverity": "important", "publishedAt": 1700000000, "updatedAt": 1700000000,
//    "package": {"name": "openssl", "version": "3.0.1", "fixedVersion": "3.0.2", "manager": "OS",
//                "path": "usr/lib/x.jar", "layer": "sha256:...", "arch": "AMD64", "epoch": 0,
//                "release": "1"},
//    "cvss": [{"source": "NVD", "version": "3.1", "score": 7.5, "vector": "CVSS:3.1/AV:N/..."}],
//    "references": ["https://..."], "related": ["CVE-2024-1235"],
//    "attributes": {"key": "value"}}        further attributes of a basic finding
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "schemas/base/clock.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::scan {

using Json = nlohmann::json;

// The finding as it is kept, or what is wrong with it.
tl::expected<Json, std::string> check_finding(const Json& finding);

// Trivy's JSON report (`trivy image --format json`) as findings; or what is wrong with it.
tl::expected<std::vector<Json>, std::string> findings_of_trivy(const Json& report);

// The worst first; then by name.
void sort_findings(std::vector<Json>& findings);

// An element of `findings`, of basic scanning.
Json basic_finding(const Json& finding);

// An element of `enhancedFindings`, in Amazon Inspector's shape. REQUIRES: tags are the image's.
struct ScannedImage {
  const storage::Repository& repository;
  const storage::Image& image;
  std::vector<std::string> tags;
  base::TimePoint scanned_at;
};
Json enhanced_finding(const Json& finding, const ScannedImage& scanned);
// The name of a severity there.
std::string enhanced_severity(std::string_view severity);

}  // namespace ecr::api::scan
