// IAM in the seed: managed policies, groups, roles, users with their keys, temporary credentials.
#include <functional>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seeding.h"
#include "api/core/access/identity.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/core/unique_id.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using storage::EntityKind;

constexpr std::size_t kMinKeyLength = 16;  // of the IAM model's accessKeyIdType

// The ARN of a managed policy that is named by its name or ARN and exists.
std::string policy_arn(Seeding& seeding, const SeedNode& node, const std::string& account) {
  if (!node.json().is_string()) node.fail("must be the name or ARN of a managed policy");
  std::string text = node.json().get<std::string>();
  if (!text.starts_with("arn:")) text = base::format("arn:aws:iam::{}:policy/{}", account, text);
  if (!managed_policy_exists(seeding.txn, text)) node.fail("there is no such policy");
  return text;
}

void apply_managed_policy(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "path", "document"});
  storage::ManagedPolicy policy;
  policy.account = account;
  policy.name = checked_name(node, "name", "policyNameType");
  policy.path = seed_path(node);
  policy.arn = base::format("arn:aws:iam::{}:policy{}{}", account, policy.path, policy.name);
  policy.unique_id = make_unique_id(seeding.services.random, kPolicyId, account);
  policy.created_at = seeding.now;
  const std::string document = policy_text(node.member("document"), PolicyType::kIdentity);
  if (const auto known = storage::find_managed_policy(seeding.txn, policy.arn)) {
    storage::set_managed_policy_document(seeding.txn, known->id, document);
  } else {
    storage::insert_managed_policy(seeding.txn, policy, document);
  }
}

// The entity's row, made where it is missing; another path or spelling is another ARN, so the old
// one goes.
storage::Entity require_entity(Seeding& seeding, const SeedNode& node, const std::string& account,
                               EntityKind kind, const char* shape, std::string_view prefix) {
  storage::Entity entity;
  entity.account = account;
  entity.kind = kind;
  entity.name = checked_name(node, "name", shape);
  entity.path = seed_path(node);
  const auto known = storage::find_entity(seeding.txn, account, kind, entity.name);
  if (known && known->path == entity.path && known->name == entity.name) return *known;
  if (known) storage::delete_entity(seeding.txn, known->id);
  entity.unique_id = make_unique_id(seeding.services.random, prefix, account);
  entity.created_at = seeding.now;
  entity.id = *storage::insert_entity(seeding.txn, entity);
  return entity;
}

// Tags, inline and attached policies: exactly what the seed says.
void apply_attachments(Seeding& seeding, const SeedNode& node, const storage::Entity& entity) {
  storage::remove_entity_tags(seeding.txn, entity.id);
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_entity_tag(seeding.txn, entity.id, key, value);
  }
  for (const auto& policy : storage::inline_policies(seeding.txn, entity.id)) {
    storage::delete_inline_policy(seeding.txn, entity.id, policy.name);
  }
  node.each_pair("policies", [&](const std::string& name, const SeedNode& policy) {
    storage::put_inline_policy(seeding.txn, entity.id, name,
                               policy_text(policy, PolicyType::kIdentity));
  });
  storage::detach_all_policies(seeding.txn, entity.id);
  node.each("attachedPolicies", [&](const SeedNode& policy) {
    storage::attach_policy(seeding.txn, entity.id, policy_arn(seeding, policy, entity.account));
  });
}

void apply_group(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "path", "policies", "attachedPolicies"});
  const storage::Entity group =
      require_entity(seeding, node, account, EntityKind::kGroup, "groupNameType", kGroupId);
  apply_attachments(seeding, node, group);
}

std::optional<std::string> boundary_of(Seeding& seeding, const SeedNode& node,
                                       const std::string& account) {
  if (!node.has("boundary")) return std::nullopt;
  return policy_arn(seeding, node.member("boundary"), account);
}

void apply_role(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "path", "trustPolicy", "policies", "attachedPolicies", "boundary", "tags",
             "maxSessionDuration"});
  storage::Entity role =
      require_entity(seeding, node, account, EntityKind::kRole, "roleNameType", kRoleId);
  role.boundary = boundary_of(seeding, node, account);
  role.trust_policy.reset();
  if (node.has("trustPolicy")) {
    role.trust_policy = policy_text(node.member("trustPolicy"), PolicyType::kTrust);
  }
  role.max_session_seconds = node.number("maxSessionDuration", 3600, 3600, 43'200);
  storage::update_entity(seeding.txn, role);
  if (role.trust_policy) {
    seeding.at_end.push_back([&txn = seeding.txn, role]() mutable {
      role.trust_policy = stored_principals(txn, *role.trust_policy);
      storage::update_entity(txn, role);
    });
  }
  apply_attachments(seeding, node, role);
}

// The three strings of a key; its id must not be a root user's.
void check_key_id(Seeding& seeding, const SeedNode& node, const std::string& id) {
  if (id.size() < kMinKeyLength) {
    node.member("accessKeyId").fail("must have at least 16 characters");
  }
  if (is_reserved_access_key(seeding.services.settings, id)) {
    node.member("accessKeyId").fail("is the key of a root user");
  }
}

std::string secret_of(const SeedNode& node) {
  std::string secret = node.text("secretAccessKey");
  if (secret.empty()) node.member("secretAccessKey").fail("must not be empty");
  return secret;
}

void apply_access_key(Seeding& seeding, const SeedNode& node, std::int64_t user) {
  node.only({"accessKeyId", "secretAccessKey", "status"});
  storage::AccessKey key;
  key.id = checked_name(node, "accessKeyId", "accessKeyIdType");
  check_key_id(seeding, node, key.id);
  key.secret = secret_of(node);
  const std::string status = node.text("status", "Active");
  if (status != "Active" && status != "Inactive") {
    node.member("status").fail("must be Active or Inactive");
  }
  key.entity = user;
  key.active = status == "Active";
  key.created_at = seeding.now;
  if (storage::find_session(seeding.txn, key.id) || !storage::insert_access_key(seeding.txn, key)) {
    node.member("accessKeyId").fail("belongs to another principal");
  }
}

void apply_memberships(Seeding& seeding, const SeedNode& node, const storage::Entity& user) {
  storage::remove_from_groups(seeding.txn, user.id);
  node.each("groups", [&](const SeedNode& name) {
    if (!name.json().is_string()) name.fail("must be the name of a group");
    const auto group = storage::find_entity(seeding.txn, user.account, EntityKind::kGroup,
                                            name.json().get<std::string>());
    if (!group) name.fail("there is no such group");
    storage::add_to_group(seeding.txn, user.id, group->id);
  });
}

void apply_user(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only(
      {"name", "path", "tags", "groups", "boundary", "accessKeys", "policies", "attachedPolicies"});
  storage::Entity user =
      require_entity(seeding, node, account, EntityKind::kUser, "userNameType", kUserId);
  user.boundary = boundary_of(seeding, node, account);
  storage::update_entity(seeding.txn, user);
  apply_attachments(seeding, node, user);
  apply_memberships(seeding, node, user);
  for (const auto& key : storage::entity_access_keys(seeding.txn, user.id)) {
    storage::delete_access_key(seeding.txn, key.id);
  }
  node.each("accessKeys", [&](const SeedNode& key) { apply_access_key(seeding, key, user.id); });
}

storage::Entity require_known(Seeding& seeding, const SeedNode& node, std::string_view member,
                              const std::string& account, EntityKind kind) {
  auto found = storage::find_entity(seeding.txn, account, kind, node.text(member));
  if (!found) node.member(member).fail("there is no such principal");
  return std::move(*found);
}

// Whose session it is.
void set_owner(Seeding& seeding, const SeedNode& node, storage::Session& session) {
  const int owners =
      (node.has("role") ? 1 : 0) + (node.has("user") ? 1 : 0) + (node.has("federatedBy") ? 1 : 0);
  if (owners != 1) node.fail("must have one of role, user and federatedBy");
  if (node.has("role")) {
    session.kind = storage::SessionKind::kRole;
    session.entity = require_known(seeding, node, "role", session.account, EntityKind::kRole).id;
  } else {
    const bool federated = node.has("federatedBy");
    session.kind = federated ? storage::SessionKind::kFederatedUser : storage::SessionKind::kUser;
    session.entity = require_known(seeding, node, federated ? "federatedBy" : "user",
                                   session.account, EntityKind::kUser)
                         .id;
  }
  if (session.kind != storage::SessionKind::kUser) {
    session.name = checked_name(node, "name", "userNameType");
  }
}

void set_policies_and_tags(const SeedNode& node, storage::Session& session) {
  nlohmann::json documents = nlohmann::json::array();
  node.each("policies", [&](const SeedNode& policy) {
    documents.push_back(policy_text(policy, PolicyType::kSession));
  });
  session.policies = base::dump(documents);
  nlohmann::json tags = nlohmann::json::object();
  for (const auto& [key, value] : seed_tags(node)) tags[key] = value;
  session.tags = base::dump(tags);
}

void apply_session(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"role", "user", "federatedBy", "name", "accessKeyId", "secretAccessKey",
             "sessionToken", "policies", "tags", "sourceIdentity", "mfa", "expires"});
  storage::Session session;
  session.account = account;
  session.access_key = checked_name(node, "accessKeyId", "accessKeyIdType");
  check_key_id(seeding, node, session.access_key);
  if (storage::find_access_key(seeding.txn, session.access_key)) {
    node.member("accessKeyId").fail("belongs to another principal");
  }
  session.secret = secret_of(node);
  session.token = node.text("sessionToken");
  if (session.token.empty()) node.member("sessionToken").fail("must not be empty");
  set_owner(seeding, node, session);
  set_policies_and_tags(node, session);
  if (node.has("sourceIdentity")) session.source_identity = node.text("sourceIdentity");
  session.mfa = node.flag("mfa", false);
  session.created_at = seeding.now;
  const auto expires = base::parse_iso8601(node.text("expires", "9999-12-31T00:00:00Z"));
  if (!expires) node.member("expires").fail("must be a time, as 2030-01-01T00:00:00Z");
  session.expires_at = *expires;
  storage::put_session(seeding.txn, session);
}

}  // namespace

std::string seed_path(const SeedNode& node) {
  const std::string path = node.text("path", "/");
  if (!path.starts_with('/') || !path.ends_with('/')) {
    node.member("path").fail("must begin and end with a slash");
  }
  return path;
}

void apply_identities(Seeding& seeding, const std::string& account, const SeedNode& node) {
  using Apply = void (*)(Seeding&, const SeedNode&, const std::string&);
  constexpr std::pair<const char*, Apply> kParts[] = {{"managedPolicies", apply_managed_policy},
                                                      {"groups", apply_group},
                                                      {"roles", apply_role},
                                                      {"users", apply_user},
                                                      {"sessions", apply_session}};
  for (const auto& [member, apply] : kParts) {
    node.each(member, [&, part = apply](const SeedNode& one) { part(seeding, one, account); });
  }
}

}  // namespace ecr::api::admin
