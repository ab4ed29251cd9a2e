// One request of the policy simulator: decided by the evaluator that decides real requests, and
// written as IAM's EvaluationResult. Source: AWS IAM API Reference, "EvaluationResult",
// "SimulateCustomPolicy". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "auth/iam/evaluate.h"

namespace ecr::api::iam {

// A policy with what the answer says about it.
struct SimulatedPolicy {
  auth::iam::PolicyPtr policy;
  std::string id;        // SourcePolicyId
  std::string document;  // its text, for positions in it
  std::string arn = {};  // of a managed policy
  // "user/alice/pull": kind and name of the entity that an inline policy is part of, and its name.
  std::string inline_of = {};
};

struct Simulation {
  auth::iam::Principal principal;
  auth::iam::Context principal_context;  // the condition keys of the principal
  auth::iam::Context given_context;      // ContextEntries; they win over principal_context
  std::vector<SimulatedPolicy> identity;
  std::vector<SimulatedPolicy> boundaries;
  std::optional<SimulatedPolicy> resource_policy;
  std::string resource_owner;  // owner of resources whose ARN has no account; empty: not given
  // The SCPs of the principal's organization by level; nullopt: no organization applies.
  std::optional<std::vector<std::vector<auth::iam::AttachedPolicy>>> scps;
  // A trust policy that lets the principal's account call everything in STS. The simulator is not
  // given the trust policy of a role; without this one every sts:AssumeRole would be denied.
  auth::iam::PolicyPtr delegation;
};

// EvaluationResult of one action on one resource ("*": all of them). REQUIRES: `delegation` is not
// null, the principal has an account.
nlohmann::json simulate(const Simulation& simulation, const std::string& action,
                        const std::string& resource);

// The condition keys and variables of all of these policies, each once, sorted.
std::vector<std::string> context_keys_of(const std::vector<SimulatedPolicy>& policies);

}  // namespace ecr::api::iam
