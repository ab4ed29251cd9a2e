// The results of policy tests for programs: JUnit's XML, TAP and JSON. Pure.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "api/admin/policy_tests/run.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::policy_tests {

// One file of tests.
struct FileReport {
  std::string file;
  TestRun run;
  std::chrono::milliseconds took{0};
};

// Draws a decision for people.
using Draw = std::function<std::string(const base::OrderedJson&)>;

// "who may push: ecr:PutImage by arn:... on arn:..."
std::string title_of(const Check& check);
// "ecr:PutImage by arn:... on arn:...: denied before, allowed now"
std::string flip_of(const CheckResult& result);

// A suite for each file and a case for each check. The schema is integration/junit.xsd.
std::string junit_xml(const std::vector<FileReport>& reports, const Draw& draw);
// TAP version 14.
std::string tap_text(const std::vector<FileReport>& reports);
// {"good", "passed", "failed", "flips": number, "files": [{"file", "passed", "failed", "checks":
// [{"name", "path", "principal", "action", "resource", "expected", "because"?, "verdict" (null: it
// could not be asked), "passed", "reason", "problem"?, "before"?, "decision"?}]}]}
base::OrderedJson report_json(const std::vector<FileReport>& reports);

}  // namespace ecr::api::admin::policy_tests
