// The lines that `ecr-local evaluate` reads.
#include <string>

#include <nlohmann/json.hpp>

#include "auth/iam/evaluate_json.h"
#include "schemas/base/json.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ecr::fuzz::require;

// The evaluator finds "policies" without parsing the line where it is written in the plain way.
// Written otherwise it must mean the same.
void check_spelling(std::string line, const std::string& out) {
  constexpr std::string_view kPlain = "\"policies\"";
  const std::size_t at = line.find(kPlain);
  if (at == std::string::npos) return;
  line.replace(at, kPlain.size(), "\"polic\\u0069es\"");
  ecr::auth::iam::LineEvaluator evaluator;
  bool ok = false;
  const std::string other = evaluator.evaluate(line, true, ok);
  require(!ok || other == out, "the spelling of a key decides nothing");
}

}  // namespace

ECR_FUZZ_TARGET(evaluate_json) {
  const std::string_view line = ecr::fuzz::as_text(data, size);
  ecr::auth::iam::LineEvaluator evaluator;
  bool ok = false;
  const std::string out = evaluator.evaluate(line, true, ok);
  require(out.find('\n') == std::string::npos, "the output is one line");
  auto json = ecr::base::parse_json(out, {.max_depth = 256});
  require(json && json->is_object(), "the output is a JSON object");
  require(ok != json->contains("error"), "either a decision or an error");
  require(!ok || json->contains("decision"), "a decision is named");

  // The second time the policies come from the evaluator's memo.
  bool cached_ok = false;
  require(evaluator.evaluate(line, true, cached_ok) == out && cached_ok == ok,
          "compiled policies that are kept decide as new ones do");
  bool short_ok = false;
  const auto brief = ecr::base::parse_json(evaluator.evaluate(line, false, short_ok));
  require(short_ok == ok && brief.has_value(), "the explanation changes nothing");
  json->erase("trace");
  require(*brief == *json, "the explanation only adds the trace");
  check_spelling(std::string(line), out);
  return 0;
}
