// AWS Query: a form decoded by the model's shapes, validated, and written as XML. The input is a
// form body; its Action chooses the operation of IAM or STS.
#include <string>

#include <nlohmann/json.hpp>

#include "api/core/wire/error_response.h"
#include "api/core/wire/query_protocol.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/model.h"
#include "schemas/model/validator.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace ecr::api;
using namespace ecr::base;
using namespace ecr::model;
using ecr::fuzz::require;

const OperationModel& operation_of(const FormParameters& form) {
  for (const auto& [name, value] : form) {
    if (name != "Action") continue;
    if (const auto* found = ServiceModel::iam().find(value)) return *found;
    if (const auto* found = ServiceModel::sts().find(value)) return *found;
  }
  return *ServiceModel::iam().find("CreateRole");
}

// Every element that is opened is closed, in order, and nothing is left unescaped.
bool is_balanced(std::string_view xml) {
  std::vector<std::string_view> open;
  while (!xml.empty()) {
    if (xml.front() != '<') {
      const std::string_view text = xml.substr(0, xml.find('<'));
      if (text.find('>') != std::string_view::npos) return false;
      xml.remove_prefix(text.size());
      continue;
    }
    const std::size_t end = xml.find('>');
    if (end == std::string_view::npos) return false;
    std::string_view tag = xml.substr(1, end - 1);
    xml.remove_prefix(end + 1);
    if (!tag.starts_with('/')) {
      open.push_back(tag.substr(0, tag.find(' ')));
    } else {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    }
  }
  return open.empty();
}

void check_xml(const std::string& xml) {
  require(is_balanced(xml), "the answer is XML");
  require(is_valid_utf8(xml), "the answer is UTF-8");
}

std::string error_xml(const ApiError& error) {
  const auto response = error_response(error, ErrorForm::kAwsQuery, HttpRequest(), "urn:x");
  return std::get<std::string>(response.body);
}

}  // namespace

ECR_FUZZ_TARGET(query_protocol) {
  const auto form = parse_form(ecr::fuzz::as_text(data, size), true);
  if (!form) return 0;
  const OperationModel& operation = operation_of(*form);
  if (operation.input == nullptr) return 0;
  try {
    const nlohmann::json input = decode_query(*form, *operation.input);
    for (const Violation& violation : validate(input, *operation.input)) {
      require(violation.shape != nullptr, "a violation names its shape");
      check_xml(
          error_xml(ApiError(ErrorCode::kValidation, violation.path + constraint_text(violation))));
    }
    OperationModel echo;
    echo.name = operation.name;
    echo.output = operation.input;
    check_xml(encode_query_result(input, echo, "urn:x", "id"));
  } catch (const ApiError& error) {
    require(error.code() == ErrorCode::kSerialization, "a form is refused as a form");
    check_xml(error_xml(error));
  }
  return 0;
}
