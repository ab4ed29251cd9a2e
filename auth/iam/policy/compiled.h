// A policy in the form the evaluator works on, and how a checked document becomes that form.
// Internal to auth/iam. Immutable, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/iam/match/arn_match.h"
#include "auth/iam/match/condition.h"
#include "auth/iam/match/glob.h"
#include "auth/iam/match/principal.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"

namespace ecr::auth::iam {

// "ecr:Put*", both halves in lower case; without a colon only "*" means something.
class ActionPattern {
 public:
  explicit ActionPattern(std::string_view text);
  // REQUIRES: both in lower case.
  bool matches(std::string_view service, std::string_view name) const {
    return everything_ || (!nothing_ && name_.matches(name) && service_.matches(service));
  }
  bool is_everything() const { return everything_; }

 private:
  bool everything_ = false;
  bool nothing_ = false;
  Glob service_;
  Glob name_;
};

struct Statement {
  bool allow = false;
  bool not_action = false;
  bool not_resource = false;
  bool not_principal = false;
  bool has_principal = false;  // Principal or NotPrincipal is given
  bool has_resource = false;   // Resource or NotResource is given; else every resource
  PrincipalSet principals;
  std::vector<ActionPattern> actions;
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
