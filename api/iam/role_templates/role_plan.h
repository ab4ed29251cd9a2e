// What AcquireRole is to do: the calls of other operations of IAM whose effect it has, made of a
// role template and the values of the request. Pure but for plan_role().
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "storage/rows/iam/role_templates.h"

namespace ecr::api::iam {

// The operation's name, and its input, valid by the model.
using PlannedCall = std::pair<std::string_view, Json>;

struct RolePlan {
  storage::RoleSource source;
  // CreateRole, then PutRolePolicy and AttachRolePolicy for each policy.
  std::vector<PlannedCall> calls;
};

// The version that the request asks for by `member`, or the template's default one. The error is
// NoSuchEntity.
tl::expected<storage::RoleTemplateVersion, ApiError> requested_version(
    const ApiRequest& request, const storage::RoleTemplate& role_template, const char* member);

// The plan for ReplacementValues of the request. The error is InvalidInput, which names the
// parameter or the member of the role that the values do not fit.
tl::expected<RolePlan, ApiError> plan_role(const ApiRequest& request,
                                           const storage::RoleTemplate& role_template,
                                           const storage::RoleTemplateVersion& version);

}  // namespace ecr::api::iam
