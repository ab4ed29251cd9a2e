// Repository policies and the registry policy: SetRepositoryPolicy, GetRepositoryPolicy,
// DeleteRepositoryPolicy; PutRegistryPolicy, GetRegistryPolicy, DeleteRegistryPolicy, which work on
// the caller's own registry.
#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/policy_text.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::ecr {
namespace {

using auth::iam::PolicyType;
using storage::sql::Access;

// ECR writes the document anew (test RepositoryPolicyIsWrittenAnew). Principals are stored by
// unique id and shown as the ARNs that they have now.
Json repository_policy_json(const Call& call, const storage::Repository& repository) {
  return {{"registryId", repository.account},
          {"repositoryName", repository.name},
          {"policyText", written_anew(shown_principals(call.txn, *repository.policy))}};
}

// ECR refuses a policy by which its author could never set another one, unless `force` is given
// (ECR API Reference, "SetRepositoryPolicy"; test APolicyThatLocksItsAuthorOutNeedsForce). Where
// policies are not enforced they lock out no caller.
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

Json set_repository_policy(Call& call) {
  storage::Repository repository = require_repository(call);
  const std::string text = text_member(call.input, "policyText");
  check_resource_policy(call, text, PolicyType::kRepository);
  repository.policy = stored_principals(call.txn, text);
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

// The answer is the policy that was deleted.
Json delete_repository_policy(Call& call) {
  const storage::Repository repository = require_repository_policy(call);
  storage::set_repository_policy(call.txn, repository.id, std::nullopt);
  return repository_policy_json(call, repository);
}

// The text comes back as it was given: no answer of ECR shows whether it writes this one anew.
Json registry_policy_json(const Call& call, const std::string& policy) {
  return {{"registryId", call.caller.account}, {"policyText", shown_principals(call.txn, policy)}};
}

std::string require_registry_policy(const Call& call) {
  auto policy = storage::registry_policy(call.txn, call.caller.account, call.region);
  if (!policy) throw ApiError::registry_policy_not_found(call.caller.account);
  return std::move(*policy);
}

// The policy takes part in the decision on every action of ECR, so that one that denies ecr:* would
// deny its own removal for ever. The account's root user is therefore asked without it, as S3 has
// it for the policy of a bucket. ECR documents neither this nor another way out (test
// TheRootUserCanRemoveARegistryPolicyThatDeniesEverything).
std::vector<Target> registry_policy_target(const Call& call) {
  std::vector<Target> targets = registry_target(call);
  const bool root = call.caller.principal.kind == auth::iam::PrincipalKind::kRoot;
  for (Target& target : targets) {
    if (root && target.account == call.caller.account) target.policies.clear();
  }
  return targets;
}

// The API has no `force` here, so that nothing is checked for a lock-out.
Json put_registry_policy(Call& call) {
  const std::string text = text_member(call.input, "policyText");
  check_resource_policy(call, text, PolicyType::kRegistry);
  storage::set_registry_policy(call.txn, call.caller.account, call.region,
                               stored_principals(call.txn, text));
  return registry_policy_json(call, text);
}

Json get_registry_policy(Call& call) {
  return registry_policy_json(call, require_registry_policy(call));
}

Json delete_registry_policy(Call& call) {
  const std::string policy = require_registry_policy(call);
  storage::set_registry_policy(call.txn, call.caller.account, call.region, std::nullopt);
  return registry_policy_json(call, policy);
}

constexpr Operation kPolicyOperations[] = {
    {"SetRepositoryPolicy", "ecr:SetRepositoryPolicy", Access::kWrite, repository_target,
     set_repository_policy},
    {"GetRepositoryPolicy", "ecr:GetRepositoryPolicy", Access::kRead, repository_target,
     get_repository_policy},
    {"DeleteRepositoryPolicy", "ecr:DeleteRepositoryPolicy", Access::kWrite, repository_target,
     delete_repository_policy},
    {"GetRegistryPolicy", "ecr:GetRegistryPolicy", Access::kRead, registry_policy_target,
     get_registry_policy},
    {"PutRegistryPolicy", "ecr:PutRegistryPolicy", Access::kWrite, registry_policy_target,
     put_registry_policy},
    {"DeleteRegistryPolicy", "ecr:DeleteRegistryPolicy", Access::kWrite, registry_policy_target,
     delete_registry_policy},
};

}  // namespace

void check_resource_policy(const Call& call, const std::string& text, PolicyType type) {
  // One sentence for everything that is wrong with a document: a Resource in a repository policy,
  // an action that is not a repository's, a syntax error. ECR spells the member PolicyText,
  // although the input's member is policyText.
  const auto parsed = auth::iam::Policy::parse(text, type);
  if (!parsed) {
    throw ApiError::invalid_parameter(
        "PolicyText", base::format("Invalid {} policy provided",
                                   type == PolicyType::kRepository ? "repository" : "registry"));
  }
  if (unknown_principal(call.txn, **parsed, text)) {
    throw ApiError::invalid_parameter("PolicyText", "Principal not found");
  }
}

std::vector<const Operation*> policy_operations() { return pointers(kPolicyOperations); }

}  // namespace ecr::api::ecr
