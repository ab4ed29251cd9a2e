// Trivy's report: {"Results": [{"Type": "debian", "Class": "os-pkgs", "Vulnerabilities": [...]}]}.
// Source: Trivy's documentation, "Reporting", and types/report.go of its repository.
#include <nlohmann/json.hpp>

#include "api/images/scan/finding.h"
#include "schemas/base/clock.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"

namespace ecr::api::scan {
namespace {

using base::text_member;

void copy_text(const Json& from, const char* name, Json& to, const char* as) {
  const std::string value = text_member(from, name);
  if (!value.empty()) to[as] = value;
}

// Trivy's UNKNOWN, and every text that ECR does not have, becomes UNDEFINED.
std::string severity_of(const Json& vulnerability) {
  const std::string severity = text_member(vulnerability, "Severity");
  for (const char* known : {"CRITICAL", "HIGH", "MEDIUM", "LOW"}) {
    if (severity == known) return severity;
  }
  return "UNDEFINED";
}

// "2.0", "3.1", "4.0" of a vector: older ones of version 2 have no prefix.
std::string version_of(const std::string& vector, const char* standard) {
  return vector.starts_with("CVSS:") ? vector.substr(5, 3) : standard;
}

void add_score(const Json& scores, const std::string& source, const char* vector_name,
               const char* score_name, const char* standard, Json& list) {
  const std::string vector = text_member(scores, vector_name);
  const auto score = scores.find(score_name);
  const bool scored = score != scores.end() && score->is_number();
  if (vector.empty() && !scored) return;
  Json json = {{"source", source}, {"version", version_of(vector, standard)}};
  if (!vector.empty()) json["vector"] = vector;
  if (scored) json["score"] = *score;
  list.push_back(std::move(json));
}

// "CVSS": {"nvd": {"V3Vector": "CVSS:3.1/...", "V3Score": 7.5}, "redhat": {...}}.
Json scores_of(const Json& vulnerability) {
  Json list = Json::array();
  const auto cvss = vulnerability.find("CVSS");
  if (cvss == vulnerability.end() || !cvss->is_object()) return list;
  for (const auto& [source, scores] : cvss->items()) {
    if (!scores.is_object()) continue;
    add_score(scores, source, "V2Vector", "V2Score", "2.0", list);
    add_score(scores, source, "V3Vector", "V3Score", "3.1", list);
    add_score(scores, source, "V40Vector", "V40Score", "4.0", list);
  }
  return list;
}

void add_time(const Json& vulnerability, const char* name, Json& finding, const char* as) {
  const auto time = base::parse_iso8601(text_member(vulnerability, name));
  if (time) finding[as] = base::to_epoch_seconds(*time);
}

Json package_of(const Json& vulnerability, const Json& result) {
  Json package = Json::object();
  copy_text(vulnerability, "PkgName", package, "name");
  copy_text(vulnerability, "InstalledVersion", package, "version");
  copy_text(vulnerability, "FixedVersion", package, "fixedVersion");
  copy_text(vulnerability, "PkgPath", package, "path");
  // Inspector's names of package managers are those of Trivy's types, in capitals.
  std::string manager =
      text_member(result, "Class") == "os-pkgs" ? "OS" : text_member(result, "Type");
  for (char& c : manager) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (!manager.empty()) package["manager"] = manager;
  const auto layer = vulnerability.find("Layer");
  if (layer != vulnerability.end() && layer->is_object()) {
    copy_text(*layer, "Digest", package, "layer");
  }
  return package;
}

Json references_of(const Json& vulnerability) {
  Json list = Json::array();
  const auto references = vulnerability.find("References");
  if (references == vulnerability.end() || !references->is_array()) return list;
  for (const Json& reference : *references) {
    if (reference.is_string()) list.push_back(reference);
  }
  return list;
}

Json finding_of(const Json& vulnerability, const Json& result) {
  Json finding = {{"name", text_member(vulnerability, "VulnerabilityID")},
                  {"severity", severity_of(vulnerability)},
                  {"package", package_of(vulnerability, result)},
                  {"cvss", scores_of(vulnerability)},
                  {"references", references_of(vulnerability)}};
  copy_text(vulnerability, "Title", finding, "title");
  copy_text(vulnerability, "Description", finding, "description");
  copy_text(vulnerability, "PrimaryURL", finding, "uri");
  copy_text(vulnerability, "SeveritySource", finding, "source");
  add_time(vulnerability, "PublishedDate", finding, "publishedAt");
  add_time(vulnerability, "LastModifiedDate", finding, "updatedAt");
  return finding;
}

}  // namespace

// Only what findings need is checked; a report of a newer Trivy with other members is fine.
tl::expected<std::vector<Json>, std::string> findings_of_trivy(const Json& report) {
  if (!report.is_object()) return tl::unexpected(std::string("a Trivy report is an object"));
  std::vector<Json> findings;
  const auto results = report.find("Results");
  if (results == report.end() || results->is_null()) return findings;  // nothing to look at
  if (!results->is_array()) return tl::unexpected(std::string("Results must be a list"));
  for (const Json& result : *results) {
    if (!result.is_object()) return tl::unexpected(std::string("a result must be an object"));
    const auto found = result.find("Vulnerabilities");
    if (found == result.end() || found->is_null()) continue;
    if (!found->is_array()) return tl::unexpected(std::string("Vulnerabilities must be a list"));
    for (const Json& vulnerability : *found) {
      if (!vulnerability.is_object() || text_member(vulnerability, "VulnerabilityID").empty()) {
        return tl::unexpected(std::string("a vulnerability must have a VulnerabilityID"));
      }
      findings.push_back(finding_of(vulnerability, result));
    }
  }
  return findings;
}

}  // namespace ecr::api::scan
