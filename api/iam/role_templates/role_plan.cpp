#include "api/iam/role_templates/role_plan.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "api/core/template_parameters.h"
#include "api/iam/shared/common.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/model.h"
#include "schemas/model/validator.h"

namespace ecr::api::iam {
namespace {

using Refusal = std::optional<ApiError>;
using base::OrderedJson;

// The texts of these errors are ours: AWS has published none.
Refusal refuse_values(const Json& definition, const std::vector<std::string>& values) {
  const std::string name = text_member(definition, "Name");
  const std::string type = text_member(definition, "Type");
  if (!is_list_type(type) && values.size() != 1) {
    return invalid_input(
        base::format("The parameter {} of the role template takes one value.", name));
  }
  for (const auto& value : values) {
    if (fits_parameter_type(type, value)) continue;
    return invalid_input(base::format(
        "A value of the parameter {} of the role template is not of type {}.", name, type));
  }
  return std::nullopt;
}

// A parameter that is not required and has no default stays without value, which is an error only
// where the template uses it (see missing_value()).
Refusal add_value(const Json& definition, const Json& given, ParameterValues& values) {
  const std::string name = text_member(definition, "Name");
  if (const auto entry = given.find(name); entry != given.end()) {
    values[name] = (*entry)["Values"].get<std::vector<std::string>>();
    return refuse_values(definition, values[name]);
  }
  if (definition.value("IsRequired", false)) {
    return invalid_input(
        base::format("The parameter {} of the role template needs a value.", name));
  }
  if (definition.contains("DefaultValue")) {
    values[name] = default_parameter_values(text_member(definition, "Type"),
                                            text_member(definition, "DefaultValue"));
  }
  return std::nullopt;
}

tl::expected<ParameterValues, ApiError> parameter_values(const Json& definition,
                                                         const Json& given) {
  ParameterValues values;
  std::size_t used = 0;
  for (const Json& parameter : definition.value("ParametersDefinition", Json::array())) {
    if (auto refusal = add_value(parameter, given, values)) {
      return tl::unexpected(std::move(*refusal));
    }
    used += given.contains(text_member(parameter, "Name")) ? 1 : 0;
  }
  if (used == given.size()) return values;
  for (const auto& [name, unused] : given.items()) {
    if (values.contains(name)) continue;
    return tl::unexpected(
        invalid_input(base::format("The role template has no parameter {}.", name)));
  }
  return values;
}

// The first parameter that a text of the definition uses and that has no value.
std::optional<std::string> missing_value(const Json& json, const ParameterValues& values) {
  if (json.is_string()) {
    const auto names = placeholders(json.get_ref<const std::string&>());
    for (const std::string& name : names.value_or(std::vector<std::string>())) {
      if (!values.contains(name)) return name;
    }
  }
  if (!json.is_structured()) return std::nullopt;
  for (const Json& element : json) {
    if (auto name = missing_value(element, values)) return name;
  }
  return std::nullopt;
}

// A document without placeholders stays as it is, to the last space.
std::string filled_document(TemplateFiller& filler, const std::string& pattern) {
  if (placeholders(pattern) == std::vector<std::string>()) return pattern;
  const auto document = base::parse_ordered_json(pattern);
  return document ? base::dump(filler.json(*document)) : pattern;
}

Json create_input(TemplateFiller& filler, const Json& definition) {
  Json input = {
      {"RoleName", filler.text(text_member(definition, "RoleNamePattern"))},
      {"AssumeRolePolicyDocument",
       filled_document(filler, text_member(definition, "AssumeRolePolicyDocumentTemplate"))}};
  const auto fill = [&](const char* member, const char* pattern) {
    if (definition.contains(pattern)) input[member] = filler.text(text_member(definition, pattern));
  };
  fill("Path", "RolePathPattern");
  fill("Description", "RoleDescriptionPattern");
  if (definition.contains("PermissionBoundaryArn")) {
    input["PermissionsBoundary"] = definition["PermissionBoundaryArn"];
  }
  if (definition.contains("MaxSessionDuration")) {
    input["MaxSessionDuration"] = definition["MaxSessionDuration"];
  }
  for (const Json& tag : definition.value("RoleTagsTemplate", Json::array())) {
    input["Tags"].push_back({{"Key", filler.text(text_member(tag, "Key"))},
                             {"Value", filler.text(text_member(tag, "Value"))}});
  }
  return input;
}

void add_policies(TemplateFiller& filler, const Json& definition, RolePlan& plan) {
  const Json name = plan.calls.front().second["RoleName"];
  for (const Json& policy : definition.value("InlinePolicyTemplates", Json::array())) {
    Json input = {{"RoleName", name}, {"PolicyName", policy["PolicyName"]}};
    input["PolicyDocument"] = filled_document(filler, text_member(policy, "PolicyDocument"));
    plan.calls.emplace_back("PutRolePolicy", std::move(input));
  }
  for (const Json& arn : definition.value("ManagedPolicyArns", Json::array())) {
    plan.calls.emplace_back("AttachRolePolicy", Json{{"RoleName", name}, {"PolicyArn", arn}});
  }
}

// CreateRole, PutRolePolicy and AttachRolePolicy have these rules for what a client sends.
Refusal refuse_input(std::string_view operation, const Json& input, const Json& definition) {
  const auto violations =
      model::validate(input, *model::ServiceModel::iam().find(operation)->input);
  if (violations.empty()) return std::nullopt;
  const auto& first = violations.front();
  // The pattern shows which parameters the value is made of.
  constexpr std::pair<std::string_view, const char*> kPatterns[] = {
      {"roleName", "RoleNamePattern"},
      {"path", "RolePathPattern"},
      {"description", "RoleDescriptionPattern"}};
  std::string made_of;
  for (const auto& [path, pattern] : kPatterns) {
    if (first.path == path) made_of = ", made of '" + text_member(definition, pattern) + "',";
  }
  return invalid_input(base::format("With these values the role's {}{} is not valid: {}",
                                    first.path, made_of, constraint_text(first)));
}

Refusal refuse_plan(const RolePlan& plan, const Json& definition) {
  for (const auto& [operation, input] : plan.calls) {
    if (auto refusal = refuse_input(operation, input, definition)) return refusal;
  }
  return std::nullopt;
}

}  // namespace

tl::expected<storage::RoleTemplateVersion, ApiError> requested_version(
    const ApiRequest& request, const storage::RoleTemplate& role_template, const char* member) {
  const std::int64_t number = request.input.value(member, role_template.default_minor_version);
  auto version = storage::find_role_template_version(request.txn, role_template.arn, number);
  if (version) return std::move(*version);
  return tl::unexpected(no_such_entity(base::format(
      "Minor version {} of role template {} cannot be found.", number, role_template.arn)));
}

tl::expected<RolePlan, ApiError> plan_role(const ApiRequest& request,
                                           const storage::RoleTemplate& role_template,
                                           const storage::RoleTemplateVersion& version) {
  // The program wrote the row.
  Json definition = base::parse_json(version.definition).value();
  const auto values =
      parameter_values(definition, request.input.value("ReplacementValues", Json::object()));
  if (!values) return tl::unexpected(values.error());
  definition.erase("ParametersDefinition");  // the rest is what the role is made of
  if (const auto name = missing_value(definition, *values)) {
    return tl::unexpected(invalid_input(base::format(
        "The parameter {} of the role template has no default and needs a value.", *name)));
  }
  RolePlan plan;
  plan.source = {role_template.arn, version.minor_version, base::dump(Json(*values))};
  TemplateFiller filler(*values);
  plan.calls.emplace_back("CreateRole", create_input(filler, definition));
  add_policies(filler, definition, plan);
  if (filler.overflowed()) {
    return tl::unexpected(invalid_input(base::format(
        "With these values the role would have more than {} bytes of texts.", kMostFilledSize)));
  }
  if (auto refusal = refuse_plan(plan, definition)) return tl::unexpected(std::move(*refusal));
  return plan;
}

}  // namespace ecr::api::iam
