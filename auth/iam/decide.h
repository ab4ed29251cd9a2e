// Combines the effects of all policies into the decision. Internal to auth/iam. Pure.
#pragma once

#include <cstddef>

#include "auth/iam/evaluate.h"
#include "auth/iam/statement_match.h"

namespace ecr::auth::iam {

// A statement that applies to the request; `policy` null: no statement applies.
struct AppliedStatement {
  const AttachedPolicy* policy = nullptr;
  std::size_t statement = 0;
};

// The effects that the policies of one kind have on a request.
struct Effects {
  AppliedStatement deny;           // the first
  AppliedStatement allow;          // the first that names the caller most closely
  Named allowed_as = Named::kNot;  // kNot: nothing allows
  // Of boundaries, scope-down and endpoint policies; of SCPs and RCPs: every level.
  bool every_policy_allows = true;
};

struct Consulted {
  Effects scp;
  Effects rcp;
  Effects resource;
  Effects identity;
  Effects boundary;
  Effects session;
  Effects scope_down;
  Effects endpoint;
  bool has_session_policy = false;
};

bool is_always_allowed(const PreparedRequest& request);

// Fills in everything but the trace.
void decide(const PreparedRequest& request, const Consulted& consulted, Verdict& verdict);

}  // namespace ecr::auth::iam
