#include "storage/rows/iam/organization_tree.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

std::string_view tree_kind_column(ControlPolicyKind kind) {
  return kind == ControlPolicyKind::kService ? "scp" : "rcp";
}

OrganizationTarget target_of(const sql::Rows& row) {
  return {.id = row.string(0),
          .organization = row.string(1),
          .parent = row.optional_string(2),
          .name = row.optional_string(3).value_or(""),
          .email = row.optional_string(4).value_or(""),
          .joined_at = from_column(row.optional_integer(5).value_or(0))};
}

ControlPolicyRow control_policy_of(const sql::Rows& row) {
  return {
      .id = row.string(0),
      .name = row.string(1),
      .document = row.string(2),
      .description = row.optional_string(3).value_or(""),
      .kind = row.text(4) == "scp" ? ControlPolicyKind::kService : ControlPolicyKind::kResource};
}

std::vector<std::string> texts(sql::Rows row) {
  std::vector<std::string> list;
  while (row.next()) list.push_back(row.string(0));
  return list;
}

}  // namespace

void insert_organization_target(sql::Txn& txn, const OrganizationTarget& target) {
  txn.exec(
      R"(INSERT INTO organization_targets (id, organization, parent, name, email, joined_at)
         VALUES (?, ?, ?, ?, ?, ?))",
      target.id, target.organization, target.parent, target.name, target.email,
      storage::to_column(target.joined_at));
}

std::optional<OrganizationTarget> find_organization_target(sql::Txn& txn,
                                                           std::string_view organization,
                                                           std::string_view id) {
  auto row = txn.query(
      R"(SELECT id, organization, parent, name, email, joined_at
         FROM organization_targets WHERE id = ? AND organization = ?)",
      id, organization);
  return row.next() ? std::optional(target_of(row)) : std::nullopt;
}

std::vector<OrganizationTarget> organization_targets(sql::Txn& txn, std::string_view organization) {
  std::vector<OrganizationTarget> targets;
  for (auto row = txn.query(
           R"(SELECT id, organization, parent, name, email, joined_at
              FROM organization_targets WHERE organization = ? ORDER BY id)",
           organization);
       row.next();) {
    targets.push_back(target_of(row));
  }
  return targets;
}

void move_organization_target(sql::Txn& txn, std::string_view id, std::string_view parent) {
  txn.exec("UPDATE organization_targets SET parent = ? WHERE id = ?", parent, id);
}

void insert_control_policy(sql::Txn& txn, std::string_view organization,
                           const ControlPolicyRow& policy) {
  txn.exec(
      R"(INSERT INTO organization_policies (id, organization, kind, name, document, description)
         VALUES (?, ?, ?, ?, ?, ?))",
      policy.id, organization, tree_kind_column(policy.kind), policy.name, policy.document,
      policy.description);
}

std::optional<ControlPolicyRow> find_control_policy(sql::Txn& txn, std::string_view organization,
                                                    std::string_view id) {
  auto row = txn.query(
      R"(SELECT id, name, document, description, kind
         FROM organization_policies WHERE id = ? AND organization = ?)",
      id, organization);
  return row.next() ? std::optional(control_policy_of(row)) : std::nullopt;
}

std::vector<ControlPolicyRow> control_policies_of(sql::Txn& txn, std::string_view organization,
                                                  ControlPolicyKind kind) {
  std::vector<ControlPolicyRow> policies;
  for (auto row = txn.query(
           R"(SELECT id, name, document, description, kind
              FROM organization_policies WHERE organization = ? AND kind = ? ORDER BY id)",
           organization, tree_kind_column(kind));
       row.next();) {
    policies.push_back(control_policy_of(row));
  }
  return policies;
}

void update_control_policy(sql::Txn& txn, const ControlPolicyRow& policy) {
  txn.exec("UPDATE organization_policies SET name = ?, document = ?, description = ? WHERE id = ?",
           policy.name, policy.document, policy.description, policy.id);
}

void delete_control_policy(sql::Txn& txn, std::string_view id) {
  txn.exec("DELETE FROM organization_policies WHERE id = ?", id);
}

bool detach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy) {
  return txn.exec("DELETE FROM organization_attachments WHERE target = ? AND policy = ?", target,
                  policy) > 0;
}

std::vector<std::string> targets_of_control_policy(sql::Txn& txn, std::string_view policy) {
  return texts(txn.query(
      "SELECT target FROM organization_attachments WHERE policy = ? ORDER BY target", policy));
}

std::vector<std::string> control_policies_at(sql::Txn& txn, std::string_view target) {
  return texts(txn.query(
      "SELECT policy FROM organization_attachments WHERE target = ? ORDER BY policy", target));
}

bool policy_type_enabled(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind) {
  auto row =
      txn.query("SELECT scps_enabled, rcps_enabled FROM organizations WHERE id = ?", organization);
  return row.next() && row.integer(kind == ControlPolicyKind::kService ? 0 : 1) != 0;
}

void set_policy_type(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                     bool enabled) {
  if (kind == ControlPolicyKind::kService) {
    txn.exec("UPDATE organizations SET scps_enabled = ? WHERE id = ?", enabled, organization);
  } else {
    txn.exec("UPDATE organizations SET rcps_enabled = ? WHERE id = ?", enabled, organization);
  }
}

}  // namespace ecr::storage
