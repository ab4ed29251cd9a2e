// The policy simulator: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor...Policy.
// Source: AWS IAM API Reference.
#include <nlohmann/json.hpp>

#include "api/core/access/policy_memo.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/paging.h"
#include "api/iam/shared/targets.h"
#include "api/iam/simulation/simulated_principal.h"
#include "api/iam/simulation/simulation_input.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

// The resource is the user, group or role of PolicySourceArn, whether it exists or not.
Resolved<PolicySource> policy_source_target(const ApiRequest& request) {
  PolicySource source = policy_source(request);
  Target target;
  target.resource = source.arn;
  target.account = source.account;
  if (source.row) set_iam_tags(target, storage::entity_tags(request.txn, source.row->id));
  return {{std::move(target)}, std::move(source)};
}

// One result for each action on each resource. A marker is the index of the next result: the
// results are not stored, and each page evaluates its own.
Json simulate_page(const ApiRequest& request, const Simulation& simulation) {
  const auto actions = action_names(request.input);
  const auto resources = resource_arns(request.input);
  const std::size_t total = actions.size() * resources.size();
  const auto page = requested_page(request);
  if (!page) throw ApiError(ErrorCode::kInvalidInput, "Invalid Marker.");  // the text is ours
  const auto [first, end] = page->slice(total);
  Json results = Json::array();
  for (std::size_t i = first; i < end; ++i) {
    results.push_back(
        simulate(simulation, actions[i / resources.size()], resources[i % resources.size()]));
  }
  Json output = {{"EvaluationResults", std::move(results)}, {"IsTruncated", end < total}};
  if (end < total) output["Marker"] = page->token_after(static_cast<std::int64_t>(end));
  return output;
}

// The parameters that both kinds of simulation have. The order of the checks decides which error a
// request with several faults gets.
void read_common(const ApiRequest& request, Simulation& simulation) {
  auto boundaries = policy_inputs(request.input, "PermissionsBoundaryPolicyInputList");
  if (boundaries.size() > 1) {
    throw ApiError(ErrorCode::kInvalidInput, "Only one permissions boundary can be simulated.");
  }
  // A boundary in the request replaces the one that the principal has (API Reference).
  if (!boundaries.empty()) simulation.boundaries = std::move(boundaries);
  set_caller(request, simulation);
  simulation.resource_policy = resource_policy_input(request.input);
  // A resource-based policy needs a principal that it can name: CallerArn "is required if you
  // include a ResourcePolicy and the PolicySourceArn is not the ARN for an IAM user" (API
  // Reference).
  if (simulation.resource_policy && (simulation.principal.kind != auth::iam::PrincipalKind::kUser ||
                                     simulation.principal.arn.empty())) {
    throw ApiError(ErrorCode::kInvalidInput,
                   "CallerArn is required with a ResourcePolicy unless a user is simulated.");
  }
  simulation.resource_owner = resource_owner_input(request.input);
  simulation.given_context = context_entries(request.input);
  simulation.delegation = request.core.policies.get(
      base::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",)"
                   R"("Principal":{{"AWS":"{}"}},"Action":"sts:*"}}]}})",
                   simulation.principal.account),
      auth::iam::PolicyType::kTrust);
}

Json simulate_custom_policy(ApiRequest& request) {
  Simulation simulation;
  simulate_unnamed_user(request, simulation);
  simulation.identity = policy_inputs(request.input, "PolicyInputList");
  simulation.scps = organization_policy_inputs(request.input);
  read_common(request, simulation);
  return simulate_page(request, simulation);
}

Json simulate_principal_policy(ApiRequest& request, const storage::Entity& source) {
  Simulation simulation;
  simulate_entity(request, source, simulation);
  exclude_policies(request.input, simulation);
  for (auto& policy : policy_inputs(request.input, "PolicyInputList")) {
    simulation.identity.push_back(std::move(policy));
  }
  read_common(request, simulation);
  return simulate_page(request, simulation);
}

// The condition keys that a caller has to give for a simulation of these policies.
Json context_keys_for_custom_policy(ApiRequest& request) {
  return {{"ContextKeyNames", context_keys_of(policy_inputs(request.input, "PolicyInputList"))}};
}

Json context_keys_for_principal_policy(ApiRequest& request, const storage::Entity& source) {
  auto policies = policies_of(request, source);
  for (auto& policy : policy_inputs(request.input, "PolicyInputList")) {
    policies.push_back(std::move(policy));
  }
  return {{"ContextKeyNames", context_keys_of(policies)}};
}

constexpr Operation kSimulatorOperations[] = {
    {"SimulateCustomPolicy", "iam:SimulateCustomPolicy", Access::kRead,
     on<account_target, simulate_custom_policy>},
    {"SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", Access::kRead,
     on<policy_source_target, simulate_principal_policy>},
    {"GetContextKeysForCustomPolicy", "iam:GetContextKeysForCustomPolicy", Access::kRead,
     on<account_target, context_keys_for_custom_policy>},
    {"GetContextKeysForPrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy", Access::kRead,
     on<policy_source_target, context_keys_for_principal_policy>},
};

}  // namespace

std::vector<const Operation*> simulator_operations() { return pointers(kSimulatorOperations); }

}  // namespace ecr::api::iam
