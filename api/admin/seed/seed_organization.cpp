// An organization in the seed: its tree and its control policies.
#include <map>

#include <nlohmann/json.hpp>

#include "api/admin/seed/seed_document.h"
#include "schemas/model/arn.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using storage::ControlPolicyKind;

constexpr const char* kRoot = "root";      // as the seed names it
constexpr const char* kRootId = "r-root";  // as the Organizations API does
constexpr const char* kFullScp = "p-FullAWSAccess";
constexpr const char* kFullRcp = "p-RCPFullAWSAccess";
constexpr std::size_t kMaxUnitLevels = 5;  // below the root (Organizations quotas)

// The policies that AWS attaches at every level of an organization (Organizations User Guide, "SCP
// evaluation", "Resource control policies").
void insert_full_access(SeedContext& context, const std::string& organization) {
  storage::insert_control_policy(
      context.txn, organization, ControlPolicyKind::kService,
      {kFullScp, "FullAWSAccess",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"});
  storage::insert_control_policy(
      context.txn, organization, ControlPolicyKind::kResource,
      {kFullRcp, "RCPFullAWSAccess",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*",)"
       R"("Resource":"*"}]})"});
}

void apply_control_policy(SeedContext& context, const SeedNode& node,
                          const std::string& organization) {
  node.check_members({"id", "type", "name", "document"});
  const std::string type = node.text("type");
  const bool service = type == "SERVICE_CONTROL_POLICY";
  if (!service && type != "RESOURCE_CONTROL_POLICY") {
    node.member("type").fail("must be SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY");
  }
  const storage::ControlPolicy policy{
      node.text("id"), node.text("name", node.text("id")),
      policy_text(context, node.member("document"), service ? PolicyType::kScp : PolicyType::kRcp)};
  if (storage::has_control_policy(context.txn, policy.id)) {
    node.member("id").fail("is given more than once");
  }
  storage::insert_control_policy(
      context.txn, organization,
      service ? ControlPolicyKind::kService : ControlPolicyKind::kResource, policy);
}

// The seed names the root "root"; its id in the API is r-root.
std::string parent_id(const SeedNode& node) {
  std::string parent = node.text("parent", kRoot);
  return parent == kRoot ? kRootId : parent;
}

// Inserts a target (root, unit or account) and attaches its policies.
void apply_target(SeedContext& context, const SeedNode& node, const std::string& organization,
                  const std::string& id, const std::optional<std::string>& parent) {
  if (storage::has_organization_target(context.txn, id)) node.fail("is given more than once");
  if (parent && !storage::has_organization_target(context.txn, *parent)) {
    node.member("parent").fail("there is no such unit (list units after their parents)");
  }
  storage::insert_organization_target(context.txn, organization, id, parent);
  storage::attach_control_policy(context.txn, id, kFullRcp);  // cannot be detached in AWS either
  if (node.flag("fullAccess", true)) storage::attach_control_policy(context.txn, id, kFullScp);
  node.each("policies", [&](const SeedNode& policy) {
    if (!policy.json().is_string() ||
        !storage::has_control_policy(context.txn, policy.json().get<std::string>())) {
      policy.fail("must be the id of one of the organization's policies");
    }
    storage::attach_control_policy(context.txn, id, policy.json().get<std::string>());
  });
}

}  // namespace

// The server has one seeded organization: all that exist are deleted first, those of the API too.
void apply_organization(SeedContext& context, const SeedNode& node) {
  node.check_members({"id", "managementAccount", "policies", "root", "units", "accounts"});
  const storage::Organization organization{node.text("id"), node.text("managementAccount"),
                                           std::string(context.partition())};
  if (!model::is_account_id(organization.management_account)) {
    node.member("managementAccount").fail("an account id has 12 digits");
  }
  storage::delete_organizations(context.txn);
  storage::insert_organization(context.txn, organization);
  insert_full_access(context, organization.id);
  node.each("policies", [&](const SeedNode& policy) {
    apply_control_policy(context, policy, organization.id);
  });
  const nlohmann::json empty = nlohmann::json::object();
  const SeedNode root = node.has("root") ? node.member("root") : SeedNode(empty, "root");
  root.check_members({"policies", "fullAccess"});
  apply_target(context, root, organization.id, kRootId, std::nullopt);
  // By id: how many levels the unit is below the root. Policies of a root that is further above
  // would not be found (storage/rows/iam/organizations.cpp).
  std::map<std::string, std::size_t> levels;
  node.each("units", [&](const SeedNode& unit) {
    unit.check_members({"id", "name", "parent", "policies", "fullAccess"});
    apply_target(context, unit, organization.id, unit.text("id"), parent_id(unit));
    const std::size_t level = levels[parent_id(unit)] + 1;
    if (level > kMaxUnitLevels) {
      unit.fail("units nest at most " + std::to_string(kMaxUnitLevels) + " levels deep");
    }
    levels[unit.text("id")] = level;
  });
  bool has_management_account = false;
  node.each_pair("accounts", [&](const std::string& account, const SeedNode& one) {
    has_management_account |= account == organization.management_account;
    if (!model::is_account_id(account)) one.fail("an account id has 12 digits");
    one.check_members({"parent", "policies", "fullAccess"});
    apply_target(context, one, organization.id, account, parent_id(one));
  });
  // It is a member of its organization, listed or not.
  if (!has_management_account) {
    apply_target(context, SeedNode(empty, "accounts"), organization.id,
                 organization.management_account, kRootId);
  }
}

}  // namespace ecr::api::admin
