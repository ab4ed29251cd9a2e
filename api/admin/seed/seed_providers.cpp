// Identity providers, instance profiles, service-linked roles and the account's alias in the seed.
#include <nlohmann/json.hpp>

#include "api/admin/seed/seeding.h"
#include "api/core/access/service_linked_roles.h"
#include "api/core/saml_metadata.h"
#include "api/core/unique_id.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {
namespace {

void set_tags(Seeding& seeding, const SeedNode& node, std::string_view arn) {
  storage::remove_resource_tags(seeding.txn, arn);
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_resource_tag(seeding.txn, arn, key, value);
  }
}

std::vector<std::string> texts(const SeedNode& node, std::string_view member) {
  std::vector<std::string> list;
  node.each(member, [&](const SeedNode& one) {
    if (!one.json().is_string() || one.json().get_ref<const std::string&>().empty()) {
      one.fail("must be a text");
    }
    list.push_back(one.json().get<std::string>());
  });
  return list;
}

void apply_oidc_provider(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"url", "clientIds", "thumbprints", "tags"});
  const std::string url = node.text("url");
  if (!url.starts_with("https://")) node.member("url").fail("must begin with https://");
  storage::OidcProvider provider;
  provider.account = account;
  provider.url = storage::oidc_url(url);
  provider.client_ids = texts(node, "clientIds");
  provider.thumbprints = texts(node, "thumbprints");
  provider.created_at = seeding.now;
  if (const auto known = storage::find_oidc_provider(seeding.txn, account, url)) {
    provider.id = known->id;
    storage::update_oidc_provider(seeding.txn, provider);
  } else {
    storage::insert_oidc_provider(seeding.txn, provider);
  }
  set_tags(seeding, node, storage::oidc_provider_arn(provider));
}

void apply_saml_provider(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "metadata", "tags"});
  storage::SamlProvider provider;
  provider.account = account;
  provider.name = checked_name(node, "name", "SAMLProviderNameType");
  provider.metadata = node.text("metadata");
  provider.created_at = seeding.now;
  const auto valid_until = saml_valid_until(provider.metadata, seeding.now);
  if (!valid_until) node.member("metadata").fail("is no SAML metadata: it has no EntityDescriptor");
  provider.valid_until = *valid_until;
  if (const auto known = storage::find_saml_provider(seeding.txn, account, provider.name)) {
    provider.id = known->id;
    storage::update_saml_provider(seeding.txn, provider);
  } else {
    provider.uuid = make_saml_provider_uuid(seeding.services.random);
    storage::insert_saml_provider(seeding.txn, provider);
  }
  set_tags(seeding, node, storage::saml_provider_arn(provider));
}

void apply_service_linked_role(Seeding& seeding, const SeedNode& node, const std::string& account) {
  const ServiceLinkedRole* const role =
      node.json().is_string() ? find_service_linked_role(node.json().get<std::string>()) : nullptr;
  if (role == nullptr) node.fail("must be a service that has such a role here, as those of ECR");
  make_service_linked_role(seeding.services, seeding.txn, account, *role, std::nullopt,
                           seeding.now);
}

void apply_alias(Seeding& seeding, const SeedNode& node, const std::string& account) {
  if (!node.has("accountAlias")) return;
  const std::string alias = checked_name(node, "accountAlias", "accountAliasType");
  if (!storage::set_account_alias(seeding.txn, account, alias)) {
    node.member("accountAlias").fail("another account has it");
  }
}

void apply_instance_profile(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "path", "role", "tags"});
  storage::InstanceProfile profile;
  profile.account = account;
  profile.name = checked_name(node, "name", "instanceProfileNameType");
  profile.path = seed_path(node);
  const auto known = storage::find_instance_profile(seeding.txn, account, profile.name);
  if (known && known->path == profile.path && known->name == profile.name) {
    profile.id = known->id;
  } else {
    if (known) storage::delete_instance_profile(seeding.txn, known->id);
    profile.unique_id = make_unique_id(seeding.services.random, kInstanceProfileId, account);
    profile.created_at = seeding.now;
    profile.id = *storage::insert_instance_profile(seeding.txn, profile);
  }
  if (node.has("role")) {
    const auto role =
        storage::find_entity(seeding.txn, account, storage::EntityKind::kRole, node.text("role"));
    if (!role) node.member("role").fail("there is no such role");
    profile.role = role->id;
  }
  storage::set_instance_profile_role(seeding.txn, profile.id, profile.role);
  set_tags(
      seeding, node,
      base::format("arn:aws:iam::{}:instance-profile{}{}", account, profile.path, profile.name));
}

}  // namespace

void apply_providers(Seeding& seeding, const std::string& account, const SeedNode& node) {
  node.each("oidcProviders",
            [&](const SeedNode& one) { apply_oidc_provider(seeding, one, account); });
  node.each("samlProviders",
            [&](const SeedNode& one) { apply_saml_provider(seeding, one, account); });
  node.each("serviceLinkedRoles",
            [&](const SeedNode& one) { apply_service_linked_role(seeding, one, account); });
  apply_alias(seeding, node, account);
  node.each("instanceProfiles",
            [&](const SeedNode& one) { apply_instance_profile(seeding, one, account); });
}

}  // namespace ecr::api::admin
