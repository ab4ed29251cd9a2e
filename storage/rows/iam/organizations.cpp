#include "storage/rows/iam/organizations.h"

#include <algorithm>

namespace ecr::storage {
namespace {

// No organization is as deep (AWS allows five levels of units); guards against a loop in the rows.
constexpr std::size_t kMaxLevels = 16;

std::string_view control_kind_column(ControlPolicyKind kind) {
  return kind == ControlPolicyKind::kService ? "scp" : "rcp";
}

std::vector<ControlPolicy> attached(sql::Txn& txn, std::string_view target,
                                    ControlPolicyKind kind) {
  std::vector<ControlPolicy> policies;
  for (auto row = txn.query(
           R"(SELECT id, name, document FROM organization_attachments
              JOIN organization_policies ON organization_policies.id =
                                            organization_attachments.policy
              WHERE organization_attachments.target = ? AND kind = ?)",
           target, control_kind_column(kind));
       row.next();) {
    policies.push_back({row.string(0), row.string(1), row.string(2)});
  }
  std::sort(policies.begin(), policies.end(),
            [](const ControlPolicy& a, const ControlPolicy& b) { return a.id < b.id; });
  return policies;
}

// From the account up to the root; empty: no organization.
std::vector<std::string> way_up(sql::Txn& txn, std::string_view account) {
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

void delete_organizations(sql::Txn& txn) { txn.exec("DELETE FROM organizations"); }

void insert_organization(sql::Txn& txn, const Organization& organization) {
  txn.exec("INSERT INTO organizations (id, management_account) VALUES (?, ?)", organization.id,
           organization.management_account);
}

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
      policy.id, organization, control_kind_column(kind), policy.name, policy.document);
}

bool has_control_policy(sql::Txn& txn, std::string_view id) {
  return txn.query("SELECT 1 FROM organization_policies WHERE id = ?", id).next();
}

bool has_organization_target(sql::Txn& txn, std::string_view id) {
  return txn.query("SELECT 1 FROM organization_targets WHERE id = ?", id).next();
}

void attach_control_policy(sql::Txn& txn, std::string_view target, std::string_view policy) {
  txn.exec(
      R"(INSERT INTO organization_attachments (target, policy) VALUES (?, ?)
         ON CONFLICT (target, policy) DO NOTHING)",
      target, policy);
}

std::optional<Organization> organization_of(sql::Txn& txn, std::string_view account) {
  auto row = txn.query(
      R"(SELECT organizations.id, management_account FROM organization_targets
         JOIN organizations ON organizations.id = organization_targets.organization
         WHERE organization_targets.id = ?)",
      account);
  if (!row.next()) return std::nullopt;
  return Organization{row.string(0), row.string(1)};
}

std::vector<OrganizationLevel> control_policies(sql::Txn& txn, std::string_view account,
                                                ControlPolicyKind kind) {
  std::vector<OrganizationLevel> levels;
  for (std::string& target : way_up(txn, account)) {
    auto policies = attached(txn, target, kind);
    levels.push_back({std::move(target), std::move(policies)});
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

std::string organization_path(sql::Txn& txn, std::string_view account) {
  const auto targets = way_up(txn, account);
  std::string path;
  for (std::size_t i = targets.size(); i-- > 1;) path += targets[i] + "/";
  return path;
}

std::optional<std::string> registry_policy(sql::Txn& txn, std::string_view account,
                                           std::string_view region) {
  auto row = txn.query("SELECT policy FROM registry_policies WHERE account = ? AND region = ?",
                       account, region);
  return row.next() ? std::optional(row.string(0)) : std::nullopt;
}

void set_registry_policy(sql::Txn& txn, std::string_view account, std::string_view region,
                         const std::optional<std::string>& policy) {
  txn.exec("DELETE FROM registry_policies WHERE account = ? AND region = ?", account, region);
  if (!policy) return;
  txn.exec("INSERT INTO registry_policies (account, region, policy) VALUES (?, ?, ?)", account,
           region, *policy);
}

}  // namespace ecr::storage
