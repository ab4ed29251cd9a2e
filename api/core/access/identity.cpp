#include "api/core/access/identity.h"

#include <chrono>

#include "api/core/access/principal_policies.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api {
namespace {

using auth::iam::PrincipalKind;
using storage::SessionKind;

// The account whose root user the key is; nullopt: not a root key.
std::optional<std::string> root_account(const Settings& settings, std::string_view key) {
  if (!settings.root_access_key.empty() && key == settings.root_access_key) return settings.account;
  if (settings.account_root_keys && model::is_account_id(key)) return std::string(key);
  return std::nullopt;
}

// What every kind of principal has: account, organization, its SCPs.
Caller make_caller(const Services& services, storage::sql::Txn& txn, PrincipalKind kind,
                   const std::string& account, std::string_view key) {
  Caller caller;
  caller.principal.kind = kind;
  caller.principal.account = account;
  caller.access_key_id = key;
  caller.account = account;
  add_organization(services, txn, caller);
  return caller;
}

void become_root(const Services& services, Caller& caller) {
  caller.principal.kind = PrincipalKind::kRoot;
  caller.principal.arn = base::format("arn:aws:iam::{}:root", caller.account);
  caller.user_id = caller.account;
  caller.identity.push_back(root_policy(services));
}

// As the user himself, with whatever his groups give him.
void become_user(const Services& services, storage::sql::Txn& txn, const storage::Entity& user,
                 Caller& caller) {
  caller.principal.kind = PrincipalKind::kUser;
  caller.principal.arn = entity_arn(user);
  caller.principal.unique_id = user.unique_id;
  caller.user_id = user.unique_id;
  caller.user_name = user.name;
  caller.tags = storage::entity_tags(txn, user.id);
  add_identity_policies(services, txn, user, caller);
}

void become_role_session(const Services& services, storage::sql::Txn& txn,
                         const storage::Session& session, const storage::Entity& role,
                         Caller& caller) {
  caller.principal.arn =
      base::format("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, session.name);
  caller.principal.issuer = entity_arn(role);
  caller.principal.unique_id = role.unique_id;
  caller.user_id = role.unique_id + ":" + session.name;
  caller.tags = merge_tags(storage::entity_tags(txn, role.id), session_tags(session));
  add_identity_policies(services, txn, role, caller);
  add_session_policies(services, txn, session, caller);
}

// A federated user has what both the issuing user and the session's policies allow.
void become_federated(const Services& services, storage::sql::Txn& txn,
                      const storage::Session& session, const std::optional<storage::Entity>& issuer,
                      Caller& caller) {
  if (issuer) {
    add_identity_policies(services, txn, *issuer, caller);
    caller.principal.issuer = entity_arn(*issuer);
    caller.principal.unique_id = issuer->unique_id;
  } else {
    caller.identity.push_back(root_policy(services));
    caller.principal.issuer = base::format("arn:aws:iam::{}:root", caller.account);
  }
  caller.principal.arn =
      base::format("arn:aws:sts::{}:federated-user/{}", caller.account, session.name);
  caller.user_id = caller.account + ":" + session.name;
  caller.tags = session_tags(session);
  add_session_policies(services, txn, session, caller);
  caller.context.emplace_back("aws:MultiFactorAuthPresent", "false");
}

// "aws:MultiFactorAuthAge": seconds since the second factor was shown, which was when the session
// began; only where one was.
void add_second_factor(const Services& services, const storage::Session& session, Caller& caller) {
  caller.context.emplace_back("aws:MultiFactorAuthPresent", session.mfa ? "true" : "false");
  if (!session.mfa) return;
  const auto age =
      std::chrono::floor<std::chrono::seconds>(services.clock.now() - session.created_at);
  caller.context.emplace_back("aws:MultiFactorAuthAge", base::format("{}", age.count()));
}

void add_web_identity(const storage::Session& session, Caller& caller) {
  caller.context.emplace_back("aws:FederatedProvider", *session.provider);
  for (auto& claim : session_claims(session)) caller.context.push_back(std::move(claim));
}

std::optional<Caller> session_caller(const Services& services, storage::sql::Txn& txn,
                                     std::string_view key) {
  const auto session = storage::find_session(txn, key);
  if (!session || session->expires_at <= services.clock.now()) return std::nullopt;
  const auto entity = session->entity ? storage::find_entity(txn, *session->entity) : std::nullopt;
  if (session->entity && !entity) return std::nullopt;
  const PrincipalKind kind = session->kind == SessionKind::kFederatedUser
                                 ? PrincipalKind::kFederatedUser
                                 : PrincipalKind::kRoleSession;
  Caller caller = make_caller(services, txn, kind, session->account, key);
  switch (session->kind) {
    case SessionKind::kRole:
      if (!entity) return std::nullopt;
      caller.last_use = {entity->last_used_at, entity->last_used_region.value_or(""), ""};
      become_role_session(services, txn, *session, *entity, caller);
      add_second_factor(services, *session, caller);
      break;
    case SessionKind::kFederatedUser:
      become_federated(services, txn, *session, entity, caller);
      break;
    case SessionKind::kUser:
      if (entity) {
        become_user(services, txn, *entity, caller);
      } else {
        become_root(services, caller);
      }
      add_second_factor(services, *session, caller);
      break;
  }
  caller.context.emplace_back("aws:TokenIssueTime", base::format_iso8601(session->created_at));
  if (session->source_identity) {
    caller.context.emplace_back("aws:SourceIdentity", *session->source_identity);
  }
  if (session->provider) add_web_identity(*session, caller);
  caller.temporary = session;
  return caller;
}

}  // namespace

Caller anonymous_caller() {
  Caller caller;
  caller.user_id = "anonymous";
  return caller;
}

bool is_reserved_access_key(const Settings& settings, std::string_view access_key_id) {
  // Reserved whatever the settings are now: they may be others at the next start.
  return access_key_id == "test" || model::is_account_id(access_key_id) ||
         root_account(settings, access_key_id).has_value();
}

std::optional<auth::SigningCredential> find_credential(const Services& services,
                                                       storage::sql::Txn& txn,
                                                       std::string_view access_key_id) {
  const Settings& settings = services.settings;
  if (root_account(settings, access_key_id)) {
    const bool configured = access_key_id == settings.root_access_key;
    return auth::SigningCredential{configured ? settings.root_secret_key : "test", "", {}};
  }
  if (const auto key = storage::find_access_key(txn, access_key_id)) {
    if (!key->active) return std::nullopt;
    return auth::SigningCredential{key->secret, "", {}};
  }
  const auto session = storage::find_session(txn, access_key_id);
  if (!session) return std::nullopt;
  return auth::SigningCredential{session->secret, session->token, session->expires_at};
}

std::optional<Caller> find_caller(const Services& services, storage::sql::Txn& txn,
                                  std::string_view access_key_id) {
  if (const auto account = root_account(services.settings, access_key_id)) {
    Caller caller = make_caller(services, txn, PrincipalKind::kRoot, *account, access_key_id);
    become_root(services, caller);
    return caller;
  }
  const auto key = storage::find_access_key(txn, access_key_id);
  if (!key) return session_caller(services, txn, access_key_id);
  if (!key->active) return std::nullopt;
  const auto owner = storage::find_entity(txn, key->entity);
  if (!owner) return std::nullopt;
  Caller caller = make_caller(services, txn, PrincipalKind::kUser, owner->account, access_key_id);
  caller.last_use = {key->last_used_at, key->last_used_region.value_or(""),
                     key->last_used_service.value_or("")};
  become_user(services, txn, *owner, caller);
  return caller;
}

}  // namespace ecr::api
