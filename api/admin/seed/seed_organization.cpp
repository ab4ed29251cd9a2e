// An organization in the seed: its tree and its control policies.
#include <nlohmann/json.hpp>

#include "api/admin/seed/seeding.h"
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

// Attached to every level of a real organization from the start.
void insert_full_access(Seeding& seeding, const std::string& organization) {
  storage::insert_control_policy(
      seeding.txn, organization, ControlPolicyKind::kService,
      {kFullScp, "FullAWSAccess",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"});
  storage::insert_control_policy(
      seeding.txn, organization, ControlPolicyKind::kResource,
      {kFullRcp, "RCPFullAWSAccess",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*",)"
       R"("Resource":"*"}]})"});
}

void apply_control_policy(Seeding& seeding, const SeedNode& node, const std::string& organization) {
  node.only({"id", "type", "name", "document"});
  const std::string type = node.text("type");
  const bool service = type == "SERVICE_CONTROL_POLICY";
  if (!service && type != "RESOURCE_CONTROL_POLICY") {
    node.member("type").fail("must be SERVICE_CONTROL_POLICY or RESOURCE_CONTROL_POLICY");
  }
  const storage::ControlPolicy policy{
      node.text("id"), node.text("name", node.text("id")),
      policy_text(node.member("document"), service ? PolicyType::kScp : PolicyType::kRcp)};
  if (storage::has_control_policy(seeding.txn, policy.id)) {
    node.member("id").fail("is given more than once");
  }
  storage::insert_control_policy(
      seeding.txn, organization,
      service ? ControlPolicyKind::kService : ControlPolicyKind::kResource, policy);
}

std::string parent_id(const SeedNode& node) {
  std::string parent = node.text("parent", kRoot);
  return parent == kRoot ? kRootId : parent;
}

// A target's row, and what is attached to it.
void apply_target(Seeding& seeding, const SeedNode& node, const std::string& organization,
                  const std::string& id, const std::optional<std::string>& parent) {
  if (storage::has_organization_target(seeding.txn, id)) node.fail("is given more than once");
  if (parent && !storage::has_organization_target(seeding.txn, *parent)) {
    node.member("parent").fail("there is no such unit (units stand after their parents)");
  }
  storage::insert_organization_target(seeding.txn, organization, id, parent);
  storage::attach_control_policy(seeding.txn, id, kFullRcp);  // cannot be detached in AWS either
  if (node.flag("fullAccess", true)) storage::attach_control_policy(seeding.txn, id, kFullScp);
  node.each("policies", [&](const SeedNode& policy) {
    if (!policy.json().is_string() ||
        !storage::has_control_policy(seeding.txn, policy.json().get<std::string>())) {
      policy.fail("must be the id of one of the organization's policies");
    }
    storage::attach_control_policy(seeding.txn, id, policy.json().get<std::string>());
  });
}

}  // namespace

void apply_organization(Seeding& seeding, const SeedNode& node) {
  node.only({"id", "managementAccount", "policies", "root", "units", "accounts"});
  const storage::Organization organization{node.text("id"), node.text("managementAccount")};
  if (!model::is_account_id(organization.management_account)) {
    node.member("managementAccount").fail("an account is named by 12 digits");
  }
  storage::delete_organizations(seeding.txn);
  storage::insert_organization(seeding.txn, organization);
  insert_full_access(seeding, organization.id);
  node.each("policies", [&](const SeedNode& policy) {
    apply_control_policy(seeding, policy, organization.id);
  });
  const nlohmann::json empty = nlohmann::json::object();
  const SeedNode root = node.has("root") ? node.member("root") : SeedNode(empty, "root");
  root.only({"policies", "fullAccess"});
  apply_target(seeding, root, organization.id, kRootId, std::nullopt);
  node.each("units", [&](const SeedNode& unit) {
    unit.only({"id", "name", "parent", "policies", "fullAccess"});
    apply_target(seeding, unit, organization.id, unit.text("id"), parent_id(unit));
  });
  node.each_pair("accounts", [&](const std::string& account, const SeedNode& one) {
    if (!model::is_account_id(account)) one.fail("an account is named by 12 digits");
    one.only({"parent", "policies", "fullAccess"});
    apply_target(seeding, one, organization.id, account, parent_id(one));
  });
}

}  // namespace ecr::api::admin
