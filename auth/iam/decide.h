// From what the policies say to the decision. Internal to auth/iam. Pure.
#pragma once

#include <cstddef>

#include "auth/iam/evaluate.h"
#include "auth/iam/statement_match.h"

namespace ecr::auth::iam {

// A statement that applies. Null: none does.
struct Hit {
  const AttachedPolicy* policy = nullptr;
  std::size_t statement = 0;
};

// What the policies of one kind say.
struct Findings {
  Hit deny;                         // the first
  Hit allow;                        // the first that names the caller most closely
  Named allowed_as = Named::kNot;   // kNot: nothing allows
  bool every_policy_allows = true;  // of SCPs and RCPs: every level does
};

struct Consulted {
  Findings scp;
  Findings rcp;
  Findings resource;
  Findings identity;
  Findings boundary;
  Findings session;
  bool has_session_policy = false;
};

bool is_always_allowed(const PreparedRequest& request);

// Fills in everything but the trace.
void decide(const PreparedRequest& request, const Consulted& consulted, Verdict& verdict);

}  // namespace ecr::auth::iam
