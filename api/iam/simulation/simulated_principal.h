// Who is simulated: a user, group or role with everything attached to it. Stateless functions on
// the request's transaction.
#pragma once

#include <string>

#include "api/core/access/operation.h"
#include "api/iam/simulation/simulation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// Of PolicySourceArn. nullopt: there is none of that ARN. Throws InvalidInput where the text is not
// the ARN of a user, group or role.
std::optional<storage::Entity> find_policy_source(const Call& call);
std::string policy_source_account(const Call& call);

// Its own policies and, of a user, those of his groups.
std::vector<SimulatedPolicy> policies_of(const Call& call, const storage::Entity& entity);

// Principal, context, policies, boundary and SCPs of the entity. A role stands for any session of
// it, a group for a nameless user of its account.
void simulate_entity(const Call& call, const storage::Entity& entity, Simulation& simulation);
// A nameless user of the caller's account.
void simulate_nobody(const Call& call, Simulation& simulation);
// CallerArn, where it is given: that user calls, with the policies that the simulation has.
void simulate_caller_arn(const Call& call, Simulation& simulation);

}  // namespace ecr::api::iam
