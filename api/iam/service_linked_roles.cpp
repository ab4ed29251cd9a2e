// Service-linked roles, of all services whose role is known (schemas/service_linked_roles.tsv).
// Source: AWS IAM API Reference; the errors are those of published answers.
#include <nlohmann/json.hpp>

#include "api/core/access/iam_entities.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/entities.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

constexpr std::size_t kRoleNameSize = 64;  // the model's roleNameType

// The resource is the role to be, in the path of its service; iam:AWSServiceName is the condition
// key by which policies limit whose roles a caller may create.
std::vector<Target> linked_role_target(const Call& call) {
  const std::string service = text_member(call.input, "AWSServiceName");
  const auto role = find_service_linked_role(service);
  Target target;
  target.resource = base::format(
      "arn:aws:iam::{}:role{}{}", call.caller.account, service_linked_path(service),
      role ? service_linked_name(*role, text_member(call.input, "CustomSuffix")) : "*");
  target.account = call.caller.account;
  target.context.emplace_back("iam:AWSServiceName", service);
  return {target};
}

Json create_service_linked_role(Call& call) {
  const std::string service = text_member(call.input, "AWSServiceName");
  const auto role = find_service_linked_role(service);
  if (!role) {  // AWS's code for this is AccessDenied, whatever the caller may do
    throw ApiError::access_denied(
        base::format("Cannot find Service Linked Role template for {}", service));
  }
  const std::string suffix = text_member(call.input, "CustomSuffix");
  if (call.input.contains("CustomSuffix") && !role->takes_suffix) {
    throw invalid_input(base::format("Custom suffix is not allowed for {}", service));
  }
  const std::string name = service_linked_name(*role, suffix);
  if (name.size() > kRoleNameSize) {  // the text is ours
    throw validation_error(
        base::format("The role name {} has more than {} characters", name, kRoleNameSize));
  }
  std::optional<std::string> description;
  if (call.input.contains("Description")) description = text_member(call.input, "Description");
  const auto made = make_service_linked_role(call.services, call.txn, call.caller.account, *role,
                                             std::move(description), call.now, suffix);
  if (!made) {
    throw invalid_input(
        base::format("Service role name {} has been taken in this account, please "
                     "try a different suffix.",
                     name));
  }
  return {{"Role", entity_json(call, *made)}};
}

// AWS deletes the role in the background, once the service confirms that it does not use it. Here
// it is deleted at once; the task is stored so that GetServiceLinkedRoleDeletionStatus knows it.
Json delete_service_linked_role(Call& call) {
  const storage::Entity role = require_entity(call);
  if (!is_service_linked(role)) {  // the text is ours
    throw no_such_entity(
        base::format("The service-linked role with name {} cannot be found.", role.name));
  }
  storage::delete_entity(call.txn, role.id);
  const std::string task =
      base::format("task{}{}/{}", role.path, role.name, base::make_uuid(call.services.random));
  storage::insert_role_deletion(call.txn, role.account, task);
  return {{"DeletionTaskId", task}};
}

// The task's id is task/aws-service-role/<service>/<role>/<uuid>: the resource is that role.
std::vector<Target> task_target(const Call& call) {
  std::string path = text_member(call.input, "DeletionTaskId");
  const std::size_t begin = path.find('/');
  const std::size_t end = path.rfind('/');
  if (begin == std::string::npos || begin == end) return account_target(call);
  path = path.substr(begin, end - begin);
  Target target;
  target.resource = base::format("arn:aws:iam::{}:role{}", call.caller.account, path);
  target.account = call.caller.account;
  return {target};
}

Json deletion_status(Call& call) {
  const std::string task = text_member(call.input, "DeletionTaskId");
  if (!storage::role_deletion_exists(call.txn, call.caller.account, task)) {
    throw no_such_entity(
        base::format("Deletion task {} cannot be found.", task));  // the text is ours
  }
  return {{"Status", "SUCCEEDED"}};
}

constexpr Operation kServiceLinkedRoleOperations[] = {
    {"CreateServiceLinkedRole", "iam:CreateServiceLinkedRole", Access::kWrite, linked_role_target,
     create_service_linked_role},
    {"DeleteServiceLinkedRole", "iam:DeleteServiceLinkedRole", Access::kWrite, entity_target,
     delete_service_linked_role},
    {"GetServiceLinkedRoleDeletionStatus", "iam:GetServiceLinkedRoleDeletionStatus", Access::kRead,
     task_target, deletion_status},
};

}  // namespace

std::vector<const Operation*> service_linked_role_operations() {
  return pointers(kServiceLinkedRoleOperations);
}

}  // namespace ecr::api::iam
