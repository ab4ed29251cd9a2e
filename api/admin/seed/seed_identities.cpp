// IAM in the seed: managed policies, groups, roles, users with their keys, temporary credentials.
#include <functional>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed.h"
#include "api/admin/seed/seed_document.h"
#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/identity.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/core/unique_id.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/role_templates.h"
#include "storage/rows/iam/sessions.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using storage::EntityKind;

constexpr std::size_t kMinKeyLength = 16;  // of the IAM model's accessKeyIdType

// The ARN of a managed policy that the node gives as a name or an ARN. The policy must exist.
std::string policy_arn(SeedContext& context, const SeedNode& node, const std::string& account) {
  if (!node.json().is_string()) node.fail("must be the name or ARN of a managed policy");
  std::string text = node.json().get<std::string>();
  if (!text.starts_with("arn:")) {
    text = base::format("arn:{}:iam::{}:policy/{}", context.partition(), account, text);
  }
  if (managed_policy_exists(context.txn, text)) return text;
  const auto arn = model::Arn::parse(text);
  const bool of_aws = arn && arn->account == kAwsPolicyOwner;
  node.fail(base::format("there is no policy {}{}", text,
                         of_aws ? ". If AWS has it, give its document: {\"arn\": \"" + text +
                                      "\", \"document\": {...}} in managedPolicies"
                                : ""));
}

// One of AWS's policies that is newer than this program, as an account's export has it. Those that
// are here stay as they are: no account can change them.
void apply_policy_of_aws(SeedContext& context, const SeedNode& node) {
  node.check_members({"arn", "document"});
  constexpr std::string_view kKind = "policy/";
  const std::string text = node.text("arn");
  const auto arn = model::Arn::parse(text);
  if (!arn || arn->service != "iam" || arn->account != kAwsPolicyOwner ||
      !arn->resource.starts_with(kKind) || arn->resource.ends_with('/')) {
    node.member("arn").fail(
        "must be of a policy of AWS, such as arn:aws:iam::aws:policy/ReadOnlyAccess; a policy of "
        "the account has a name");
  }
  const std::string document = policy_text(context, node.member("document"), PolicyType::kIdentity);
  if (const auto* known = find_aws_managed_policy(text)) {
    if (*base::parse_json(document) != *base::parse_json(known->document()) &&
        context.warnings.size() < kMostSeedWarnings) {
      context.warnings.push_back(
          base::format("{}: {} is here with another document (v{}), and stays as it is",
                       node.path(), text, known->version));
    }
    return;
  }
  if (const auto seeded = storage::find_managed_policy(context.txn, text)) {
    storage::set_managed_policy_document(context.txn, seeded->id, document);
    return;
  }
  storage::ManagedPolicy policy;
  policy.account = kAwsPolicyOwner;
  policy.arn = text;
  const std::size_t slash = arn->resource.rfind('/');
  policy.name = arn->resource.substr(slash + 1);
  policy.path = arn->resource.substr(kKind.size() - 1, slash + 2 - kKind.size());
  policy.unique_id =
      make_unique_id(context.services.random, kPolicyId, context.services.settings.account);
  policy.created_at = context.now;
  storage::insert_managed_policy(context.txn, policy, document);
}

// In a policy that exists, the document replaces that of the default version; id, versions and
// attachments stay.
void apply_managed_policy(SeedContext& context, const SeedNode& node, const std::string& account) {
  if (node.has("arn")) return apply_policy_of_aws(context, node);
  node.check_members({"name", "path", "document", "arn"});
  storage::ManagedPolicy policy;
  policy.account = account;
  policy.name = checked_name(node, "name", "policyNameType");
  policy.path = seed_path(node);
  policy.arn = base::format("arn:{}:iam::{}:policy{}{}", context.partition(), account, policy.path,
                            policy.name);
  policy.unique_id = make_unique_id(context.services.random, kPolicyId, account);
  policy.created_at = context.now;
  const std::string document = policy_text(context, node.member("document"), PolicyType::kIdentity);
  if (const auto known = storage::find_managed_policy(context.txn, policy.arn)) {
    storage::set_managed_policy_document(context.txn, known->id, document);
  } else {
    storage::insert_managed_policy(context.txn, policy, document);
  }
}

// The id that the document gives to a user or role, which policies may name it by. It is nobody
// else's.
std::string given_id(SeedContext& context, const SeedNode& node, const storage::Entity& entity) {
  if (!node.has("uniqueId")) return "";
  std::string id = checked_name(node, "uniqueId", "idType");
  const auto known = storage::find_entity_by_unique_id(context.txn, id);
  if (known && (known->account != entity.account || known->kind != entity.kind ||
                !base::equals_ignore_case(known->name, entity.name))) {
    node.member("uniqueId").fail("belongs to another principal");
  }
  return id;
}

// The entity's row; a new one where it is missing. IAM's names are unique without regard to case,
// so an entity with another path, partition, id or spelling of the name is in the way: it has
// another ARN, or stands for another one, and is deleted.
storage::Entity find_or_insert_entity(SeedContext& context, const SeedNode& node,
                                      const std::string& account, EntityKind kind,
                                      const char* shape, std::string_view prefix) {
  storage::Entity entity;
  entity.account = account;
  entity.kind = kind;
  entity.name = checked_name(node, "name", shape);
  entity.path = seed_path(node);
  entity.partition = context.partition();
  entity.unique_id = given_id(context, node, entity);
  const auto known = storage::find_entity(context.txn, account, kind, entity.name);
  if (known && known->path == entity.path && known->name == entity.name &&
      known->partition == entity.partition &&
      (entity.unique_id.empty() || entity.unique_id == known->unique_id)) {
    return *known;
  }
  if (known) storage::delete_entity(context.txn, known->id);
  if (entity.unique_id.empty()) {
    entity.unique_id = make_unique_id(context.services.random, prefix, account);
  }
  entity.created_at = context.now;
  entity.id = *storage::insert_entity(context.txn, entity);
  return entity;
}

// Replaces tags, inline and attached policies: afterwards the entity has exactly those of the seed.
void apply_attachments(SeedContext& context, const SeedNode& node, const storage::Entity& entity) {
  storage::remove_entity_tags(context.txn, entity.id);
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_entity_tag(context.txn, entity.id, key, value);
  }
  for (const auto& policy : storage::inline_policies(context.txn, entity.id)) {
    storage::delete_inline_policy(context.txn, entity.id, policy.name);
  }
  node.each_pair("policies", [&](const std::string& name, const SeedNode& policy) {
    storage::put_inline_policy(context.txn, entity.id, name,
                               policy_text(context, policy, PolicyType::kIdentity));
  });
  storage::detach_all_policies(context.txn, entity.id);
  node.each("attachedPolicies", [&](const SeedNode& policy) {
    storage::attach_policy(context.txn, entity.id, policy_arn(context, policy, entity.account));
  });
}

void apply_group(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"name", "path", "policies", "attachedPolicies"});
  const storage::Entity group =
      find_or_insert_entity(context, node, account, EntityKind::kGroup, "groupNameType", kGroupId);
  apply_attachments(context, node, group);
}

std::optional<std::string> boundary_of(SeedContext& context, const SeedNode& node,
                                       const std::string& account) {
  if (!node.has("boundary")) return std::nullopt;
  return policy_arn(context, node.member("boundary"), account);
}

void apply_role(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"name", "path", "uniqueId", "trustPolicy", "policies", "attachedPolicies",
                      "boundary", "tags", "maxSessionDuration"});
  storage::Entity role =
      find_or_insert_entity(context, node, account, EntityKind::kRole, "roleNameType", kRoleId);
  role.boundary = boundary_of(context, node, account);
  role.trust_policy.reset();
  if (node.has("trustPolicy")) {
    role.trust_policy = policy_text(context, node.member("trustPolicy"), PolicyType::kTrust);
  }
  role.max_session_seconds = node.number("maxSessionDuration", 3600, 3600, 43'200);
  storage::update_entity(context.txn, role);
  storage::delete_role_source(context.txn, role.id);  // it is the seed's now
  // The trust policy is stored with the unique ids of the users and roles that it names, as IAM
  // does on UpdateAssumeRolePolicy; those may stand later in the document.
  if (role.trust_policy) {
    context.before_commit.push_back([&txn = context.txn, role]() mutable {
      role.trust_policy = stored_principals(txn, *role.trust_policy);
      storage::update_entity(txn, role);
    });
  }
  apply_attachments(context, node, role);
}

// Long enough for the IAM model, and not an id that the server's settings give to a root user.
void check_key_id(SeedContext& context, const SeedNode& node, const std::string& id) {
  if (id.size() < kMinKeyLength) {
    node.member("accessKeyId").fail("must have at least 16 characters");
  }
  if (is_reserved_access_key(context.services.settings, id)) {
    node.member("accessKeyId").fail("is the key of a root user");
  }
}

std::string secret_of(const SeedNode& node) {
  std::string secret = node.text("secretAccessKey");
  if (secret.empty()) node.member("secretAccessKey").fail("must not be empty");
  return secret;
}

// An id that belongs to another user, or to a session, is an error: it would silently take the key
// away.
void apply_access_key(SeedContext& context, const SeedNode& node, std::int64_t user) {
  node.check_members({"accessKeyId", "secretAccessKey", "status"});
  storage::AccessKey key;
  key.id = checked_name(node, "accessKeyId", "accessKeyIdType");
  check_key_id(context, node, key.id);
  key.secret = secret_of(node);
  const std::string status = node.text("status", "Active");
  if (status != "Active" && status != "Inactive") {
    node.member("status").fail("must be Active or Inactive");
  }
  key.entity = user;
  key.active = status == "Active";
  key.created_at = context.now;
  if (storage::find_session(context.txn, key.id) || !storage::insert_access_key(context.txn, key)) {
    node.member("accessKeyId").fail("belongs to another principal");
  }
}

// The user is then in exactly the groups of the seed.
void apply_memberships(SeedContext& context, const SeedNode& node, const storage::Entity& user) {
  storage::remove_from_groups(context.txn, user.id);
  node.each("groups", [&](const SeedNode& name) {
    if (!name.json().is_string()) name.fail("must be the name of a group");
    const auto group = storage::find_entity(context.txn, user.account, EntityKind::kGroup,
                                            name.json().get<std::string>());
    if (!group) name.fail("there is no such group");
    storage::add_to_group(context.txn, user.id, group->id);
  });
}

void apply_user(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"name", "path", "uniqueId", "tags", "groups", "boundary", "accessKeys",
                      "policies", "attachedPolicies"});
  storage::Entity user =
      find_or_insert_entity(context, node, account, EntityKind::kUser, "userNameType", kUserId);
  user.boundary = boundary_of(context, node, account);
  storage::update_entity(context.txn, user);
  apply_attachments(context, node, user);
  apply_memberships(context, node, user);
  for (const auto& key : storage::entity_access_keys(context.txn, user.id)) {
    storage::delete_access_key(context.txn, key.id);
  }
  node.each("accessKeys", [&](const SeedNode& key) { apply_access_key(context, key, user.id); });
}

storage::Entity require_principal(SeedContext& context, const SeedNode& node,
                                  std::string_view member, const std::string& account,
                                  EntityKind kind) {
  auto found = storage::find_entity(context.txn, account, kind, node.text(member));
  if (!found) node.member(member).fail("there is no such principal");
  return std::move(*found);
}

// Sets the kind of session and the role or user that it belongs to.
void set_owner(SeedContext& context, const SeedNode& node, storage::Session& session) {
  const int owners =
      (node.has("role") ? 1 : 0) + (node.has("user") ? 1 : 0) + (node.has("federatedBy") ? 1 : 0);
  if (owners != 1) node.fail("must have one of role, user and federatedBy");
  if (node.has("role")) {
    session.kind = storage::SessionKind::kRole;
    session.entity =
        require_principal(context, node, "role", session.account, EntityKind::kRole).id;
  } else {
    const bool federated = node.has("federatedBy");
    session.kind = federated ? storage::SessionKind::kFederatedUser : storage::SessionKind::kUser;
    session.entity = require_principal(context, node, federated ? "federatedBy" : "user",
                                       session.account, EntityKind::kUser)
                         .id;
  }
  if (session.kind != storage::SessionKind::kUser) {
    session.name = checked_name(node, "name", "userNameType");
  }
}

// The row has both as JSON, as the STS operations write them.
void set_policies_and_tags(SeedContext& context, const SeedNode& node, storage::Session& session) {
  nlohmann::json documents = nlohmann::json::array();
  node.each("policies", [&](const SeedNode& policy) {
    documents.push_back(policy_text(context, policy, PolicyType::kSession));
  });
  session.policies = base::dump(documents);
  nlohmann::json tags = nlohmann::json::object();
  for (const auto& [key, value] : seed_tags(node)) tags[key] = value;
  session.tags = base::dump(tags);
}

// Temporary credentials with known values, for clients that are configured before the server
// starts. A session of the same access key is replaced. Without "expires" it never ends.
void apply_session(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"role", "user", "federatedBy", "name", "accessKeyId", "secretAccessKey",
                      "sessionToken", "policies", "tags", "sourceIdentity", "mfa", "expires"});
  storage::Session session;
  session.account = account;
  session.access_key = checked_name(node, "accessKeyId", "accessKeyIdType");
  check_key_id(context, node, session.access_key);
  if (storage::find_access_key(context.txn, session.access_key)) {
    node.member("accessKeyId").fail("belongs to another principal");
  }
  session.secret = secret_of(node);
  session.token = node.text("sessionToken");
  if (session.token.empty()) node.member("sessionToken").fail("must not be empty");
  set_owner(context, node, session);
  set_policies_and_tags(context, node, session);
  if (node.has("sourceIdentity")) session.source_identity = node.text("sourceIdentity");
  session.mfa = node.flag("mfa", false);
  session.created_at = context.now;
  const auto expires = base::parse_iso8601(node.text("expires", "9999-12-31T00:00:00Z"));
  if (!expires) node.member("expires").fail("must be a time, such as 2030-01-01T00:00:00Z");
  session.expires_at = *expires;
  storage::put_session(context.txn, session);
}

}  // namespace

void apply_identities(SeedContext& context, const SeedNode& node, const std::string& account) {
  using Apply = void (*)(SeedContext&, const SeedNode&, const std::string&);
  constexpr std::pair<const char*, Apply> kParts[] = {{"managedPolicies", apply_managed_policy},
                                                      {"groups", apply_group},
                                                      {"roles", apply_role},
                                                      {"users", apply_user},
                                                      {"sessions", apply_session}};
  for (const auto& [member, apply] : kParts) {
    node.each(member, [&, part = apply](const SeedNode& one) { part(context, one, account); });
  }
}

}  // namespace ecr::api::admin
