// SetRepositoryPolicy, GetRepositoryPolicy, DeleteRepositoryPolicy.
#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

Json repository_policy_json(const Call& call, const storage::Repository& repository) {
  return {{"registryId", repository.account},
          {"repositoryName", repository.name},
          {"policyText", shown_principals(call.txn, *repository.policy)}};
}

// A policy that would keep its author from ever setting another is refused unless forced.
void refuse_lock_out(const Call& call, const storage::Repository& changed) {
  const Target target =
      make_repository_target(call.services, call.txn, "ecr:SetRepositoryPolicy", changed.account,
                             changed.region, changed.name, &changed);
  if (call.services.settings.enforcement != Enforcement::kEnforce) return;
  if (!is_allowed(call.services, call.caller, {call.txn, call.http, call.region, call.now},
                  target)) {
    throw ApiError::invalid_parameter(
        "PolicyText",
        "The new repository policy will not allow you to update the repository policy in the "
        "future");
  }
}

Json set_policy(Call& call) {
  storage::Repository repository = require_repository(call);
  repository.policy = text_member(call.input, "policyText");
  const auto parsed =
      auth::iam::Policy::parse(*repository.policy, auth::iam::PolicyType::kRepository);
  if (!parsed) {
    throw ApiError::invalid_parameter("PolicyText", "Invalid repository policy provided");
  }
  if (unknown_principal(call.txn, **parsed, *repository.policy)) {
    throw ApiError::invalid_parameter("PolicyText", "Principal not found");
  }
  repository.policy = stored_principals(call.txn, *repository.policy);
  if (!call.input.value("force", false)) refuse_lock_out(call, repository);
  storage::set_repository_policy(call.txn, repository.id, repository.policy);
  return repository_policy_json(call, repository);
}

storage::Repository require_repository_policy(Call& call) {
  storage::Repository repository = require_repository(call);
  if (!repository.policy) {
    throw ApiError::repository_policy_not_found(repository.account, repository.name);
  }
  return repository;
}

Json get_repository_policy(Call& call) {
  return repository_policy_json(call, require_repository_policy(call));
}

Json delete_repository_policy(Call& call) {
  const storage::Repository repository = require_repository_policy(call);
  storage::set_repository_policy(call.txn, repository.id, std::nullopt);
  return repository_policy_json(call, repository);
}

constexpr Operation kRepositoryPolicyOperations[] = {
    {"SetRepositoryPolicy", "ecr:SetRepositoryPolicy", Access::kWrite, repository_target,
     set_policy},
    {"GetRepositoryPolicy", "ecr:GetRepositoryPolicy", Access::kRead, repository_target,
     get_repository_policy},
    {"DeleteRepositoryPolicy", "ecr:DeleteRepositoryPolicy", Access::kWrite, repository_target,
     delete_repository_policy},
};

}  // namespace

std::vector<const Operation*> repository_policy_operations() {
  return pointers(kRepositoryPolicyOperations);
}

}  // namespace ecr::api::ecr
