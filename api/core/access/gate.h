// Authorization: nothing reaches a handler on any plane without passing here. Builds the request
// context, asks the evaluator, and turns a denial into AWS's sentence.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/core/access/identity.h"
#include "api/core/services.h"
#include "api/core/wire/http.h"
#include "auth/iam/evaluate.h"

namespace ecr::api {

// One thing that a request acts on, with one action.
struct Target {
  std::string action;    // "ecr:PutImage"
  std::string resource;  // an ARN, or "*"
  std::string account;   // its owner
  storage::Tags resource_tags;
  // Resource policies as stored: the repository's, the registry's.
  std::vector<auth::iam::AttachedPolicy> policies;
  // Further condition keys of this action (ecr:AccountSetting, sts:ExternalId, ...).
  std::vector<std::pair<std::string, std::string>> context;
  std::vector<std::pair<std::string, std::vector<std::string>>> multivalued_context;
  // Tags that the request sends, where it sends any (aws:RequestTag, aws:TagKeys).
  std::optional<storage::Tags> request_tags;
  // Tag keys without values (UntagResource).
  std::vector<std::string> request_tag_keys;
  // What a refusal says where it is not AWS's usual sentence; empty: that sentence.
  std::string denial;
  // What that sentence calls the resource, where it is not `resource` ("user jane").
  std::string shown_resource;
};

// What of the request itself conditions can ask for.
struct RequestFacts {
  storage::sql::Txn& txn;
  const HttpRequest& http;
  std::string region;
  base::TimePoint now;
};

// The condition keys that every request of this principal carries (aws:PrincipalArn, ...).
void add_principal_context(auth::iam::Context& context, const Caller& caller);

// The decision alone: nothing is recorded, nothing is thrown.
bool is_allowed(const Services& services, const Caller& caller, const RequestFacts& facts,
                const Target& target);

// Throws ApiError::access_denied unless every target is allowed (or the enforcement mode lets it
// pass; `note` then says what would have been denied).
void authorize(const Services& services, const Caller& caller, const RequestFacts& facts,
               const std::vector<Target>& targets, LogNote& note);

}  // namespace ecr::api
