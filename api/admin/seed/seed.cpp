#include "api/admin/seed/seed.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed_document.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "schemas/model/model.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/tags.h"

namespace ecr::api::admin {
namespace {

constexpr std::string_view kLists[] = {"users",
                                       "groups",
                                       "roles",
                                       "managedPolicies",
                                       "sessions",
                                       "oidcProviders",
                                       "samlProviders",
                                       "serviceLinkedRoles",
                                       "instanceProfiles",
                                       "repositories"};

constexpr std::string_view kRoleTemplates = "roleTemplates";  // of no account

// What the lists of all accounts have together, and how many role templates there are.
std::vector<std::pair<std::string, std::uint64_t>> count_applied(const SeedNode& root) {
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  for (const std::string_view list : kLists) {
    std::uint64_t count = 0;
    root.each_pair("accounts", [&](const std::string&, const SeedNode& account) {
      account.each(list, [&count](const SeedNode&) { ++count; });
    });
    if (count > 0) counts.emplace_back(list, count);
  }
  std::uint64_t templates = 0;
  root.each(kRoleTemplates, [&templates](const SeedNode&) { ++templates; });
  if (templates > 0) counts.emplace_back(kRoleTemplates, templates);
  return counts;
}

// The order matters: repositories come after identities, whose ARNs their policies name.
void apply_account(SeedContext& context, const SeedNode& node, const std::string& account) {
  if (!model::is_account_id(account)) node.fail("an account id has 12 digits");
  node.check_members({"managedPolicies", "groups", "roles", "users", "sessions", "oidcProviders",
                      "samlProviders", "serviceLinkedRoles", "accountAlias", "instanceProfiles",
                      "repositories", "registryPolicies", "accountSettings"});
  apply_identities(context, node, account);
  apply_providers(context, node, account);
  node.each("repositories",
            [&](const SeedNode& repository) { apply_repository(context, repository, account); });
  apply_registries(context, node, account);
}

}  // namespace

SeedReport apply_seed(const Services& services, std::string_view document,
                      const std::string& directory) {
  const auto json = base::parse_json(document);
  if (!json) {
    throw SeedError("line " + std::to_string(json.error().line) + ": " + json.error().detail);
  }
  const SeedNode root(*json, "");
  root.check_members({"accounts", "organization", kRoleTemplates});
  // Blobs may be large: they are stored before the transaction, which would otherwise block every
  // other writer. Should the seed fail, a sweep removes the files that no row names.
  // Until they have their rows no sweep takes them.
  const auto pause = services.store.pause_collection();
  LayoutsByPath layouts;
  try {
    import_images(services, root, directory, layouts);
  } catch (...) {
    services.store.request_sweep();  // for the blobs of those that were imported before
    throw;
  }
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kWrite);
  SeedContext context{services, txn, services.clock.now(), layouts};
  root.each_pair("accounts", [&](const std::string& account, const SeedNode& node) {
    apply_account(context, node, account);
  });
  root.each(kRoleTemplates,
            [&](const SeedNode& role_template) { apply_role_template(context, role_template); });
  if (root.has("organization")) apply_organization(context, root.member("organization"));
  for (const auto& action : context.before_commit) action();
  txn.commit();
  return {count_applied(root), std::move(context.warnings)};
}

}  // namespace ecr::api::admin
