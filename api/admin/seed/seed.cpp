#include "api/admin/seed/seed.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seeding.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "schemas/model/model.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;

void apply_account(Seeding& seeding, const std::string& account, const SeedNode& node) {
  if (!model::is_account_id(account)) node.fail("an account is named by 12 digits");
  node.only({"managedPolicies", "groups", "roles", "users", "sessions", "oidcProviders",
             "samlProviders", "serviceLinkedRoles", "accountAlias", "instanceProfiles",
             "repositories", "registryPolicies", "accountSettings"});
  apply_identities(seeding, account, node);
  apply_providers(seeding, account, node);
  node.each("repositories",
            [&](const SeedNode& repository) { apply_repository(seeding, repository, account); });
  apply_registries(seeding, node, account);
}

}  // namespace

std::string checked_name(const SeedNode& node, std::string_view member, const char* shape) {
  const std::string value = node.text(member);
  const model::Shape* rule = model::ServiceModel::iam().shape(shape);
  if (value.empty() || static_cast<std::int64_t>(value.size()) > rule->max.value_or(128) ||
      (rule->pattern && !rule->pattern->matches(value))) {
    node.member(member).fail("does not match " + rule->pattern_text);
  }
  return value;
}

std::string policy_text(const SeedNode& node, PolicyType type) {
  const std::string text =
      node.json().is_string() ? node.json().get<std::string>() : base::dump(node.json());
  const auto parsed = auth::iam::Policy::parse(text, type);
  if (!parsed) node.fail(parsed.error().message);
  return text;
}

storage::Tags seed_tags(const SeedNode& node) {
  storage::Tags tags;
  node.each_pair("tags", [&](const std::string& key, const SeedNode& value) {
    if (!value.json().is_string()) value.fail("must be a string");
    if (key.empty() || key.size() > 128) value.fail("a tag's key has 1 to 128 characters");
    tags.emplace_back(key, value.json().get<std::string>());
  });
  return tags;
}

void apply_seed(const Services& services, std::string_view document, const std::string& directory) {
  const auto json = base::parse_json(document);
  if (!json) {
    throw SeedError("line " + std::to_string(json.error().line) + ": " + json.error().detail);
  }
  const SeedNode root(*json, "");
  root.only({"accounts", "organization"});
  LayoutsByPlace layouts;
  import_images(services, root, directory, layouts);
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kWrite);
  Seeding seeding{services, txn, services.clock.now(), layouts};
  root.each_pair("accounts", [&](const std::string& account, const SeedNode& node) {
    apply_account(seeding, account, node);
  });
  if (root.has("organization")) apply_organization(seeding, root.member("organization"));
  for (const auto& action : seeding.at_end) action();
  txn.commit();
  for (const auto& action : seeding.after_commit) action();
}

}  // namespace ecr::api::admin
