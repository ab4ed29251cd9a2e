// Reads the parameters of a request to the policy simulator. Every function throws InvalidInput on
// what cannot be simulated; AWS's texts for these errors are not published, so they are ours. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/core/access/operation.h"
#include "api/iam/simulation/simulation.h"

namespace ecr::api::iam {

// The policies of a list in the input; `member` is its name. Their ids are those of AWS's answers:
// "PolicyInputList.1" and so on.
std::vector<SimulatedPolicy> policy_inputs(const Json& input, const char* member);
// The SCPs of OrderedOrganizationPolicyInputList, from the root down; nullopt: not given.
std::optional<std::vector<std::vector<auth::iam::AttachedPolicy>>> organization_policy_inputs(
    const Json& input);
// Takes out of the principal's own policies what PolicyExclusionList names. Session policies and
// RCPs are not simulated, so that "rcp" has nothing to take out.
void exclude_policies(const Json& input, Simulation& simulation);
std::optional<SimulatedPolicy> resource_policy_input(const Json& input);
// The account in ResourceOwner; empty: not given.
std::string resource_owner_input(const Json& input);
auth::iam::Context context_entries(const Json& input);
std::vector<std::string> action_names(const Json& input);
// ["*"] where there are none.
std::vector<std::string> resource_arns(const Json& input);

}  // namespace ecr::api::iam
