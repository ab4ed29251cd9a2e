// Identity providers, instance profiles, service-linked roles and the account's alias in the seed.
#include <nlohmann/json.hpp>

#include "api/admin/seed/seed_document.h"
#include "api/core/access/iam_entities.h"
#include "api/core/unique_id.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {
namespace {

// Afterwards the resource has exactly the tags of the seed.
void replace_tags(SeedContext& context, const SeedNode& node, std::string_view arn) {
  storage::remove_resource_tags(context.txn, arn);
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_resource_tag(context.txn, arn, key, value);
  }
}

// A provider is found by its URL; client ids and thumbprints become those of the seed. One in
// another partition has another ARN, and is replaced.
void apply_oidc_provider(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"url", "clientIds", "thumbprints", "tags"});
  const std::string url = node.text("url");
  if (!url.starts_with("https://")) node.member("url").fail("must begin with https://");
  storage::OidcProvider provider;
  provider.account = account;
  provider.partition = context.partition();
  provider.url = storage::oidc_url(url);
  provider.client_ids = node.text_list("clientIds");
  provider.thumbprints = node.text_list("thumbprints");
  provider.created_at = context.now;
  const auto known = storage::find_oidc_provider(context.txn, account, url);
  if (known && known->partition == provider.partition) {
    provider.id = known->id;
    storage::update_oidc_provider(context.txn, provider);
  } else {
    if (known) storage::delete_oidc_provider(context.txn, known->id);
    storage::insert_oidc_provider(context.txn, provider);
  }
  replace_tags(context, node, storage::oidc_provider_arn(provider));
}

// A provider that exists keeps its UUID; one in another partition is replaced.
void apply_saml_provider(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"name", "metadata", "tags"});
  storage::SamlProvider provider;
  provider.account = account;
  provider.partition = context.partition();
  provider.name = checked_name(node, "name", "SAMLProviderNameType");
  provider.metadata = node.text("metadata");
  provider.created_at = context.now;
  const auto valid_until = saml_valid_until(provider.metadata, context.now);
  if (!valid_until)
    node.member("metadata").fail("is not SAML metadata: it has no EntityDescriptor");
  provider.valid_until = *valid_until;
  const auto known = storage::find_saml_provider(context.txn, account, provider.name);
  if (known && known->partition == provider.partition) {
    provider.id = known->id;
    storage::update_saml_provider(context.txn, provider);
  } else {
    if (known) storage::delete_saml_provider(context.txn, known->id);
    provider.uuid = make_saml_provider_uuid(context.services.random);
    storage::insert_saml_provider(context.txn, provider);
  }
  replace_tags(context, node, storage::saml_provider_arn(provider));
}

// A role that exists stays as it is.
void apply_service_linked_role(SeedContext& context, const SeedNode& node,
                               const std::string& account) {
  const auto role = node.json().is_string()
                        ? find_service_linked_role(node.json().get<std::string>())
                        : std::nullopt;
  if (!role)
    node.fail("must be a service that has such a role, such as replication.ecr.amazonaws.com");
  make_service_linked_role(context.services, context.txn,
                           {account, context.services.settings.region}, *role, std::nullopt,
                           context.now);
}

// An alias belongs to one account. Without the member the account keeps the one that it has.
void apply_alias(SeedContext& context, const SeedNode& node, const std::string& account) {
  if (!node.has("accountAlias")) return;
  const std::string alias = checked_name(node, "accountAlias", "accountAliasType");
  if (!storage::set_account_alias(context.txn, account, alias)) {
    node.member("accountAlias").fail("another account has it");
  }
}

void apply_instance_profile(SeedContext& context, const SeedNode& node,
                            const std::string& account) {
  node.check_members({"name", "path", "role", "tags"});
  storage::InstanceProfile profile;
  profile.account = account;
  profile.name = checked_name(node, "name", "instanceProfileNameType");
  profile.path = seed_path(node);
  profile.partition = context.partition();
  const auto known = storage::find_instance_profile(context.txn, account, profile.name);
  // Another path, partition or spelling is another ARN: the profile that has it is replaced.
  if (known && known->path == profile.path && known->name == profile.name &&
      known->partition == profile.partition) {
    profile.id = known->id;
  } else {
    if (known) storage::delete_instance_profile(context.txn, known->id);
    profile.unique_id = make_unique_id(context.services.random, kInstanceProfileId, account);
    profile.created_at = context.now;
    profile.id = *storage::insert_instance_profile(context.txn, profile);
  }
  if (node.has("role")) {
    const auto role =
        storage::find_entity(context.txn, account, storage::EntityKind::kRole, node.text("role"));
    if (!role) node.member("role").fail("there is no such role");
    profile.role = role->id;
  }
  storage::set_instance_profile_role(context.txn, profile.id, profile.role);
  replace_tags(context, node,
               base::format("arn:{}:iam::{}:instance-profile{}{}", profile.partition, account,
                            profile.path, profile.name));
}

}  // namespace

void apply_providers(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.each("oidcProviders",
            [&](const SeedNode& one) { apply_oidc_provider(context, one, account); });
  node.each("samlProviders",
            [&](const SeedNode& one) { apply_saml_provider(context, one, account); });
  node.each("serviceLinkedRoles",
            [&](const SeedNode& one) { apply_service_linked_role(context, one, account); });
  apply_alias(context, node, account);
  node.each("instanceProfiles",
            [&](const SeedNode& one) { apply_instance_profile(context, one, account); });
}

}  // namespace ecr::api::admin
