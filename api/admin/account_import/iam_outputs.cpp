// What IAM prints: get-account-authorization-details, list-account-aliases, the identity providers.
// Source: AWS IAM API Reference, "GetAccountAuthorizationDetails".
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "api/core/access/aws_managed_policies.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::account_import {
namespace {

using base::OrderedJson;

constexpr const char* kLocalCopies = "/aws-managed/";

bool is_aws_policy(std::string_view arn) {
  return arn.find(":iam::aws:policy/") != std::string_view::npos;
}

// The account of the first ARN of the output.
std::string account_of_details(const Importing& importing, const ExportNode& document) {
  for (const char* list : {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"}) {
    if (!document.json().contains(list) || !document.json()[list].is_array()) continue;
    for (const OrderedJson& one : document.json()[list]) {
      const auto arn = model::Arn::parse(base::text_member(one, "Arn"));
      if (arn && model::is_account_id(arn->account)) return arn->account;
    }
  }
  return account_of_file(importing, document.file());
}

// The server has an account's users and roles in the partition of its Region.
void note_partition(Importing& importing, const ExportNode& entity) {
  const auto arn = model::Arn::parse(entity.text("Arn"));
  if (!arn) entity.member("Arn").fail("is no ARN");
  if (arn->partition == "aws") return;
  importing.notes.add(base::format(
      "the account is in the partition {}: start the server with --region of that partition",
      arn->partition));
}

// The document in force, which is the default version.
OrderedJson default_document(Importing& importing, const ExportNode& policy) {
  OrderedJson found;
  policy.each("PolicyVersionList", [&](const ExportNode& version) {
    version.check_members("PolicyVersionList",
                          {"Document", "VersionId", "IsDefaultVersion", "CreateDate"});
    const ExportNode is_default = version.member("IsDefaultVersion");
    if (!is_default.json().is_boolean()) is_default.fail("must be true or false");
    if (is_default.json().get<bool>()) {
      found = policy_document(version.member("Document"));
    } else {
      importing.notes.add("left out a version of a managed policy that is not in force");
    }
  });
  if (found.is_null()) policy.fail("has no default version in PolicyVersionList");
  return found;
}

void put_managed_policy(Importing& importing, const std::string& account, const std::string& name,
                        const std::string& path, OrderedJson document) {
  list_in(importing, account, "managedPolicies")
      .push_back({{"name", name}, {"path", path}, {"document", std::move(document)}});
}

// One of AWS's own policies: the program has them, too. Where its copy is another one, that of the
// account decides.
void convert_aws_policy(Importing& importing, const ExportNode& policy, const std::string& account,
                        const std::string& arn) {
  const AwsManagedPolicy* const known = find_aws_managed_policy(arn);
  const OrderedJson document = default_document(importing, policy);
  if (known != nullptr && base::parse_json(known->document()) == base::Json(document)) return;
  const std::string name = policy.text("PolicyName");
  const auto parsed = model::Arn::parse(arn);
  importing.aws_policies[account + arn] = base::format(
      "arn:{}:iam::{}:policy{}{}", parsed ? parsed->partition : "aws", account, kLocalCopies, name);
  put_managed_policy(importing, account, name, kLocalCopies, document);
  importing.notes.add(base::format(
      "{} is not the same here as in the account: it became the account's own policy {}{}", arn,
      kLocalCopies, name));
}

void convert_managed_policy(Importing& importing, const ExportNode& policy,
                            const std::string& account) {
  policy.check_members(
      "Policies", {"PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId", "AttachmentCount",
                   "PermissionsBoundaryUsageCount", "IsAttachable", "Description", "CreateDate",
                   "UpdateDate", "PolicyVersionList", "Tags"});
  const std::string arn = policy.text("Arn");
  importing.policies.insert(arn);
  if (is_aws_policy(arn)) return convert_aws_policy(importing, policy, account, arn);
  note_partition(importing, policy);
  put_managed_policy(importing, account, policy.text("PolicyName"), policy.text_or("Path", "/"),
                     default_document(importing, policy));
}

// Empty: there is no such policy, which is noted.
std::string attached_policy(Importing& importing, const ExportNode& node, std::string_view member,
                            const std::string& account) {
  const std::string arn = node.text(member);
  const auto copy = importing.aws_policies.find(account + arn);
  if (copy != importing.aws_policies.end()) return copy->second;
  if (find_aws_managed_policy(arn) != nullptr || importing.policies.contains(arn)) return arn;
  if (!is_aws_policy(arn)) {
    node.member(member).fail(
        "the output does not have this policy: export without --filter, or with LocalManagedPolicy "
        "in it");
  }
  importing.notes.add(base::format(
      "left out {}, which this version does not know: export without --filter to have its document",
      arn));
  return "";
}

OrderedJson attached_policies(Importing& importing, const ExportNode& node,
                              const std::string& account) {
  OrderedJson list = OrderedJson::array();
  node.each("AttachedManagedPolicies", [&](const ExportNode& one) {
    one.check_members("AttachedManagedPolicies", {"PolicyName", "PolicyArn"});
    const std::string arn = attached_policy(importing, one, "PolicyArn", account);
    if (!arn.empty()) list.push_back(arn);
  });
  return list;
}

OrderedJson inline_documents(const ExportNode& node, std::string_view member) {
  OrderedJson policies = OrderedJson::object();
  node.each(member, [&](const ExportNode& one) {
    one.check_members(member, {"PolicyName", "PolicyDocument"});
    policies[one.text("PolicyName")] = policy_document(one.member("PolicyDocument"));
  });
  return policies;
}

void put_unless_empty(OrderedJson& into, const char* name, OrderedJson value) {
  if (!value.empty()) into[name] = std::move(value);
}

// What users, groups and roles have alike. `kind`: "User", in the names of members.
OrderedJson entity_seed(Importing& importing, const ExportNode& node, const std::string& kind,
                        const std::string& account) {
  note_partition(importing, node);
  OrderedJson seed = {{"name", node.text(kind + "Name")}, {"path", node.text_or("Path", "/")}};
  // Policies may name users and roles by their ids.
  if (kind != "Group" && node.has(kind + "Id")) seed["uniqueId"] = node.text(kind + "Id");
  put_unless_empty(seed, "tags", tags_object(node, "Tags"));
  put_unless_empty(seed, "policies", inline_documents(node, kind + "PolicyList"));
  put_unless_empty(seed, "attachedPolicies", attached_policies(importing, node, account));
  if (node.has("PermissionsBoundary")) {
    const ExportNode boundary = node.member("PermissionsBoundary");
    boundary.check_members("PermissionsBoundary",
                           {"PermissionsBoundaryType", "PermissionsBoundaryArn"});
    const std::string arn = attached_policy(importing, boundary, "PermissionsBoundaryArn", account);
    // Without its boundary the identity could do more than it can.
    if (arn.empty())
      boundary.fail("is a policy that is not here, and a boundary cannot be left out");
    seed["boundary"] = arn;
  }
  return seed;
}

void convert_user(Importing& importing, const ExportNode& node, const std::string& account) {
  node.check_members("UserDetailList",
                     {"Path", "UserName", "UserId", "Arn", "CreateDate", "UserPolicyList",
                      "GroupList", "AttachedManagedPolicies", "PermissionsBoundary", "Tags"});
  OrderedJson seed = entity_seed(importing, node, "User", account);
  OrderedJson groups = OrderedJson::array();
  node.each("GroupList", [&](const ExportNode& group) { groups.push_back(group.json()); });
  put_unless_empty(seed, "groups", std::move(groups));
  list_in(importing, account, "users").push_back(std::move(seed));
}

void convert_group(Importing& importing, const ExportNode& node, const std::string& account) {
  node.check_members("GroupDetailList", {"Path", "GroupName", "GroupId", "Arn", "CreateDate",
                                         "GroupPolicyList", "AttachedManagedPolicies"});
  list_in(importing, account, "groups").push_back(entity_seed(importing, node, "Group", account));
}

void convert_instance_profiles(Importing& importing, const ExportNode& role,
                               const std::string& account) {
  role.each("InstanceProfileList", [&](const ExportNode& profile) {
    profile.check_members(
        "InstanceProfileList",
        {"Path", "InstanceProfileName", "InstanceProfileId", "Arn", "CreateDate", "Roles", "Tags"});
    OrderedJson seed = {{"name", profile.text("InstanceProfileName")},
                        {"path", profile.text_or("Path", "/")},
                        {"role", role.text("RoleName")}};
    put_unless_empty(seed, "tags", tags_object(profile, "Tags"));
    list_in(importing, account, "instanceProfiles").push_back(std::move(seed));
  });
}

void convert_role(Importing& importing, const ExportNode& node, const std::string& account) {
  node.check_members("RoleDetailList",
                     {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument",
                      "InstanceProfileList", "RolePolicyList", "AttachedManagedPolicies",
                      "PermissionsBoundary", "Tags", "RoleLastUsed"});
  OrderedJson seed = entity_seed(importing, node, "Role", account);
  seed["trustPolicy"] = policy_document(node.member("AssumeRolePolicyDocument"));
  list_in(importing, account, "roles").push_back(std::move(seed));
  convert_instance_profiles(importing, node, account);
}

}  // namespace

void convert_caller_identity(Importing& importing, const ExportNode& document) {
  const std::string& file = document.file();
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return;
  importing.account_of_folder[file.substr(0, slash)] = document.text("Account");
}

void convert_managed_policies(Importing& importing, const ExportNode& document) {
  document.check_members(
      "get-account-authorization-details",
      {"UserDetailList", "GroupDetailList", "RoleDetailList", "Policies", "IsTruncated", "Marker"});
  const std::string account = account_of_details(importing, document);
  account_in(importing, account);
  document.each("Policies", [&](const ExportNode& policy) {
    convert_managed_policy(importing, policy, account);
  });
}

void convert_identities(Importing& importing, const ExportNode& document) {
  const std::string account = account_of_details(importing, document);
  importing.with_identities.insert(account);
  document.each("GroupDetailList",
                [&](const ExportNode& group) { convert_group(importing, group, account); });
  document.each("UserDetailList",
                [&](const ExportNode& user) { convert_user(importing, user, account); });
  document.each("RoleDetailList",
                [&](const ExportNode& role) { convert_role(importing, role, account); });
}

void convert_account_aliases(Importing& importing, const ExportNode& document) {
  document.check_members("list-account-aliases", {"AccountAliases", "IsTruncated", "Marker"});
  document.each("AccountAliases", [&](const ExportNode& alias) {
    account_in(importing, account_of_file(importing, document.file()))["accountAlias"] =
        alias.json();
  });
}

void convert_oidc_provider(Importing& importing, const ExportNode& document) {
  document.check_members("get-open-id-connect-provider",
                         {"Url", "ClientIDList", "ThumbprintList", "CreateDate", "Tags"});
  std::string url = document.text("Url");
  if (!url.starts_with("https://")) url = "https://" + url;  // AWS prints it without
  OrderedJson seed = {{"url", url}};
  if (document.has("ClientIDList")) seed["clientIds"] = document.member("ClientIDList").json();
  if (document.has("ThumbprintList")) {
    seed["thumbprints"] = document.member("ThumbprintList").json();
  }
  put_unless_empty(seed, "tags", tags_object(document, "Tags"));
  list_in(importing, account_of_file(importing, document.file()), "oidcProviders")
      .push_back(std::move(seed));
}

// The output does not have the provider's name: the file has it.
void convert_saml_provider(Importing& importing, const ExportNode& document) {
  document.check_members("get-saml-provider",
                         {"SAMLMetadataDocument", "SAMLProviderUUID", "CreateDate", "ValidUntil",
                          "Tags", "AssertionEncryptionMode", "PrivateKeyList"});
  OrderedJson seed = {{"name", stem_of(document.file())},
                      {"metadata", document.text("SAMLMetadataDocument")}};
  put_unless_empty(seed, "tags", tags_object(document, "Tags"));
  list_in(importing, account_of_file(importing, document.file()), "samlProviders")
      .push_back(std::move(seed));
}

}  // namespace ecr::api::admin::account_import
