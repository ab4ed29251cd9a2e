// Where a decision gets its policies from: the documents that are stored. What would be decided
// with other documents is asked with a reader that lays changes over them (api/admin/what_if). A
// reader without state, so that threads may share it; each function reads rows of the transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core/services.h"
#include "auth/iam/policy/policy.h"
#include "schemas/model/registry_id.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/repositories.h"

namespace ecr::api {

class PolicyReader {
 public:
  virtual ~PolicyReader() = default;

  virtual std::vector<storage::InlinePolicy> inline_policies(storage::sql::Txn& txn,
                                                             const storage::Entity& entity) const;
  // ARNs.
  virtual std::vector<std::string> attached_policies(storage::sql::Txn& txn,
                                                     const storage::Entity& entity) const;
  // The ARN of a managed policy, or (of a change) a document; nullopt: there is no boundary.
  virtual std::optional<std::string> boundary(const storage::Entity& entity) const;
  // Of the customer's policies; those of AWS are part of the program (aws_managed_policies.h).
  virtual std::optional<std::string> managed_document(storage::sql::Txn& txn,
                                                      const std::string& arn) const;
  virtual std::optional<std::string> trust_policy(const storage::Entity& role) const;
  virtual std::optional<std::string> repository_policy(const storage::Repository& repository) const;
  virtual std::optional<std::string> registry_policy(storage::sql::Txn& txn,
                                                     const model::RegistryId& registry) const;
  virtual std::vector<storage::OrganizationLevel> control_policies(
      storage::sql::Txn& txn, std::string_view account, storage::ControlPolicyKind kind) const;
  // Of the VPC endpoint that clients' requests come by; nullopt: they come another way.
  virtual std::optional<std::string> endpoint_policy(const Core& core) const;

  // The compiled form of a document that one of these functions returned. Never null.
  virtual auth::iam::PolicyPtr compiled(const Core& core, std::string_view document,
                                        auth::iam::PolicyType type) const;
};

// The documents as they are stored.
const PolicyReader& stored_policies();

}  // namespace ecr::api
