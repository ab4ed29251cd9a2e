// What Organizations prints. The outputs about what is below a unit, and what a policy is attached
// to, do not say of which: a folder of their path does (r-…, ou-…, p-…).
// Source: AWS Organizations API Reference.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::account_import {
namespace {

using base::OrderedJson;

constexpr std::string_view kFullScp = "p-FullAWSAccess";
constexpr std::string_view kFullRcp = "p-RCPFullAWSAccess";

// The last folder that is an id of this kind; empty: none.
std::string id_in_path(const std::string& file, std::initializer_list<std::string_view> prefixes) {
  const auto folders = folders_of(file);
  const auto found = std::find_if(folders.rbegin(), folders.rend(), [&](std::string_view folder) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return folder.starts_with(prefix); });
  });
  return found == folders.rend() ? "" : std::string(*found);
}

// The document names the root "root".
std::string seed_name(const std::string& id) { return id.starts_with("r-") ? "root" : id; }

OrderedJson& units_of(Importing& importing) {
  OrderedJson& units = importing.organization["units"];
  if (units.is_null()) units = OrderedJson::array();
  return units;
}

// Policies attached there; the one that allows everything is a flag.
void add_policies(const Importing& importing, const std::string& target, OrderedJson& seed) {
  const auto found = importing.policies_of_target.find(target);
  static const std::vector<std::string> kNone;
  const auto& ids = found == importing.policies_of_target.end() ? kNone : found->second;
  OrderedJson policies = OrderedJson::array();
  for (const std::string& id : ids) {
    if (id != kFullScp && id != kFullRcp) policies.push_back(id);
  }
  if (!policies.empty()) seed["policies"] = std::move(policies);
  if (importing.targets_known && std::find(ids.begin(), ids.end(), kFullScp) == ids.end()) {
    seed["fullAccess"] = false;
  }
}

// A unit stands after its parent in the document.
OrderedJson in_order(const Importing& importing, OrderedJson units) {
  OrderedJson ordered = OrderedJson::array();
  std::vector<std::string> done{"root"};
  for (bool again = true; again && !units.empty();) {
    again = false;
    for (auto unit = units.begin(); unit != units.end();) {
      const auto id = (*unit)["id"].get<std::string>();
      const auto parent = importing.parent_of.find(id);
      const std::string above = parent == importing.parent_of.end() ? "root" : parent->second;
      if (std::find(done.begin(), done.end(), above) == done.end()) {
        ++unit;
        continue;
      }
      (*unit)["parent"] = above;
      ordered.push_back(*unit);
      done.push_back(id);
      unit = units.erase(unit);
      again = true;
    }
  }
  if (!units.empty()) {
    throw ImportError(base::format("organization: the unit {} is below none that is here",
                                   units[0]["id"].get<std::string>()));
  }
  return ordered;
}

}  // namespace

void convert_organization(Importing& importing, const ExportNode& document) {
  const ExportNode node = document.member("Organization");
  node.check_members("Organization",
                     {"Id", "Arn", "FeatureSet", "MasterAccountArn", "MasterAccountId",
                      "MasterAccountEmail", "AvailablePolicyTypes"});
  importing.organization["id"] = node.text("Id");
  importing.organization["managementAccount"] = node.text("MasterAccountId");
}

void convert_roots(Importing& importing, const ExportNode& document) {
  document.check_members("list-roots", {"Roots", "NextToken"});
  document.each("Roots", [&](const ExportNode& root) {
    root.check_members("Roots", {"Id", "Arn", "Name", "PolicyTypes"});
    importing.organization["rootId"] = root.text("Id");
  });
}

void convert_units(Importing& importing, const ExportNode& document) {
  document.check_members("list-organizational-units-for-parent",
                         {"OrganizationalUnits", "NextToken"});
  const std::string parent = id_in_path(document.file(), {"r-", "ou-"});
  document.each("OrganizationalUnits", [&](const ExportNode& unit) {
    unit.check_members("OrganizationalUnits", {"Id", "Arn", "Name", "Path"});
    if (parent.empty())
      document.fail("says of no parent: put it into a folder with its id (r-…, ou-…)");
    const std::string id = unit.text("Id");
    if (!importing.parent_of.emplace(id, seed_name(parent)).second) return;  // of another export
    units_of(importing).push_back({{"id", id}, {"name", unit.text_or("Name", id)}});
  });
}

// Of list-accounts-for-parent, and of list-accounts, which names no parent.
void convert_members(Importing& importing, const ExportNode& document) {
  document.check_members("list-accounts", {"Accounts", "NextToken"});
  const std::string parent = id_in_path(document.file(), {"r-", "ou-"});
  document.each("Accounts", [&](const ExportNode& account) {
    account.check_members("Accounts", {"Id", "Arn", "Email", "Name", "Status", "State",
                                       "JoinedMethod", "JoinedTimestamp", "Paths"});
    const std::string id = account.text("Id");
    if (!model::is_account_id(id)) account.member("Id").fail("is no account id");
    OrderedJson& accounts = importing.organization["accounts"];
    if (!accounts.contains(id)) accounts[id] = OrderedJson::object();
    if (!parent.empty()) importing.parent_of[id] = seed_name(parent);
  });
}

void convert_control_policy(Importing& importing, const ExportNode& document) {
  const ExportNode policy = document.member("Policy");
  policy.check_members("Policy", {"PolicySummary", "Content"});
  const ExportNode summary = policy.member("PolicySummary");
  summary.check_members("PolicySummary",
                        {"Id", "Arn", "Name", "Description", "Type", "AwsManaged"});
  const std::string id = summary.text("Id");
  const std::string type = summary.text("Type");
  if (type != "SERVICE_CONTROL_POLICY" && type != "RESOURCE_CONTROL_POLICY") {
    importing.notes.add(
        base::format("left out {}, a policy of type {}: it allows and denies nothing", id, type));
    return;
  }
  if (id == kFullScp || id == kFullRcp) return;  // every organization of a seed has them
  OrderedJson& policies = importing.organization["policies"];
  if (policies.is_null()) policies = OrderedJson::array();
  for (const OrderedJson& known : policies) {
    if (known["id"] == id) return;  // of another export
  }
  policies.push_back({{"id", id},
                      {"type", type},
                      {"name", summary.text_or("Name", id)},
                      {"document", policy_document(policy.member("Content"))}});
}

void convert_targets(Importing& importing, const ExportNode& document) {
  document.check_members("list-targets-for-policy", {"Targets", "NextToken"});
  const std::string policy = id_in_path(document.file(), {"p-"});
  if (policy.empty()) document.fail("says of no policy: put it into a folder with its id (p-…)");
  importing.targets_known = true;
  document.each("Targets", [&](const ExportNode& target) {
    target.check_members("Targets", {"TargetId", "Arn", "Name", "Type"});
    auto& policies = importing.policies_of_target[target.text("TargetId")];
    if (std::find(policies.begin(), policies.end(), policy) == policies.end()) {
      policies.push_back(policy);
    }
  });
}

// What describe-policy and list-targets-for-policy print has all that list-policies prints.
void convert_policy_list(Importing&, const ExportNode& document) {
  document.check_members("list-policies", {"Policies", "NextToken"});
}

void finish_organization(Importing& importing) {
  OrderedJson& organization = importing.organization;
  if (organization.is_null()) return;
  if (!organization.contains("id")) {
    throw ImportError(
        "organization: there is no output of describe-organization, which has its id and its "
        "management account");
  }
  const std::string root = base::text_member(organization, "rootId");
  organization.erase("rootId");
  OrderedJson at_root = OrderedJson::object();
  add_policies(importing, root, at_root);
  organization["root"] = std::move(at_root);
  if (organization.contains("units")) {
    organization["units"] = in_order(importing, organization["units"]);
    for (OrderedJson& unit : organization["units"]) {
      add_policies(importing, unit["id"].get<std::string>(), unit);
    }
  }
  // A member sees of its organization the id alone.
  if (!organization.contains("accounts")) {
    for (const auto& [id, account] : importing.accounts.items()) {
      organization["accounts"][id] = OrderedJson::object();
    }
    importing.notes.add(
        "no output of list-accounts: every account here counts as a member of the organization, "
        "without control policies; export the management account, too");
  }
  if (organization.contains("accounts")) {
    for (auto& [id, account] : organization["accounts"].items()) {
      const auto parent = importing.parent_of.find(id);
      if (parent != importing.parent_of.end()) account["parent"] = parent->second;
      add_policies(importing, id, account);
    }
  }
  if (!importing.targets_known && organization.contains("policies")) {
    importing.notes.add(
        "no output of list-targets-for-policy: the control policies are attached to nothing");
  }
}

}  // namespace ecr::api::admin::account_import
