// Permissions boundaries of users and roles.
#include <nlohmann/json.hpp>

#include "api/iam/shared/common.h"
#include "api/iam/shared/operations.h"
#include "api/iam/shared/targets.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

Json put_boundary(Call& call) {
  storage::Entity entity = require_changeable(call);
  entity.boundary = requested_boundary(call);
  storage::update_entity(call.txn, entity);
  return Json::object();
}

Json delete_boundary(Call& call) {
  storage::Entity entity = require_changeable(call);
  if (!entity.boundary) {  // the sentence is ours
    throw no_such_entity("There is no permissions boundary on " + entity.name);
  }
  entity.boundary.reset();
  storage::update_entity(call.txn, entity);
  return Json::object();
}

constexpr Operation kBoundaryOperations[] = {
    {"PutUserPermissionsBoundary", "iam:PutUserPermissionsBoundary", Access::kWrite, entity_target,
     put_boundary},
    {"PutRolePermissionsBoundary", "iam:PutRolePermissionsBoundary", Access::kWrite, entity_target,
     put_boundary},
    {"DeleteUserPermissionsBoundary", "iam:DeleteUserPermissionsBoundary", Access::kWrite,
     entity_target, delete_boundary},
    {"DeleteRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", Access::kWrite,
     entity_target, delete_boundary},
};

}  // namespace

std::vector<const Operation*> boundary_operations() { return pointers(kBoundaryOperations); }

}  // namespace ecr::api::iam
