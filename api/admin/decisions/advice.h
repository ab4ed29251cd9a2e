// Advice on a refused request, the "suggestion" of a decision: the Deny statements that have to go,
// and the smallest statements that have to be added, each with the policy it belongs in. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "auth/iam/evaluate.h"

namespace ecr::api::admin {

struct AdviceStep {
  // kRemove: remove the statement, or narrow it so that it does not apply to the request.
  enum class Change { kAdd, kRemove } change = Change::kAdd;
  auth::iam::DecidedBy type = auth::iam::DecidedBy::kIdentity;
  std::size_t level = 0;      // of SCPs and RCPs; 0: the root of the organization
  std::size_t policy = 0;     // index into its list; the list's size: a new policy
  std::size_t statement = 0;  // kRemove: index
  std::string sid;            // kRemove
  std::string document;       // JSON of the statement to add or to remove
  // kRemove: JSON of the statements to put in its place, which deny everything but this request.
  // Empty: none are known, as the request does not tell who the caller is.
  std::vector<std::string> narrowed;
  std::string narrowed_also_allows;  // for people; empty: nothing but this request
  std::string where;                 // for people: "the repository policy of app"
  std::string caution;               // for people: whom else an addition lets in; empty: nobody
};

// In the order of the evaluation; empty for an allow, where the verdict is over its budget, and
// where no policy can allow the request: most actions cannot be given to another account. All
// of the steps together, taken on `policies`, make evaluate() allow the request. REQUIRES: verdict
// == evaluate(request, policies).
std::vector<AdviceStep> advise(const auth::iam::Request& request,
                               const auth::iam::PolicySet& policies,
                               const auth::iam::Verdict& verdict);

// The list of policies that trace entries of this type and level refer to.
const std::vector<auth::iam::AttachedPolicy>& policies_of(const auth::iam::PolicySet& set,
                                                          auth::iam::DecidedBy type,
                                                          std::size_t level);

}  // namespace ecr::api::admin
