#include "api/admin/what_if/changed_policies.h"

#include <algorithm>

#include "api/admin/what_if/targets.h"
#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/stored_principals.h"
#include "storage/rows/iam/managed_policies.h"

namespace ecr::api::admin::what_if {
namespace {

using storage::EntityKind;

storage::Entity require_identity(storage::sql::Txn& txn, const Change& change) {
  auto entity = find_identity(txn, change.target);
  if (!entity) change.fail("target", "there is no user, group or role with this ARN");
  return std::move(*entity);
}

}  // namespace

ChangedPolicies::ChangedPolicies(storage::sql::Txn& txn, const std::vector<Change>& changes) {
  for (const Change& change : changes) add(txn, change);
}

ChangedPolicies::Document ChangedPolicies::keep(const Change& change, Document document) {
  if (!document) return document;
  const auto type = type_of(change.kind);
  auto parsed = auth::iam::Policy::parse(*document, type);
  if (!parsed) change.fail("document", parsed.error().message);
  compiled_.insert_or_assign({type, *document}, std::move(*parsed));
  return document;
}

void ChangedPolicies::add(storage::sql::Txn& txn, const Change& change) {
  // Resource and trust policies are stored with the ids of users and roles in place of their ARNs.
  const auto stored = [&]() -> Document {
    if (!change.document) return std::nullopt;
    return stored_principals(txn, *change.document);
  };
  switch (change.kind) {
    case ChangeKind::kIdentity:
    case ChangeKind::kInline:
      inline_[require_identity(txn, change).id].emplace_back(change.name,
                                                             keep(change, change.document));
      return;
    case ChangeKind::kManaged:
      if (find_aws_managed_policy(change.target) != nullptr) {
        change.fail("target", "AWS's own policies cannot be changed");
      }
      if (!storage::find_managed_policy(txn, change.target)) {
        change.fail("target", "there is no managed policy with this ARN");
      }
      managed_[change.target] = keep(change, change.document);
      return;
    case ChangeKind::kBoundary: {
      const auto entity = require_identity(txn, change);
      if (entity.kind == EntityKind::kGroup) change.fail("target", "a group has no boundary");
      boundaries_[entity.id] = keep(change, change.document);
      return;
    }
    case ChangeKind::kTrust: {
      const auto role = require_identity(txn, change);
      if (role.kind != EntityKind::kRole) change.fail("target", "is not the ARN of a role");
      trusts_[role.id] = keep(change, stored());
      return;
    }
    case ChangeKind::kRepository: {
      const auto repository = find_repository(txn, change.target);
      if (!repository) change.fail("target", "there is no repository with this ARN");
      repositories_[repository->id] = keep(change, stored());
      return;
    }
    case ChangeKind::kRegistry: {
      const auto registry = registry_named(change.target);
      if (!registry) {
        change.fail("target", "must be a registry, as arn:aws:ecr:us-east-1:111122223333:registry");
      }
      registries_[*registry] = keep(change, stored());
      return;
    }
    case ChangeKind::kEndpoint:
      endpoint_ = keep(change, change.document);
      return;
    case ChangeKind::kScp:
    case ChangeKind::kRcp:
      add_control_policy(txn, change);
      return;
  }
}

void ChangedPolicies::add_control_policy(storage::sql::Txn& txn, const Change& change) {
  const auto found = find_organization_policy(txn, change.target);
  const auto wanted = change.kind == ChangeKind::kScp ? storage::ControlPolicyKind::kService
                                                      : storage::ControlPolicyKind::kResource;
  if (!found || found->policy.kind != wanted) {
    change.fail("target", "there is no policy of this kind with this ARN or id");
  }
  control_[found->policy.id] = keep(change, change.document);
}

std::vector<storage::InlinePolicy> ChangedPolicies::inline_policies(
    storage::sql::Txn& txn, const storage::Entity& entity) const {
  auto policies = PolicyReader::inline_policies(txn, entity);
  const auto found = inline_.find(entity.id);
  if (found == inline_.end()) return policies;
  for (const auto& [name, document] : found->second) {
    const auto same = std::find_if(policies.begin(), policies.end(),
                                   [&](const auto& one) { return one.name == name; });
    // One without a name is added to those that there are, whatever their names.
    if (same == policies.end() || name.empty()) {
      if (document) policies.push_back({name.empty() ? "(new)" : name, *document});
    } else if (document) {
      same->document = *document;
    } else {
      policies.erase(same);
    }
  }
  return policies;
}

bool ChangedPolicies::is_removed(const std::string& managed_arn) const {
  const auto found = managed_.find(managed_arn);
  return found != managed_.end() && !found->second;
}

// A managed policy that is removed is detached from whatever has it, as IAM wants it before it
// deletes one.
std::vector<std::string> ChangedPolicies::attached_policies(storage::sql::Txn& txn,
                                                            const storage::Entity& entity) const {
  auto arns = PolicyReader::attached_policies(txn, entity);
  std::erase_if(arns, [this](const std::string& arn) { return is_removed(arn); });
  return arns;
}

std::optional<std::string> ChangedPolicies::boundary(const storage::Entity& entity) const {
  const auto found = boundaries_.find(entity.id);
  if (found != boundaries_.end()) return found->second;
  auto arn = PolicyReader::boundary(entity);
  if (arn && is_removed(*arn)) return std::nullopt;
  return arn;
}

std::optional<std::string> ChangedPolicies::managed_document(storage::sql::Txn& txn,
                                                             const std::string& arn) const {
  const auto found = managed_.find(arn);
  return found != managed_.end() ? found->second : PolicyReader::managed_document(txn, arn);
}

std::optional<std::string> ChangedPolicies::trust_policy(const storage::Entity& role) const {
  const auto found = trusts_.find(role.id);
  return found != trusts_.end() ? found->second : PolicyReader::trust_policy(role);
}

std::optional<std::string> ChangedPolicies::repository_policy(
    const storage::Repository& repository) const {
  const auto found = repositories_.find(repository.id);
  return found != repositories_.end() ? found->second : PolicyReader::repository_policy(repository);
}

std::optional<std::string> ChangedPolicies::registry_policy(
    storage::sql::Txn& txn, const model::RegistryId& registry) const {
  const auto found = registries_.find(registry);
  return found != registries_.end() ? found->second : PolicyReader::registry_policy(txn, registry);
}

std::vector<storage::OrganizationLevel> ChangedPolicies::control_policies(
    storage::sql::Txn& txn, std::string_view account, storage::ControlPolicyKind kind) const {
  auto levels = PolicyReader::control_policies(txn, account, kind);
  for (auto& level : levels) {
    std::erase_if(level.policies, [&](storage::ControlPolicy& policy) {
      const auto found = control_.find(policy.id);
      if (found == control_.end()) return false;
      if (found->second) policy.document = *found->second;
      return !found->second.has_value();
    });
  }
  return levels;
}

std::optional<std::string> ChangedPolicies::endpoint_policy(const Core& core) const {
  return endpoint_ ? *endpoint_ : PolicyReader::endpoint_policy(core);
}

auth::iam::PolicyPtr ChangedPolicies::compiled(const Core& core, std::string_view document,
                                               auth::iam::PolicyType type) const {
  const auto found = compiled_.find(std::pair(type, std::string(document)));
  return found != compiled_.end() ? found->second : PolicyReader::compiled(core, document, type);
}

}  // namespace ecr::api::admin::what_if
