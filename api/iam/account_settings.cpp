// Settings of the account, and of its organization, that are stored and shown: account properties,
// the version of STS's global tokens, central management of root users. Nothing here is decided by
// them: the operations that they are about are not here. Source: AWS IAM API Reference; the texts
// of errors are inferred.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/account_access.h"
#include "storage/rows/iam/organizations.h"

namespace ecr::api::iam {
namespace {

using storage::sql::Access;

constexpr const char* kPropertiesSetting = "account_properties";
constexpr const char* kRootFeaturesSetting = "root_features";
constexpr std::size_t kMostProperties = 100;  // AWS publishes no limit

// A setting that is a JSON value; `none` where it was never set.
Json json_setting(const ApiRequest& request, const std::string& account, const char* name,
                  Json none) {
  const auto text = storage::account_setting(request.txn, account, name);
  return text ? base::parse_json(*text).value() : std::move(none);
}

// "Namespace/PropertyName", with exactly one slash inside. Empty: it has another form.
std::string property_namespace(const std::string& key) {
  const std::size_t slash = key.find('/');
  const bool fits = slash != key.npos && slash != 0 && slash + 1 != key.size() &&
                    key.find('/', slash + 1) == key.npos;
  return fits ? key.substr(0, slash) : "";
}

// The properties of one request are of one namespace, and those that it does not name stay (the
// latter is inferred). AWS checks a value against the property's type; the properties that there
// are, are not published as a list, so any name and value is stored here.
Json put_properties(ApiRequest& request) {
  Json properties =
      json_setting(request, request.caller.account, kPropertiesSetting, Json::object());
  std::string first;
  for (const auto& [key, value] : request.input["Properties"].items()) {
    const std::string space = property_namespace(key);
    if (space.empty()) {
      throw invalid_input(
          base::format("The property {} is not in the form Namespace/PropertyName.", key));
    }
    if (first.empty()) first = space;
    if (space != first) throw invalid_input("All properties must be of one namespace.");
    properties[key] = value;
  }
  if (properties.size() > kMostProperties) {
    throw invalid_input("The account has too many properties.");
  }
  storage::set_account_setting(request.txn, request.caller.account, kPropertiesSetting,
                               base::dump(properties));
  return Json::object();
}

Json get_properties(ApiRequest& request) {
  return {{"Properties",
           json_setting(request, request.caller.account, kPropertiesSetting, Json::object())}};
}

// GetAccountSummary shows it. Tokens of the global endpoint have one form here.
Json set_token_version(ApiRequest& request) {
  storage::set_account_setting(request.txn, request.caller.account, kTokenVersionSetting,
                               text_member(request.input, "GlobalEndpointTokenVersion"));
  return Json::object();
}

// Central management of root users is set in the management account. Delegated administrators and
// trusted access of IAM are not here, so that account is always the right one.
// Enabling has an error of its own for other accounts.
storage::Organization require_managed_organization(const ApiRequest& request, ErrorCode refusal) {
  auto organization = storage::organization_of(request.txn, request.caller.account);
  if (!organization) {
    throw ApiError(ErrorCode::kOrganizationNotFound,
                   "The account is not a member of an organization.");
  }
  if (organization->management_account != request.caller.account) {
    throw ApiError(refusal, "The account is not the management account of the organization.");
  }
  return std::move(*organization);
}

Json features_json(const storage::Organization& organization, Json features) {
  return {{"OrganizationId", organization.id}, {"EnabledFeatures", std::move(features)}};
}

Json list_features(ApiRequest& request) {
  const auto organization =
      require_managed_organization(request, ErrorCode::kNotManagementOrDelegatedAdministrator);
  return features_json(organization, json_setting(request, request.caller.account,
                                                  kRootFeaturesSetting, Json::array()));
}

Json set_feature(ApiRequest& request, const char* feature, bool enabled) {
  const auto organization = require_managed_organization(
      request, enabled ? ErrorCode::kCallerIsNotManagementAccount
                       : ErrorCode::kNotManagementOrDelegatedAdministrator);
  Json features =
      json_setting(request, request.caller.account, kRootFeaturesSetting, Json::array());
  features.erase(std::remove(features.begin(), features.end(), Json(feature)), features.end());
  if (enabled) features.push_back(feature);
  storage::set_account_setting(request.txn, request.caller.account, kRootFeaturesSetting,
                               base::dump(features));
  return features_json(organization, std::move(features));
}

constexpr const char* kRootCredentials = "RootCredentialsManagement";
constexpr const char* kRootSessions = "RootSessions";

Json enable_root_credentials(ApiRequest& request) {
  return set_feature(request, kRootCredentials, true);
}
Json disable_root_credentials(ApiRequest& request) {
  return set_feature(request, kRootCredentials, false);
}
Json enable_root_sessions(ApiRequest& request) { return set_feature(request, kRootSessions, true); }
Json disable_root_sessions(ApiRequest& request) {
  return set_feature(request, kRootSessions, false);
}

constexpr Operation kAccountSettingOperations[] = {
    {"GetAccountProperties", "iam:GetAccountProperties", Access::kRead,
     on<account_target, get_properties>},
    {"PutAccountProperties", "iam:PutAccountProperties", Access::kWrite,
     on<account_target, put_properties>},
    {"SetSecurityTokenServicePreferences", "iam:SetSecurityTokenServicePreferences", Access::kWrite,
     on<account_target, set_token_version>},
    {"ListOrganizationsFeatures", "iam:ListOrganizationsFeatures", Access::kRead,
     on<account_target, list_features>},
    {"EnableOrganizationsRootCredentialsManagement",
     "iam:EnableOrganizationsRootCredentialsManagement", Access::kWrite,
     on<account_target, enable_root_credentials>},
    {"DisableOrganizationsRootCredentialsManagement",
     "iam:DisableOrganizationsRootCredentialsManagement", Access::kWrite,
     on<account_target, disable_root_credentials>},
    {"EnableOrganizationsRootSessions", "iam:EnableOrganizationsRootSessions", Access::kWrite,
     on<account_target, enable_root_sessions>},
    {"DisableOrganizationsRootSessions", "iam:DisableOrganizationsRootSessions", Access::kWrite,
     on<account_target, disable_root_sessions>},
};

}  // namespace

std::vector<const Operation*> account_setting_operations() {
  return pointers(kAccountSettingOperations);
}

}  // namespace ecr::api::iam
