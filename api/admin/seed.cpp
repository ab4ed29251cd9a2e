#include "api/admin/seed.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/seed_reader.h"
#include "api/identity.h"
#include "auth/iam/policy.h"
#include "schemas/arn.h"
#include "schemas/json.h"
#include "schemas/model.h"
#include "storage/identities.h"
#include "storage/repositories.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;

// One seed being applied, inside one transaction.
struct Seeding {
  const Services& services;
  storage::sql::Txn& txn;
  schemas::TimePoint now;
};

void check_name(const SeedNode& node, std::string_view member, const char* shape) {
  const std::string value = node.text(member);
  const schemas::Shape* rule = schemas::ServiceModel::iam().shape(shape);
  if (value.empty() || static_cast<std::int64_t>(value.size()) > rule->max.value_or(128) ||
      (rule->pattern && !rule->pattern->matches(value))) {
    node.member(member).fail("does not match " + rule->pattern_text);
  }
}

// A policy may be given as an object or as its text.
std::string policy_text(const SeedNode& node, PolicyType type) {
  const std::string text =
      node.json().is_string() ? node.json().get<std::string>() : schemas::dump(node.json());
  const auto parsed = auth::iam::Policy::parse(text, type);
  if (!parsed) node.fail(parsed.error().message);
  return text;
}

storage::Tags tags_of(const SeedNode& node) {
  storage::Tags tags;
  node.each_pair("tags", [&](const std::string& key, const SeedNode& value) {
    if (!value.json().is_string()) value.fail("must be a string");
    if (key.empty() || key.size() > 128) value.fail("a tag's key has 1 to 128 characters");
    tags.emplace_back(key, value.json().get<std::string>());
  });
  return tags;
}

// AIDA and 17 characters of base32, as AWS forms a user's unique id.
std::string make_unique_id(schemas::Random& random, std::string_view prefix) {
  constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::uint8_t bytes[17];
  random.fill(bytes);
  std::string id(prefix);
  for (const std::uint8_t byte : bytes) id += kBase32[byte % kBase32.size()];
  return id;
}

void apply_access_key(Seeding& seeding, const SeedNode& node, std::int64_t user) {
  node.only({"accessKeyId", "secretAccessKey", "status"});
  check_name(node, "accessKeyId", "accessKeyIdType");
  storage::AccessKey key;
  key.id = node.text("accessKeyId");
  if (key.id.size() < 16) node.member("accessKeyId").fail("must have at least 16 characters");
  if (is_reserved_access_key(seeding.services.settings, key.id)) {
    node.member("accessKeyId").fail("is the key of a root user");
  }
  key.secret = node.text("secretAccessKey");
  if (key.secret.empty()) node.member("secretAccessKey").fail("must not be empty");
  const std::string status = node.text("status", "Active");
  if (status != "Active" && status != "Inactive") {
    node.member("status").fail("must be Active or Inactive");
  }
  key.entity = user;
  key.active = status == "Active";
  key.created_at = seeding.now;
  if (!storage::insert_access_key(seeding.txn, key)) {
    node.member("accessKeyId").fail("belongs to another user");
  }
}

// The user's row, made where it is missing.
std::int64_t require_user(Seeding& seeding, const SeedNode& node, const std::string& account) {
  check_name(node, "name", "userNameType");
  storage::Entity user;
  user.account = account;
  user.name = node.text("name");
  user.path = node.text("path", "/");
  if (!user.path.starts_with('/') || !user.path.ends_with('/')) {
    node.member("path").fail("must begin and end with a slash");
  }
  user.unique_id = make_unique_id(seeding.services.random, "AIDA");
  user.created_at = seeding.now;
  const auto known =
      storage::find_entity(seeding.txn, account, storage::EntityKind::kUser, user.name);
  if (known && known->path == user.path && known->name == user.name) return known->id;
  if (known) storage::delete_entity(seeding.txn, known->id);  // another path is another ARN
  return *storage::insert_entity(seeding.txn, user);
}

void apply_user(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "path", "tags", "accessKeys", "policies"});
  const std::int64_t user = require_user(seeding, node, account);
  storage::remove_entity_tags(seeding.txn, user);
  for (const auto& [key, value] : tags_of(node)) {
    storage::put_entity_tag(seeding.txn, user, key, value);
  }
  for (const auto& key : storage::entity_access_keys(seeding.txn, user)) {
    storage::delete_access_key(seeding.txn, key.id);
  }
  node.each("accessKeys", [&](const SeedNode& key) { apply_access_key(seeding, key, user); });
  for (const auto& policy : storage::inline_policies(seeding.txn, user)) {
    storage::delete_inline_policy(seeding.txn, user, policy.name);
  }
  node.each_pair("policies", [&](const std::string& name, const SeedNode& policy) {
    storage::put_inline_policy(seeding.txn, user, name, policy_text(policy, PolicyType::kIdentity));
  });
}

std::string mutability_of(const SeedNode& node) {
  const std::string value = node.text("imageTagMutability", "MUTABLE");
  if (value != "MUTABLE" && value != "IMMUTABLE") {
    node.member("imageTagMutability").fail("must be MUTABLE or IMMUTABLE");
  }
  return value;
}

void apply_repository(Seeding& seeding, const SeedNode& node, const std::string& account) {
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
  storage::insert_repository(seeding.txn, repository);  // an existing one keeps its images
  const auto row =
      storage::find_repository(seeding.txn, account, repository.region, repository.name);
  if (row->tag_mutability != repository.tag_mutability ||
      row->scan_on_push != repository.scan_on_push) {
    storage::set_repository_settings(seeding.txn, row->id, repository);
  }
  for (const auto& [key, value] : storage::repository_tags(seeding.txn, row->id)) {
    storage::remove_repository_tag(seeding.txn, row->id, key);
  }
  for (const auto& [key, value] : tags_of(node)) {
    storage::put_repository_tag(seeding.txn, row->id, key, value);
  }
  std::optional<std::string> policy;
  if (node.has("policy")) policy = policy_text(node.member("policy"), PolicyType::kRepository);
  storage::set_repository_policy(seeding.txn, row->id, policy);
}

void apply_account(Seeding& seeding, const std::string& account, const SeedNode& node) {
  if (!schemas::is_account_id(account)) node.fail("an account is named by 12 digits");
  node.only({"users", "repositories"});
  node.each("users", [&](const SeedNode& user) { apply_user(seeding, user, account); });
  node.each("repositories",
            [&](const SeedNode& repository) { apply_repository(seeding, repository, account); });
}

}  // namespace

void apply_seed(const Services& services, std::string_view document) {
  const auto json = schemas::parse_json(document);
  if (!json) {
    throw SeedError("line " + std::to_string(json.error().line) + ": " + json.error().detail);
  }
  const SeedNode root(*json, "");
  root.only({"accounts"});
  storage::sql::Txn txn = services.store.database().begin(storage::sql::Access::kWrite);
  Seeding seeding{services, txn, services.clock.now()};
  root.each_pair("accounts", [&](const std::string& account, const SeedNode& node) {
    apply_account(seeding, account, node);
  });
  txn.commit();
}

}  // namespace ecr::api::admin
