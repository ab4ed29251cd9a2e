// Role templates in the seed. AWS services publish theirs, but not as data, so a template is known
// here once a seed has it. What is stored are the members of GetRoleTemplateVersion's answer.
#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed_document.h"
#include "api/core/template_parameters.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "schemas/model/model.h"
#include "schemas/model/validator.h"
#include "storage/rows/iam/role_templates.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using base::Json;

constexpr std::int64_t kMostVersion = 1'000'000;

// The lengths and characters that the API's model has for these members.
void check_by_model(const SeedNode& node, const Json& members) {
  const auto violations =
      model::validate(members, *model::ServiceModel::iam().shape("RoleTemplateVersion"));
  if (violations.empty()) return;
  node.fail(violations.front().path + ": " + constraint_text(violations.front()));
}

// The parameters of a version: name -> type.
using ParameterTypes = std::map<std::string, std::string>;

// Fails where a placeholder of the text is not one of a parameter. `whole_list`: the text may be
// the placeholder of a list.
void check_placeholders(const SeedNode& node, const std::string& text, const ParameterTypes& types,
                        bool whole_list = false) {
  const auto names = placeholders(text);
  if (!names) node.fail("has a placeholder that is not of the form @{Name}");
  for (const std::string& name : *names) {
    const auto type = types.find(name);
    if (type == types.end()) {
      std::vector<std::string> known;
      for (const auto& [parameter, unused] : types) known.push_back(parameter);
      node.fail("@{" + name + "} is not one of the version's parameters" +
                base::did_you_mean(name, known));
    }
    if (is_list_type(type->second) && !(whole_list && is_placeholder(text))) {
      node.fail("@{" + name + "} is a list, which can only be a whole value in a policy");
    }
  }
}

// Returns whether the document has placeholders.
bool check_document(const SeedNode& node, const base::OrderedJson& document,
                    const ParameterTypes& types) {
  bool any = false;
  if (document.is_string()) {
    const auto& text = document.get_ref<const std::string&>();
    check_placeholders(node, text, types, true);
    return !placeholders(text)->empty();
  }
  if (document.is_object()) {
    for (const auto& [key, value] : document.items()) {
      check_placeholders(node, key, types);
      any |= !placeholders(key)->empty();
      any |= check_document(node, value, types);
    }
  } else if (document.is_array()) {
    for (const auto& element : document) any |= check_document(node, element, types);
  }
  return any;
}

// What a placeholder becomes decides whether the policy is valid, so only a document without any is
// checked as a policy here. AcquireRole checks what it has made of the others.
std::string document_template(SeedContext& context, const SeedNode& node, PolicyType type,
                              const ParameterTypes& types) {
  const std::string text =
      node.json().is_string() ? node.json().get<std::string>() : base::dump(node.json());
  const auto document = base::parse_ordered_json(text);
  if (!document || !document->is_object()) node.fail("must be a policy, or its text");
  if (!check_document(node, *document, types)) return policy_text(context, node, type);
  // Written anew, so that each placeholder is in the text as it is in the values.
  return base::dump(*document);
}

// The text of a member that may have placeholders, where the node has that member.
void set_pattern(Json& definition, const char* name, const SeedNode& node, std::string_view member,
                 const ParameterTypes& types) {
  if (!node.has(member)) return;
  definition[name] = node.text(member);
  check_placeholders(node.member(member), definition[name].get<std::string>(), types);
}

// The ARN of a managed policy. Whether there is such a policy depends on the account in which a
// role is made of the template.
std::string template_policy_arn(const SeedNode& node) {
  const auto arn =
      node.json().is_string() ? model::Arn::parse(node.json().get<std::string>()) : std::nullopt;
  if (!arn || arn->service != "iam" || !arn->resource.starts_with("policy/")) {
    node.fail("must be the ARN of a managed policy");
  }
  return arn->text();
}

Json parameter_json(const SeedNode& node) {
  node.check_members(
      {"name", "type", "subType", "description", "required", "default", "immutable"});
  const std::string name = node.text("name");
  Json json = {{"Name", name},
               {"Type", node.text("type")},
               {"IsRequired", node.flag("required", false)},
               {"Immutable", node.flag("immutable", false)}};
  const bool writable = std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return c < ' ' || c == '}' || c == '"' || c == '\\';
  });
  if (!writable) {
    node.member("name").fail("must not have braces, quotes, backslashes or control characters");
  }
  const std::string type = node.text("type");
  const auto& known = model::ServiceModel::iam().shape("parameterTypeType")->enumeration;
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    node.member("type").fail("must be one of " + base::join(known, ", "));
  }
  if (node.has("subType")) json["SubType"] = node.text("subType");
  if (node.has("description")) json["Description"] = node.text("description");
  if (!node.has("default")) return json;
  json["DefaultValue"] = node.text("default");
  for (const auto& value : default_parameter_values(type, node.text("default"))) {
    if (!fits_parameter_type(type, value)) node.member("default").fail("is not of that type");
  }
  return json;
}

void add_parameters(const SeedNode& node, Json& definition, ParameterTypes& types) {
  node.each("parameters", [&](const SeedNode& parameter) {
    Json json = parameter_json(parameter);
    if (!types.emplace(json["Name"], json["Type"]).second) {
      parameter.member("name").fail("is given more than once");
    }
    definition["ParametersDefinition"].push_back(std::move(json));
  });
}

void add_policies(SeedContext& context, const SeedNode& node, const ParameterTypes& types,
                  Json& definition) {
  definition["AssumeRolePolicyDocumentTemplate"] =
      document_template(context, node.member("trustPolicy"), PolicyType::kTrust, types);
  node.each_pair("policies", [&](const std::string& name, const SeedNode& policy) {
    definition["InlinePolicyTemplates"].push_back(
        {{"PolicyName", name},
         {"PolicyDocument", document_template(context, policy, PolicyType::kIdentity, types)}});
  });
  node.each("attachedPolicies", [&](const SeedNode& policy) {
    definition["ManagedPolicyArns"].push_back(template_policy_arn(policy));
  });
  if (node.has("boundary")) {
    definition["PermissionBoundaryArn"] = template_policy_arn(node.member("boundary"));
  }
}

void add_tags(const SeedNode& node, const ParameterTypes& types, Json& definition) {
  node.each_pair("tags", [&](const std::string& key, const SeedNode& value) {
    if (!value.json().is_string()) value.fail("must be a string");
    const auto text = value.json().get<std::string>();
    check_placeholders(value, key, types);
    check_placeholders(value, text, types);
    definition["RoleTagsTemplate"].push_back({{"Key", key}, {"Value", text}});
  });
}

// What a version says of its roles.
Json version_definition(SeedContext& context, const SeedNode& node) {
  Json definition = Json::object();
  ParameterTypes types;
  add_parameters(node, definition, types);
  definition["RoleNamePattern"] = node.text("roleName");
  check_placeholders(node.member("roleName"), node.text("roleName"), types);
  set_pattern(definition, "RolePathPattern", node, "rolePath", types);
  set_pattern(definition, "RoleDescriptionPattern", node, "roleDescription", types);
  add_policies(context, node, types, definition);
  add_tags(node, types, definition);
  if (node.has("maxSessionDuration")) {
    definition["MaxSessionDuration"] = node.number("maxSessionDuration", 3600, 3600, 43'200);
  }
  check_by_model(node, definition);
  return definition;
}

// At AWS a version never changes (IAM User Guide, "Overview of role templates"); here it becomes
// what the seed says, and keeps the time of its creation.
void apply_version(SeedContext& context, const SeedNode& node, const std::string& arn) {
  node.check_members({"minorVersion", "enabled", "roleName", "rolePath", "roleDescription",
                      "trustPolicy", "policies", "attachedPolicies", "boundary", "tags",
                      "maxSessionDuration", "parameters"});
  storage::RoleTemplateVersion version;
  version.minor_version = node.number("minorVersion", 1, 0, kMostVersion);
  version.enabled = node.flag("enabled", true);
  version.definition = base::dump(version_definition(context, node));
  version.created_at = version.updated_at = context.now;
  const auto known = storage::find_role_template_version(context.txn, arn, version.minor_version);
  if (known) {
    version.created_at = known->created_at;
    const bool same = known->enabled == version.enabled && known->definition == version.definition;
    if (same) version.updated_at = known->updated_at;
  }
  storage::put_role_template_version(context.txn, arn, version);
}

storage::RoleTemplate read_template(SeedContext& context, const SeedNode& node) {
  node.check_members({"service", "name", "majorVersion", "description", "enabled",
                      "defaultMinorVersion", "versions"});
  storage::RoleTemplate read;
  // The constraints of both are not documented. These characters have no meaning in an ARN.
  read.service = checked_name(node, "service", "policyNameType");
  read.name = checked_name(node, "name", "policyNameType");
  read.major_version = node.number("majorVersion", 1, 0, kMostVersion);
  read.enabled = node.flag("enabled", true);
  read.arn = base::format("arn:{}:iam::aws:role-template/{}/{}:{}", context.partition(),
                          read.service, read.name, read.major_version);
  if (node.has("description")) {
    read.description = node.text("description");
    check_by_model(node, {{"Description", *read.description}});
  }
  return read;
}

// The minor versions of the template, each once.
std::vector<std::int64_t> version_numbers(const SeedNode& node) {
  std::vector<std::int64_t> numbers;
  node.each("versions", [&numbers](const SeedNode& version) {
    const auto number = version.number("minorVersion", 1, 0, kMostVersion);
    if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) {
      version.fail("minorVersion " + std::to_string(number) + " is given more than once");
    }
    numbers.push_back(number);
  });
  if (numbers.empty()) node.member("versions").fail("must have a version");
  return numbers;
}

}  // namespace

// Afterwards the template has exactly the versions of the seed. Roles that were made of others
// stay.
void apply_role_template(SeedContext& context, const SeedNode& node) {
  storage::RoleTemplate given = read_template(context, node);
  const auto numbers = version_numbers(node);
  const auto newest = *std::max_element(numbers.begin(), numbers.end());
  given.default_minor_version = node.number("defaultMinorVersion", newest, 0, kMostVersion);
  const auto is_given = [&numbers](std::int64_t number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  };
  if (!is_given(given.default_minor_version)) {
    node.member("defaultMinorVersion").fail("is not one of the versions");
  }
  storage::put_role_template(context.txn, given);
  for (const auto& version : storage::role_template_versions(context.txn, given.arn)) {
    if (is_given(version.minor_version)) continue;
    storage::delete_role_template_version(context.txn, given.arn, version.minor_version);
  }
  node.each("versions",
            [&](const SeedNode& version) { apply_version(context, version, given.arn); });
}

}  // namespace ecr::api::admin
