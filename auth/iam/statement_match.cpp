#include "auth/iam/statement_match.h"

#include <algorithm>

#include "schemas/base/encoding.h"

namespace ecr::auth::iam {
namespace {

bool has_principals(DecidedBy type) {
  return type == DecidedBy::kResource || type == DecidedBy::kRcp || type == DecidedBy::kEndpoint;
}

// Tells how the statement names the caller. A policy attached to an identity, or an SCP, has no
// Principal: its place names the caller, which counts as "directly".
Named match_principal(const Statement& statement, const PreparedRequest& request, DecidedBy type) {
  if (!has_principals(type)) return Named::kDirectly;
  // The grammar refuses a resource-based policy without Principal when it is stored. If one comes
  // here all the same, it names no caller.
  if (!statement.has_principal) return Named::kNot;
  const Principal& principal = request.request.principal;
  const Context& context = request.request.context;
  if (!statement.not_principal) return statement.principals.names(principal, context);
  // A Deny with NotPrincipal always applies to principals that have a permissions boundary
  // ("NotPrincipal"; test: NotPrincipalWithDenyAlwaysAppliesWithABoundary).
  bool applies = false;
  if (statement.allow) {
    // A caller is left out if it is listed itself or by its role or account (inferred; test:
    // NotPrincipalWithAllow).
    applies = statement.principals.names(principal, context) == Named::kNot;
  } else {
    applies = request.has_boundary || !statement.principals.exempts(principal, context);
  }
  return applies ? Named::kDirectly : Named::kNot;
}

// Both halves of an action are compared without case, and a '*' may be anywhere in them (test:
// ActionsHaveNoCaseResourcesHave). NotAction matches every other action, those of other services
// too.
bool match_action(const Statement& statement, const PreparedRequest& request) {
  return statement.actions.matches(request.action_service, request.action_name) !=
         statement.not_action;
}

bool match_resource(const Statement& statement, const PreparedRequest& request, DecidedBy type,
                    StepBudget& budget) {
  // A repository or trust policy has no Resource: the resource is the one it is attached to.
  if (!statement.has_resource) return true;
  // AWS completes an incomplete ARN in identity-based policies ("IAM JSON policy elements:
  // Resource"). That it does so in SCPs too, and not in policies with a Principal, is inferred.
  const bool complete_short = !has_principals(type);
  const bool some = std::any_of(
      statement.resources.begin(), statement.resources.end(), [&](const ResourcePattern& pattern) {
        return pattern.matches(request.resource, request.request.context, complete_short, budget);
      });
  return some != statement.not_resource;
}

}  // namespace

PreparedRequest::PreparedRequest(const Request& r, bool boundary)
    : request(r), resource(r.resource), has_boundary(boundary) {
  // The actions of this program's services fit the buffer inside the object, so that a decision
  // does not allocate for them.
  const std::string_view action = r.action;
  if (action.size() <= buffer_.size()) {
    std::transform(action.begin(), action.end(), buffer_.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    lower_action = std::string_view(buffer_.data(), action.size());
  } else {
    long_buffer_ = base::to_lower(action);
    lower_action = long_buffer_;
  }
  const std::size_t colon = lower_action.find(':');
  if (colon == std::string_view::npos) {
    action_name = lower_action;
  } else {
    action_service = lower_action.substr(0, colon);
    action_name = lower_action.substr(colon + 1);
  }
}

StatementMatch match_statement(const Statement& statement, const PreparedRequest& request,
                               DecidedBy type, StepBudget& budget) {
  StatementMatch match;
  // The order of the tests is that of Outcome. The conditions come last, because they cost most.
  match.named = match_principal(statement, request, type);
  if (match.named == Named::kNot) {
    match.outcome = Outcome::kPrincipalMismatch;
  } else if (!match_action(statement, request)) {
    match.outcome = Outcome::kActionMismatch;
  } else if (!match_resource(statement, request, type, budget)) {
    match.outcome = Outcome::kResourceMismatch;
  } else {
    for (std::size_t i = 0; i < statement.conditions.size(); ++i) {
      if (statement.conditions[i].holds(request.request.context, budget)) continue;
      match.outcome = Outcome::kConditionMismatch;
      match.condition = static_cast<int>(i);
      break;
    }
  }
  return match;
}

}  // namespace ecr::auth::iam
