#include "storage/rows/iam/organizations.h"

#include <algorithm>

#include "storage/sql/columns.h"

namespace ecr::storage {

namespace {

// No organization is so deep: AWS allows five levels of organizational units below the root. The
// limit guards against a loop in the rows.
constexpr std::size_t kMaxLevels = 16;

constexpr EnumColumn<ControlPolicyKind, 2> kControlPolicyKinds({"scp", "rcp"});

std::vector<ControlPolicy> policies_attached_to(sql::Txn& txn, std::string_view target,
                                                ControlPolicyKind kind) {
  auto rows = txn.query(
      R"(SELECT id, name, document FROM organization_attachments
         JOIN organization_policies ON organization_policies.id = organization_attachments.policy
         WHERE organization_attachments.target = ? AND kind = ?)",
      target, kControlPolicyKinds.text(kind));
  auto policies = sql::all_rows(std::move(rows), [](const sql::Rows& row) {
    return ControlPolicy{row.string(0), row.string(1), row.string(2)};
  });
  // By id, so that a decision names the same policy each time. Not in SQL: the test
  // QueryPlans.UseIndexesAndSortNothing refuses a statement that sorts.
  std::sort(policies.begin(), policies.end(),
            [](const ControlPolicy& a, const ControlPolicy& b) { return a.id < b.id; });
  return policies;
}

// The targets from the account up to the root; empty: the account is in no organization. One query
// for each level, and at most seven levels: root, five units, account.
std::vector<std::string> path_to_root(sql::Txn& txn, std::string_view account) {
  std::vector<std::string> targets;
  std::optional<std::string> at = std::string(account);
  while (at && targets.size() < kMaxLevels) {
    std::optional<std::string> parent;
    {
      auto row = txn.query("SELECT parent FROM organization_targets WHERE id = ?", *at);
      if (!row.next()) break;
      parent = row.optional_string(0);
    }
    targets.push_back(std::move(*at));
    at = std::move(parent);
  }
  return targets;
}

}  // namespace

// For the seed file, which describes the organization anew. The foreign keys delete its targets,
// policies and attachments (test Organizations.DeletingTakesEverything).
void delete_organizations(sql::Txn& txn) { txn.exec("DELETE FROM organizations"); }

void insert_organization(sql::Txn& txn, const Organization& organization) {
  txn.exec("INSERT INTO organizations (id, management_account, partition) VALUES (?, ?, ?)",
           organization.id, organization.management_account, organization.partition);
}

// The id of an account is the key of its row, so an account is in one organization at most, as in
// AWS (AWS Organizations User Guide, "Terminology and concepts").
void insert_organization_target(sql::Txn& txn, std::string_view organization,
                                std::string_view target, const std::optional<std::string>& parent) {
  txn.exec("INSERT INTO organization_targets (id, organization, parent) VALUES (?, ?, ?)", target,
           organization, parent);
}

void insert_control_policy(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                           const ControlPolicy& policy) {
  txn.exec(
      R"(INSERT INTO organization_policies (id, organization, kind, name, document)
         VALUES (?, ?, ?, ?, ?))",
      policy.id, organization, kControlPolicyKinds.text(kind), policy.name, policy.document);
}

bool has_control_policy(sql::Txn& txn, std::string_view id) {
  return txn.query("SELECT 1 FROM organization_policies WHERE id = ?", id).next();
}

bool has_organization_target(sql::Txn& txn, std::string_view id) {
  return txn.query("SELECT 1 FROM organization_targets WHERE id = ?", id).next();
}

// The foreign keys refuse a target or a policy that is not there.
void attach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy) {
  txn.exec(
      R"(INSERT INTO organization_attachments (target, policy) VALUES (?, ?)
         ON CONFLICT (target, policy) DO NOTHING)",
      target, policy);
}

std::vector<Organization> organizations(sql::Txn& txn) {
  return sql::all_rows(
      txn.query("SELECT id, management_account, partition FROM organizations ORDER BY id"),
      [](const sql::Rows& row) {
        return Organization{row.string(0), row.string(1), row.string(2)};
      });
}

// Gives the management account too: control policies do not restrict it (AWS Organizations User
// Guide, "Service control policies"), and the caller has to know.
std::optional<Organization> organization_of(sql::Txn& txn, std::string_view account) {
  auto row = txn.query(
      R"(SELECT organizations.id, management_account, partition FROM organization_targets
         JOIN organizations ON organizations.id = organization_targets.organization
         WHERE organization_targets.id = ?)",
      account);
  if (!row.next()) return std::nullopt;
  return Organization{row.string(0), row.string(1), row.string(2)};
}

// The levels stay apart: an action must be allowed at each of them, so their policies cannot be
// merged (AWS Organizations user guide, "SCP evaluation").
std::vector<OrganizationLevel> control_policies(sql::Txn& txn, std::string_view account,
                                                ControlPolicyKind kind) {
  std::vector<OrganizationLevel> levels;
  for (std::string& target : path_to_root(txn, account)) {
    auto policies = policies_attached_to(txn, target, kind);
    levels.push_back({std::move(target), std::move(policies)});
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

// The value of the condition key aws:PrincipalOrgPaths without the organization's id in front.
std::string organization_path(sql::Txn& txn, std::string_view account) {
  const auto targets = path_to_root(txn, account);
  std::string path;
  for (std::size_t i = targets.size(); i-- > 1;) path += targets[i] + "/";
  return path;
}

namespace {

constexpr sql::Literal kTargetColumns("id, organization, parent, name, email, joined_at");

// A target from a seed file may have no name, address or time.
OrganizationTarget read_target(const sql::Rows& row) {
  return {.id = row.string(0),
          .organization = row.string(1),
          .parent = row.optional_string(2),
          .name = row.optional_string(3).value_or(""),
          .email = row.optional_string(4).value_or(""),
          .joined_at = from_column(row.optional_integer(5).value_or(0))};
}

constexpr sql::Literal kControlPolicyColumns("id, name, document, description, kind");

ControlPolicyRow read_control_policy(const sql::Rows& row) {
  return {.id = row.string(0),
          .name = row.string(1),
          .document = row.string(2),
          .description = row.optional_string(3).value_or(""),
          .kind = kControlPolicyKinds.value(row.text(4))};
}

}  // namespace

void insert_organization_target(sql::Txn& txn, const OrganizationTarget& target) {
  txn.exec(
      R"(INSERT INTO organization_targets (id, organization, parent, name, email, joined_at)
         VALUES (?, ?, ?, ?, ?, ?))",
      target.id, target.organization, target.parent, target.name, target.email,
      to_column(target.joined_at));
}

// The organization is part of the question: a target of another organization is unknown to this
// one.
std::optional<OrganizationTarget> find_organization_target(sql::Txn& txn,
                                                           std::string_view organization,
                                                           std::string_view id) {
  static constexpr auto kSql =
      "SELECT " + kTargetColumns + " FROM organization_targets WHERE id = ? AND organization = ?";
  return sql::first_row(txn.query(kSql, id, organization), read_target);
}

std::vector<OrganizationTarget> organization_targets(sql::Txn& txn, std::string_view organization) {
  static constexpr auto kSql =
      "SELECT " + kTargetColumns + " FROM organization_targets WHERE organization = ? ORDER BY id";
  return sql::all_rows(txn.query(kSql, organization), read_target);
}

// REQUIRES: the parent is not below the target. kMaxLevels ends a walk over rows where that was
// broken.
void move_organization_target(sql::Txn& txn, std::string_view id, std::string_view parent) {
  txn.exec("UPDATE organization_targets SET parent = ? WHERE id = ?", parent, id);
}

void insert_control_policy(sql::Txn& txn, std::string_view organization,
                           const ControlPolicyRow& policy) {
  txn.exec(
      R"(INSERT INTO organization_policies (id, organization, kind, name, document, description)
         VALUES (?, ?, ?, ?, ?, ?))",
      policy.id, organization, kControlPolicyKinds.text(policy.kind), policy.name, policy.document,
      policy.description);
}

std::optional<ControlPolicyRow> find_control_policy(sql::Txn& txn, std::string_view organization,
                                                    std::string_view id) {
  static constexpr auto kSql = "SELECT " + kControlPolicyColumns +
                               " FROM organization_policies WHERE id = ? AND organization = ?";
  return sql::first_row(txn.query(kSql, id, organization), read_control_policy);
}

std::vector<ControlPolicyRow> control_policies_of(sql::Txn& txn, std::string_view organization,
                                                  ControlPolicyKind kind) {
  static constexpr auto kSql =
      "SELECT " + kControlPolicyColumns +
      " FROM organization_policies WHERE organization = ? AND kind = ? ORDER BY id";
  return sql::all_rows(txn.query(kSql, organization, kControlPolicyKinds.text(kind)),
                       read_control_policy);
}

void update_control_policy(sql::Txn& txn, const ControlPolicyRow& policy) {
  txn.exec("UPDATE organization_policies SET name = ?, document = ?, description = ? WHERE id = ?",
           policy.name, policy.document, policy.description, policy.id);
}

// Its attachments go by the foreign key. Whether an attached policy may be deleted at all is the
// caller's decision.
void delete_control_policy(sql::Txn& txn, std::string_view id) {
  txn.exec("DELETE FROM organization_policies WHERE id = ?", id);
}

bool detach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy) {
  return txn.exec("DELETE FROM organization_attachments WHERE target = ? AND policy = ?", target,
                  policy) > 0;
}

std::vector<std::string> targets_of_control_policy(sql::Txn& txn, std::string_view policy) {
  return sql::all_texts(txn.query(
      "SELECT target FROM organization_attachments WHERE policy = ? ORDER BY target", policy));
}

std::vector<std::string> control_policies_at(sql::Txn& txn, std::string_view target) {
  return sql::all_texts(txn.query(
      "SELECT policy FROM organization_attachments WHERE target = ? ORDER BY policy", target));
}

// Each type of policy is switched on by itself (AWS Organizations API Reference, EnablePolicyType).
// False also where there is no such organization.
bool policy_type_enabled(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind) {
  auto row =
      txn.query("SELECT scps_enabled, rcps_enabled FROM organizations WHERE id = ?", organization);
  return row.next() && row.integer(kind == ControlPolicyKind::kService ? 0 : 1) != 0;
}

// Two literals, because a column cannot be an argument.
void set_policy_type(sql::Txn& txn, std::string_view organization, ControlPolicyKind kind,
                     bool enabled) {
  if (kind == ControlPolicyKind::kService) {
    txn.exec("UPDATE organizations SET scps_enabled = ? WHERE id = ?", enabled, organization);
  } else {
    txn.exec("UPDATE organizations SET rcps_enabled = ? WHERE id = ?", enabled, organization);
  }
}

}  // namespace ecr::storage
