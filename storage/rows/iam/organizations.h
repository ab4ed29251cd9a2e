// Rows of organizations: the tree of root, organizational units and accounts, and the service and
// resource control policies attached to it. Free functions on Txn.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// For decisions and the seed file

enum class ControlPolicyKind { kService, kResource };  // "scp", "rcp"

struct Organization {
  std::string id;  // o-...
  std::string management_account;
  std::string partition = "aws";  // of the Region in which it was made; its ARNs are in it
};

struct ControlPolicy {
  std::string id;  // p-...
  std::string name;
  std::string document;
};

// One level between the root and an account: the target and the policies attached to it.
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

std::vector<Organization> organizations(sql::Txn& txn);  // by id
// The organization that the account is in. nullopt: it is in none.
std::optional<Organization> organization_of(sql::Txn& txn, std::string_view account);
// The levels from the root to the account, with the policies of that kind. Empty: the account is in
// no organization.
std::vector<OrganizationLevel> control_policies(sql::Txn& txn, std::string_view account,
                                                ControlPolicyKind kind);
// "root/ou-a/ou-b/": the targets from the root to the account, without the account itself. Empty:
// no organization.
std::string organization_path(sql::Txn& txn, std::string_view account);

// For the Organizations API: targets with their names, policies with their descriptions,
// attachments from both sides. The rows are the same.

struct OrganizationTarget {
  std::string id;  // root, unit, or an account's 12 digits
  std::string organization;
  std::optional<std::string> parent;  // none: the root
  std::string name;                   // empty: it was seeded without one
  std::string email;
  base::TimePoint joined_at;
};

void insert_organization_target(sql::Txn& txn, const OrganizationTarget& target);
std::optional<OrganizationTarget> find_organization_target(sql::Txn& txn,
                                                           std::string_view organization,
                                                           std::string_view id);
// All targets of the organization, by id.
std::vector<OrganizationTarget> organization_targets(sql::Txn& txn, std::string_view organization);
void move_organization_target(sql::Txn& txn, std::string_view id, std::string_view parent);

struct ControlPolicyRow {
  std::string id;
  std::string name;
  std::string document;
  std::string description;
  ControlPolicyKind kind = ControlPolicyKind::kService;
};

void insert_control_policy(sql::Txn& txn, std::string_view organization,
                           const ControlPolicyRow& policy);
std::optional<ControlPolicyRow> find_control_policy(sql::Txn& txn, std::string_view organization,
                                                    std::string_view id);
std::vector<ControlPolicyRow> control_policies_of(sql::Txn& txn, std::string_view organization,
                                                  ControlPolicyKind kind);  // by id
// Writes name, description and document of `policy`.
void update_control_policy(sql::Txn& txn, const ControlPolicyRow& policy);
void delete_control_policy(sql::Txn& txn, std::string_view id);

bool detach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy);
std::vector<std::string> targets_of_control_policy(sql::Txn& txn, std::string_view policy);
std::vector<std::string> control_policies_at(sql::Txn& txn,
                                             std::string_view target);  // ids, sorted

// True where policies of that kind have an effect in the organization. In a seeded organization
// they have.
bool policy_type_enabled(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind);
void set_policy_type(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                     bool enabled);

}  // namespace ecr::storage
