#include "api/admin/policy_tests/report.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/query_protocol.h"
#include "schemas/base/text.h"

namespace ecr::api::admin::policy_tests {
namespace {

using base::OrderedJson;
using Status = CheckResult::Status;

const char* verdict_name(bool allowed) { return allowed ? "allowed" : "denied"; }

// XML 1.0 has no form at all for control characters.
std::string xml_text(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\n' && c != '\t') c = '?';
  }
  return xml_escape(text);
}

std::string seconds_of(std::chrono::milliseconds time) {
  return base::format("{}.{:03}", time.count() / 1000, time.count() % 1000);
}

std::size_t errors_in(const TestRun& run) {
  std::size_t errors = 0;
  for (const CheckResult& result : run.results) errors += result.status == Status::kError ? 1 : 0;
  return errors;
}

std::string junit_case(const std::string& file, const CheckResult& result, const Draw& draw) {
  std::string xml = base::format("    <testcase classname=\"{}\" name=\"{}\"", xml_text(file),
                                 xml_text(title_of(*result.check)));
  if (result.status == Status::kPassed) return xml + "/>\n";
  const bool failed = result.status == Status::kFailed;
  const char* const element = failed ? "failure" : "error";
  return base::format("{}>\n      <{} type=\"{}\" message=\"{}\">{}</{}>\n    </testcase>\n", xml,
                      element, failed ? "verdict" : "question", xml_text(result.problem),
                      failed ? xml_text(draw(result.decision)) : xml_text(result.check->path),
                      element);
}

// "#" begins a directive in a description.
std::string tap_description(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '#') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string tap_line(std::size_t number, const std::string& file, const CheckResult& result) {
  std::string text =
      base::format("{} {} - {}: {}\n", result.status == Status::kPassed ? "ok" : "not ok", number,
                   tap_description(file), tap_description(title_of(*result.check)));
  if (result.status != Status::kPassed) {
    // A JSON string is one of YAML, too.
    text += base::format("  ---\n  at: {}\n  message: {}\n  ...\n",
                         base::dump(OrderedJson(result.check->path)),
                         base::dump(OrderedJson(result.problem)));
  }
  if (result.allowed_before) {
    text += base::format("# flip: {}\n", tap_description(flip_of(result)));
  }
  return text;
}

OrderedJson check_json(const CheckResult& result) {
  const Check& check = *result.check;
  OrderedJson json = {
      {"name", check.name},           {"path", check.path},
      {"principal", check.principal}, {"action", check.action},
      {"resource", check.resource},   {"expected", verdict_name(check.expect.allowed)}};
  if (!check.expect.because.empty()) json["because"] = check.expect.because;
  const bool asked = result.status != Status::kError;
  json["verdict"] = asked ? OrderedJson(verdict_name(result.allowed)) : OrderedJson();
  json["passed"] = result.status == Status::kPassed;
  json["reason"] = result.reason;
  if (!result.problem.empty()) json["problem"] = result.problem;
  if (result.allowed_before) json["before"] = verdict_name(*result.allowed_before);
  if (!result.decision.is_null()) json["decision"] = result.decision;
  return json;
}

}  // namespace

std::string title_of(const Check& check) {
  const std::string question =
      base::format("{} by {} on {}", check.action, check.principal, check.resource);
  return check.name.empty() ? question : base::format("{}: {}", check.name, question);
}

std::string flip_of(const CheckResult& result) {
  const Check& check = *result.check;
  return base::format("{} by {} on {}: {} before, {} now", check.action, check.principal,
                      check.resource, verdict_name(*result.allowed_before),
                      verdict_name(result.allowed));
}

std::string junit_xml(const std::vector<FileReport>& reports, const Draw& draw) {
  std::string suites;
  std::size_t tests = 0;
  std::size_t failed = 0;
  std::size_t errors = 0;
  std::chrono::milliseconds took{0};
  for (const FileReport& report : reports) {
    const std::size_t wrong = errors_in(report.run);
    suites += base::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" "
        "time=\"{}\">\n",
        xml_text(report.file), report.run.results.size(), report.run.failed - wrong, wrong,
        seconds_of(report.took));
    for (const CheckResult& result : report.run.results) {
      suites += junit_case(report.file, result, draw);
    }
    suites += "  </testsuite>\n";
    tests += report.run.results.size();
    failed += report.run.failed - wrong;
    errors += wrong;
    took += report.took;
  }
  return base::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"ecr-local test\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "time=\"{}\">\n{}</testsuites>\n",
      tests, failed, errors, seconds_of(took), suites);
}

std::string tap_text(const std::vector<FileReport>& reports) {
  std::string lines;
  std::size_t number = 0;
  for (const FileReport& report : reports) {
    for (const CheckResult& result : report.run.results) {
      lines += tap_line(++number, report.file, result);
    }
  }
  return base::format("TAP version 14\n1..{}\n{}", number, lines);
}

OrderedJson report_json(const std::vector<FileReport>& reports) {
  OrderedJson files = OrderedJson::array();
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t flips = 0;
  for (const FileReport& report : reports) {
    OrderedJson checks = OrderedJson::array();
    for (const CheckResult& result : report.run.results) checks.push_back(check_json(result));
    files.push_back({{"file", report.file},
                     {"passed", report.run.passed},
                     {"failed", report.run.failed},
                     {"checks", std::move(checks)}});
    passed += report.run.passed;
    failed += report.run.failed;
    flips += report.run.flips;
  }
  return {{"good", failed == 0},
          {"passed", passed},
          {"failed", failed},
          {"flips", flips},
          {"files", std::move(files)}};
}

}  // namespace ecr::api::admin::policy_tests
