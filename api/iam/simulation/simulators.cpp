// The policy simulator: SimulateCustomPolicy, SimulatePrincipalPolicy, GetContextKeysFor...Policy.
// Source: AWS IAM API Reference.
#include <nlohmann/json.hpp>

#include "api/core/access/policy_memo.h"
#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/paging.h"
#include "api/iam/simulation/simulated_principal.h"
#include "api/iam/simulation/simulation_input.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

std::vector<Target> any_resource_target(const Call& call) {
  Target target;
  target.resource = "*";
  target.account = call.caller.account;
  return {target};
}

// The resource is the user, group or role of PolicySourceArn, whether it exists or not.
std::vector<Target> policy_source_target(const Call& call) {
  Target target;
  target.resource = call.input["PolicySourceArn"].get<std::string>();
  target.account = policy_source_account(call);
  if (const auto entity = find_policy_source(call)) {
    set_iam_tags(target, storage::entity_tags(call.txn, entity->id));
  }
  return {target};
}

storage::Entity require_policy_source(const Call& call) {
  auto entity = find_policy_source(call);
  if (!entity) {  // recorded, undated
    throw ApiError(ErrorCode::kNoSuchEntity, "Unable to retrieve specified IAM entity.");
  }
  return std::move(*entity);
}

// One result for each action on each resource. A marker is the index of the next result: the
// results are not stored, and each page evaluates its own.
Json simulate_page(const Call& call, const Simulation& simulation) {
  const auto actions = action_names(call.input);
  const auto resources = resource_arns(call.input);
  const std::size_t total = actions.size() * resources.size();
  const auto page = requested_page(call);
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
void read_common(const Call& call, Simulation& simulation) {
  auto boundaries = policy_inputs(call.input, "PermissionsBoundaryPolicyInputList");
  if (boundaries.size() > 1) {
    throw ApiError(ErrorCode::kInvalidInput, "Only one permissions boundary can be simulated.");
  }
  // A boundary in the request replaces the one that the principal has (API Reference).
  if (!boundaries.empty()) simulation.boundaries = std::move(boundaries);
  set_caller(call, simulation);
  simulation.resource_policy = resource_policy_input(call.input);
  // A resource-based policy needs a principal that it can name: CallerArn "is required if you
  // include a ResourcePolicy and the PolicySourceArn is not the ARN for an IAM user" (API
  // Reference).
  if (simulation.resource_policy && (simulation.principal.kind != auth::iam::PrincipalKind::kUser ||
                                     simulation.principal.arn.empty())) {
    throw ApiError(ErrorCode::kInvalidInput,
                   "CallerArn is required with a ResourcePolicy unless a user is simulated.");
  }
  simulation.resource_owner = resource_owner_input(call.input);
  simulation.given_context = context_entries(call.input);
  simulation.delegation = call.services.policies.get(
      base::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",)"
                   R"("Principal":{{"AWS":"{}"}},"Action":"sts:*"}}]}})",
                   simulation.principal.account),
      auth::iam::PolicyType::kTrust);
}

Json simulate_custom_policy(Call& call) {
  Simulation simulation;
  simulate_unnamed_user(call, simulation);
  simulation.identity = policy_inputs(call.input, "PolicyInputList");
  read_common(call, simulation);
  return simulate_page(call, simulation);
}

Json simulate_principal_policy(Call& call) {
  Simulation simulation;
  simulate_entity(call, require_policy_source(call), simulation);
  for (auto& policy : policy_inputs(call.input, "PolicyInputList")) {
    simulation.identity.push_back(std::move(policy));
  }
  read_common(call, simulation);
  return simulate_page(call, simulation);
}

// The condition keys that a caller has to give for a simulation of these policies.
Json context_keys_for_custom_policy(Call& call) {
  return {{"ContextKeyNames", context_keys_of(policy_inputs(call.input, "PolicyInputList"))}};
}

Json context_keys_for_principal_policy(Call& call) {
  auto policies = policies_of(call, require_policy_source(call));
  for (auto& policy : policy_inputs(call.input, "PolicyInputList")) {
    policies.push_back(std::move(policy));
  }
  return {{"ContextKeyNames", context_keys_of(policies)}};
}

constexpr Operation kSimulatorOperations[] = {
    {"SimulateCustomPolicy", "iam:SimulateCustomPolicy", Access::kRead, any_resource_target,
     simulate_custom_policy},
    {"SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", Access::kRead, policy_source_target,
     simulate_principal_policy},
    {"GetContextKeysForCustomPolicy", "iam:GetContextKeysForCustomPolicy", Access::kRead,
     any_resource_target, context_keys_for_custom_policy},
    {"GetContextKeysForPrincipalPolicy", "iam:GetContextKeysForPrincipalPolicy", Access::kRead,
     policy_source_target, context_keys_for_principal_policy},
};

}  // namespace

std::vector<const Operation*> simulator_operations() { return pointers(kSimulatorOperations); }

}  // namespace ecr::api::iam
