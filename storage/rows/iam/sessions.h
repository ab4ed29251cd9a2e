// Rows of temporary credentials, which AssumeRole, GetFederationToken, GetSessionToken and
// GetScopedCredentials return.
// They are deleted with the role or user that they belong to. Free functions on Txn.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class SessionKind { kRole, kFederatedUser, kUser };  // "role", "federated", "user"

struct Session {
  std::string access_key;  // ASIA...
  std::string secret;
  std::string token;
  SessionKind kind = SessionKind::kRole;
  std::string account;
  std::optional<std::int64_t> entity;  // the role, or the issuing user; none: the root user
  std::string name;                    // session name, or the federated user's
  std::optional<std::string> source_identity;
  std::optional<std::string> provider;  // ARN of the identity provider of a web identity
  bool mfa = false;
  std::string policies = "[]";    // JSON array of documents and of managed policies' ARNs
  std::string scope_down = "[]";  // JSON array of documents, each of which must allow
  std::string tags = "{}";        // JSON object
  // JSON array: the keys of `tags` that a session assumed with this one inherits.
  std::string transitive_keys = "[]";
  std::string claims = "{}";  // of a web identity, JSON object: condition key to value
  base::TimePoint created_at;
  base::TimePoint expires_at;
};

// Replaces the session of the access key.
void put_session(sql::Txn& txn, const Session& session);
std::optional<Session> find_session(sql::Txn& txn, std::string_view access_key);

// Expired sessions are kept for a week: their users are told that the session has expired, not that
// the key is unknown.
inline constexpr std::chrono::hours kExpiredSessionsKept{24 * 7};
// Deletes those that have been kept long enough at `now`.
void delete_expired_sessions(sql::Txn& txn, base::TimePoint now);

}  // namespace ecr::storage
