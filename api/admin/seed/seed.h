// The seed: a document with accounts, users, policies and repositories, which the server applies at
// every start (and POST /_ecr-local/seed at any time).
//
//   {"accounts": {"123456789012": {
//      "managedPolicies": [{"name": "pull", "path": "/", "document": {...}}],
//      "groups": [{"name": "devs", "policies": {...}, "attachedPolicies": ["pull"]}],
//      "roles":  [{"name": "ci", "path": "/", "uniqueId": "AROA...", "trustPolicy": {...},
//                  "policies": {...}, "attachedPolicies": [...], "boundary": "pull",
//                  "tags": {...}, "maxSessionDuration": 3600}],
//      "users":  [{"name": "jane", "path": "/", "uniqueId": "AIDA...", "tags": {"team": "a"},
//                  "groups": ["devs"],
//                  "boundary": "pull", "attachedPolicies": [...],
//                  "accessKeys": [{"accessKeyId": "AKIA...", "secretAccessKey": "...",
//                                  "status": "Active"}],
//                  "policies": {"pull": {"Version": "2012-10-17", "Statement": [...]}}}],
//      "sessions": [{"role": "ci", "name": "build-1",  // or "user": a GetSessionToken session,
//                                                      // or "federatedBy": the issuing user
//                    "accessKeyId": "ASIA...", "secretAccessKey": "...", "sessionToken": "...",
//                    "policies": [{...}], "tags": {...}, "sourceIdentity": "x", "mfa": false,
//                    "expires": "2030-01-01T00:00:00Z"}],
//      "oidcProviders": [{"url": "https://token.actions.githubusercontent.com",
//                         "clientIds": ["sts.amazonaws.com"], "thumbprints": [], "tags": {...}}],
//      "samlProviders": [{"name": "corp", "metadata": "<EntityDescriptor ...", "tags": {...}}],
//      "serviceLinkedRoles": ["replication.ecr.amazonaws.com"],
//      "accountAlias": "my-team",
//      "instanceProfiles": [{"name": "build", "path": "/", "role": "ci", "tags": {...}}],
//      "repositories": [{"name": "team-a/app", "region": "us-east-1", "tags": {"k": "v"},
//                        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
//                        "imageTagMutabilityExclusionFilters":
//                          [{"filterType": "WILDCARD", "filter": "dev-*"}],
//                        "encryptionConfiguration": {"encryptionType": "KMS"},
//                        "scanOnPush": false, "policy": {...}, "lifecyclePolicy": {...},
//                        // OCI image layouts; with "tags" in place of those in index.json
//                        "images": ["layouts/app", {"layout": "/srv/x", "tags": ["v1"]}]}],
//      "registryPolicies": {"us-east-1": {...}},
//      "accountSettings": {"us-east-1": {"REGISTRY_POLICY_SCOPE": "V2"}}}},
//    "organization": {
//      "id": "o-example", "managementAccount": "999999999999",
//      "policies": [{"id": "p-nodelete", "type": "SERVICE_CONTROL_POLICY", "name": "no deletes",
//                    "document": {...}}],
//      "root": {"policies": ["p-nodelete"], "fullAccess": true},
//      "units": [{"id": "ou-prod", "parent": "root", "policies": [...]}],
//      "accounts": {"123456789012": {"parent": "ou-prod", "policies": [...]}}},
//    // "@{Name}" stands for the value of a parameter
//    "roleTemplates": [{"service": "lambda.amazonaws.com", "name": "Function", "majorVersion": 1,
//      "description": "x", "enabled": true, "defaultMinorVersion": 1,
//      "versions": [{"minorVersion": 1, "enabled": true, "roleName": "function-@{Name}",
//        "rolePath": "/", "roleDescription": "x", "trustPolicy": {...}, "policies": {...},
//        "attachedPolicies": ["arn:..."], "boundary": "arn:...", "tags": {"for": "@{Name}"},
//        "maxSessionDuration": 3600,
//        "parameters": [{"name": "Name", "type": "String", "required": true, "default": "x",
//                        "subType": "x", "description": "x", "immutable": true}]}]}]}
//
// A managed policy is given by its name (in the account) or its ARN. As in AWS, the policies that
// allow everything (FullAWSAccess, RCPFullAWSAccess) are attached at every level of the
// organization; "fullAccess": false leaves out the first one.
//
// Applying a document twice has the same result as once. An entity that the document names gets the
// properties of the document: a user has exactly the keys, tags and policies given there; but a
// repository keeps its images. Entities that it does not name stay as they are, except for the
// organization, which is replaced as a whole where the document has one. A document is applied as a
// whole, or not at all.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/services.h"

namespace ecr::api::admin {

// A fault in the document. The text begins with the path of the wrong value:
// "accounts.123456789012.users[0].name: must be ...".
class SeedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct SeedReport {
  // What the document names, by the name of the list: {"users", 2}. Without what it has none of.
  std::vector<std::pair<std::string, std::uint64_t>> applied;
  // Of policies that AWS would take, but that cannot do what they seem to: "accounts.…: Action[0]:
  // …". kMostSeedWarnings at most.
  std::vector<std::string> warnings;
};
inline constexpr std::size_t kMostSeedWarnings = 100;

// `directory`: relative paths of image layouts start here; empty: they are refused. Throws
// SeedError. Thread-safe; blocking.
SeedReport apply_seed(const Services& services, std::string_view document,
                      const std::string& directory = {});

}  // namespace ecr::api::admin
