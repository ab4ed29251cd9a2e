#include "api/images/scan/finding.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "schemas/model/digest.h"

namespace ecr::api::scan {
namespace {

using base::text_member;

constexpr std::array<std::string_view, 6> kSeverities = {"CRITICAL", "HIGH",          "MEDIUM",
                                                         "LOW",      "INFORMATIONAL", "UNDEFINED"};

enum class Kind { kText, kNumber, kInteger, kTexts, kTextMap, kPackage, kScores };
struct Member {
  std::string_view name;
  Kind kind;
};
constexpr Member kMembers[] = {
    {"name", Kind::kText},           {"severity", Kind::kText},      {"title", Kind::kText},
    {"description", Kind::kText},    {"uri", Kind::kText},           {"source", Kind::kText},
    {"vendorSeverity", Kind::kText}, {"publishedAt", Kind::kNumber}, {"updatedAt", Kind::kNumber},
    {"package", Kind::kPackage},     {"cvss", Kind::kScores},        {"references", Kind::kTexts},
    {"related", Kind::kTexts},       {"attributes", Kind::kTextMap}};
constexpr Member kPackageMembers[] = {
    {"name", Kind::kText},    {"version", Kind::kText},  {"fixedVersion", Kind::kText},
    {"manager", Kind::kText}, {"path", Kind::kText},     {"layer", Kind::kText},
    {"arch", Kind::kText},    {"epoch", Kind::kInteger}, {"release", Kind::kText}};
constexpr Member kScoreMembers[] = {{"source", Kind::kText},
                                    {"version", Kind::kText},
                                    {"score", Kind::kNumber},
                                    {"vector", Kind::kText}};

template <std::size_t N>
std::string problem_of(const Json& object, const Member (&members)[N], const std::string& where);

bool all_text(const Json& list) {
  return std::all_of(list.begin(), list.end(), [](const Json& one) { return one.is_string(); });
}

// Empty: none.
std::string value_problem(const Json& value, Kind kind, const std::string& where) {
  switch (kind) {
    case Kind::kText:
      return value.is_string() ? "" : where + " must be a string";
    case Kind::kNumber:
      return value.is_number() ? "" : where + " must be a number";
    case Kind::kInteger:
      return value.is_number_integer() ? "" : where + " must be a whole number";
    case Kind::kTexts:
      return value.is_array() && all_text(value) ? "" : where + " must be a list of strings";
    case Kind::kTextMap:
      return value.is_object() && all_text(value) ? "" : where + " must hold strings";
    case Kind::kPackage:
      return problem_of(value, kPackageMembers, where);
    case Kind::kScores:
      break;
  }
  if (!value.is_array()) return where + " must be a list";
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto problem = problem_of(value[i], kScoreMembers, base::format("{}[{}]", where, i));
    if (!problem.empty()) return problem;
  }
  return "";
}

template <std::size_t N>
std::string problem_of(const Json& object, const Member (&members)[N], const std::string& where) {
  if (!object.is_object()) return (where.empty() ? "a finding" : where) + " must be an object";
  for (const auto& [name, value] : object.items()) {
    const auto known = std::find_if(std::begin(members), std::end(members),
                                    [&](const Member& member) { return member.name == name; });
    const std::string place = where.empty() ? name : where + "." + name;
    if (known == std::end(members)) {
      std::vector<std::string> names;
      for (const Member& member : members) names.emplace_back(member.name);
      return "unknown key " + place + base::did_you_mean(name, names);
    }
    auto problem = value_problem(value, known->kind, place);
    if (!problem.empty()) return problem;
  }
  return "";
}

std::size_t rank_of(std::string_view severity) {
  return static_cast<std::size_t>(std::find(kSeverities.begin(), kSeverities.end(), severity) -
                                  kSeverities.begin());
}

void set_text(Json& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

const Json& part(const Json& finding, const char* name, const Json& standard) {
  const auto found = finding.find(name);
  return found == finding.end() ? standard : *found;
}

const Json kNoObject = Json::object();
const Json kNoList = Json::array();

// ECR API Reference, "ImageScanFinding" and "Attribute": at most 50 attributes, keys of 128
// characters and values of 256.
void add_attribute(Json& attributes, const std::string& key, const std::string& value) {
  constexpr std::size_t kMaxAttributes = 50;
  constexpr std::size_t kMaxKey = 128;
  constexpr std::size_t kMaxValue = 256;
  if (key.empty() || value.empty() || key.size() > kMaxKey) return;
  if (attributes.size() == kMaxAttributes) return;
  attributes.push_back({{"key", key}, {"value", value.substr(0, kMaxValue)}});
}

// "CVSS3" of "3.1".
std::string score_name(const Json& score) {
  return "CVSS" + text_member(score, "version").substr(0, 1);
}

std::string score_text(const Json& score) {
  return score.contains("score") ? base::format("{}", score["score"].get<double>()) : "";
}

// The one of the highest version: what the finding's own score is.
const Json* best_score(const Json& finding) {
  const Json* best = nullptr;
  for (const Json& score : part(finding, "cvss", kNoList)) {
    if (!score.contains("score")) continue;
    if (best == nullptr || text_member(score, "version") > text_member(*best, "version"))
      best = &score;
  }
  return best;
}

Json enhanced_score(const Json& score) {
  Json json = Json::object();
  if (score.contains("score")) json["baseScore"] = score["score"].get<double>();
  set_text(json, "scoringVector", text_member(score, "vector"));
  set_text(json, "source", text_member(score, "source"));
  set_text(json, "version", text_member(score, "version"));
  return json;
}

// The members of a package in Inspector's names.
Json vulnerable_package(const Json& package) {
  constexpr std::pair<const char*, const char*> kNames[] = {
      {"name", "name"},     {"version", "version"},       {"fixedVersion", "fixedInVersion"},
      {"path", "filePath"}, {"layer", "sourceLayerHash"}, {"manager", "packageManager"},
      {"arch", "arch"},     {"release", "release"}};
  Json json = Json::object();
  for (const auto& [from, to] : kNames) set_text(json, to, text_member(package, from));
  if (package.contains("epoch")) json["epoch"] = package["epoch"];
  return json;
}

// "packageVulnerabilityDetails": the references keep the order of the file.
Json vulnerability_details(const Json& finding) {
  Json scores = Json::array();
  for (const Json& score : part(finding, "cvss", kNoList)) scores.push_back(enhanced_score(score));
  Json packages = Json::array();
  if (finding.contains("package")) packages.push_back(vulnerable_package(finding["package"]));
  Json json = {{"cvss", std::move(scores)},
               {"referenceUrls", part(finding, "references", kNoList)},
               {"relatedVulnerabilities", part(finding, "related", kNoList)},
               {"vulnerabilityId", finding.at("name")},
               {"vulnerablePackages", std::move(packages)}};
  set_text(json, "source", text_member(finding, "source"));
  set_text(json, "sourceUrl", text_member(finding, "uri"));
  set_text(json, "vendorSeverity", text_member(finding, "vendorSeverity"));
  if (finding.contains("publishedAt")) json["vendorCreatedAt"] = finding["publishedAt"];
  if (finding.contains("updatedAt")) json["vendorUpdatedAt"] = finding["updatedAt"];
  return json;
}

// The resource of a finding, in Amazon Inspector's shape (AWS_ECR_CONTAINER_IMAGE).
Json scanned_resource(const ScannedImage& scanned) {
  const storage::Repository& repository = scanned.repository;
  const Json details = {{"imageHash", scanned.image.digest.text()},
                        {"imageTags", scanned.tags},
                        {"pushedAt", base::to_epoch_seconds(scanned.image.pushed_at)},
                        {"registry", repository.registry.account},
                        {"repositoryName", repository.name.text()}};
  return {{"details", {{"awsEcrContainerImage", details}}},
          {"id", model::repository_arn(repository.registry, repository.name) + "/" +
                     scanned.image.digest.text()},
          {"tags", Json::object()},
          {"type", "AWS_ECR_CONTAINER_IMAGE"}};
}

// Amazon Inspector's ids of findings are its own. This one is a digest, so that the same finding in
// the same image has the same ARN after each scan.
std::string finding_arn(const Json& finding, const ScannedImage& scanned) {
  const storage::Repository& repository = scanned.repository;
  const std::string seed = repository.name.text() + "\n" + scanned.image.digest.text() + "\n" +
                           text_member(finding, "name") + "\n" +
                           text_member(part(finding, "package", kNoObject), "name");
  return base::format("arn:{}:inspector2:{}:{}:finding/{}",
                      model::partition_of(repository.registry.region), repository.registry.region,
                      repository.registry.account, model::Digest::of(seed).text().substr(7, 32));
}

}  // namespace

// An unknown member is refused: it is most likely a typing error in a file that was written by
// hand.
tl::expected<Json, std::string> check_finding(const Json& finding) {
  auto problem = problem_of(finding, kMembers, "");
  if (!problem.empty()) return tl::unexpected(std::move(problem));
  if (text_member(finding, "name").empty())
    return tl::unexpected(std::string("a finding needs a name"));
  if (rank_of(text_member(finding, "severity")) == kSeverities.size()) {
    return tl::unexpected(base::format("severity of {} must be one of {}",
                                       text_member(finding, "name"),
                                       "CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED"));
  }
  return finding;
}

// ECR's order is not documented.
void sort_findings(std::vector<Json>& findings) {
  std::stable_sort(findings.begin(), findings.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& finding) {
      return std::pair(rank_of(text_member(finding, "severity")), text_member(finding, "name"));
    };
    return key(a) < key(b);
  });
}

// ECR's basic finding has name, description, uri, severity and a flat list of attributes:
// package_name, package_version, CVSS3_VECTOR, CVSS3_SCORE, ...
Json basic_finding(const Json& finding) {
  Json attributes = Json::array();
  const Json& package = part(finding, "package", kNoObject);
  add_attribute(attributes, "package_version", text_member(package, "version"));
  add_attribute(attributes, "package_name", text_member(package, "name"));
  for (const Json& score : part(finding, "cvss", kNoList)) {
    add_attribute(attributes, score_name(score) + "_VECTOR", text_member(score, "vector"));
    add_attribute(attributes, score_name(score) + "_SCORE", score_text(score));
  }
  for (const auto& [key, value] : part(finding, "attributes", kNoObject).items()) {
    add_attribute(attributes, key, value.get<std::string>());
  }
  Json json = {{"name", finding.at("name")},
               {"severity", finding.at("severity")},
               {"attributes", std::move(attributes)}};
  set_text(json, "description", text_member(finding, "description"));
  set_text(json, "uri", text_member(finding, "uri"));
  return json;
}

// Amazon Inspector says UNTRIAGED where basic scanning says UNDEFINED.
std::string enhanced_severity(std::string_view severity) {
  return severity == "UNDEFINED" ? "UNTRIAGED" : std::string(severity);
}

Json enhanced_finding(const Json& finding, const ScannedImage& scanned) {
  const Json& package = part(finding, "package", kNoObject);
  const std::string name = text_member(finding, "name");
  std::string title = text_member(finding, "title");
  if (title.empty()) {
    title =
        text_member(package, "name").empty() ? name : name + " - " + text_member(package, "name");
  }
  const double seen = base::to_epoch_seconds(scanned.scanned_at);
  Json json = {{"awsAccountId", scanned.repository.registry.account},
               {"findingArn", finding_arn(finding, scanned)},
               {"firstObservedAt", seen},
               {"lastObservedAt", seen},
               {"updatedAt", seen},
               {"packageVulnerabilityDetails", vulnerability_details(finding)},
               {"remediation", {{"recommendation", {{"text", "None Provided"}}}}},
               {"resources", Json::array({scanned_resource(scanned)})},
               {"severity", enhanced_severity(text_member(finding, "severity"))},
               {"status", "ACTIVE"},
               {"title", title},
               {"type", "PACKAGE_VULNERABILITY"},
               {"fixAvailable", text_member(package, "fixedVersion").empty() ? "NO" : "YES"}};
  set_text(json, "description", text_member(finding, "description"));
  if (const Json* best = best_score(finding)) {
    Json details = {{"adjustments", Json::array()}, {"score", (*best)["score"].get<double>()}};
    set_text(details, "scoreSource", text_member(*best, "source"));
    set_text(details, "scoringVector", text_member(*best, "vector"));
    set_text(details, "version", text_member(*best, "version"));
    json["score"] = (*best)["score"].get<double>();
    json["scoreDetails"] = {{"cvss", std::move(details)}};
  }
  return json;
}

}  // namespace ecr::api::scan
