#include "api/identity.h"

#include <fmt/format.h>

#include "api/policy_cache.h"
#include "schemas/arn.h"

namespace ecr::api {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::PolicyType;
using auth::iam::PrincipalKind;

constexpr std::string_view kAllowEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";

// The account whose root user the key is; nullopt: not a root key.
std::optional<std::string> root_account(const Settings& settings, std::string_view key) {
  if (!settings.root_access_key.empty() && key == settings.root_access_key) return settings.account;
  if (settings.account_root_keys && schemas::is_account_id(key)) return std::string(key);
  return std::nullopt;
}

Caller root_caller(const Services& services, const std::string& account, std::string_view key) {
  Caller caller;
  caller.principal.kind = PrincipalKind::kRoot;
  caller.principal.arn = fmt::format("arn:aws:iam::{}:root", account);
  caller.principal.account = account;
  caller.access_key_id = key;
  caller.account = account;
  caller.user_id = account;
  caller.identity.push_back(
      {services.policies.get(kAllowEverything, PolicyType::kIdentity), "root user"});
  return caller;
}

Caller user_caller(const Services& services, storage::sql::Txn& txn, const storage::Entity& user,
                   std::string_view key) {
  Caller caller;
  caller.principal.kind = PrincipalKind::kUser;
  caller.principal.arn =
      fmt::format("arn:aws:iam::{}:user{}{}", user.account, user.path, user.name);
  caller.principal.account = user.account;
  caller.access_key_id = key;
  caller.account = user.account;
  caller.user_id = user.unique_id;
  caller.user_name = user.name;
  caller.tags = storage::entity_tags(txn, user.id);
  for (const storage::InlinePolicy& policy : storage::inline_policies(txn, user.id)) {
    caller.identity.push_back({services.policies.get(policy.document, PolicyType::kIdentity),
                               fmt::format("inline policy {} of user {}", policy.name, user.name)});
  }
  return caller;
}

}  // namespace

bool is_reserved_access_key(const Settings& settings, std::string_view access_key_id) {
  // Reserved whatever the settings are now: they may be others at the next start.
  return access_key_id == "test" || schemas::is_account_id(access_key_id) ||
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
  const auto key = storage::find_access_key(txn, access_key_id);
  if (!key || !key->active) return std::nullopt;
  return auth::SigningCredential{key->secret, "", {}};
}

std::optional<Caller> find_caller(const Services& services, storage::sql::Txn& txn,
                                  std::string_view access_key_id) {
  if (const auto account = root_account(services.settings, access_key_id)) {
    return root_caller(services, *account, access_key_id);
  }
  const auto key = storage::find_access_key(txn, access_key_id);
  if (!key || !key->active) return std::nullopt;
  const auto owner = storage::find_entity(txn, key->entity);
  if (!owner) return std::nullopt;
  return user_caller(services, txn, *owner, access_key_id);
}

}  // namespace ecr::api
