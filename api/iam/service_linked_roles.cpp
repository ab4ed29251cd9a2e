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

// The service-linked role of the service that the request names.
struct NamedServiceRole : Named<ServiceLinkedRole> {
  std::string service;

  // AWS's code for this is AccessDenied, whatever the caller may do.
  [[noreturn]] void missing() const {
    throw ApiError::access_denied(
        base::format("Cannot find Service Linked Role template for {}", service));
  }
};

// The resource is the role to be, in the path of its service; iam:AWSServiceName is the condition
// key by which policies limit whose roles a caller may create.
Resolved<NamedServiceRole> linked_role_target(const ApiRequest& request) {
  NamedServiceRole named;
  named.service = text_member(request.input, "AWSServiceName");
  named.row = find_service_linked_role(named.service);
  Target target = plain_target(
      request, base::format("arn:{}:iam::{}:role{}{}", request.registry.partition(),
                            request.caller.account, service_linked_path(named.service),
                            named.row ? service_linked_name(
                                            *named.row, text_member(request.input, "CustomSuffix"))
                                      : "*"));
  target.context.emplace_back("iam:AWSServiceName", named.service);
  return {{std::move(target)}, std::move(named)};
}

Json create_service_linked_role(ApiRequest& request, const ServiceLinkedRole& role) {
  const std::string suffix = text_member(request.input, "CustomSuffix");
  if (request.input.contains("CustomSuffix") && !role.takes_suffix) {
    throw invalid_input(base::format("Custom suffix is not allowed for {}", role.service));
  }
  const std::string name = service_linked_name(role, suffix);
  if (name.size() > kRoleNameSize) {  // the text is ours
    throw validation_error(
        base::format("The role name {} has more than {} characters", name, kRoleNameSize));
  }
  std::optional<std::string> description;
  if (request.input.contains("Description")) {
    description = text_member(request.input, "Description");
  }
  const auto made = make_service_linked_role(request.core, request.txn, request.registry, role,
                                             std::move(description), request.now, suffix);
  if (!made) {
    throw invalid_input(
        base::format("Service role name {} has been taken in this account, please "
                     "try a different suffix.",
                     name));
  }
  // As little as CreateRole shows (inferred from that, and from the example of the AWS CLI).
  return {{"Role", short_entity_json(request, *made)}};
}

// AWS deletes the role in the background, once the service confirms that it does not use it. Here
// it is deleted at once; the task is stored so that GetServiceLinkedRoleDeletionStatus knows it.
Json delete_service_linked_role(ApiRequest& request, const storage::Entity& role) {
  if (!is_service_linked(role)) {  // the text is ours
    throw no_such_entity(
        base::format("The service-linked role with name {} cannot be found.", role.name));
  }
  storage::delete_entity(request.txn, role.id);
  const std::string task =
      base::format("task{}{}/{}", role.path, role.name, base::make_uuid(request.core.random));
  storage::insert_role_deletion(request.txn, role.account, task);
  return {{"DeletionTaskId", task}};
}

// The task's id is task/aws-service-role/<service>/<role>/<uuid>: the resource is that role.
std::vector<Target> task_target(const ApiRequest& request) {
  std::string path = text_member(request.input, "DeletionTaskId");
  const std::size_t begin = path.find('/');
  const std::size_t end = path.rfind('/');
  if (begin == std::string::npos || begin == end) return account_target(request);
  path = path.substr(begin, end - begin);
  return {plain_target(request, base::format("arn:{}:iam::{}:role{}", request.registry.partition(),
                                             request.caller.account, path))};
}

Json deletion_status(ApiRequest& request) {
  const std::string task = text_member(request.input, "DeletionTaskId");
  if (!storage::role_deletion_exists(request.txn, request.caller.account, task)) {
    throw no_such_entity(
        base::format("Deletion task {} cannot be found.", task));  // the text is ours
  }
  return {{"Status", "SUCCEEDED"}};
}

constexpr Operation kServiceLinkedRoleOperations[] = {
    {"CreateServiceLinkedRole", "iam:CreateServiceLinkedRole", Access::kWrite,
     on<linked_role_target, create_service_linked_role>},
    {"DeleteServiceLinkedRole", "iam:DeleteServiceLinkedRole", Access::kWrite,
     on<entity_target, delete_service_linked_role>},
    {"GetServiceLinkedRoleDeletionStatus", "iam:GetServiceLinkedRoleDeletionStatus", Access::kRead,
     on<task_target, deletion_status>},
};

}  // namespace

std::vector<const Operation*> service_linked_role_operations() {
  return pointers(kServiceLinkedRoleOperations);
}

}  // namespace ecr::api::iam
