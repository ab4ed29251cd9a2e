// Roles. Source: AWS IAM API Reference. Service-linked roles are in service_linked_roles.cpp.
#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"
#include "api/core/unique_id.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/instance_profiles.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// The document as it is stored. The principals are checked as IAM checks them: an ARN must name a
// user or role that exists. It is stored as the entity's unique id, so that an entity that is
// deleted and created again under the same name is not trusted (IAM User Guide, "AWS JSON policy
// elements: Principal"; test TrustIsInTheEntityNotInItsName).
std::string checked_trust_policy(const ApiRequest& request, const std::string& document) {
  const auto parsed = auth::iam::Policy::parse(document, auth::iam::PolicyType::kTrust);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
  if (const auto unknown = unknown_principal(request.txn, **parsed, document)) {
    throw ApiError(ErrorCode::kMalformedPolicyDocument,
                   base::format("Invalid principal in policy: \"AWS\":\"{}\"", *unknown));
  }
  // ACLSizePerRole is AWS's name of the quota in this error.
  if (auth::iam::counted_size(document) > kTrustPolicySize) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for ACLSizePerRole: {}", kTrustPolicySize));
  }
  return stored_principals(request.txn, document);
}

// Absent members leave the role as it is; a new role has the default of one hour.
void set_description_and_duration(const Json& input, storage::Entity& role) {
  if (input.contains("Description")) role.description = text_member(input, "Description");
  role.max_session_seconds = input.value("MaxSessionDuration", role.max_session_seconds);
}

// The answer has no Description, MaxSessionDuration and RoleLastUsed (recorded from IAM; test
// CreateRoleAnswersLessThanGetRole).
Json create_role(ApiRequest& request, storage::Entity& role) {
  if (is_service_linked(role)) {  // the text is ours
    throw validation_error("The path /aws-service-role/ is reserved for service-linked roles.");
  }
  role.unique_id = make_unique_id(request.core.random, kRoleId, request.caller.account);
  role.boundary = requested_boundary(request);
  role.trust_policy =
      checked_trust_policy(request, text_member(request.input, "AssumeRolePolicyDocument"));
  set_description_and_duration(request.input, role);
  insert_new(request, role);
  return {{"Role", created_entity_json(request, role)}};
}

Json get_role(ApiRequest& request, const storage::Entity& role) {
  return {{"Role", role_detail_json(request, role)}};
}

Json list_roles(ApiRequest& request) { return list_page(request, EntityKind::kRole, "Roles"); }

Json update_role(ApiRequest& request, storage::Entity& role) {
  refuse_service_linked(role);
  set_description_and_duration(request.input, role);
  storage::update_entity(request.txn, role);
  return Json::object();
}

// The one change that IAM allows on a service-linked role (IAM User Guide, "Using service-linked
// roles": "You can edit the description of a role using IAM"). The answer has no MaxSessionDuration
// (recorded from IAM).
Json update_role_description(ApiRequest& request, storage::Entity& role) {
  role.description = text_member(request.input, "Description");
  storage::update_entity(request.txn, role);
  Json json = short_entity_json(request, role);
  json["Description"] = *role.description;
  return {{"Role", std::move(json)}};
}

// Sessions that exist keep their rights: the trust policy is asked only when a session begins.
Json update_assume_role_policy(ApiRequest& request, storage::Entity& role) {
  refuse_service_linked(role);
  role.trust_policy = checked_trust_policy(request, text_member(request.input, "PolicyDocument"));
  storage::update_entity(request.txn, role);
  return Json::object();
}

// Sessions of the role end with it: they are rows that refer to its row.
Json delete_role(ApiRequest& request, const storage::Entity& role) {
  refuse_service_linked(role);
  if (!storage::instance_profiles_of(request.txn, role.id).empty()) {
    throw delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  require_no_policies(request, role);
  storage::delete_entity(request.txn, role.id);
  return Json::object();
}

constexpr Operation kRoleOperations[] = {
    {"CreateRole", "iam:CreateRole", Access::kWrite, on<new_entity_target, create_role>},
    {"GetRole", "iam:GetRole", Access::kRead, on<entity_target, get_role>},
    {"ListRoles", "iam:ListRoles", Access::kRead, on<listing_target<Listing::kRoles>, list_roles>},
    {"UpdateRole", "iam:UpdateRole", Access::kWrite, on<entity_target, update_role>},
    {"UpdateRoleDescription", "iam:UpdateRoleDescription", Access::kWrite,
     on<entity_target, update_role_description>},
    {"UpdateAssumeRolePolicy", "iam:UpdateAssumeRolePolicy", Access::kWrite,
     on<entity_target, update_assume_role_policy>},
    {"DeleteRole", "iam:DeleteRole", Access::kWrite, on<entity_target, delete_role>},
};

}  // namespace

std::vector<const Operation*> role_operations() { return pointers(kRoleOperations); }

}  // namespace ecr::api::iam
