#include "server/runtime/operation_names.h"

#include "api/core/dispatch/operation_codec.h"
#include "api/core/wire/error.h"
#include "api/registry/route_table.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::server {
namespace {

// The registry API has no operation names of its own; this program gives it names for fault rules.
const std::string kRegistry = "registry:";

// Empty for a path or a method that the registry does not have: such a request fails by itself and
// needs no injected fault.
std::string of_registry(const api::HttpRequest& request) {
  const api::registry::RouteRow* const row = api::registry::find_row(request);
  return row == nullptr ? std::string() : kRegistry + std::string(row->name);
}

// The first of that name, as the API itself takes it.
std::string_view value_of(const std::vector<std::pair<std::string, std::string>>& form,
                          std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

// Only names of this list are accepted in a rule, so a typing error is an error and not a rule that
// never hits.
std::vector<std::string> OperationNames::all() const {
  std::vector<std::string> names;
  for (const api::ServiceApi& api : control_.apis()) {
    for (const auto& [name, model] : api.model().operations()) {
      names.push_back(base::format("{}:{}", api.signing_name, name));
    }
  }
  for (const auto& row : api::registry::route_table()) {
    names.push_back(base::format("{}{}", kRegistry, row.name));
  }
  return names;
}

std::string OperationNames::of_api(const api::HttpRequest& request) const {
  // AWS JSON 1.1 names the operation in a header: "<target prefix>.PutImage".
  const std::string_view target = request.headers.get("x-amz-target");
  // The prefix names the service and its version, "AmazonEC2ContainerRegistry_V20150921" for ECR.
  const std::size_t dot = target.rfind('.');
  if (dot != std::string_view::npos) {
    for (const api::ServiceApi& api : control_.apis()) {
      if (api.model().target_prefix() != target.substr(0, dot)) continue;
      // The name is not looked up: an operation that does not exist matches only rules with
      // wildcards, and then gets a fault instead of its error.
      return base::format("{}:{}", api.signing_name, target.substr(dot + 1));
    }
    return {};
  }
  // AWS Query names it in the form: Action and Version. With GET the form is the query.
  api::FormParameters form;
  try {
    form = api::read_form(request);
  } catch (const api::ApiError&) {
    return {};  // a broken form is refused by the API with its own error
  }
  for (const api::ServiceApi& api : control_.apis()) {
    // ECR has a version as well, and speaks no Query protocol.
    if (api.protocol != api::Protocol::kQuery) continue;
    // The version is what tells IAM from STS: both are asked at "POST /" without any other mark.
    if (api.model().api_version() != value_of(form, "Version")) continue;
    return base::format("{}:{}", api.signing_name, value_of(form, "Action"));
  }
  return {};
}

std::string OperationNames::of(const api::HttpRequest& request) const {
  switch (request.plane) {
    case api::Plane::kApi:
      return of_api(request);
    case api::Plane::kRegistry:
    case api::Plane::kLayers:
      return of_registry(request);
    case api::Plane::kAdmin:
    case api::Plane::kMetadata:
    case api::Plane::kNone:
      break;
  }
  return {};
}

}  // namespace ecr::server
