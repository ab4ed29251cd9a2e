// Service-linked roles, of which those of ECR exist here. Source: AWS IAM API Reference. The error
// for an unknown service is inferred.
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

// The resource is the role to be, in the path of its service; iam:AWSServiceName is the condition
// key by which policies limit whose roles a caller may create.
std::vector<Target> linked_role_target(const Call& call) {
  const std::string service = text_member(call.input, "AWSServiceName");
  const ServiceLinkedRole* role = find_service_linked_role(service);
  Target target;
  target.resource = base::format("arn:aws:iam::{}:role{}{}", call.caller.account,
                                 service_linked_path(service), role != nullptr ? role->name : "*");
  target.account = call.caller.account;
  target.context.emplace_back("iam:AWSServiceName", service);
  return {target};
}

Json create_service_linked_role(Call& call) {
  const std::string service = text_member(call.input, "AWSServiceName");
  const ServiceLinkedRole* role = find_service_linked_role(service);
  if (role == nullptr) {
    throw invalid_input(base::format("The service {} has no service-linked role here", service));
  }
  // Some services allow several roles with a suffix; ECR is not one of them.
  if (call.input.contains("CustomSuffix")) {
    throw invalid_input(base::format("Custom suffix is not allowed for {}", service));
  }
  std::optional<std::string> description;
  if (call.input.contains("Description")) description = text_member(call.input, "Description");
  const auto made = make_service_linked_role(call.services, call.txn, call.caller.account, *role,
                                             std::move(description), call.now);
  if (!made) {
    throw invalid_input(
        base::format("Service role name {} has been taken in this account, please "
                     "try a different suffix.",
                     role->name));
  }
  // As little as CreateRole shows (inferred from that, and from the example of the AWS CLI).
  return {{"Role", short_entity_json(call, *made)}};
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
