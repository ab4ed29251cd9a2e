// The part of the AWS Organizations API (AWS JSON 1.1) that authorization needs: the tree of units
// and accounts, service and resource control policies and what they are attached to.
#pragma once

#include <vector>

#include "api/core/access/operation.h"

namespace ecr::api::organizations {

ServiceApi make_api();

// The tables, one a file.
std::vector<const Operation*> structure_operations();   // structure.cpp
std::vector<const Operation*> account_operations();     // accounts.cpp
std::vector<const Operation*> policy_operations();      // policies.cpp
std::vector<const Operation*> attachment_operations();  // attachments.cpp

}  // namespace ecr::api::organizations
