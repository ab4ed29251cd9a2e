// Findings: of the user's files, of Trivy's reports, and in both shapes of the API.
#include "api/images/scan/finding.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/images/scan/findings_file.h"
#include "schemas/model/model.h"
#include "schemas/model/validator.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::scan {
namespace {

const Json kFull = Json::parse(R"({
  "name": "CVE-2024-1", "severity": "HIGH", "title": "T", "description": "D",
  "uri": "https://example.test/1", "source": "NVD", "vendorSeverity": "important",
  "publishedAt": 1700000000, "updatedAt": 1700000001,
  "package": {"name": "openssl", "version": "3.0.1", "fixedVersion": "3.0.2", "manager": "OS",
              "path": "usr/lib/x", "layer": "sha256:aa", "arch": "AMD64", "epoch": 1,
              "release": "2"},
  "cvss": [{"source": "NVD", "version": "2.0", "score": 5, "vector": "AV:N/AC:L"},
           {"source": "NVD", "version": "3.1", "score": 7.5, "vector": "CVSS:3.1/AV:N"}],
  "references": ["https://example.test/2"], "related": ["CVE-2024-2"],
  "attributes": {"team": "a"}})");

TEST(ScanFinding, FaultsAreNamed) {
  EXPECT_TRUE(check_finding(kFull).has_value());
  EXPECT_TRUE(check_finding({{"name", "X"}, {"severity", "UNDEFINED"}}).has_value());
  const std::pair<const char*, const char*> kCases[] = {
      {R"([])", "a finding must be an object"},
      {R"({"severity": "LOW"})", "a finding needs a name"},
      {R"({"name": "X"})",
       "severity of X must be one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED"},
      {R"({"name": "X", "severity": "BAD"})",
       "severity of X must be one of CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED"},
      {R"({"name": 1, "severity": "LOW"})", "name must be a string"},
      {R"({"name": "X", "severity": "LOW", "other": 1})", "unknown key other"},
      {R"({"name": "X", "severity": "LOW", "package": "p"})", "package must be an object"},
      {R"({"name": "X", "severity": "LOW", "package": {"epoch": 1.5}})",
       "package.epoch must be a whole number"},
      {R"({"name": "X", "severity": "LOW", "cvss": {}})", "cvss must be a list"},
      {R"({"name": "X", "severity": "LOW", "cvss": [{}, {"score": "7"}]})",
       "cvss[1].score must be a number"},
      {R"({"name": "X", "severity": "LOW", "references": [1]})",
       "references must be a list of strings"},
      {R"({"name": "X", "severity": "LOW", "attributes": {"a": 1}})",
       "attributes must hold strings"},
  };
  for (const auto& [text, problem] : kCases) {
    const auto result = check_finding(Json::parse(text));
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error(), problem);
  }
}

TEST(ScanFinding, TheBasicShape) {
  const Json expected = Json::parse(R"({
    "name": "CVE-2024-1", "severity": "HIGH", "description": "D", "uri": "https://example.test/1",
    "attributes": [{"key": "package_version", "value": "3.0.1"},
                   {"key": "package_name", "value": "openssl"},
                   {"key": "CVSS2_VECTOR", "value": "AV:N/AC:L"},
                   {"key": "CVSS2_SCORE", "value": "5"},
                   {"key": "CVSS3_VECTOR", "value": "CVSS:3.1/AV:N"},
                   {"key": "CVSS3_SCORE", "value": "7.5"},
                   {"key": "team", "value": "a"}]})");
  EXPECT_EQ(basic_finding(kFull), expected);
}

TEST(ScanFinding, TheEnhancedShapeFitsTheModel) {
  const storage::Repository repository({"000000000000", "us-east-1"}, model::test::name_of("app"));
  const storage::Image image(*model::Digest::parse("sha256:" + std::string(64, 'a')));
  const ScannedImage scanned{repository, image, {"v1"}, {}};
  const Json finding = enhanced_finding(kFull, scanned);
  EXPECT_EQ(finding["type"], "PACKAGE_VULNERABILITY");
  EXPECT_EQ(finding["severity"], "HIGH");
  EXPECT_EQ(finding["score"], 7.5);
  EXPECT_EQ(finding["fixAvailable"], "YES");
  const Json& details = finding["packageVulnerabilityDetails"];
  EXPECT_EQ(details["vulnerabilityId"], "CVE-2024-1");
  EXPECT_EQ(details["vulnerablePackages"][0]["fixedInVersion"], "3.0.2");
  EXPECT_EQ(details["cvss"].size(), 2u);
  EXPECT_EQ(finding["resources"][0]["id"],
            "arn:aws:ecr:us-east-1:000000000000:repository/app/" + image.digest.text());
  EXPECT_EQ(finding["resources"][0]["details"]["awsEcrContainerImage"]["imageTags"],
            Json::array({"v1"}));
  const Json output = {{"imageScanFindings", {{"enhancedFindings", Json::array({finding})}}}};
  const auto* model = model::ServiceModel::ecr().find("DescribeImageScanFindings");
  EXPECT_TRUE(model::validate_output(output, *model->output).empty());
  const Json bare = enhanced_finding({{"name", "X"}, {"severity", "UNDEFINED"}}, scanned);
  EXPECT_EQ(bare["severity"], "UNTRIAGED");
  EXPECT_EQ(bare["title"], "X");
  EXPECT_FALSE(bare.contains("score"));
  EXPECT_NE(bare["findingArn"], finding["findingArn"]);
}

TEST(ScanFinding, TrivysReportIsMapped) {
  const Json report = Json::parse(R"({"SchemaVersion": 2, "Results": [
    {"Target": "debian", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": [
      {"VulnerabilityID": "CVE-2023-1", "PkgName": "libc6", "InstalledVersion": "2.36",
       "FixedVersion": "2.37", "Severity": "CRITICAL", "Title": "T", "Description": "D",
       "PrimaryURL": "https://example.test", "SeveritySource": "nvd",
       "References": ["https://example.test/r"],
       "PublishedDate": "2023-11-14T22:13:20Z", "Layer": {"Digest": "sha256:bb"},
       "CVSS": {"nvd": {"V2Vector": "AV:N", "V2Score": 5.5,
                        "V3Vector": "CVSS:3.0/AV:N", "V3Score": 9.8}}}]},
    {"Target": "app/package-lock.json", "Class": "lang-pkgs", "Type": "npm", "Vulnerabilities": [
      {"VulnerabilityID": "GHSA-1", "PkgName": "left-pad", "PkgPath": "node_modules/left-pad",
       "InstalledVersion": "1", "Severity": "UNKNOWN"}]},
    {"Target": "clean", "Class": "os-pkgs", "Type": "alpine"}]})");
  const auto findings = findings_of_trivy(report);
  ASSERT_TRUE(findings.has_value()) << findings.error();
  ASSERT_EQ(findings->size(), 2u);
  for (const Json& finding : *findings) {
    EXPECT_TRUE(check_finding(finding).has_value()) << finding;
  }
  const Json& first = (*findings)[0];
  EXPECT_EQ(first["name"], "CVE-2023-1");
  EXPECT_EQ(first["severity"], "CRITICAL");
  EXPECT_EQ(first["publishedAt"], 1'700'000'000.0);
  EXPECT_EQ(first["package"], Json::parse(R"({"name": "libc6", "version": "2.36",
    "fixedVersion": "2.37", "manager": "OS", "layer": "sha256:bb"})"));
  EXPECT_EQ(first["cvss"], Json::parse(R"([
    {"source": "nvd", "version": "2.0", "score": 5.5, "vector": "AV:N"},
    {"source": "nvd", "version": "3.0", "score": 9.8, "vector": "CVSS:3.0/AV:N"}])"));
  EXPECT_EQ((*findings)[1]["severity"], "UNDEFINED");
  EXPECT_EQ((*findings)[1]["package"]["manager"], "NPM");
}

TEST(ScanFinding, AReportThatIsNoneIsRefused) {
  EXPECT_TRUE(findings_of_trivy({{"SchemaVersion", 2}}).has_value());
  EXPECT_TRUE(findings_of_trivy({{"Results", nullptr}}).has_value());
  for (const char* text : {"[]", R"({"Results": 1})", R"({"Results": [1]})",
                           R"({"Results": [{"Vulnerabilities": {}}]})",
                           R"({"Results": [{"Vulnerabilities": [{"PkgName": "x"}]}]})"}) {
    EXPECT_FALSE(findings_of_trivy(Json::parse(text)).has_value()) << text;
  }
}

TEST(ScanFinding, TheWorstComesFirst) {
  std::vector<Json> findings;
  for (const auto& [name, severity] : {std::pair("b", "LOW"), std::pair("c", "CRITICAL"),
                                       std::pair("a", "LOW"), std::pair("d", "UNDEFINED")}) {
    findings.push_back({{"name", name}, {"severity", severity}});
  }
  sort_findings(findings);
  std::string order;
  for (const Json& finding : findings) order += finding["name"].get<std::string>();
  EXPECT_EQ(order, "cabd");
}

class FindingsFile : public ::testing::Test {
 protected:
  FindingsFile() {
    std::string name = (std::filesystem::temp_directory_path() / "ecr-findings-XXXXXX").string();
    directory = mkdtemp(name.data());
  }
  ~FindingsFile() override { std::filesystem::remove_all(directory); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(directory + "/" + name) << text;
  }
  std::string names(const std::string& path, const ScanSubject& subject) {
    const auto found = findings_for(path, subject);
    if (!found) return "error: " + found.error();
    std::string list = found->matched ? "" : "no match";
    for (const Json& finding : found->list) list += finding["name"].get<std::string>();
    return list;
  }
  static std::string entry(const std::string& selection, const std::string& name) {
    return "{" + selection + R"("findings": [{"name": ")" + name + R"(", "severity": "LOW"}]})";
  }

  std::string directory;
};

TEST_F(FindingsFile, EntriesAreMatchedByRepositoryTagAndDigest) {
  write("a.json", R"({"images": [)" + entry(R"("repository": "team/*", )", "a") + "," +
                      entry(R"("tag": "v1.*", )", "b") + "," +
                      entry(R"("digest": "sha256:aa*", )", "c") + "]}");
  write("b.json", R"({"images": [)" + entry("", "d") + "]}");
  write("ignored.txt", "not JSON");
  EXPECT_EQ(names(directory, {model::test::name_of("team/app"), "sha256:aabb", {"latest", "v1.2"}}),
            "abcd");
  EXPECT_EQ(names(directory, {model::test::name_of("app"), "sha256:bb", {}}), "d");
  EXPECT_EQ(names(directory + "/a.json", {model::test::name_of("app"), "sha256:bb", {"v2"}}),
            "no match");
  EXPECT_EQ(names(directory + "/a.json", {model::test::name_of("team/app"), "sha256:bb", {}}), "a");
  EXPECT_EQ(findings_problem(directory), "");
  EXPECT_TRUE(findings_for(directory, {model::test::name_of("app"), "sha256:bb", {}})
                  ->updated_at.has_value());
}

TEST_F(FindingsFile, AnEntryMayHoldAReportOfTrivys) {
  write("a.json", R"({"images": [{"trivy": {"Results": [{"Vulnerabilities": [
      {"VulnerabilityID": "CVE-1", "Severity": "LOW"}]}]}}]})");
  EXPECT_EQ(names(directory, {model::test::name_of("app"), "sha256:bb", {}}), "CVE-1");
}

TEST_F(FindingsFile, AnImageMayHaveNoFindings) {
  write("a.json", R"({"images": [{"repository": "app", "findings": []}]})");
  EXPECT_EQ(names(directory, {model::test::name_of("app"), "sha256:bb", {}}), "");
}

TEST_F(FindingsFile, FaultsAreReportedWithTheirPlace) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "line 1: "},
      {"[]", "must hold an object with one member, the list \"images\""},
      {R"({"images": {}})", "must hold an object with one member, the list \"images\""},
      {R"({"images": [], "more": 1})", "unknown key more: it must hold an object with one member"},
      {R"({"imags": []})", "unknown key imags, did you mean images?"},
      {R"({"images": [1]})", "images[0]: an image must be an object"},
      {R"({"images": [{}, {"repositry": "x"}]})",
       "images[1]: unknown key repositry, did you mean repository?"},
      {R"({"images": [{"tag": 1}]})", "images[0]: tag must be a string"},
      {R"({"images": [{"findings": {}}]})", "images[0]: findings must be a list"},
      {R"({"images": [{"findings": [{}]}]})", "images[0]: a finding needs a name"},
      {R"({"images": [{"trivy": []}]})", "images[0]: trivy: a Trivy report is an object"},
  };
  for (const auto& [text, problem] : kCases) {
    write("a.json", text);
    const std::string found = findings_problem(directory + "/a.json");
    EXPECT_NE(found.find(problem), std::string::npos) << found;
    EXPECT_TRUE(found.starts_with(directory + "/a.json: ")) << found;
  }
  EXPECT_NE(findings_problem(directory + "/none.json").find("No such file or directory"),
            std::string::npos);
}

}  // namespace
}  // namespace ecr::api::scan
