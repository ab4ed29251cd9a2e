// Rows of organizations: the tree of root, organizational units and accounts, and the service and
// resource control policies attached to it. Registry policies stand here too: one an account and
// region.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

enum class ControlPolicyKind { kService, kResource };  // "scp", "rcp"

struct Organization {
  std::string id;  // o-...
  std::string management_account;
};

struct ControlPolicy {
  std::string id;  // p-...
  std::string name;
  std::string document;
};

// One level of the way from the root to an account: the target and what is attached to it.
struct OrganizationLevel {
  std::string target;
  std::vector<ControlPolicy> policies;
};

void delete_organizations(sql::Txn& txn);
void insert_organization(sql::Txn& txn, const Organization& organization);
// A root (no parent), a unit, or an account (its 12 digits).
void insert_organization_target(sql::Txn& txn, std::string_view organization,
                                std::string_view target, const std::optional<std::string>& parent);
void insert_control_policy(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                           const ControlPolicy& policy);
bool has_control_policy(sql::Txn& txn, std::string_view id);
bool has_organization_target(sql::Txn& txn, std::string_view id);
void attach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy);

// The organization an account is in; nullopt: none.
std::optional<Organization> organization_of(sql::Txn& txn, std::string_view account);
// From the root to the account, with the policies of that kind; empty: no organization.
std::vector<OrganizationLevel> control_policies(sql::Txn& txn, std::string_view account,
                                                ControlPolicyKind kind);
// "root/ou-a/ou-b/": the targets from the root to the account, without the account itself. Empty:
// no organization.
std::string organization_path(sql::Txn& txn, std::string_view account);

std::optional<std::string> registry_policy(sql::Txn& txn, std::string_view account,
                                           std::string_view region);
void set_registry_policy(sql::Txn& txn, std::string_view account, std::string_view region,
                         const std::optional<std::string>& policy);

}  // namespace ecr::storage
