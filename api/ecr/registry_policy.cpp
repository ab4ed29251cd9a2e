// GetRegistryPolicy, PutRegistryPolicy, DeleteRegistryPolicy: of the caller's own registry.
#include <nlohmann/json.hpp>

#include "api/core/access/principal_check.h"
#include "api/core/access/stored_principals.h"
#include "api/core/account_settings.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::ecr {
namespace {

using auth::iam::Policy;
using auth::iam::PolicyType;
using storage::sql::Access;

Json registry_policy_json(const Call& call, const std::string& policy) {
  return {{"registryId", call.caller.account}, {"policyText", shown_principals(call.txn, policy)}};
}

// Scope V1 lets a policy speak of replication, pull through cache and creation alone (ECR User
// Guide, "Private registry permissions").
PolicyType policy_type(const Call& call) {
  const std::string scope =
      account_setting(call.txn, call.caller.account, call.region, kRegistryPolicyScope);
  return scope == "V1" ? PolicyType::kRegistryV1 : PolicyType::kRegistry;
}

std::string require_registry_policy(const Call& call) {
  auto policy = storage::registry_policy(call.txn, call.caller.account, call.region);
  if (!policy) throw ApiError::registry_policy_not_found(call.caller.account);
  return std::move(*policy);
}

Json get_registry_policy(Call& call) {
  return registry_policy_json(call, require_registry_policy(call));
}

Json put_policy(Call& call) {
  const std::string text = string_member(call.input, "policyText");
  const auto parsed = Policy::parse(text, policy_type(call));
  if (!parsed) throw ApiError::invalid_parameter("PolicyText", "Invalid registry policy provided");
  if (unknown_principal(call.txn, **parsed, text)) {
    throw ApiError::invalid_parameter("PolicyText", "Principal not found");
  }
  storage::set_registry_policy(call.txn, call.caller.account, call.region,
                               stored_principals(call.txn, text));
  return registry_policy_json(call, text);
}

Json delete_registry_policy(Call& call) {
  const std::string policy = require_registry_policy(call);
  storage::set_registry_policy(call.txn, call.caller.account, call.region, std::nullopt);
  return registry_policy_json(call, policy);
}

constexpr Operation kRegistryPolicyOperations[] = {
    {"GetRegistryPolicy", "ecr:GetRegistryPolicy", Access::kRead, registry_target,
     get_registry_policy},
    {"PutRegistryPolicy", "ecr:PutRegistryPolicy", Access::kWrite, registry_target, put_policy},
    {"DeleteRegistryPolicy", "ecr:DeleteRegistryPolicy", Access::kWrite, registry_target,
     delete_registry_policy},
};

}  // namespace

std::vector<const Operation*> registry_policy_operations() {
  return pointers(kRegistryPolicyOperations);
}

}  // namespace ecr::api::ecr
