// AWS JSON against the API model. The first line names an operation of ECR, the rest is its input.
#include <string>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/model.h"
#include "schemas/model/validator.h"
#include "tests/fuzz/fuzz.h"

ECR_FUZZ_TARGET(validator) {
  using namespace ecr::base;
  using namespace ecr::model;
  using ecr::fuzz::require;
  std::string_view text = ecr::fuzz::as_text(data, size);
  const OperationModel* operation = ServiceModel::ecr().find(ecr::fuzz::take_until(text, '\n'));
  if (operation == nullptr || operation->input == nullptr) return 0;
  const auto json = parse_json(text);
  if (!json) return 0;
  const auto violations = validate(*json, *operation->input);
  for (const Violation& violation : violations) {
    require(violation.shape != nullptr, "a violation names its shape");
    require(is_valid_utf8(violation.path + constraint_text(violation)), "a message is UTF-8");
  }
  require(violations.empty() || !validate_output(*json, *operation->input).empty(),
          "what we answer is checked more strictly than what we are asked");
  return 0;
}
