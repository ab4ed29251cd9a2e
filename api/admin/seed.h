// The seed file: accounts, users, policies and repositories that exist at every start.
//
//   {"accounts": {"123456789012": {
//      "users": [{"name": "jane", "path": "/", "tags": {"team": "a"},
//                 "accessKeys": [{"accessKeyId": "AKIA...", "secretAccessKey": "...",
//                                 "status": "Active"}],
//                 "policies": {"pull": {"Version": "2012-10-17", "Statement": [...]}}}],
//      "repositories": [{"name": "team-a/app", "region": "us-east-1", "tags": {"k": "v"},
//                        "imageTagMutability": "IMMUTABLE", "scanOnPush": false,
//                        "policy": {...}}]}}}
//
// Applying it twice is the same as once. What it names is made as it says: a user's keys, tags and
// policies are exactly those given; a repository keeps its images. What it does not name is left
// alone. All of it is applied, or nothing.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "api/services.h"

namespace ecr::api::admin {

// Names the place: "accounts.123456789012.users[0].name: must be ...".
class SeedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

void apply_seed(const Services& services, std::string_view document);

}  // namespace ecr::api::admin
