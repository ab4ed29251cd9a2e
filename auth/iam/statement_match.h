// Decides whether a statement applies to a request. Internal to auth/iam. Pure.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "auth/iam/evaluate.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/policy/compiled.h"

namespace ecr::auth::iam {

// A request, taken apart once for all statements. Not copyable: it holds views of itself and of the
// request, which has to outlive it.
class PreparedRequest {
 public:
  PreparedRequest(const Request& request, bool has_boundary);
  PreparedRequest(const PreparedRequest&) = delete;
  PreparedRequest& operator=(const PreparedRequest&) = delete;

  const Request& request;
  const ArnParts resource;
  const bool has_boundary;          // the principal has a permissions boundary
  std::string_view lower_action;    // "ecr:putimage"
  std::string_view action_service;  // "ecr"
  std::string_view action_name;     // "putimage"

 private:
  std::array<char, 96> buffer_;
  std::string long_buffer_;  // for actions that do not fit
};

struct StatementMatch {
  Outcome outcome = Outcome::kMatched;
  int condition = -1;              // the first that does not hold
  Named named = Named::kDirectly;  // how its Principal names the caller
};

// `type` is the list that the policy stands in: resource-based policies, RCPs and
// policies of VPC endpoints have a Principal, and only the others complete short ARNs.
StatementMatch match_statement(const Statement& statement, const PreparedRequest& request,
                               DecidedBy type, StepBudget& budget);

}  // namespace ecr::auth::iam
