// A second evaluator, written to be obviously right and nothing else: straight from the text of the
// rules, on the JSON itself, without compiling, and sharing no code with auth/iam. The differential
// test holds the real one against it.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace ecr::auth::iam::test {

struct NaiveResult {
  std::string decision;
  std::string decided_by;
  friend bool operator==(const NaiveResult&, const NaiveResult&) = default;
};

// `line`: an object as `ecr-local evaluate` reads it. REQUIRES: well-formed.
NaiveResult naive_evaluate(const nlohmann::json& line);

}  // namespace ecr::auth::iam::test
