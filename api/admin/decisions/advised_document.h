// Advice as whole policies: an API that sets a policy takes a document, and no statement. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/admin/decisions/advice.h"

namespace ecr::api::admin {

struct AdvisedDocument {
  auth::iam::DecidedBy type = auth::iam::DecidedBy::kIdentity;
  std::size_t level = 0;
  std::string where;     // of the steps that it stands for
  std::string how;       // for people: "add this policy to arn:... (aws iam put-user-policy)"
  std::string document;  // JSON, whole
};

// One document for all additions to one place, in the order of the steps. For the identity of a
// caller it is a policy of its own; elsewhere it takes the place of the policy that is there, and
// has its statements too. A place has no document where the old statements cannot be kept as they
// are: one of them has to go, or has policy variables, which mean nothing in a policy of version
// 2008-10-17; nor where an RCP is missing, as only AWS's own can allow. `steps`: of advise() or
// missing_for_work() on `policies`.
std::vector<AdvisedDocument> advised_documents(const auth::iam::PolicySet& policies,
                                               const std::vector<AdviceStep>& steps);

}  // namespace ecr::api::admin
