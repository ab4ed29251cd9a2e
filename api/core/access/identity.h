// The caller of a request: from an access key to a principal with everything attached to it, as it
// is now. The only place that knows root credentials. Stateless functions on the request's
// transaction.
#pragma once

#include <functional>
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

// When credentials were used last, as far as that has been noted.
struct LastUse {
  std::optional<base::TimePoint> at;
  std::string region;
  std::string service;  // of an access key
};

struct Caller {
  auth::iam::Principal principal;
  std::string access_key_id;
  std::string account;
  std::string partition = "aws";  // that the principal's ARN is in
  std::string user_id;            // aws:userid: AIDA..., or the account's id for its root user
  std::string user_name;          // aws:username; empty but for users
  storage::Tags tags;             // aws:PrincipalTag/...
  std::vector<auth::iam::AttachedPolicy> identity;
  std::vector<auth::iam::AttachedPolicy> boundaries;
  std::vector<auth::iam::AttachedPolicy> session;
  std::vector<auth::iam::AttachedPolicy> scope_down;  // of GetScopedCredentials
  std::optional<storage::Organization> organization;  // that the account is in
  // The service control policies by level: root, OUs, account. Empty: the account is in no
  // organization, or is its management account.
  std::vector<std::vector<auth::iam::AttachedPolicy>> scps;
  std::optional<storage::Session> temporary;  // the credentials, where they are temporary ones
  LastUse last_use;                           // of the access key, or of a session's role
  // Further condition keys that only this kind of principal has (aws:TokenIssueTime, ...).
  std::vector<std::pair<std::string, std::string>> context;
};

// The secret of an access key; nullopt: unknown or inactive.
std::optional<auth::SigningCredential> find_credential(const Core& core, storage::sql::Txn& txn,
                                                       std::string_view access_key_id);

// The principal behind an access key; nullopt: the key is unknown, inactive or without an owner.
// `region`: the one that the request, or the login before it, was signed for. It says of which
// partition a root user is: at AWS an account is in one partition, and here every account id has a
// root user in each. Users and roles are in the partition in which they were made.
std::optional<Caller> find_caller(const Core& core, storage::sql::Txn& txn,
                                  std::string_view access_key_id, std::string_view region);

// A name of the principal for what outlives the request and belongs to it alone. It stays when a
// user is renamed, and a principal that is made anew under the same name has another one.
std::string lasting_id(const Caller& caller);

// The caller of an operation without signature (AssumeRoleWithWebIdentity), until the call itself
// says more.
Caller anonymous_caller();

// Notes when an access key, and a role, was used last (GetAccessKeyLastUsed, RoleLastUsed). Returns
// the function that writes the note; empty: nothing to write, as the same use was noted within the
// last minute. Run it outside of a transaction; it never throws.
std::function<void()> note_of_use(const Core& core, const Caller& caller, std::string_view service,
                                  std::string_view region, base::TimePoint now);

// True for the access keys whose secret is public knowledge: "test", and 12 digits.
bool is_default_credential(const Settings& settings, std::string_view access_key_id);

// True for keys that name a root user: no stored key may have such an id.
bool is_reserved_access_key(const Settings& settings, std::string_view access_key_id);

}  // namespace ecr::api
