// The data files linked into the program, byte for byte. They live as long as the program.
#pragma once

#include <string_view>

namespace ecr::model::embedded {

std::string_view ecr_model();
std::string_view iam_model();
std::string_view sts_model();
std::string_view organizations_model();
// AWS's service authorization reference: actions, resource types, condition keys.
std::string_view ecr_authorization();
std::string_view iam_authorization();
std::string_view sts_authorization();
// AWS's managed policies, packed (scripts/update-managed-policies says how).
std::string_view aws_managed_policies();
// The roles that services of AWS have in an account; the file says what its columns are.
std::string_view service_linked_roles();

}  // namespace ecr::model::embedded
