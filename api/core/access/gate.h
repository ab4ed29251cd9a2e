// Authorization: nothing reaches a handler on any plane without passing here. Builds the context of
// condition keys, asks the evaluator, and turns a denial into AWS's sentence.
#pragma once

#include <vector>

#include "api/core/access/decision_log.h"
#include "api/core/access/request.h"
#include "api/core/access/target.h"
#include "auth/iam/evaluate.h"

namespace ecr::api {

// Thrown by authorize() where a decision takes more than Request::most_steps, and that is less than
// kMostEvaluationSteps. That decision is not recorded: the request begins anew where it may take
// longer.
struct DecisionTakesLonger {};

struct Operation;
struct ServiceApi;

// The condition keys that every request of this principal carries (aws:PrincipalArn, ...).
void add_principal_context(auth::iam::Context& context, const Caller& caller);

// What is asked, with every policy that decides about it, not decided yet.
DecisionRecord question(const Request& request, const Target& target);

// The decision alone: it is not recorded, and a denial is not thrown.
bool is_allowed(const Request& request, const Target& target);

// Throws ApiError::access_denied unless every target is allowed. In soft mode (--iam soft) a denial
// passes, and request.note says what would have been denied; with --iam off nothing is decided at
// all. Each decision is recorded (decision_log.h).
void authorize(const Request& request, const std::vector<Target>& targets);

// Refuses the calls that temporary credentials may not make, whatever the policies say. Throws
// ApiError. Source: AWS IAM User Guide, "Compare AWS STS credentials". Pure.
void check_session_limits(const Caller& caller, const ServiceApi& api, const Operation& operation);

}  // namespace ecr::api
