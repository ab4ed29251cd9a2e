#include "api/core/access/principal_policies.h"

#include <algorithm>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/policy_memo.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/tags.h"

namespace ecr::api {
namespace {

using auth::iam::AttachedPolicy;
using auth::iam::PolicyType;
using Levels = std::vector<std::vector<AttachedPolicy>>;

constexpr std::string_view kAllowEverything =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";

std::string_view kind_name(storage::EntityKind kind) {
  switch (kind) {
    case storage::EntityKind::kGroup:
      return "group";
    case storage::EntityKind::kRole:
      return "role";
    case storage::EntityKind::kUser:
      break;
  }
  return "user";
}

// A policy that is attached and cannot be found must not silently allow less (or, as a boundary,
// more) than it did.
AttachedPolicy managed_policy(const Core& core, storage::sql::Txn& txn, const std::string& arn,
                              const PolicyReader& reader) {
  if (const auto* aws = find_aws_managed_policy(arn)) return {core.policies.get(*aws), arn};
  const auto document = reader.managed_document(txn, arn);
  if (!document) throw std::runtime_error("the attached policy " + arn + " does not exist");
  return {reader.compiled(core, *document, PolicyType::kIdentity), arn};
}

// Stands for a session policy whose managed policy was deleted after the session began: the ceiling
// stays, and nothing is under it. (AWS documents no rule for this case; it is the safe one.)
constexpr std::string_view kAllowNothing =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]})";

AttachedPolicy session_policy(const Core& core, storage::sql::Txn& txn, const std::string& text,
                              const std::string& source, const PolicyReader& reader) {
  if (!text.starts_with("arn:")) return {core.policies.get(text, PolicyType::kSession), source};
  if (find_aws_managed_policy(text) != nullptr || reader.managed_document(txn, text)) {
    return managed_policy(core, txn, text, reader);
  }
  return {core.policies.get(kAllowNothing, PolicyType::kSession), source};
}

void add_policies_of(const Core& core, storage::sql::Txn& txn, const storage::Entity& entity,
                     const PolicyReader& reader, std::vector<AttachedPolicy>& list) {
  for (const storage::InlinePolicy& policy : reader.inline_policies(txn, entity)) {
    list.push_back({reader.compiled(core, policy.document, PolicyType::kIdentity),
                    base::format("inline policy {} of {} {}", policy.name, kind_name(entity.kind),
                                 entity.name)});
  }
  for (const std::string& arn : reader.attached_policies(txn, entity)) {
    list.push_back(managed_policy(core, txn, arn, reader));
  }
}

// One list a level, from the root to the account: the evaluator wants an allow at every level.
Levels levels_of(const Core& core, storage::sql::Txn& txn, std::string_view account,
                 storage::ControlPolicyKind kind, const PolicyReader& reader) {
  const PolicyType type =
      kind == storage::ControlPolicyKind::kService ? PolicyType::kScp : PolicyType::kRcp;
  Levels levels;
  for (const auto& level : reader.control_policies(txn, account, kind)) {
    auto& list = levels.emplace_back();
    for (const auto& policy : level.policies) {
      list.push_back({reader.compiled(core, policy.document, type),
                      base::format("{} {} at {}", policy.id, policy.name, level.target)});
    }
  }
  return levels;
}

// The members of a JSON object of strings.
std::vector<std::pair<std::string, std::string>> text_members(const std::string& text,
                                                              const char* complaint) {
  std::vector<std::pair<std::string, std::string>> members;
  const auto json = base::parse_json(text);
  if (!json) throw std::runtime_error(complaint);
  for (const auto& [key, value] : json->items()) {
    members.emplace_back(key, value.get<std::string>());
  }
  return members;
}

}  // namespace

std::string entity_arn(const storage::Entity& entity) {
  return base::format("arn:{}:iam::{}:{}{}{}", entity.partition, entity.account,
                      kind_name(entity.kind), entity.path, entity.name);
}

std::string root_arn(std::string_view partition, std::string_view account) {
  return base::format("arn:{}:iam::{}:root", partition, account);
}

std::string federated_user_arn(std::string_view partition, std::string_view account,
                               std::string_view name) {
  return base::format("arn:{}:sts::{}:federated-user/{}", partition, account, name);
}

std::string role_session_arn(const storage::Entity& role, std::string_view session) {
  return base::format("arn:{}:sts::{}:assumed-role/{}/{}", role.partition, role.account, role.name,
                      session);
}

std::optional<storage::Entity> entity_of_arn(storage::sql::Txn& txn, const model::Arn& arn) {
  const bool role = arn.resource.starts_with("role/");
  if (arn.service != "iam" || (!role && !arn.resource.starts_with("user/"))) return std::nullopt;
  auto entity = storage::find_entity(txn, arn.account,
                                     role ? storage::EntityKind::kRole : storage::EntityKind::kUser,
                                     arn.resource.substr(arn.resource.rfind('/') + 1));
  if (entity && entity_arn(*entity) != arn.text()) entity.reset();
  return entity;
}

AttachedPolicy root_policy(const Core& core) {
  return {core.policies.get(kAllowEverything, PolicyType::kIdentity), "root user"};
}

void add_identity_policies(const Core& core, storage::sql::Txn& txn, const storage::Entity& entity,
                           Caller& caller, const PolicyReader& reader) {
  add_policies_of(core, txn, entity, reader, caller.identity);
  // Groups have policies and no boundary, and a group is never a principal itself.
  if (entity.kind == storage::EntityKind::kUser) {
    for (const storage::Entity& group : storage::groups_of(txn, entity.id)) {
      add_policies_of(core, txn, group, reader, caller.identity);
    }
  }
  const auto boundary = reader.boundary(entity);
  if (!boundary) return;
  if (boundary->starts_with("arn:")) {
    caller.boundaries.push_back(managed_policy(core, txn, *boundary, reader));
  } else {
    caller.boundaries.push_back(
        {reader.compiled(core, *boundary, PolicyType::kIdentity),
         base::format("permissions boundary of {} {}", kind_name(entity.kind), entity.name)});
  }
}

// AWS's own policies are part of the program (aws_managed_policies.h); all others are rows.
std::optional<std::string> managed_document(storage::sql::Txn& txn, const std::string& arn) {
  if (const auto* policy = find_aws_managed_policy(arn)) return policy->document();
  return storage::managed_policy_document(txn, arn);
}

bool managed_policy_exists(storage::sql::Txn& txn, const std::string& arn) {
  return find_aws_managed_policy(arn) != nullptr || storage::find_managed_policy(txn, arn);
}

// The session's policies are one list of AttachedPolicy, of which one must allow: AWS takes the
// union of the inline session policy and of up to ten managed ones, and that union limits the
// session (AWS IAM User Guide, "Session policies").
void add_session_policies(const Core& core, storage::sql::Txn& txn, const storage::Session& session,
                          Caller& caller, const PolicyReader& reader) {
  const auto documents = base::parse_json(session.policies);
  if (!documents) throw std::runtime_error("a session's policies do not parse");
  for (std::size_t i = 0; i < documents->size(); ++i) {
    caller.session.push_back(
        session_policy(core, txn, (*documents)[i].get<std::string>(),
                       base::format("session policy {} of {}", i + 1, session.name), reader));
  }
}

void add_scope_down_policies(const Core& core, const storage::Session& session, Caller& caller) {
  const auto documents = base::parse_json(session.scope_down);
  if (!documents) throw std::runtime_error("a session's scope-down policies do not parse");
  for (std::size_t i = 0; i < documents->size(); ++i) {
    caller.scope_down.push_back(
        {core.policies.get((*documents)[i].get<std::string>(), PolicyType::kSession),
         base::format("scope-down policy {}", i + 1)});
  }
}

storage::Tags session_tags(const storage::Session& session) {
  return text_members(session.tags, "a session's tags do not parse");
}

std::vector<std::pair<std::string, std::string>> session_claims(const storage::Session& session) {
  return text_members(session.claims, "a session's claims do not parse");
}

// AWS STS User Guide, "Passing session tags": a session tag replaces the role's tag of the same
// key, and the keys are compared without case.
storage::Tags merge_tags(storage::Tags role, const storage::Tags& session) {
  for (const auto& tag : session) {
    std::erase_if(
        role, [&](const auto& mine) { return base::equals_ignore_case(mine.first, tag.first); });
  }
  role.insert(role.end(), session.begin(), session.end());
  std::sort(role.begin(), role.end());
  return role;
}

// aws:PrincipalOrgID is there for the management account too; its service control policies are not:
// "SCPs don't affect users or roles in the management account" (AWS Organizations User Guide,
// "Service control policies"). The same holds for resource control policies below.
void add_organization(const Core& core, storage::sql::Txn& txn, Caller& caller,
                      const PolicyReader& reader) {
  caller.organization = storage::organization_of(txn, caller.account);
  if (!caller.organization) return;
  caller.context.emplace_back("aws:PrincipalOrgID", caller.organization->id);
  if (caller.organization->management_account == caller.account) return;
  if (!storage::policy_type_enabled(txn, caller.organization->id,
                                    storage::ControlPolicyKind::kService)) {
    return;
  }
  caller.scps = levels_of(core, txn, caller.account, storage::ControlPolicyKind::kService, reader);
}

Levels resource_control_policies(const Core& core, storage::sql::Txn& txn,
                                 const storage::Organization& organization,
                                 std::string_view account, const PolicyReader& reader) {
  if (organization.management_account == account ||
      !storage::policy_type_enabled(txn, organization.id, storage::ControlPolicyKind::kResource)) {
    return {};
  }
  return levels_of(core, txn, account, storage::ControlPolicyKind::kResource, reader);
}

}  // namespace ecr::api
