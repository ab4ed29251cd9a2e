// `ecr-local test`: asks the policies of seed documents what files of tests expect of them. No
// server runs; with --record it reads the decisions of one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"
#include "api/admin/offline/seeded_services.h"
#include "api/admin/policy_tests/proposed_change.h"
#include "api/admin/policy_tests/recorded.h"
#include "api/admin/policy_tests/report.h"
#include "api/admin/policy_tests/run.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "server/cli/commands.h"
#include "server/cli/explain_text.h"
#include "server/cli/offline/document_file.h"
#include "server/cli/progress.h"
#include "server/cli/server_client.h"
#include "server/runtime/system.h"

namespace ecr::server {
namespace {

namespace tests = api::admin::policy_tests;
using Status = tests::CheckResult::Status;

// The checks of a report refer to those of its file.
struct TestedFile {
  tests::TestFile tests;
  tests::FileReport report;
};

// The policies that the changes are, read once for all files of tests.
std::vector<api::admin::what_if::Change> read_proposed(const TestConfig& config) {
  std::vector<api::admin::what_if::Change> changes;
  for (const std::string& text : config.changed) {
    const auto option = tests::parse_change_option(text);
    if (option.file.empty()) {
      changes.push_back(tests::proposed_change(option.policy, nullptr));
    } else {
      const std::string document = base::dump(read_document_file(option.file));
      changes.push_back(tests::proposed_change(option.policy, &document));
    }
  }
  return changes;
}

void apply_seed_file(api::admin::SeededServices& services, const std::string& path) {
  const auto directory = std::filesystem::absolute(path).parent_path().string();
  try {
    services.apply(base::dump(read_document_file(path)), directory);
  } catch (const api::admin::SeedError& error) {
    throw std::runtime_error(base::format("{}: {}", path, error.what()));
  }
}

// Those of the command line come first.
void apply_seeds(api::admin::SeededServices& services, const TestConfig& config,
                 const std::string& file, const std::vector<tests::SeedSource>& seeds) {
  for (const std::string& path : config.seeds) apply_seed_file(services, path);
  for (const tests::SeedSource& seed : seeds) {
    if (!seed.file.empty()) {
      apply_seed_file(services, path_beside(file, seed.file));
      continue;
    }
    try {
      services.apply(seed.document, std::filesystem::absolute(file).parent_path().string());
    } catch (const api::admin::SeedError& error) {
      throw std::runtime_error(base::format("{}: seed: {}", file, error.what()));
    }
  }
}

tests::TestFile read_tests(const std::string& file) {
  const auto document = read_document_file(file);
  try {
    return tests::read_test_file(document);
  } catch (const api::admin::ParameterError& error) {
    throw std::runtime_error(base::format("{}: {}", file, error.what()));
  }
}

TestedFile run_file(const TestConfig& config, const std::string& file,
                    const std::vector<api::admin::what_if::Change>& changes) {
  const auto begun = std::chrono::steady_clock::now();
  const SystemClock clock;
  SystemRandom random;
  TestedFile tested{read_tests(file), {}};
  tested.report.file = file;
  api::admin::SeededServices services(clock, random);
  apply_seeds(services, config, file, tested.tests.seeds);
  tested.report.run = tests::run_checks(services.services(), tested.tests.checks, changes);
  tested.report.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  return tested;
}

void print_failure(const std::string& file, const tests::CheckResult& result) {
  const Paint paint;
  base::print("{} {}: {}: {}\n  {}\n", paint.bad("FAIL"), file, result.check->path,
              tests::title_of(*result.check), result.problem);
  if (result.decision.is_null()) return;
  std::string tree = "  " + explain_text(result.decision);
  tree.pop_back();  // its last newline
  base::replace_all(tree, "\n", "\n  ");
  base::print("{}\n", tree);
}

void print_report(const tests::FileReport& report, bool changed) {
  const Paint paint;
  for (const tests::CheckResult& result : report.run.results) {
    if (result.status != Status::kPassed) print_failure(report.file, result);
  }
  for (const tests::CheckResult& result : report.run.results) {
    if (!result.allowed_before) continue;
    base::print("{} {}: {}: {}\n", paint.doubtful("FLIP"), report.file, result.check->path,
                tests::flip_of(result));
  }
  const std::string checks = base::counted(report.run.results.size(), "check");
  const std::string flips =
      changed ? base::format("; {} another verdict", report.run.flips == 1
                                                         ? std::string("1 gets")
                                                         : base::format("{} get", report.run.flips))
              : "";
  if (report.run.good()) {
    base::print("{}: {}, {}{}\n", report.file, checks, paint.good("all good"), flips);
  } else {
    base::print("{}: {}, {}{}\n", report.file, checks,
                paint.bad(base::format("{} failed", report.run.failed)), flips);
  }
}

void write_text_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path + ": cannot be written");
}

int run_record(const TestConfig& config) {
  const auto answer = ask_server({.url = config.url,
                                  .target = "/_ecr-local/decisions?trace=true&limit=1000",
                                  .token = config.admin_token});
  if (answer.head.status != 200) throw std::runtime_error(refusal(answer));
  const auto json = base::parse_ordered_json(answer.body);
  if (!json || !json->is_object() || !json->contains("decisions") ||
      !json->at("decisions").is_array()) {
    throw std::runtime_error(config.url + " is not an ecr-local");
  }
  const auto recorded = tests::record_tests(json->at("decisions"), config.seeds);
  const std::string& file = config.files.front();
  const std::string text = recorded.file.dump(2) + "\n";
  if (file == "-") {
    base::print("{}", text);
  } else {
    write_text_file(file, text);
  }
  base::print(stderr, "recorded {} of the decisions of {}{}\n",
              base::counted(recorded.checks, "check"), config.url,
              recorded.left_out == 0
                  ? std::string()
                  : base::format("; left out {} of callers that a test cannot name",
                                 base::counted(recorded.left_out, "decision")));
  return recorded.checks > 0 ? kExitSuccess : kExitNo;
}

}  // namespace

int run_test(const TestConfig& config) {
  if (config.record) return run_record(config);
  const auto changes = read_proposed(config);
  std::vector<TestedFile> files;
  files.reserve(config.files.size());
  bool good = true;
  for (const std::string& file : config.files) {
    files.push_back(run_file(config, file, changes));
    good = good && files.back().report.run.good();
    if (!config.tap && !config.json) print_report(files.back().report, !changes.empty());
  }
  std::vector<tests::FileReport> reports;
  for (TestedFile& file : files) reports.push_back(std::move(file.report));
  if (config.tap) base::print("{}", tests::tap_text(reports));
  if (config.json) base::print("{}\n", base::dump(tests::report_json(reports)));
  if (!config.junit.empty()) {
    write_text_file(config.junit, tests::junit_xml(reports, explain_text));
  }
  return good ? kExitSuccess : kExitNo;
}

}  // namespace ecr::server
