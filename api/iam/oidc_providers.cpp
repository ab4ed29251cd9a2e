// OpenID Connect (OIDC) identity providers, which AssumeRoleWithWebIdentity trusts. Source: AWS IAM
// API Reference; some of the error texts are inferred.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::OidcProvider;
using storage::sql::Access;

std::vector<std::string> string_list(const Json& input, const char* member) {
  return input.value(member, Json::array()).get<std::vector<std::string>>();
}

// The thumbprints are stored and shown. AWS, too, ignores them for issuers whose certificate a
// well-known authority has signed.
std::vector<std::string> thumbprints(const Json& input) {
  auto list = string_list(input, "ThumbprintList");
  // The sentence is recorded; five entries are taken all the same.
  if (list.size() > kThumbprints) {
    throw invalid_input(
        base::format("Thumbprint list must contain fewer than {} entries.", kThumbprints));
  }
  for (const std::string& thumbprint : list) {
    if (!base::from_hex(thumbprint)) throw invalid_input("Invalid thumbprint " + thumbprint);
  }
  return list;
}

// A client id is an audience: AssumeRoleWithWebIdentity compares it to the token's "aud".
void check_client_ids(const std::vector<std::string>& ids) {
  if (ids.size() > kClientIds) {
    throw limit_exceeded(
        base::format("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {}", kClientIds));
  }
  for (const std::string& id : ids) {
    // A row keeps the ids in one column, separated by newlines.
    if (id.find('\n') != std::string::npos) throw invalid_input("Invalid client id");
  }
}

// Host and path of the URL, without the scheme, as IAM stores it: GetOpenIDConnectProvider answers
// it, and the ARN ends with it. A query or a fragment is not part of an issuer (OpenID Connect
// Core, "Issuer Identifier").
std::string checked_url(const Json& input) {
  const std::string url = text_member(input, "Url");
  const std::string stored = storage::oidc_url(url);
  if (!url.starts_with("https://") || stored.empty() || stored.starts_with('/') ||
      stored.find_first_of("?#@ \t\n\\") != std::string::npos) {
    throw validation_error("Invalid Open ID Connect Provider URL");
  }
  return stored;
}

OidcProvider requested_oidc_provider(const Call& call) {
  OidcProvider provider;
  provider.account = call.caller.account;
  provider.url = checked_url(call.input);
  return provider;
}

// The ARN follows from the URL, so the resource is known before the provider exists.
std::vector<Target> new_oidc_provider_target(const Call& call) {
  return new_resource_target(call, storage::oidc_provider_arn(requested_oidc_provider(call)),
                             "iam:TagOpenIDConnectProvider");
}

Json create_oidc_provider(Call& call) {
  OidcProvider provider = requested_oidc_provider(call);
  provider.client_ids = string_list(call.input, "ClientIDList");
  check_client_ids(provider.client_ids);
  provider.thumbprints = thumbprints(call.input);
  provider.created_at = call.now;
  if (!storage::insert_oidc_provider(call.txn, provider)) {
    throw already_exists(
        base::format("Provider with url https://{} already exists.", provider.url));
  }
  const std::string arn = storage::oidc_provider_arn(provider);
  tag_resource(call, arn);
  Json output = {{"OpenIDConnectProviderArn", arn}};
  add_tags(requested_resource_tags(call.input), output);
  return output;
}

std::optional<OidcProvider> find_oidc_provider(const Call& call) {
  const std::string arn = text_member(call.input, "OpenIDConnectProviderArn");
  // The resolver has checked that this is the ARN of an OIDC provider.
  constexpr std::string_view kMark = ":oidc-provider/";
  auto provider = storage::find_oidc_provider(call.txn, call.caller.account,
                                              arn.substr(arn.find(kMark) + kMark.size()));
  if (provider && storage::oidc_provider_arn(*provider) != arn) provider.reset();
  return provider;
}

OidcProvider require_oidc_provider(const Call& call) {
  auto provider = find_oidc_provider(call);
  if (!provider) {
    throw no_such_entity(base::format("OpenIDConnect Provider not found for arn {}",
                                      text_member(call.input, "OpenIDConnectProviderArn")));
  }
  return std::move(*provider);
}

// Tags are there where the list is empty, too, and the time has milliseconds (recorded from IAM).
Json get_oidc_provider(Call& call) {
  const OidcProvider provider = require_oidc_provider(call);
  return {
      {"Url", provider.url},
      {"ClientIDList", provider.client_ids},
      {"ThumbprintList", provider.thumbprints},
      {"CreateDate", exact_iso_time(provider.created_at)},
      {"Tags", tags_json(storage::resource_tags(call.txn, storage::oidc_provider_arn(provider)))}};
}

// This listing has no pages in IAM.
Json list_oidc_providers(Call& call) {
  Json list = Json::array();
  for (const auto& provider : storage::list_oidc_providers(call.txn, call.caller.account)) {
    list.push_back({{"Arn", storage::oidc_provider_arn(provider)}});
  }
  return {{"OpenIDConnectProviderList", std::move(list)}};
}

// Roles that trust the provider stay, and can no longer be assumed by its tokens (API Reference).
// The sentence of one that is missing is another than that of GetOpenIDConnectProvider (both
// recorded from IAM).
Json delete_oidc_provider(Call& call) {
  const auto provider = find_oidc_provider(call);
  if (!provider) {
    throw no_such_entity(base::format("OpenId connect Provider {} cannot be found.",
                                      text_member(call.input, "OpenIDConnectProviderArn")));
  }
  storage::remove_resource_tags(call.txn, storage::oidc_provider_arn(*provider));
  storage::delete_oidc_provider(call.txn, provider->id);
  return Json::object();
}

// Both are idempotent (API Reference): a client id that is there already, or is not there, is no
// error.
Json add_client_id(Call& call) {
  OidcProvider provider = require_oidc_provider(call);
  const std::string id = text_member(call.input, "ClientID");
  auto& ids = provider.client_ids;
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  check_client_ids(ids);
  storage::update_oidc_provider(call.txn, provider);
  return Json::object();
}

Json remove_client_id(Call& call) {
  OidcProvider provider = require_oidc_provider(call);
  std::erase(provider.client_ids, text_member(call.input, "ClientID"));
  storage::update_oidc_provider(call.txn, provider);
  return Json::object();
}

// The list is replaced, not extended (API Reference).
Json update_thumbprints(Call& call) {
  OidcProvider provider = require_oidc_provider(call);
  provider.thumbprints = thumbprints(call.input);
  storage::update_oidc_provider(call.txn, provider);
  return Json::object();
}

Json tag_oidc_provider(Call& call) {
  tag_resource(call, storage::oidc_provider_arn(require_oidc_provider(call)));
  return Json::object();
}
Json untag_oidc_provider(Call& call) {
  untag_resource(call, storage::oidc_provider_arn(require_oidc_provider(call)));
  return Json::object();
}
Json list_oidc_provider_tags(Call& call) {
  return list_tags(call, storage::resource_tags(
                             call.txn, storage::oidc_provider_arn(require_oidc_provider(call))));
}

constexpr Operation kOidcProviderOperations[] = {
    {"CreateOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", Access::kWrite,
     new_oidc_provider_target, create_oidc_provider},
    {"GetOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", Access::kRead, provider_target,
     get_oidc_provider},
    {"ListOpenIDConnectProviders", "iam:ListOpenIDConnectProviders", Access::kRead, account_target,
     list_oidc_providers},
    {"DeleteOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", Access::kWrite,
     provider_target, delete_oidc_provider},
    {"AddClientIDToOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider", Access::kWrite,
     provider_target, add_client_id},
    {"RemoveClientIDFromOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider",
     Access::kWrite, provider_target, remove_client_id},
    {"UpdateOpenIDConnectProviderThumbprint", "iam:UpdateOpenIDConnectProviderThumbprint",
     Access::kWrite, provider_target, update_thumbprints},
    {"TagOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", Access::kWrite, provider_target,
     tag_oidc_provider},
    {"UntagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider", Access::kWrite,
     provider_target, untag_oidc_provider},
    {"ListOpenIDConnectProviderTags", "iam:ListOpenIDConnectProviderTags", Access::kRead,
     provider_target, list_oidc_provider_tags},
};

}  // namespace

std::vector<const Operation*> oidc_provider_operations() {
  return pointers(kOidcProviderOperations);
}

}  // namespace ecr::api::iam
