// What a request to the policy simulator says: policies, caller, context. Everything here throws
// InvalidInput, with a sentence of ours, on what cannot be simulated.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/core/access/operation.h"
#include "api/iam/simulation/simulation.h"

namespace ecr::api::iam {

// "PolicyInputList.1", ... with their documents; `member` is the list's name in the input.
std::vector<SimulatedPolicy> policy_inputs(const Json& input, const char* member);
std::optional<SimulatedPolicy> resource_policy_input(const Json& input);
// The account in ResourceOwner; empty: not given.
std::string resource_owner_input(const Json& input);
auth::iam::Context context_entries(const Json& input);
std::vector<std::string> action_names(const Json& input);
// ["*"] where there are none.
std::vector<std::string> resource_arns(const Json& input);

}  // namespace ecr::api::iam
