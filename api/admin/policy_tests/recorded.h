// Policy tests written from the decisions of a running server: what was decided has to be decided
// again. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "schemas/base/json.h"

namespace ecr::api::admin::policy_tests {

struct Recorded {
  base::OrderedJson file;    // of tests
  std::size_t checks = 0;    // different questions
  std::size_t left_out = 0;  // decisions about callers that a test cannot name
};

// `decisions`: of /_ecr-local/decisions?trace=true, newest first; of several about one question the
// newest counts. `seeds`: names of files for the member "seed". Of the context a case has the keys
// that the policies ask for and that only a request brings.
Recorded record_tests(const base::OrderedJson& decisions, const std::vector<std::string>& seeds);

}  // namespace ecr::api::admin::policy_tests
