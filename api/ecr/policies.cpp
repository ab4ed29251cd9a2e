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
Json repository_policy_json(const ApiRequest& request, const storage::Repository& repository) {
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"policyText", written_anew(shown_principals(request.txn, *repository.policy))}};
}

// ECR refuses a policy by which its author could never set another one, unless `force` is given
// (ECR API Reference, "SetRepositoryPolicy"; test APolicyThatLocksItsAuthorOutNeedsForce). Where
// policies are not enforced they lock out no caller.
void refuse_lock_out(const ApiRequest& request, const storage::Repository& changed) {
  const Target target = make_repository_target(request, "ecr:SetRepositoryPolicy", changed.registry,
                                               changed.name, &changed);
  if (request.core.settings.enforcement != Enforcement::kEnforce) return;
  if (!is_allowed(request, target)) {
    throw ApiError::invalid_parameter(
        "PolicyText",
        "The new repository policy will not allow you to update the repository policy in the "
        "future");
  }
}

Json set_repository_policy(ApiRequest& request, storage::Repository& repository) {
  const std::string text = text_member(request.input, "policyText");
  check_resource_policy(request, text, PolicyType::kRepository);
  repository.policy = stored_principals(request.txn, text);
  if (!request.input.value("force", false)) refuse_lock_out(request, repository);
  storage::set_repository_policy(request.txn, repository.id, repository.policy);
  return repository_policy_json(request, repository);
}

Json get_repository_policy(ApiRequest& request, const storage::Repository& repository) {
  if (!repository.policy) {
    throw ApiError::repository_policy_not_found(repository.registry.account, repository.name);
  }
  return repository_policy_json(request, repository);
}

// The answer is the policy that was deleted.
Json delete_repository_policy(ApiRequest& request, const storage::Repository& repository) {
  Json output = get_repository_policy(request, repository);
  storage::set_repository_policy(request.txn, repository.id, std::nullopt);
  return output;
}

// The text comes back as it was given: no answer of ECR shows whether it writes this one anew.
Json registry_policy_json(const ApiRequest& request, const std::string& policy) {
  return {{"registryId", request.caller.account},
          {"policyText", shown_principals(request.txn, policy)}};
}

std::string require_registry_policy(const ApiRequest& request) {
  auto policy = storage::registry_policy(request.txn, request.registry);
  if (!policy) throw ApiError::registry_policy_not_found(request.caller.account);
  return std::move(*policy);
}

// The policy takes part in the decision on every action of ECR, so that one that denies ecr:* would
// deny its own removal for ever. The account's root user is therefore asked without it, as S3 has
// it for the policy of a bucket. ECR documents neither this nor another way out (test
// TheRootUserCanRemoveARegistryPolicyThatDeniesEverything).
std::vector<Target> registry_policy_target(const ApiRequest& request) {
  std::vector<Target> targets = registry_target(request);
  const bool root = request.caller.principal.kind == auth::iam::PrincipalKind::kRoot;
  for (Target& target : targets) {
    if (root && target.account == request.caller.account) target.policies.clear();
  }
  return targets;
}

// The API has no `force` here, so that nothing is checked for a lock-out.
Json put_registry_policy(ApiRequest& request) {
  const std::string text = text_member(request.input, "policyText");
  check_resource_policy(request, text, PolicyType::kRegistry);
  storage::set_registry_policy(request.txn, request.registry, stored_principals(request.txn, text));
  return registry_policy_json(request, text);
}

Json get_registry_policy(ApiRequest& request) {
  return registry_policy_json(request, require_registry_policy(request));
}

Json delete_registry_policy(ApiRequest& request) {
  const std::string policy = require_registry_policy(request);
  storage::set_registry_policy(request.txn, request.registry, std::nullopt);
  return registry_policy_json(request, policy);
}

constexpr Operation kPolicyOperations[] = {
    {"SetRepositoryPolicy", "ecr:SetRepositoryPolicy", Access::kWrite,
     on<repository_target, set_repository_policy>},
    {"GetRepositoryPolicy", "ecr:GetRepositoryPolicy", Access::kRead,
     on<repository_target, get_repository_policy>},
    {"DeleteRepositoryPolicy", "ecr:DeleteRepositoryPolicy", Access::kWrite,
     on<repository_target, delete_repository_policy>},
    {"GetRegistryPolicy", "ecr:GetRegistryPolicy", Access::kRead,
     on<registry_policy_target, get_registry_policy>},
    {"PutRegistryPolicy", "ecr:PutRegistryPolicy", Access::kWrite,
     on<registry_policy_target, put_registry_policy>},
    {"DeleteRegistryPolicy", "ecr:DeleteRegistryPolicy", Access::kWrite,
     on<registry_policy_target, delete_registry_policy>},
};

}  // namespace

void check_resource_policy(const ApiRequest& request, const std::string& text, PolicyType type) {
  // One sentence for everything that is wrong with a document: a Resource in a repository policy,
  // an action that is not a repository's, a syntax error. ECR spells the member PolicyText,
  // although the input's member is policyText.
  const auto parsed = auth::iam::Policy::parse(text, type);
  if (!parsed) {
    throw ApiError::invalid_parameter(
        "PolicyText", base::format("Invalid {} policy provided",
                                   type == PolicyType::kRepository ? "repository" : "registry"));
  }
  if (unknown_principal(request.txn, **parsed, text)) {
    throw ApiError::invalid_parameter("PolicyText", "Principal not found");
  }
}

std::vector<const Operation*> policy_operations() { return pointers(kPolicyOperations); }

}  // namespace ecr::api::ecr
