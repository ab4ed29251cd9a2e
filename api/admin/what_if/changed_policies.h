// The policies of the server with changes laid over them: what the gate would read if the changes
// were stored, without anything being stored. Everything that asks "what would be decided" goes
// through it: replay, matrix, who-can. Immutable; belongs to one transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/admin/what_if/change.h"
#include "api/core/access/policy_reader.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

class ChangedPolicies : public PolicyReader {
 public:
  // Throws ParameterError where a target does not exist. Principals in the documents are read as
  // those that exist now, as if the document was stored now.
  ChangedPolicies(storage::sql::Txn& txn, const std::vector<Change>& changes);

  std::vector<storage::InlinePolicy> inline_policies(storage::sql::Txn& txn,
                                                     const storage::Entity& entity) const override;
  std::vector<std::string> attached_policies(storage::sql::Txn& txn,
                                             const storage::Entity& entity) const override;
  std::optional<std::string> boundary(const storage::Entity& entity) const override;
  std::optional<std::string> managed_document(storage::sql::Txn& txn,
                                              const std::string& arn) const override;
  std::optional<std::string> trust_policy(const storage::Entity& role) const override;
  std::optional<std::string> repository_policy(
      const storage::Repository& repository) const override;
  std::optional<std::string> registry_policy(storage::sql::Txn& txn,
                                             const model::RegistryId& registry) const override;
  std::vector<storage::OrganizationLevel> control_policies(
      storage::sql::Txn& txn, std::string_view account,
      storage::ControlPolicyKind kind) const override;
  std::optional<std::string> endpoint_policy(const Core& core) const override;
  // Changed documents stay out of the server's memo of policies: somebody who types would fill it.
  auth::iam::PolicyPtr compiled(const Core& core, std::string_view document,
                                auth::iam::PolicyType type) const override;

 private:
  using Document = std::optional<std::string>;  // nullopt: removed
  template <class Key>
  using Documents = std::map<Key, Document>;

  void add(storage::sql::Txn& txn, const Change& change);
  void add_control_policy(storage::sql::Txn& txn, const Change& change);
  bool is_removed(const std::string& managed_arn) const;
  // Keeps the compiled form of the document.
  Document keep(const Change& change, Document document);

  std::map<std::int64_t, std::vector<std::pair<std::string, Document>>> inline_;  // by entity
  Documents<std::int64_t> boundaries_;                                            // by entity
  Documents<std::int64_t> trusts_;                                                // by role
  Documents<std::string> managed_;                                                // by ARN
  Documents<std::int64_t> repositories_;                                          // by id
  Documents<model::RegistryId> registries_;
  Documents<std::string> control_;  // by id
  std::optional<Document> endpoint_;
  std::map<std::pair<auth::iam::PolicyType, std::string>, auth::iam::PolicyPtr, std::less<>>
      compiled_;
};

}  // namespace ecr::api::admin::what_if
