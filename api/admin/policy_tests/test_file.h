// A file of policy tests: where its policies come from, and what they have to decide. Its format is
// in docs/policy-tests.md and in server/cli/snippets/policy-tests.schema.json. Values; reading is
// pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/iam/evaluate.h"
#include "schemas/base/clock.h"
#include "schemas/base/json.h"

namespace ecr::api::admin::policy_tests {

// Of all files of one run together; a run of so many takes seconds.
inline constexpr std::size_t kMostChecks = 100'000;
inline constexpr std::size_t kMostSeeds = 20;

// "allowed", "denied", each with " because TEXT" where TEXT has to be in the reason.
struct Expectation {
  bool allowed = false;
  std::string because = {};  // empty: any reason will do
};

// One question with its answer. A case with several actions and resources makes several.
struct Check {
  std::string name;  // of the case; where it has none: the question
  std::string path;  // in the file: "cases[3]"
  std::string principal;
  std::string action;
  std::string resource;
  auth::iam::Context context;
  std::optional<base::TimePoint> clock;
  Expectation expect;
};

// Exactly one of the two.
struct SeedSource {
  std::string file = {};      // relative to that of the tests
  std::string document = {};  // JSON
};

struct TestFile {
  std::vector<SeedSource> seeds;
  std::vector<Check> checks;
};

// Throws ParameterError, which names the path of the wrong value.
TestFile read_test_file(const base::OrderedJson& document);

}  // namespace ecr::api::admin::policy_tests
