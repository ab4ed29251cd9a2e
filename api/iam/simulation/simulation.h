// One request of the policy simulator decided by the real evaluator, and told as IAM tells it.
// Source: AWS IAM API Reference, "EvaluationResult", "SimulateCustomPolicy". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "auth/iam/evaluate.h"

namespace ecr::api::iam {

// A policy with what the answer says of it.
struct SimulatedPolicy {
  auth::iam::PolicyPtr policy;
  std::string id;        // SourcePolicyId
  std::string document;  // its text, for positions in it
};

struct Simulation {
  auth::iam::Principal principal;
  auth::iam::Context principal_context;  // what is known of the principal
  auth::iam::Context given_context;      // what the caller gave; it wins
  std::vector<SimulatedPolicy> identity;
  std::vector<SimulatedPolicy> boundaries;
  std::optional<SimulatedPolicy> resource_policy;
  std::string resource_owner;  // account of resources whose ARN does not say it; empty: not given
  // Of the principal's organization; nullopt: none has a say.
  std::optional<std::vector<std::vector<auth::iam::AttachedPolicy>>> scps;
  // "This account may do anything in STS": what stands in for the trust policy that is not there.
  auth::iam::PolicyPtr delegation;
};

// EvaluationResult of one action on one resource ("*": all of them). REQUIRES: `delegation` is not
// null, the principal has an account.
nlohmann::json simulate(const Simulation& simulation, const std::string& action,
                        const std::string& resource);

// The condition keys and variables of all of these policies, each once, sorted.
std::vector<std::string> context_keys_of(const std::vector<SimulatedPolicy>& policies);

}  // namespace ecr::api::iam
