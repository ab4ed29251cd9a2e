// The lines that `ecr-local verify-sigv4` reads.
#include <string>

#include <nlohmann/json.hpp>

#include "auth/sigv4/verify_json.h"
#include "schemas/base/json.h"
#include "tests/fuzz/fuzz.h"

ECR_FUZZ_TARGET(verify_json) {
  using ecr::fuzz::require;
  bool ok = false;
  const std::string out = ecr::auth::verify_sigv4_line(ecr::fuzz::as_text(data, size), ok);
  require(out.find('\n') == std::string::npos, "the output is one line");
  const auto json = ecr::base::parse_json(out);
  require(json && json->is_object(), "the output is a JSON object");
  require(ok == json->contains("valid"), "a verdict unless the line was malformed");
  require(ok || json->contains("error"), "a malformed line has its error");
  return 0;
}
