#include "api/core/access/identity.h"

#include <chrono>

#include "api/core/access/principal_policies.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"
#include "storage/os/error.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api {
namespace {

using auth::iam::PrincipalKind;
using storage::SessionKind;

// The account whose root user the key is; nullopt: not a root key.
// "test" and every 12-digit key are root credentials by default, as other
// emulators have them; --no-default-credentials switches both off.
std::optional<std::string> root_account(const Settings& settings, std::string_view key) {
  if (!settings.root_access_key.empty() && key == settings.root_access_key) return settings.account;
  if (settings.account_root_keys && model::is_account_id(key)) return std::string(key);
  return std::nullopt;
}

// The parts that every kind of principal has: account, organization, its service control policies.
// The partition is that of the root user; other kinds have one of their own.
Caller make_caller(const Core& core, storage::sql::Txn& txn, PrincipalKind kind,
                   const std::string& account, std::string_view key, std::string_view region) {
  Caller caller;
  caller.principal.kind = kind;
  caller.principal.account = account;
  caller.access_key_id = key;
  caller.account = account;
  caller.partition = model::partition_of(region);
  add_organization(core, txn, caller);
  return caller;
}

void become_root(const Core& core, Caller& caller) {
  caller.principal.kind = PrincipalKind::kRoot;
  caller.principal.arn = root_arn(caller.partition, caller.account);
  caller.user_id = caller.account;
  caller.identity.push_back(root_policy(core));
}

// A user, with the policies of its groups. The credentials of GetSessionToken are the user's own:
// AWS shows and evaluates them as the user, not as a session.
void become_user(const Core& core, storage::sql::Txn& txn, const storage::Entity& user,
                 Caller& caller) {
  caller.principal.kind = PrincipalKind::kUser;
  caller.partition = user.partition;
  caller.principal.arn = entity_arn(user);
  caller.principal.unique_id = user.unique_id;
  caller.user_id = user.unique_id;
  caller.user_name = user.name;
  // Long-term keys have no MFA keys at all, not even "false": policies test that with BoolIfExists.
  caller.tags = storage::entity_tags(txn, user.id);
  add_identity_policies(core, txn, user, caller);
}

// aws:userid is "AROA...:session name". The unique id is the role's: a trust or repository policy
// stores it in place of the role's ARN (stored_principals.h).
void become_role_session(const Core& core, storage::sql::Txn& txn, const storage::Session& session,
                         const storage::Entity& role, Caller& caller) {
  caller.partition = role.partition;
  caller.principal.arn = role_session_arn(role, session.name);
  caller.principal.issuer = entity_arn(role);
  caller.principal.unique_id = role.unique_id;
  caller.user_id = role.unique_id + ":" + session.name;
  caller.tags = merge_tags(storage::entity_tags(txn, role.id), session_tags(session));
  add_identity_policies(core, txn, role, caller);
  add_session_policies(core, txn, session, caller);
}

// A federated user may do what both the issuing user's policies and the session's policies allow;
// without a session policy it may do nothing (AWS IAM User Guide, "Permissions for
// GetFederationToken"). The issuer is the account's root user where root credentials asked for the
// token. Its principal tags are the user's, as they are now, and those of the session, which
// replace the user's of the same key (AWS STS API Reference, "GetFederationToken", Tags; test
// AFederatedUserHasTheTagsOfItsUser). It is in the partition of its issuer.
void become_federated(const Core& core, storage::sql::Txn& txn, const storage::Session& session,
                      const std::optional<storage::Entity>& issuer, Caller& caller) {
  if (issuer) {
    caller.partition = issuer->partition;
    add_identity_policies(core, txn, *issuer, caller);
    caller.principal.issuer = entity_arn(*issuer);
    caller.principal.unique_id = issuer->unique_id;
    caller.tags = storage::entity_tags(txn, issuer->id);
  } else {
    caller.identity.push_back(root_policy(core));
    caller.principal.issuer = root_arn(caller.partition, caller.account);
  }
  caller.principal.arn = federated_user_arn(caller.partition, caller.account, session.name);
  caller.user_id = caller.account + ":" + session.name;
  caller.tags = merge_tags(std::move(caller.tags), session_tags(session));
  add_session_policies(core, txn, session, caller);
  caller.context.emplace_back("aws:MultiFactorAuthPresent", "false");
}

// "aws:MultiFactorAuthAge": seconds since the second factor was shown, which was when the session
// began; only where one was.
void add_second_factor(const Core& core, const storage::Session& session, Caller& caller) {
  caller.context.emplace_back("aws:MultiFactorAuthPresent", session.mfa ? "true" : "false");
  if (!session.mfa) return;
  const auto age = std::chrono::floor<std::chrono::seconds>(core.clock.now() - session.created_at);
  caller.context.emplace_back("aws:MultiFactorAuthAge", base::format("{}", age.count()));
}

// Sessions of AssumeRoleWithWebIdentity: the provider, and the claims of the token as condition
// keys
// ("token.actions.githubusercontent.com:sub").
void add_web_identity(const storage::Session& session, Caller& caller) {
  caller.context.emplace_back("aws:FederatedProvider", *session.provider);
  for (auto& claim : session_claims(session)) caller.context.push_back(std::move(claim));
}

// A session whose role or user is gone is no caller any more: its policies cannot be known. The
// clock of expiry is the one that clients see (core.clock), which tests move.
std::optional<Caller> session_caller(const Core& core, storage::sql::Txn& txn, std::string_view key,
                                     std::string_view region) {
  const auto session = storage::find_session(txn, key);
  if (!session || session->expires_at <= core.clock.now()) return std::nullopt;
  const auto entity = session->entity ? storage::find_entity(txn, *session->entity) : std::nullopt;
  if (session->entity && !entity) return std::nullopt;
  const PrincipalKind kind = session->kind == SessionKind::kFederatedUser
                                 ? PrincipalKind::kFederatedUser
                                 : PrincipalKind::kRoleSession;
  Caller caller = make_caller(core, txn, kind, session->account, key, region);
  switch (session->kind) {
    case SessionKind::kRole:
      if (!entity) return std::nullopt;
      caller.last_use = {entity->last_used_at, entity->last_used_region.value_or(""),
                         entity->last_used_service.value_or("")};
      become_role_session(core, txn, *session, *entity, caller);
      add_second_factor(core, *session, caller);
      break;
    case SessionKind::kFederatedUser:
      become_federated(core, txn, *session, entity, caller);
      break;
    case SessionKind::kUser:
      if (entity) {
        become_user(core, txn, *entity, caller);
      } else {
        become_root(core, caller);
      }
      add_second_factor(core, *session, caller);
      break;
  }
  // Every kind of temporary credentials has aws:TokenIssueTime; aws:SourceIdentity survives role
  // chaining, as it is copied from session to session (STS).
  caller.context.emplace_back("aws:TokenIssueTime", base::format_iso8601(session->created_at));
  if (session->source_identity) {
    caller.context.emplace_back("aws:SourceIdentity", *session->source_identity);
  }
  if (session->provider) add_web_identity(*session, caller);
  add_scope_down_policies(core, *session, caller);
  caller.temporary = session;
  return caller;
}

void write_note(storage::Store& store, const std::function<void(storage::sql::Txn&)>& change) {
  try {
    storage::sql::Txn txn = store.database().begin(storage::sql::Access::kWrite);
    change(txn);
    txn.commit(storage::sql::Durability::kRelaxed);
  } catch (const storage::StorageError&) {
    // A full disk, say. The call itself has its answer already, and the note is not worth an error.
  }
}

}  // namespace

// aws:userid has the unique id of the user or role in it. That of a federated user has only the
// name that its issuer chose, so that the issuer's id has to be added.
std::string lasting_id(const Caller& caller) {
  if (caller.principal.kind != PrincipalKind::kFederatedUser) return caller.user_id;
  return caller.principal.unique_id + ":" + caller.user_id;
}

Caller anonymous_caller() {
  Caller caller;
  caller.user_id = "anonymous";
  return caller;
}

// A configured key counts, too, where its secret is the public one.
bool is_default_credential(const Settings& settings, std::string_view access_key_id) {
  if (!root_account(settings, access_key_id)) return false;
  return access_key_id != settings.root_access_key || settings.root_secret_key == "test";
}

bool is_reserved_access_key(const Settings& settings, std::string_view access_key_id) {
  // Reserved whatever the settings are now: they may be others at the next start.
  return access_key_id == "test" || model::is_account_id(access_key_id) ||
         root_account(settings, access_key_id).has_value();
}

std::optional<auth::SigningCredential> find_credential(const Core& core, storage::sql::Txn& txn,
                                                       std::string_view access_key_id) {
  // Root keys come first: no row can take the place of one, whatever an older program stored.
  const Settings& settings = core.settings;
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

std::optional<Caller> find_caller(const Core& core, storage::sql::Txn& txn,
                                  std::string_view access_key_id, std::string_view region) {
  if (const auto account = root_account(core.settings, access_key_id)) {
    Caller caller = make_caller(core, txn, PrincipalKind::kRoot, *account, access_key_id, region);
    become_root(core, caller);
    return caller;
  }
  const auto key = storage::find_access_key(txn, access_key_id);
  if (!key) return session_caller(core, txn, access_key_id, region);
  if (!key->active) return std::nullopt;
  const auto owner = storage::find_entity(txn, key->entity);
  if (!owner) return std::nullopt;
  Caller caller =
      make_caller(core, txn, PrincipalKind::kUser, owner->account, access_key_id, region);
  caller.last_use = {key->last_used_at, key->last_used_region.value_or(""),
                     key->last_used_service.value_or("")};
  become_user(core, txn, *owner, caller);
  return caller;
}

std::function<void()> note_of_use(const Core& core, const Caller& caller, std::string_view service,
                                  std::string_view region, base::TimePoint now) {
  const LastUse& last = caller.last_use;
  // One note a minute and region: a pull of a hundred layers must not be a hundred writes.
  const bool noted = last.at && now - *last.at < std::chrono::minutes(1) && last.region == region;
  storage::Store* store = &core.store;
  if (caller.temporary) {
    const auto& session = *caller.temporary;
    if (session.kind != storage::SessionKind::kRole || !session.entity ||
        (noted && last.service == service)) {
      return {};
    }
    return [store, role = *session.entity, now, region = std::string(region),
            service = std::string(service)] {
      write_note(*store, [&](auto& txn) {
        if (!storage::find_entity(txn, role)) return;  // the call has deleted it
        storage::note_entity_use(txn, role, now, region, service);
        storage::note_service_use(txn, role, service, now, region);
      });
    };
  }
  const bool user = caller.principal.kind == auth::iam::PrincipalKind::kUser;
  if (!user || (noted && last.service == service)) return {};
  return [store, key = caller.access_key_id, now, region = std::string(region),
          service = std::string(service)] {
    write_note(*store, [&](auto& txn) {
      storage::note_access_key_use(txn, key, now, region, service);
      const auto found = storage::find_access_key(txn, key);  // it may be deleted by now
      if (found) storage::note_service_use(txn, found->entity, service, now, region);
    });
  };
}

}  // namespace ecr::api
