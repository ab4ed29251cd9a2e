#include "storage/rows/iam/sessions.h"

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr EnumColumn<SessionKind, 3> kSessionKinds({"role", "federated", "user"});

}  // namespace

// A DELETE first, and no ON CONFLICT: all seventeen columns would have to be named again. The
// session keeps the policies, tags and claims that it was issued with (test
// TemporaryCredentials.ASessionComesBackWhole).
void put_session(sql::Txn& txn, const Session& session) {
  txn.exec("DELETE FROM sessions WHERE access_key = ?", session.access_key);
  txn.exec(
      R"(INSERT INTO sessions (access_key, secret, token, kind, account, entity, name,
                               source_identity, provider, mfa, policies, tags,
                               transitive_keys, claims, created_at, expires_at, scope_down)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))",
      session.access_key, session.secret, session.token, kSessionKinds.text(session.kind),
      session.account, session.entity, session.name, session.source_identity, session.provider,
      session.mfa, session.policies, session.tags, session.transitive_keys, session.claims,
      to_column(session.created_at), to_column(session.expires_at), session.scope_down);
}

// Returns an expired session too: the caller compares the time, because only it has the clock.
std::optional<Session> find_session(sql::Txn& txn, std::string_view access_key) {
  auto row = txn.query(
      R"(SELECT access_key, secret, token, kind, account, entity, name, source_identity, provider,
                mfa, policies, tags, transitive_keys, claims, created_at, expires_at, scope_down
         FROM sessions WHERE access_key = ?)",
      access_key);
  if (!row.next()) return std::nullopt;
  return Session{.access_key = row.string(0),
                 .secret = row.string(1),
                 .token = row.string(2),
                 .kind = kSessionKinds.value(row.text(3)),
                 .account = row.string(4),
                 .entity = row.optional_integer(5),
                 .name = row.string(6),
                 .source_identity = row.optional_string(7),
                 .provider = row.optional_string(8),
                 .mfa = row.integer(9) != 0,
                 .policies = row.string(10),
                 .scope_down = row.string(16),
                 .tags = row.string(11),
                 .transitive_keys = row.string(12),
                 .claims = row.string(13),
                 .created_at = from_column(row.integer(14)),
                 .expires_at = from_column(row.integer(15))};
}

// A deleted role or user takes its sessions along by the foreign key (test
// TemporaryCredentials.GoWithTheirRoleAndTheirTime). The index sessions_by_expiry finds the expired
// ones without reading the others.
void delete_expired_sessions(sql::Txn& txn, base::TimePoint now) {
  txn.exec("DELETE FROM sessions WHERE expires_at < ?", to_column(now - kExpiredSessionsKept));
}

}  // namespace ecr::storage
