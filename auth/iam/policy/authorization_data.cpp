#include "auth/iam/policy/authorization_data.h"

#include <array>

#include <nlohmann/json.hpp>

#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/model/embedded.h"

namespace ecr::auth::iam {
namespace {

using base::Json;

ActionInfo load_action(const std::string& name, const Json& json, const Json& resource_types) {
  ActionInfo action;
  action.name = name;
  // Policies may write actions in any case; they are compared in lower case.
  action.lower = base::to_lower(name);
  action.wildcard_only = json.at("wildcard_only").get<bool>();
  for (const Json& resource : json.at("resources")) {
    const auto& type = resource.at("type").get_ref<const std::string&>();
    action.resource_arns.push_back(resource_types.at(type).at("arn").get<std::string>());
  }
  // AWS's reference lists keys at the action and at each of its resource types. The data has them
  // put together, as a policy may use either kind.
  for (const Json& key : json.at("effective_condition_keys")) {
    action.condition_keys.push_back(key.get<std::string>());
  }
  return action;
}

ServiceInfo load(std::string_view text) {
  // The data is linked into the program, so it is what the build put there. It is trusted: a fault
  // in it throws at the first use (test: CountsOfTheReference).
  const Json json = Json::parse(text);
  ServiceInfo service;
  service.prefix = json.at("service").get<std::string>();
  for (const auto& [name, action] : json.at("actions").items()) {
    service.actions.push_back(load_action(name, action, json.at("resource_types")));
  }
  return service;
}

}  // namespace

const ServiceInfo* find_service(std::string_view lower_prefix) {
  // Loaded at the first use, because most runs of the program check no policy. Initialization of a
  // static is thread-safe, and the data is never changed or freed.
  static const std::array kServices = {load(model::embedded::ecr_authorization()),
                                       load(model::embedded::iam_authorization()),
                                       load(model::embedded::sts_authorization())};
  for (const ServiceInfo& service : kServices) {
    if (service.prefix == lower_prefix) return &service;
  }
  return nullptr;
}

}  // namespace ecr::auth::iam
