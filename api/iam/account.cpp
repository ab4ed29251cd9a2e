// The account itself: alias, password policy, and the counts of GetAccountSummary. Source: AWS IAM
// API Reference. An account exists as soon as a request names it, so none of these needs a row for
// it.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/credentials.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/iam/instance_profiles.h"
#include "storage/rows/iam/managed_policies.h"
#include "storage/rows/iam/mfa_devices.h"

namespace ecr::api::iam {
namespace {

using storage::EntityKind;
using storage::sql::Access;

// An account has at most one alias: a new one replaces the old one. Aliases are unique among all
// accounts, because AWS uses them in the host name of the sign-in page.
Json create_alias(ApiRequest& request) {
  const std::string alias = text_member(request.input, "AccountAlias");
  if (!storage::set_account_alias(request.txn, request.caller.account, alias)) {
    throw already_exists(base::format("The account alias {} already exists.", alias));
  }
  return Json::object();
}

Json delete_alias(ApiRequest& request) {
  const std::string alias = text_member(request.input, "AccountAlias");
  if (storage::account_alias(request.txn, request.caller.account) != alias) {  // the text is ours
    throw no_such_entity(base::format("The account alias {} cannot be found.", alias));
  }
  storage::remove_account_alias(request.txn, request.caller.account);
  return Json::object();
}

// The model has a list with a marker, but an account has at most one alias.
Json list_aliases(ApiRequest& request) {
  Json aliases = Json::array();
  if (const auto alias = storage::account_alias(request.txn, request.caller.account)) {
    aliases.push_back(*alias);
  }
  return {{"AccountAliases", std::move(aliases)}, {"IsTruncated", false}};
}

// A parameter that is absent is reset to its default, not left as it is (API Reference). IAM
// derives ExpirePasswords from MaxPasswordAge.
Json update_password_policy(ApiRequest& request) {
  Json policy = {{"MinimumPasswordLength", 6},
                 {"RequireSymbols", false},
                 {"RequireNumbers", false},
                 {"RequireUppercaseCharacters", false},
                 {"RequireLowercaseCharacters", false},
                 {"AllowUsersToChangePassword", false}};
  for (const auto& [member, value] : request.input.items()) policy[member] = value;
  policy["ExpirePasswords"] = policy.contains("MaxPasswordAge");
  storage::set_password_policy(request.txn, request.caller.account, base::dump(policy));
  return Json::object();
}

// "Domain name" is AWS's word in this error; its value is the account id.
Json get_password_policy(ApiRequest& request) {
  const auto policy = storage::password_policy(request.txn, request.caller.account);
  if (!policy) {
    throw no_such_entity(base::format("The Password Policy with domain name {} cannot be found.",
                                      request.caller.account));
  }
  return {{"PasswordPolicy", base::parse_json(*policy).value()}};
}

// The sentence is another than that of GetAccountPasswordPolicy (both recorded from IAM).
Json delete_password_policy(ApiRequest& request) {
  if (!storage::password_policy(request.txn, request.caller.account)) {
    throw no_such_entity("The account policy with name PasswordPolicy cannot be found.");
  }
  storage::set_password_policy(request.txn, request.caller.account, std::nullopt);
  return Json::object();
}

constexpr std::int64_t kEveryEntity = 1'000'000;  // the limit of a listing that has no pages

// Counts every stored version of the account's own policies.
std::size_t versions_in_use(const ApiRequest& request) {
  std::size_t count = 0;
  for (const auto& policy :
       storage::list_managed_policies(request.txn, request.caller.account, "", "", kEveryEntity)) {
    count += storage::policy_versions(request.txn, policy.id).size();
  }
  return count;
}

// The ...Quota values are AWS's defaults. Those of sizes and of attachments are enforced
// (common.h), those of the number of users, roles and so on are not. AccountAccessKeysPresent is 1:
// the root user has a key, that of the server's settings.
Json get_summary(ApiRequest& request) {
  const std::string& account = request.caller.account;
  const auto devices = storage::mfa_devices_of_account(request.txn, account);
  const auto devices_in_use = std::count_if(
      devices.begin(), devices.end(), [](const auto& device) { return device.entity.has_value(); });
  const bool second_version =
      storage::account_setting(request.txn, account, kTokenVersionSetting) == "v2Token";
  const Json map = {
      {"Users", storage::count_entities(request.txn, account, EntityKind::kUser)},
      {"UsersQuota", 5000},
      {"Groups", storage::count_entities(request.txn, account, EntityKind::kGroup)},
      {"GroupsQuota", 300},
      {"Roles", storage::count_entities(request.txn, account, EntityKind::kRole)},
      {"RolesQuota", 1000},
      {"InstanceProfiles",
       storage::list_instance_profiles(request.txn, account, "", "", kEveryEntity).size()},
      {"InstanceProfilesQuota", 1000},
      {"Policies", storage::count_managed_policies(request.txn, account)},
      {"PoliciesQuota", 1500},
      {"PolicyVersionsInUse", versions_in_use(request)},
      {"PolicyVersionsInUseQuota", 10'000},
      {"Providers", storage::list_oidc_providers(request.txn, account).size() +
                        storage::list_saml_providers(request.txn, account).size()},
      {"ServerCertificates", storage::server_certificates(request.txn, account).size()},
      {"ServerCertificatesQuota", 20},
      {"MFADevices", devices.size()},
      {"MFADevicesInUse", devices_in_use},
      {"AccountMFAEnabled", 0},
      {"AccountAccessKeysPresent", 1},
      {"AccountPasswordPresent", 0},
      {"AccountSigningCertificatesPresent", 0},
      {"SigningCertificatesPerUserQuota", 2},
      {"GlobalEndpointTokenVersion", second_version ? 2 : 1},
      {"AccessKeysPerUserQuota", kAccessKeysPerUser},
      {"GroupsPerUserQuota", kGroupsPerUser},
      {"AttachedPoliciesPerUserQuota", kAttachedPolicies},
      {"AttachedPoliciesPerGroupQuota", kAttachedPolicies},
      {"AttachedPoliciesPerRoleQuota", kAttachedPolicies},
      {"PolicySizeQuota", kPolicySize},
      {"VersionsPerPolicyQuota", kVersionsPerPolicy},
      {"UserPolicySizeQuota", kUserPolicySize},
      {"GroupPolicySizeQuota", kGroupPolicySize},
      {"RolePolicySizeQuota", kRolePolicySize},
      {"AssumeRolePolicySizeQuota", kTrustPolicySize},
  };
  return {{"SummaryMap", map}};
}

constexpr Operation kAccountOperations[] = {
    {"CreateAccountAlias", "iam:CreateAccountAlias", Access::kWrite,
     on<account_target, create_alias>},
    {"DeleteAccountAlias", "iam:DeleteAccountAlias", Access::kWrite,
     on<account_target, delete_alias>},
    {"ListAccountAliases", "iam:ListAccountAliases", Access::kRead,
     on<account_target, list_aliases>},
    {"UpdateAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy", Access::kWrite,
     on<account_target, update_password_policy>},
    {"GetAccountPasswordPolicy", "iam:GetAccountPasswordPolicy", Access::kRead,
     on<account_target, get_password_policy>},
    {"DeleteAccountPasswordPolicy", "iam:DeleteAccountPasswordPolicy", Access::kWrite,
     on<account_target, delete_password_policy>},
    {"GetAccountSummary", "iam:GetAccountSummary", Access::kRead, on<account_target, get_summary>},
};

}  // namespace

std::vector<const Operation*> account_operations() { return pointers(kAccountOperations); }

}  // namespace ecr::api::iam
