// Role templates: what a service's template says, and roles made from it. Source: AWS IAM API
// Reference; IAM User Guide, "Overview of role templates" and "Manage access to role manager". The
// templates are those of a seed (api/admin/seed/seed_role_templates.cpp).
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/role_templates/role_plan.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// The template that TemplateArn names.
struct NamedRoleTemplate : Named<storage::RoleTemplate> {
  std::string arn;

  [[noreturn]] void missing() const { throw error(); }
  ApiError error() const {
    return no_such_entity(base::format("Role template {} cannot be found.", arn));
  }
};

// Throws ValidationError where it is not the ARN of a template.
NamedRoleTemplate find_named_template(const ApiRequest& request) {
  NamedRoleTemplate named;
  named.arn = text_member(request.input, "TemplateArn");
  account_of_arn(request, named.arn, "role-template/");
  named.row = storage::find_role_template(request.txn, named.arn);
  return named;
}

Resolved<NamedRoleTemplate> role_template_target(const ApiRequest& request) {
  NamedRoleTemplate named = find_named_template(request);
  return {{plain_target(request, named.arn)}, std::move(named)};
}

// The documents are URL-encoded as those of all other answers are, and the form of the id is ours:
// neither is documented for templates.
Json version_json(const storage::RoleTemplate& of, const storage::RoleTemplateVersion& version) {
  Json json = base::parse_json(version.definition).value();  // the program wrote the row
  json.update(
      {{"TemplateArn", of.arn},
       {"TemplateName", of.name},
       {"TemplateVersionId", base::format("v{}.{}", of.major_version, version.minor_version)},
       {"MajorVersion", of.major_version},
       {"DefaultMinorVersion", of.default_minor_version},
       {"ManagedByType", "Service"},
       {"ManagedByValue", of.service},
       {"Enabled", of.enabled},
       {"MinorVersion", version.minor_version},
       {"VersionEnabled", version.enabled},
       {"CreateTimestamp", iso_time(version.created_at)},
       {"UpdateTimestamp", iso_time(version.updated_at)}});
  if (of.description) json["Description"] = *of.description;
  const auto encode = [](Json& document) {
    document = url_encoded(document.get_ref<const std::string&>());
  };
  encode(json["AssumeRolePolicyDocumentTemplate"]);
  if (json.contains("InlinePolicyTemplates")) {
    for (Json& policy : json["InlinePolicyTemplates"]) encode(policy["PolicyDocument"]);
  }
  return json;
}

Json get_role_template_version(ApiRequest& request, const storage::RoleTemplate& of) {
  const auto version = requested_version(request, of, "MinorVersion");
  if (!version) throw version.error();
  return {{"RoleTemplateVersion", version_json(of, *version)}};
}

// What AcquireRole is about: the role that is there already, or how to make it, or why that cannot
// be. The refusal waits until the caller is authorized.
struct AcquiredRole {
  std::optional<storage::Entity> existing;
  std::optional<RolePlan> plan;
  std::optional<ApiError> refusal;
};

// The request, as if it were one of another operation. Borrows the input.
ApiRequest as_call(const ApiRequest& request, const Json& input, std::string_view action) {
  return {static_cast<const Request&>(request), request.services, input, action, {}, {}};
}

// Calls another operation of IAM in the transaction of the request, with all that it checks but the
// model's rules and the permission: the plan is valid by the model, and the gate has been asked.
void call_operation(ApiRequest& request, const PlannedCall& planned) {
  for (const auto& group :
       {role_operations(), inline_policy_operations(), attachment_operations()}) {
    for (const Operation* operation : group) {
      if (operation->name != planned.first) continue;
      ApiRequest call = as_call(request, planned.second, operation->action);
      std::any subject;
      Json output;
      operation->code.resolve(call, subject);
      operation->code.handle(call, subject, output);
    }
  }
}

// Inferred: a role matches that was made from the template and its minor version with the same
// values, and that has the name and path still. It is returned as it is now, also if it was changed
// since.
bool matches(const ApiRequest& request, const storage::Entity& role, const RolePlan& plan) {
  const auto source = storage::find_role_source(request.txn, role.id);
  const Json& input = plan.calls.front().second;
  return source && source->template_arn == plan.source.template_arn &&
         source->minor_version == plan.source.minor_version &&
         source->parameters == plan.source.parameters && role.name == input["RoleName"] &&
         role.path == path_of(input);
}

// A disabled template makes no roles, and still gives those that it made.
AcquiredRole find_or_plan(const ApiRequest& request, const NamedRoleTemplate& named) {
  AcquiredRole acquired;
  const auto refuse = [&acquired](ApiError error) {
    acquired.refusal = std::move(error);
    return acquired;
  };
  if (!named.row) return refuse(named.error());
  const auto version = requested_version(request, *named.row, "TemplateMinorVersion");
  if (!version) return refuse(version.error());
  auto plan = plan_role(request, *named.row, *version);
  if (!plan) return refuse(plan.error());
  acquired.plan = std::move(*plan);
  const std::string name = text_member(acquired.plan->calls.front().second, "RoleName");
  auto taken = storage::find_entity(request.txn, request.caller.account, EntityKind::kRole, name);
  if (taken && matches(request, *taken, *acquired.plan)) {
    acquired.existing = std::move(*taken);
  } else if (!named.row->enabled || !version->enabled) {  // these texts are ours
    return refuse({ErrorCode::kRoleTemplateDisabled,
                   base::format("Minor version {} of role template {} is disabled.",
                                version->minor_version, named.arn)});
  } else if (taken) {
    return refuse({ErrorCode::kNameConflict,
                   base::format("Role with name {} already exists, and was not made from this "
                                "template with these values.",
                                name)});
  }
  return acquired;
}

// The permissions for what a template defines, each on the role to be: iam:CreateRole,
// iam:PutRolePolicy and iam:AttachRolePolicy are documented. iam:TagRole and
// iam:PutRolePermissionsBoundary are inferred: the service authorization reference gives them the
// condition key iam:RoleTemplateARN as well, and no other action.
std::vector<Target> creation_targets(const ApiRequest& request, const RolePlan& plan) {
  const Json& input = plan.calls.front().second;
  std::vector<Target> targets =  // with iam:TagRole
      new_entity_target(as_call(request, input, "iam:CreateRole")).targets;
  Target part = targets.front();
  part.request_tags.reset();
  const auto add = [&](const char* action) {
    part.action = action;
    targets.push_back(part);
  };
  if (input.contains("PermissionsBoundary")) add("iam:PutRolePermissionsBoundary");
  for (const auto& [operation, policy] : plan.calls) {
    if (operation == "PutRolePolicy" && part.action != "iam:PutRolePolicy") {
      add("iam:PutRolePolicy");  // once: all inline policies are of one role
    } else if (operation == "AttachRolePolicy") {
      add("iam:AttachRolePolicy");
      targets.back().context.emplace_back("iam:PolicyARN", text_member(policy, "PolicyArn"));
    }
  }
  return targets;
}

// AcquireRole has no action of its own: it "evaluates each underlying IAM action against the user's
// permissions" (IAM User Guide, "Manage access to role manager"), iam:GetRole for a role that
// exists. Where it is not known which role it would be, iam:CreateRole is asked for any. That
// action is the operation's in the table below, and so the one of every target that says no other.
Resolved<AcquiredRole> acquired_role_target(const ApiRequest& request) {
  const NamedRoleTemplate named = find_named_template(request);
  AcquiredRole acquired = find_or_plan(request, named);
  std::vector<Target> targets;
  if (acquired.existing) {
    const Json input = {{"RoleName", acquired.existing->name}};
    targets = entity_target(as_call(request, input, "iam:GetRole")).targets;
    targets.front().action = "iam:GetRole";
  } else if (acquired.plan) {
    targets = creation_targets(request, *acquired.plan);
  } else {
    targets = {
        plain_target(request, base::format("arn:{}:iam::{}:role/*", request.registry.partition(),
                                           request.caller.account))};
  }
  for (Target& target : targets) target.context.emplace_back("iam:RoleTemplateARN", named.arn);
  return {std::move(targets), std::move(acquired)};
}

// RoleModified ("someone modified the role template while the service was creating the role") is
// never answered: both are in one transaction.
Json acquire_role(ApiRequest& request, AcquiredRole& acquired) {
  if (acquired.refusal) throw *acquired.refusal;
  if (!acquired.existing) {
    const RolePlan& plan = *acquired.plan;
    for (const PlannedCall& planned : plan.calls) call_operation(request, planned);
    const Json& input = plan.calls.front().second;
    acquired.existing = find_named(request, EntityKind::kRole, text_member(input, "RoleName")).row;
    storage::insert_role_source(request.txn, acquired.existing->id, plan.source);
  }
  return {{"Role", role_detail_json(request, *acquired.existing)}};
}

constexpr Operation kRoleTemplateOperations[] = {
    {"GetRoleTemplateVersion", "iam:GetRoleTemplateVersion", Access::kRead,
     on<role_template_target, get_role_template_version>},
    {"AcquireRole", "iam:CreateRole", Access::kWrite, on<acquired_role_target, acquire_role>},
};

}  // namespace

std::vector<const Operation*> role_template_operations() {
  return pointers(kRoleTemplateOperations);
}

}  // namespace ecr::api::iam
