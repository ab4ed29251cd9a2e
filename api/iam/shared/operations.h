// The operations of IAM by their groups, each in its own file.
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::iam {

std::vector<const Operation*> user_operations();           // users.cpp
std::vector<const Operation*> access_key_operations();     // access_keys.cpp
std::vector<const Operation*> group_operations();          // groups.cpp
std::vector<const Operation*> inline_policy_operations();  // inline_policies.cpp
std::vector<const Operation*> boundary_operations();       // boundaries.cpp
std::vector<const Operation*> tag_operations();            // tags.cpp
std::vector<const Operation*> role_operations();           // roles.cpp
std::vector<const Operation*> service_linked_role_operations();
std::vector<const Operation*> instance_profile_operations();
std::vector<const Operation*> managed_policy_operations();  // managed_policies.cpp
std::vector<const Operation*> attachment_operations();      // attachments.cpp
std::vector<const Operation*> oidc_provider_operations();   // oidc_providers.cpp
std::vector<const Operation*> saml_provider_operations();   // saml_providers.cpp
std::vector<const Operation*> account_operations();         // account.cpp
std::vector<const Operation*> sign_in_operations();         // sign_in.cpp
std::vector<const Operation*> authorization_detail_operations();
std::vector<const Operation*> service_access_operations();  // service_access.cpp

}  // namespace ecr::api::iam
