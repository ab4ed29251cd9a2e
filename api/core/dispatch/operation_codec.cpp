#include "api/core/dispatch/operation_codec.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error_response.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/validator.h"

namespace ecr::api {
namespace {

bool is_form(const HttpRequest& request) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  // Clients may add "; charset=utf-8".
  return base::equals_ignore_case(request.headers.get("content-type").substr(0, kForm.size()),
                                  kForm);
}

void find_json(const std::vector<ServiceApi>& apis, std::string_view target,
               MatchedOperation& found) {
  const std::size_t dot = target.rfind('.');
  for (const ServiceApi& api : apis) {
    if (api.protocol != Protocol::kJson || dot == std::string_view::npos) continue;
    if (target.substr(0, dot) != api.model().target_prefix()) continue;
    found.api = &api;
    found.model = api.model().find(target.substr(dot + 1));
    return;
  }
}

// A parameter that must not come twice: what is verified must be what is run.
std::string_view single(const FormParameters& form, std::string_view name) {
  const std::string* value = nullptr;
  for (const auto& [key, given] : form) {
    if (!base::equals_ignore_case(key, name)) continue;
    if (value != nullptr || key != name) {
      throw ApiError::serialization(base::format("Parameter {} is given more than once", name));
    }
    value = &given;
  }
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

void find_query(const std::vector<ServiceApi>& apis, const HttpRequest& request,
                MatchedOperation& found) {
  found.form = read_form(request);
  const std::string_view version = single(found.form, "Version");
  const std::string_view action = single(found.form, "Action");
  if (action.empty()) {
    throw ApiError(ErrorCode::kMissingAuthenticationToken, "Missing Authentication Token");
  }
  // Version tells the services apart: 2010-05-08 is IAM's, 2011-06-15 STS's.
  for (const ServiceApi& api : apis) {
    if (api.protocol != Protocol::kQuery || api.model().api_version() != version) continue;
    found.api = &api;
    found.model = api.model().find(action);
    if (found.model == nullptr) {
      throw ApiError::unknown_operation(
          base::format("Could not find operation {} for version {}", action, version));
    }
    return;
  }
  throw ApiError::unknown_operation(
      base::format("Could not find operation {} for version {}", action,
                   version.empty() ? "NO_VERSION_SPECIFIED" : version));
}

// In AWS JSON a null member counts as an absent one, at every depth.
void drop_nulls(Json& json) {
  if (json.is_array()) {
    for (Json& element : json) drop_nulls(element);
  } else if (json.is_object()) {
    for (auto it = json.begin(); it != json.end();) {
      if (it->is_null()) {
        it = json.erase(it);
      } else {
        drop_nulls(*it);
        ++it;
      }
    }
  }
}

Json decode(const HttpRequest& request, const MatchedOperation& found) {
  if (found.model->input == nullptr) return Json::object();
  if (found.api->protocol == Protocol::kQuery) return decode_query(found.form, *found.model->input);
  if (request.body.empty()) return Json::object();
  // The depth is far above any input of the model; the size is above PutImage's and
  // UploadLayerPart's.
  auto parsed = base::parse_json(
      request.body, {.max_depth = 32, .max_bytes = 64u << 20, .max_values = kMaxJsonValues});
  if (!parsed && parsed.error().kind == base::JsonError::Kind::kTooLarge) {
    throw ApiError::serialization(
        base::format("The request has more than {} values", kMaxJsonValues));
  }
  if (!parsed || !parsed->is_object()) {
    throw ApiError::serialization(parsed ? "Start of structure or map found where not expected."
                                         : parsed.error().detail);
  }
  drop_nulls(*parsed);
  return std::move(*parsed);
}

// Validation faults in each service's words. ECR names the first fault alone: "Invalid parameter at
// '<field>' failed to satisfy constraint: '<constraint>'" (captured). IAM and STS count the faults
// and show the values: "2 validation errors detected: Value 'x' at 'member' failed to satisfy
// constraint: Member must ...; ...".
[[noreturn]] void refuse(const std::vector<model::Violation>& violations, const ServiceApi& api) {
  const model::Violation& first = violations.front();
  if (first.kind == model::Violation::Kind::kWrongType) {
    throw ApiError::serialization(
        base::format("{}: {} can not be converted to {}", first.path, first.value, first.expected));
  }
  if (api.signing_name == "organizations") {
    // Organizations names neither the member nor the value.
    throw ApiError(ErrorCode::kOrganizationsInvalidInput, "You specified an invalid value.");
  }
  if (api.protocol == Protocol::kJson) {
    throw ApiError::invalid_parameter(first.path, constraint_text(first));
  }
  std::string message = base::format("{} validation error{} detected: ", violations.size(),
                                     violations.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < violations.size(); ++i) {
    const model::Violation& violation = violations[i];
    std::string constraint = constraint_text(violation);
    if (!constraint.starts_with("Member ")) constraint = "Member " + constraint;
    // STS quotes the value; IAM does not any more (answers recorded from AWS in 2025 and 2026).
    const bool missing = violation.kind == model::Violation::Kind::kMissing;
    const std::string value = api.signing_name == "iam" ? ""
                              : missing                 ? "null "
                                                        : "'" + violation.value + "' ";
    message += base::format("{}Value {}at '{}' failed to satisfy constraint: {}",
                            i == 0 ? "" : "; ", value, violation.path, constraint);
  }
  throw ApiError(ErrorCode::kValidation, std::move(message));
}

}  // namespace

FormParameters read_form(const HttpRequest& request) {
  // Parameters of a form in the body are read from there alone; a GET has them in its query string.
  const bool in_body = is_form(request) && request.method == "POST";
  const std::string_view text = in_body ? std::string_view(request.body) : request.query();
  if (std::count(text.begin(), text.end(), '&') >= std::ptrdiff_t{kMaxFormParameters}) {
    throw ApiError::serialization(
        base::format("The request has more than {} parameters", kMaxFormParameters));
  }
  auto form = base::parse_form(text, true);
  if (!form) throw ApiError::serialization("The parameters are not properly URL-encoded");
  return std::move(*form);
}

void find_operation(const std::vector<ServiceApi>& apis, const HttpRequest& request,
                    MatchedOperation& found) {
  // No client of AWS sends one; a small compressed body may be a huge one inside, so it is refused
  // and not inflated (test: ControlPlaneTest.CompressedBodiesAreRefusedAndNotInflated).
  if (!request.headers.get("content-encoding").empty()) {
    throw ApiError(ErrorCode::kUnsupportedEncoding, "Content-Encoding is not supported");
  }
  // "X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.CreateRepository" is AWS JSON 1.1; without
  // the header the request is AWS Query, whose form names the action.
  if (const auto target = request.headers.find("x-amz-target")) {
    if (request.method != "POST") throw ApiError::unknown_operation();
    find_json(apis, *target, found);
  } else {
    find_query(apis, request, found);
  }
  if (found.model == nullptr) throw ApiError::unknown_operation();
  found.operation = found.api->find(found.model->name);
  if (found.operation == nullptr) {
    throw ApiError::unknown_operation(
        base::format("ecr-local does not have the operation {}:{} yet (GET /_ecr-local/coverage "
                     "lists what it has)",
                     found.api->signing_name, found.model->name));
  }
}

Json decode_input(const HttpRequest& request, const MatchedOperation& found) {
  Json input = decode(request, found);
  if (found.model->input != nullptr) {
    const auto violations = model::validate(input, *found.model->input);
    if (!violations.empty()) refuse(violations, *found.api);
  }
  return input;
}

HttpResponse encode_output(const Json& output, const MatchedOperation& found,
                           const HttpRequest& request) {
  HttpResponse response;
  if (found.api->protocol == Protocol::kJson) {
    response.set("Content-Type", "application/x-amz-json-1.1");
    response.body = base::dump(output);
  } else if (accepts_query_json(request)) {
    response.set("Content-Type", "application/json");
    response.body = encode_query_json(output, *found.model, request.id);
  } else {
    response.set("Content-Type", "text/xml");
    response.body =
        encode_query_result(output, *found.model, found.api->model().xml_namespace(), request.id);
  }
  return response;
}

HttpResponse encode_error(const ApiError& error, const MatchedOperation& found,
                          const HttpRequest& request) {
  if (found.api == nullptr) return error_response(error, aws_form(request), request);
  const bool json = found.api->protocol == Protocol::kJson;
  return error_response(error, json ? ErrorForm::kAwsJson : query_form(request), request,
                        found.api->model().xml_namespace());
}

}  // namespace ecr::api
