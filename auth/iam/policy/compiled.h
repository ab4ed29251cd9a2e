// A policy in the form the evaluator works on, and how a checked document becomes that form.
// Internal to auth/iam. Immutable, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/action_set.h"
#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/condition.h"
#include "auth/iam/match/principal.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {

struct Statement {
  bool allow = false;
  bool not_action = false;
  bool not_resource = false;
  bool not_principal = false;
  bool has_principal = false;  // Principal or NotPrincipal is given
  bool has_resource = false;   // Resource or NotResource is given; else every resource
  PrincipalSet principals;
  ActionSet actions;
  std::vector<ResourcePattern> resources;
  std::vector<Condition> conditions;
  std::string sid;
  std::string json;  // compact, as it was written
};

struct Policy::Compiled {
  std::vector<Statement> statements;
};

// REQUIRES: check_grammar() found nothing in the document.
std::unique_ptr<const Policy::Compiled> compile(const base::OrderedJson& document);

}  // namespace ecr::auth::iam
