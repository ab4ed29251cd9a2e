#include "api/admin/seed.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seeding.h"
#include "schemas/arn.h"
#include "schemas/json.h"
#include "schemas/model.h"
#include "storage/organizations.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;

std::string mutability_of(const SeedNode& node) {
  const std::string value = node.text("imageTagMutability", "MUTABLE");
  if (value != "MUTABLE" && value != "IMMUTABLE") {
    node.member("imageTagMutability").fail("must be MUTABLE or IMMUTABLE");
  }
  return value;
}

storage::Repository read_repository(Seeding& seeding, const SeedNode& node,
                                    const std::string& account) {
  node.only({"name", "region", "tags", "imageTagMutability", "scanOnPush", "policy"});
  storage::Repository repository;
  repository.account = account;
  repository.region = node.text("region", seeding.services.settings.region);
  repository.name = node.text("name");
  if (!schemas::is_region(repository.region)) node.member("region").fail("is not a region");
  if (!schemas::is_repository_name(repository.name)) {
    node.member("name").fail("is not a repository name");
  }
  repository.created_at = seeding.now;
  repository.tag_mutability = mutability_of(node);
  repository.scan_on_push = node.flag("scanOnPush", false);
  return repository;
}

void apply_repository(Seeding& seeding, const SeedNode& node, const std::string& account) {
  const storage::Repository wanted = read_repository(seeding, node, account);
  storage::insert_repository(seeding.txn, wanted);  // an existing one keeps its images
  const auto row = storage::find_repository(seeding.txn, account, wanted.region, wanted.name);
  if (row->tag_mutability != wanted.tag_mutability || row->scan_on_push != wanted.scan_on_push) {
    storage::set_repository_settings(seeding.txn, row->id, wanted);
  }
  for (const auto& [key, value] : storage::repository_tags(seeding.txn, row->id)) {
    storage::remove_repository_tag(seeding.txn, row->id, key);
  }
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_repository_tag(seeding.txn, row->id, key, value);
  }
  std::optional<std::string> policy;
  if (node.has("policy")) policy = policy_text(node.member("policy"), PolicyType::kRepository);
  storage::set_repository_policy(seeding.txn, row->id, policy);
}

void apply_account(Seeding& seeding, const std::string& account, const SeedNode& node) {
  if (!schemas::is_account_id(account)) node.fail("an account is named by 12 digits");
  node.only({"managedPolicies", "groups", "roles", "users", "sessions", "repositories",
             "registryPolicies"});
  apply_identities(seeding, account, node);
  node.each("repositories",
            [&](const SeedNode& repository) { apply_repository(seeding, repository, account); });
  node.each_pair("registryPolicies", [&](const std::string& region, const SeedNode& policy) {
    if (!schemas::is_region(region)) policy.fail("is not a region");
    storage::set_registry_policy(seeding.txn, account, region,
                                 policy_text(policy, PolicyType::kRegistry));
  });
}

}  // namespace

std::string checked_name(const SeedNode& node, std::string_view member, const char* shape) {
  const std::string value = node.text(member);
  const schemas::Shape* rule = schemas::ServiceModel::iam().shape(shape);
  if (value.empty() || static_cast<std::int64_t>(value.size()) > rule->max.value_or(128) ||
      (rule->pattern && !rule->pattern->matches(value))) {
    node.member(member).fail("does not match " + rule->pattern_text);
  }
  return value;
}

std::string policy_text(const SeedNode& node, PolicyType type) {
  const std::string text =
      node.json().is_string() ? node.json().get<std::string>() : schemas::dump(node.json());
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

void apply_seed(const Services& services, std::string_view document) {
  const auto json = schemas::parse_json(document);
  if (!json) {
    throw SeedError("line " + std::to_string(json.error().line) + ": " + json.error().detail);
  }
  const SeedNode root(*json, "");
  root.only({"accounts", "organization"});
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kWrite);
  Seeding seeding{services, txn, services.clock.now()};
  root.each_pair("accounts", [&](const std::string& account, const SeedNode& node) {
    apply_account(seeding, account, node);
  });
  if (root.has("organization")) apply_organization(seeding, root.member("organization"));
  txn.commit();
}

}  // namespace ecr::api::admin
