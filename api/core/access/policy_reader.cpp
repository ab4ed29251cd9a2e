#include "api/core/access/policy_reader.h"

#include "api/core/access/policy_memo.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api {

std::vector<storage::InlinePolicy> PolicyReader::inline_policies(
    storage::sql::Txn& txn, const storage::Entity& entity) const {
  return storage::inline_policies(txn, entity.id);
}

std::vector<std::string> PolicyReader::attached_policies(storage::sql::Txn& txn,
                                                         const storage::Entity& entity) const {
  return storage::attached_policies(txn, entity.id);
}

std::optional<std::string> PolicyReader::boundary(const storage::Entity& entity) const {
  return entity.boundary;
}

std::optional<std::string> PolicyReader::managed_document(storage::sql::Txn& txn,
                                                          const std::string& arn) const {
  return storage::managed_policy_document(txn, arn);
}

std::optional<std::string> PolicyReader::trust_policy(const storage::Entity& role) const {
  return role.trust_policy;
}

std::optional<std::string> PolicyReader::repository_policy(
    const storage::Repository& repository) const {
  return repository.policy;
}

std::optional<std::string> PolicyReader::registry_policy(storage::sql::Txn& txn,
                                                         const model::RegistryId& registry) const {
  return storage::registry_policy(txn, registry);
}

std::vector<storage::OrganizationLevel> PolicyReader::control_policies(
    storage::sql::Txn& txn, std::string_view account, storage::ControlPolicyKind kind) const {
  return storage::control_policies(txn, account, kind);
}

std::optional<std::string> PolicyReader::endpoint_policy(const Core& core) const {
  if (core.settings.endpoint_policy.empty()) return std::nullopt;
  return core.settings.endpoint_policy;
}

auth::iam::PolicyPtr PolicyReader::compiled(const Core& core, std::string_view document,
                                            auth::iam::PolicyType type) const {
  return core.policies.get(document, type);
}

const PolicyReader& stored_policies() {
  static const PolicyReader reader;
  return reader;
}

}  // namespace ecr::api
