// The organization as the Organizations API shows and changes it: targets with their names, control
// policies with their descriptions, attachments from both sides. What decisions need is in
// organizations.h; the rows are the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/rows/iam/organizations.h"
#include "storage/sql/database.h"

namespace ecr::storage {

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
// Of the whole organization, by id.
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
// Name, description and document as `policy` has them.
void update_control_policy(sql::Txn& txn, const ControlPolicyRow& policy);
void delete_control_policy(sql::Txn& txn, std::string_view id);

bool detach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy);
std::vector<std::string> targets_of_control_policy(sql::Txn& txn, std::string_view policy);
std::vector<std::string> control_policies_at(sql::Txn& txn,
                                             std::string_view target);  // ids, sorted

// Whether policies of that kind count in the organization; they do in a seeded one.
bool policy_type_enabled(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind);
void set_policy_type(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                     bool enabled);

}  // namespace ecr::storage
