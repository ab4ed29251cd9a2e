// The principal of a simulation: a user, group or role with the policies that apply to it.
// Stateless functions on the request's transaction.
#pragma once

#include <string>

#include "api/core/access/operation.h"
#include "api/iam/simulation/simulation.h"
#include "storage/rows/iam/identities.h"

namespace ecr::api::iam {

// The user, group or role of PolicySourceArn.
struct PolicySource : Named<storage::Entity> {
  std::string arn;
  std::string account;

  [[noreturn]] void missing() const;  // throws NoSuchEntity
};
// Throws InvalidInput where the text is not the ARN of a user, group or role.
PolicySource policy_source(const ApiRequest& request);

// The entity's own policies and, for a user, those of the user's groups.
std::vector<SimulatedPolicy> policies_of(const ApiRequest& request, const storage::Entity& entity);

// Sets the principal, its context, policies, boundary and SCPs to those of the entity. A role is
// simulated as a session of it without a name, a group as a user of its account without a name.
void simulate_entity(const ApiRequest& request, const storage::Entity& entity,
                     Simulation& simulation);
// Sets the principal to a user of the caller's account without a name.
void simulate_unnamed_user(const ApiRequest& request, Simulation& simulation);
// Where CallerArn is given: sets the principal to that user, and leaves the policies as they are.
void set_caller(const ApiRequest& request, Simulation& simulation);

}  // namespace ecr::api::iam
