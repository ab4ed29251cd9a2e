// The flag --changed POLICY=FILE of `ecr-local test`: a policy as the command line names it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "api/admin/what_if/change.h"

namespace ecr::api::admin::policy_tests {

struct ChangeOption {
  std::string policy;
  std::string file;  // empty: the policy is removed
};

// "POLICY=FILE"; the last "=" is the one, as names of policies may have others. Throws
// ParameterError.
ChangeOption parse_change_option(const std::string& text);

// `policy`: [KIND:]TARGET[#NAME], as
//   arn:aws:iam::111122223333:policy/push            a managed policy
//   arn:aws:iam::111122223333:role/ci#push           the inline policy "push" of the role
//   arn:aws:ecr:us-east-1:111122223333:repository/a  the policy of the repository
//   arn:aws:ecr:us-east-1:111122223333:registry      the policy of the registry
//   trust:arn:aws:iam::111122223333:role/ci          what the role trusts
//   boundary:arn:aws:iam::111122223333:role/ci       its permissions boundary
//   scp:p-nodelete, rcp:p-perimeter                  of the organization
//   endpoint                                         of the VPC endpoint
// `document`: null: the policy is removed. Throws ParameterError, also where the document is no
// policy of its kind.
what_if::Change proposed_change(const std::string& policy, const std::string* document);

}  // namespace ecr::api::admin::policy_tests
