// What the target of a change, or of a question about policies, names. Stateless functions on the
// transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/model/registry_id.h"
#include "storage/rows/iam/identities.h"
#include "storage/rows/iam/organizations.h"
#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::api::admin::what_if {

// The user, group or role with exactly this ARN; of a session of a role, that role.
std::optional<storage::Entity> find_identity(storage::sql::Txn& txn, std::string_view arn);

// The registry and name of "arn:aws:ecr:us-east-1:111122223333:repository/app"; nullopt: it is no
// such ARN.
struct RepositoryInArn {
  model::RegistryId registry;
  std::string name;  // as it stands there: it may be a pattern, or no repository's name
};
std::optional<RepositoryInArn> repository_named(std::string_view arn);
std::optional<storage::Repository> find_repository(storage::sql::Txn& txn, std::string_view arn);
std::optional<storage::Repository> find_repository(storage::sql::Txn& txn,
                                                   const RepositoryInArn& named);

// Of "arn:aws:ecr:us-east-1:111122223333:registry", a form of this program's own: a registry has no
// ARN at AWS.
std::optional<model::RegistryId> registry_named(std::string_view arn);
std::string registry_arn(const model::RegistryId& registry);

// A policy of an organization, by its ARN ("arn:aws:organizations::1:policy/o-a/
// service_control_policy/p-b") or its id.
struct OrganizationPolicy {
  storage::Organization organization;
  storage::ControlPolicyRow policy;
};
std::optional<OrganizationPolicy> find_organization_policy(storage::sql::Txn& txn,
                                                           std::string_view target);

}  // namespace ecr::api::admin::what_if
