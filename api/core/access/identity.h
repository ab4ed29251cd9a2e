// Who is asking: from an access key to a principal with everything attached to it, as it is now.
// The one place that knows of root credentials. Stateless functions on the request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/core/services.h"
#include "auth/iam/evaluate.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/iam/sessions.h"
#include "storage/rows/tags.h"

namespace ecr::api {

// When credentials were used last, as far as it has been noted.
struct LastUse {
  std::optional<base::TimePoint> at;
  std::string region;
  std::string service;  // of an access key
};

struct Caller {
  auth::iam::Principal principal;
  std::string access_key_id;
  std::string account;
  std::string user_id;    // aws:userid: AIDA..., or the account's id for its root user
  std::string user_name;  // aws:username; empty but for users
  storage::Tags tags;     // aws:PrincipalTag/...
  std::vector<auth::iam::AttachedPolicy> identity;
  std::vector<auth::iam::AttachedPolicy> boundaries;
  std::vector<auth::iam::AttachedPolicy> session;
  std::optional<storage::Organization> organization;  // that the account is in
  // Of the caller's organization: root, OUs, account. Empty: no organization, or exempt from it.
  std::vector<std::vector<auth::iam::AttachedPolicy>> scps;
  std::optional<storage::Session> temporary;  // the credentials, where they are temporary ones
  LastUse last_use;                           // of the access key, or of a session's role
  // Further condition keys that only this kind of principal has (aws:TokenIssueTime, ...).
  std::vector<std::pair<std::string, std::string>> context;
};

// The secret of an access key; nullopt: unknown or inactive.
std::optional<auth::SigningCredential> find_credential(const Services& services,
                                                       storage::sql::Txn& txn,
                                                       std::string_view access_key_id);

// The principal behind an access key; nullopt: the key is unknown, inactive or without an owner.
std::optional<Caller> find_caller(const Services& services, storage::sql::Txn& txn,
                                  std::string_view access_key_id);

// Who calls without a signature (AssumeRoleWithWebIdentity): nobody, until the call itself says.
Caller anonymous_caller();

// True for keys that name a root user, which no stored key may shadow.
bool is_reserved_access_key(const Settings& settings, std::string_view access_key_id);

}  // namespace ecr::api
