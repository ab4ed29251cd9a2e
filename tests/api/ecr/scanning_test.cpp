// Scanning: what is scanned when, what is found, and how it is told.
#include <filesystem>
#include <fstream>

#include "api/ecr/ecr_api.h"
#include "api/images/scan/configuration.h"
#include "storage/rows/events.h"
#include "storage/rows/image_processing.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using std::chrono::hours;
using Error = std::pair<std::string, std::string>;

class EcrScanning : public ApiTest {
 protected:
  EcrScanning() {
    std::string name = (std::filesystem::temp_directory_path() / "ecr-scans-XXXXXX").string();
    directory = mkdtemp(name.data());
    create("app");
  }
  ~EcrScanning() override { std::filesystem::remove_all(directory); }

  void create(const std::string& name, bool scan_on_push = false) {
    call("CreateRepository", {{"repositoryName", name},
                              {"imageScanningConfiguration", {{"scanOnPush", scan_on_push}}}});
  }
  static Json image(const std::string& tag, const std::string& repository = "app") {
    return {{"repositoryName", repository}, {"imageId", {{"imageTag", tag}}}};
  }
  static Json rule(const std::string& frequency, const std::vector<std::string>& filters) {
    Json list = Json::array();
    for (const std::string& filter : filters) {
      list.push_back({{"filter", filter}, {"filterType", "WILDCARD"}});
    }
    return {{"scanFrequency", frequency}, {"repositoryFilters", list}};
  }
  void configure(const std::string& type, const std::vector<Json>& rules) {
    const Json wanted = {{"scanType", type}, {"rules", rules}};
    EXPECT_EQ(call("PutRegistryScanningConfiguration", wanted),
              (Json{{"registryScanningConfiguration", wanted}}));
    EXPECT_EQ(call("GetRegistryScanningConfiguration", Json::object()),
              (Json{{"registryId", "000000000000"}, {"scanningConfiguration", wanted}}));
  }
  Json frequency(const std::string& name) {
    return call("BatchGetRepositoryScanningConfiguration",
                {{"repositoryNames", Json::array({name})}})["scanningConfigurations"][0];
  }
  // Findings CVE-1 to CVE-<count>; the severities take turns.
  void write_findings(int count, const std::string& repository = "app") {
    constexpr const char* kSeverities[] = {"LOW", "CRITICAL", "HIGH"};
    Json findings = Json::array();
    for (int i = 1; i <= count; ++i) {
      findings.push_back({{"name", "CVE-" + std::to_string(i)},
                          {"severity", kSeverities[i % 3]},
                          {"package", {{"name", "openssl"}, {"version", "3"}}}});
    }
    const Json entry = {{"repository", repository}, {"findings", findings}};
    settings.scan_findings = directory + "/findings.json";
    std::ofstream(settings.scan_findings) << Json{{"images", Json::array({entry})}};
  }
  std::vector<Json> told(const std::string& detail_type) {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    std::vector<Json> bodies;
    for (const auto& row : storage::events_after(txn, storage::EventKind::kEvent, 0, 1000)) {
      if (row.type == detail_type) bodies.push_back(Json::parse(row.body));
    }
    return bodies;
  }
  void run() { EXPECT_TRUE(runner.run_due(100).complete); }
  std::string status(const std::string& tag, const std::string& repository = "app") {
    return call("DescribeImageScanFindings", image(tag, repository))["imageScanStatus"]["status"]
        .get<std::string>();
  }

  std::string directory;
  JobRunner runner{services, ecr::job_kinds()};
};

TEST_F(EcrScanning, ARegistryScansBasicallyAndOnDemand) {
  EXPECT_EQ(call("GetRegistryScanningConfiguration", Json::object()),
            (Json{{"registryId", "000000000000"},
                  {"scanningConfiguration", {{"scanType", "BASIC"}, {"rules", Json::array()}}}}));
  EXPECT_EQ(frequency("app"),
            (Json{{"repositoryArn", "arn:aws:ecr:us-east-1:000000000000:repository/app"},
                  {"repositoryName", "app"},
                  {"scanOnPush", false},
                  {"scanFrequency", "MANUAL"},
                  {"appliedScanFilters", Json::array()}}));
}

TEST_F(EcrScanning, FiltersMatchAPartUnlessTheyHaveAWildcard) {
  for (const char* name : {"prod", "team/prod-app", "prod/x", "dev"}) create(name);
  configure("BASIC", {rule("SCAN_ON_PUSH", {"prod"})});
  for (const auto& [name, wanted] :
       {std::pair("prod", "SCAN_ON_PUSH"), std::pair("team/prod-app", "SCAN_ON_PUSH"),
        std::pair("prod/x", "SCAN_ON_PUSH"), std::pair("dev", "MANUAL")}) {
    EXPECT_EQ(frequency(name)["scanFrequency"], wanted) << name;
  }
  configure("BASIC", {rule("SCAN_ON_PUSH", {"prod*"})});
  EXPECT_EQ(frequency("prod/x")["scanFrequency"], "SCAN_ON_PUSH");
  EXPECT_EQ(frequency("team/prod-app")["scanFrequency"], "MANUAL");
}

TEST_F(EcrScanning, ContinuousScanningWins) {
  create("prod");
  configure("ENHANCED", {rule("SCAN_ON_PUSH", {"*"}), rule("CONTINUOUS_SCAN", {"pro", "x*"})});
  EXPECT_EQ(frequency("prod")["scanFrequency"], "CONTINUOUS_SCAN");
  EXPECT_EQ(frequency("prod")["appliedScanFilters"],
            Json::parse(R"([{"filter": "pro", "filterType": "WILDCARD"}])"));
  EXPECT_EQ(frequency("app")["scanFrequency"], "SCAN_ON_PUSH");
  configure("ENHANCED", {});
  EXPECT_EQ(frequency("app")["scanFrequency"], "CONTINUOUS_SCAN");
}

TEST_F(EcrScanning, ARepositorysOwnSettingCountsInBasicScanning) {
  create("pushed", true);
  EXPECT_EQ(frequency("pushed")["scanFrequency"], "SCAN_ON_PUSH");
  configure("ENHANCED", {rule("SCAN_ON_PUSH", {"other"})});
  EXPECT_EQ(frequency("pushed")["scanFrequency"], "MANUAL");
}

TEST_F(EcrScanning, RepositoriesThatAreNotThereAreFailures) {
  EXPECT_EQ(call("BatchGetRepositoryScanningConfiguration",
                 {{"repositoryNames", {"app", "none"}}})["failures"],
            Json::parse(R"([{"repositoryName": "none", "failureCode": "REPOSITORY_NOT_FOUND",
                             "failureReason": "REPOSITORY_NOT_FOUND"}])"));
}

TEST_F(EcrScanning, RulesMustFitTheTypeOfScan) {
  const std::vector<std::pair<const char*, std::vector<Json>>> bad = {
      {"BASIC", {rule("CONTINUOUS_SCAN", {"*"})}},
      {"ENHANCED", {rule("MANUAL", {"*"})}},
      {"BASIC", {rule("SCAN_ON_PUSH", {"a"}), rule("SCAN_ON_PUSH", {"b"})}}};
  for (const auto& [type, rules] : bad) {
    EXPECT_EQ(
        fail("PutRegistryScanningConfiguration", {{"scanType", type}, {"rules", rules}}).first,
        "InvalidParameterException");
  }
}

TEST_F(EcrScanning, ChangedFrequenciesAreTold) {
  create("prod");
  configure("BASIC", {rule("SCAN_ON_PUSH", {"prod"})});
  EXPECT_TRUE(told("ECR Scan Resource Change").empty());
  configure("ENHANCED", {rule("CONTINUOUS_SCAN", {"prod"})});
  const auto sent = told("ECR Scan Resource Change");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]["detail"],
            Json::parse(R"({"action-type": "SCAN_FREQUENCY_CHANGE", "resource-type": "REPOSITORY",
      "scan-type": "ENHANCED", "repositories": [{"repository-name": "prod",
      "repository-arn": "arn:aws:ecr:us-east-1:000000000000:repository/prod",
      "scan-frequency": "CONTINUOUS_SCAN", "previous-scan-frequency": "SCAN_ON_PUSH"}]})"));
}

TEST_F(EcrScanning, AScanIsBegunAndDoneByAJob) {
  write_findings(4);
  push_image("app", "v1", "content");
  const Json started = call("StartImageScan", image("v1"));
  EXPECT_EQ(started["imageScanStatus"], (Json{{"status", "IN_PROGRESS"}}));
  EXPECT_EQ(started["imageId"]["imageTag"], "v1");
  const Json waiting = call("DescribeImageScanFindings", image("v1"));
  EXPECT_EQ(waiting["imageScanStatus"]["status"], "IN_PROGRESS");
  EXPECT_FALSE(waiting.contains("imageScanFindings"));
  clock.time += std::chrono::minutes(1);
  run();
  const Json done = call("DescribeImageScanFindings", image("v1"));
  EXPECT_EQ(done["imageScanStatus"], Json::parse(R"({"status": "COMPLETE",
      "description": "The scan was completed successfully."})"));
  const Json& findings = done["imageScanFindings"];
  EXPECT_EQ(findings["findingSeverityCounts"],
            Json::parse(R"({"CRITICAL": 2, "HIGH": 1, "LOW": 1})"));
  EXPECT_EQ(findings["imageScanCompletedAt"], base::to_epoch_seconds(clock.now()));
  EXPECT_TRUE(findings.contains("vulnerabilitySourceUpdatedAt"));
  ASSERT_EQ(findings["findings"].size(), 4u);
  EXPECT_EQ(findings["findings"][0]["name"], "CVE-1");
  EXPECT_EQ(findings["findings"][0]["severity"], "CRITICAL");
  const auto sent = told("ECR Image Scan");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]["resources"],
            Json::array({"arn:aws:ecr:us-east-1:000000000000:repository/app"}));
  Json detail = sent[0]["detail"];
  EXPECT_EQ(detail["image-digest"], done["imageId"]["imageDigest"]);
  detail.erase("image-digest");
  EXPECT_EQ(detail, Json::parse(R"({"scan-status": "COMPLETE", "repository-name": "app",
      "finding-severity-counts": {"CRITICAL": 2, "HIGH": 1, "LOW": 1}, "image-tags": ["v1"]})"));
}

TEST_F(EcrScanning, WithoutASourceNothingIsMadeUp) {
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  run();
  const Json done = call("DescribeImageScanFindings", image("v1"));
  EXPECT_EQ(done["imageScanStatus"]["status"], "COMPLETE");
  const auto description = done["imageScanStatus"]["description"].get<std::string>();
  EXPECT_TRUE(description.starts_with("The scan was completed successfully."));
  EXPECT_NE(description.find("--scan-findings"), std::string::npos);
  EXPECT_EQ(done["imageScanFindings"]["findings"], Json::array());
  EXPECT_EQ(done["imageScanFindings"]["findingSeverityCounts"], Json::object());
}

TEST_F(EcrScanning, AnImageIsScannedOnceADay) {
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  run();
  clock.time += hours(23);
  EXPECT_EQ(fail("StartImageScan", image("v1")),
            Error("LimitExceededException",
                  "The scan quota per image has been exceeded. Wait and try again."));
  clock.time += hours(1);
  call("StartImageScan", image("v1"));
}

TEST_F(EcrScanning, APushIsScannedWhereTheRegistrySaysSo) {
  write_findings(1, "pushed");
  create("pushed", true);
  push_image("app", "v1", "content");
  push_image("pushed", "v1", "content");
  run();
  EXPECT_EQ(fail("DescribeImageScanFindings", image("v1")).first, "ScanNotFoundException");
  EXPECT_EQ(status("v1", "pushed"), "COMPLETE");
  // That counts as the image's scan of the day, and a new tag is no new image.
  EXPECT_EQ(fail("StartImageScan", image("v1", "pushed")).first, "LimitExceededException");
  push_image("pushed", "v2", "content");
  run();
  EXPECT_EQ(told("ECR Image Scan").size(), 1u);
}

TEST_F(EcrScanning, APushByTheApiIsScannedToo) {
  const std::string manifest = push_image("app", "v1", "content");
  create("pushed", true);
  push_blob("pushed", R"({"config":"content"})");
  push_blob("pushed", "content");
  call("PutImage", {{"repositoryName", "pushed"}, {"imageManifest", manifest}, {"imageTag", "v1"}});
  run();
  EXPECT_EQ(status("v1", "pushed"), "COMPLETE");
}

TEST_F(EcrScanning, EnhancedFindingsHaveInspectorsShape) {
  write_findings(3);
  configure("ENHANCED", {rule("SCAN_ON_PUSH", {"app"})});
  push_image("app", "v1", "content");
  EXPECT_EQ(status("v1"), "PENDING");
  run();
  const Json done = call("DescribeImageScanFindings", image("v1"));
  EXPECT_EQ(done["imageScanStatus"]["status"], "COMPLETE");
  const Json& findings = done["imageScanFindings"];
  EXPECT_FALSE(findings.contains("findings"));
  ASSERT_EQ(findings["enhancedFindings"].size(), 3u);
  EXPECT_EQ(findings["enhancedFindings"][0]["packageVulnerabilityDetails"]["vulnerabilityId"],
            "CVE-1");
  EXPECT_TRUE(told("ECR Image Scan").empty());
  EXPECT_EQ(fail("StartImageScan", image("v1")).first, "ValidationException");
}

TEST_F(EcrScanning, ContinuousScanningStaysActive) {
  write_findings(1);
  configure("ENHANCED", {});
  push_image("app", "v1", "content");
  run();
  EXPECT_EQ(call("DescribeImageScanFindings", image("v1"))["imageScanStatus"],
            Json::parse(R"({"status": "ACTIVE",
                            "description": "Continuous scan is selected for image."})"));
}

TEST_F(EcrScanning, FindingsComeInPages) {
  write_findings(25);
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  run();
  for (const int size : {1, 7, 1000}) {
    std::vector<std::string> names;
    Json input = image("v1");
    input["maxResults"] = size;
    for (;;) {
      const Json page = call("DescribeImageScanFindings", input);
      const Json& findings = page["imageScanFindings"]["findings"];
      EXPECT_LE(findings.size(), static_cast<std::size_t>(size));
      for (const Json& finding : findings) names.push_back(finding["name"].get<std::string>());
      if (!page.contains("nextToken")) break;
      input["nextToken"] = page["nextToken"];
    }
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 25u) << size;
    EXPECT_EQ(names.size(), 25u) << size;
  }
  Json forged = image("v1");
  forged["nextToken"] = "forged";
  EXPECT_EQ(fail("DescribeImageScanFindings", forged).first, "InvalidParameterException");
}

TEST_F(EcrScanning, AScannerCommandIsGivenTheImageAndItsReportIsMapped) {
  const std::string report = directory + "/report.json";
  std::ofstream(report) << R"({"Results": [{"Class": "os-pkgs", "Type": "debian",
    "Vulnerabilities": [{"VulnerabilityID": "CVE-7", "PkgName": "libc6",
                         "InstalledVersion": "2", "Severity": "HIGH"}]}]})";
  settings.scanner_command =
      "test -f \"$IMAGE_LAYOUT/oci-layout\" && "
      "test \"$(cat \"$IMAGE_LAYOUT\"/blobs/sha256/* | wc -c)\" -gt 100 && "
      "grep -q \"$IMAGE_DIGEST\" \"$IMAGE_LAYOUT/index.json\" && "
      "test \"$IMAGE_REPOSITORY\" = app && cat " +
      report;
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  run();
  const Json done = call("DescribeImageScanFindings", image("v1"));
  EXPECT_EQ(done["imageScanStatus"]["status"], "COMPLETE") << done;
  EXPECT_EQ(done["imageScanFindings"]["findings"][0]["name"], "CVE-7");
  EXPECT_TRUE(std::filesystem::is_empty(store->directory() + "/staging"));
}

TEST_F(EcrScanning, WhatTheUsersFilesKnowIsNotScanned) {
  write_findings(1, "known");
  create("known");
  settings.scanner_command = "exit 1";
  push_image("known", "v1", "content");
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1", "known"));
  call("StartImageScan", image("v1"));
  run();
  EXPECT_EQ(status("v1", "known"), "COMPLETE");
  EXPECT_EQ(status("v1"), "FAILED");
}

TEST_F(EcrScanning, AScannerThatFailsFailsTheScanAndItMayBeRepeated) {
  push_image("app", "v1", "content");
  struct ScannerCase {
    const char* command;
    const char* description;
    const char* remark;  // the beginning
  };
  const ScannerCase kCases[] = {
      {"echo first >&2; printf 'password=\\033x\\n' >&2; exit 3", "The scanner ended with status 3",
       "The scanner ended with status 3: password=?x"},
      {"echo '{'", "The scanner's report is not JSON", "The scanner's report is not JSON: "},
      {"echo '{\"Results\": 1}'", "The scanner's report: Results must be a list",
       "The scanner's report: Results must be a list"}};
  for (const ScannerCase& one : kCases) {
    settings.scanner_command = one.command;
    call("StartImageScan", image("v1"));
    const auto outcome = runner.run_next();
    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->result, JobOutcome::Result::kDone);
    EXPECT_TRUE(outcome->error.starts_with(one.remark)) << outcome->error;
    const Json done = call("DescribeImageScanFindings", image("v1"));
    EXPECT_EQ(done["imageScanStatus"]["status"], "FAILED");
    EXPECT_EQ(done["imageScanStatus"]["description"], one.description);
    EXPECT_FALSE(done.contains("imageScanFindings"));
  }
  EXPECT_EQ(told("ECR Image Scan").back()["detail"]["scan-status"], "FAILED");
}

TEST_F(EcrScanning, BrokenFindingsFailTheScan) {
  write_findings(1);
  push_image("app", "v1", "content");
  std::ofstream(settings.scan_findings) << "{";
  call("StartImageScan", image("v1"));
  run();
  EXPECT_EQ(status("v1"), "FAILED");
}

TEST_F(EcrScanning, OnlyContainerImagesAreScanned) {
  const std::string child = push_image("app", "child", "content");
  const Json index = {
      {"schemaVersion", 2},
      {"mediaType", "application/vnd.oci.image.index.v1+json"},
      {"manifests", Json::array({{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                  {"digest", model::Digest::of(child).text()},
                                  {"size", child.size()}}})}};
  call("PutImage",
       {{"repositoryName", "app"}, {"imageManifest", index.dump()}, {"imageTag", "index"}});
  EXPECT_EQ(fail("StartImageScan", image("index")),
            Error("UnsupportedImageTypeException",
                  "The operating system and/or package manager are not supported"));
}

TEST_F(EcrScanning, AnArchivedImageIsNotScanned) {
  push_image("app", "v1", "content");
  Json input = image("v1");
  input["targetStorageClass"] = "ARCHIVE";
  call("UpdateImageStorageClass", input);
  EXPECT_EQ(fail("StartImageScan", image("v1")).first, "ImageArchivedException");
}

TEST_F(EcrScanning, AScanGoesWithItsImage) {
  const std::string manifest = push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "v1"}}}}});
  run();
  push_image("app", "v1", "content");
  const std::string digest = model::Digest::of(manifest).text();
  EXPECT_EQ(fail("DescribeImageScanFindings", image("v1")),
            Error("ScanNotFoundException",
                  "Image scan does not exist for the image with '{imageDigest:'null', "
                  "imageTag:'v1'}' in the repository with name 'app' in the registry with id "
                  "'000000000000'"));
  EXPECT_EQ(fail("DescribeImageScanFindings",
                 {{"repositoryName", "app"}, {"imageId", {{"imageDigest", digest}}}}),
            Error("ScanNotFoundException",
                  "Image scan does not exist for the image with '{imageDigest:'" + digest +
                      "', imageTag:'null'}' in the repository with name 'app' in the registry "
                      "with id '000000000000'"));
}

TEST_F(EcrScanning, DescribeImagesTellsNothingOfScans) {
  write_findings(1);
  push_image("app", "v1", "content");
  call("StartImageScan", image("v1"));
  run();
  const Json detail = call("DescribeImages", {{"repositoryName", "app"}})["imageDetails"][0];
  EXPECT_FALSE(detail.contains("imageScanStatus"));
  EXPECT_FALSE(detail.contains("imageScanFindingsSummary"));
}

}  // namespace
}  // namespace ecr::api::test
