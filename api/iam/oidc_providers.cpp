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

// The ARN follows from the URL, so the resource is known before the provider exists.
Resolved<OidcProvider> new_oidc_provider_target(const ApiRequest& request) {
  OidcProvider provider;
  provider.account = request.caller.account;
  provider.partition = request.registry.partition();
  provider.url = checked_url(request.input);
  return {new_resource_target(request, storage::oidc_provider_arn(provider),
                              "iam:TagOpenIDConnectProvider"),
          std::move(provider)};
}

Json create_oidc_provider(ApiRequest& request, OidcProvider& provider) {
  provider.client_ids = string_list(request.input, "ClientIDList");
  check_client_ids(provider.client_ids);
  provider.thumbprints = thumbprints(request.input);
  provider.created_at = request.now;
  if (!storage::insert_oidc_provider(request.txn, provider)) {
    throw already_exists(
        base::format("Provider with url https://{} already exists.", provider.url));
  }
  const std::string arn = storage::oidc_provider_arn(provider);
  tag_resource(request, arn);
  Json output = {{"OpenIDConnectProviderArn", arn}};
  add_tags(requested_resource_tags(request.input), output);
  return output;
}

struct NamedOidcProvider : Named<OidcProvider> {
  std::string arn;

  [[noreturn]] void missing() const {
    throw no_such_entity(base::format("OpenIDConnect Provider not found for arn {}", arn));
  }
};

Resolved<NamedOidcProvider> oidc_provider_target(const ApiRequest& request) {
  NamedOidcProvider named;
  named.arn = text_member(request.input, "OpenIDConnectProviderArn");
  constexpr std::string_view kKind = "oidc-provider/";
  Target target = target_of_given_arn(request, named.arn, kKind);
  named.row = storage::find_oidc_provider(request.txn, request.caller.account,
                                          named.arn.substr(named.arn.find(kKind) + kKind.size()));
  if (named.row && storage::oidc_provider_arn(*named.row) != named.arn) named.row.reset();
  return {{std::move(target)}, std::move(named)};
}

// Tags are there where the list is empty, too, and the time has milliseconds (recorded from IAM).
Json get_oidc_provider(ApiRequest& request, const OidcProvider& provider) {
  return {{"Url", provider.url},
          {"ClientIDList", provider.client_ids},
          {"ThumbprintList", provider.thumbprints},
          {"CreateDate", exact_iso_time(provider.created_at)},
          {"Tags",
           tags_json(storage::resource_tags(request.txn, storage::oidc_provider_arn(provider)))}};
}

// This listing has no pages in IAM.
Json list_oidc_providers(ApiRequest& request) {
  Json list = Json::array();
  for (const auto& provider : storage::list_oidc_providers(request.txn, request.caller.account)) {
    list.push_back({{"Arn", storage::oidc_provider_arn(provider)}});
  }
  return {{"OpenIDConnectProviderList", std::move(list)}};
}

// Roles that trust the provider stay, and can no longer be assumed by its tokens (API Reference).
// The sentence of one that is missing is another than that of GetOpenIDConnectProvider (both
// recorded from IAM).
Json delete_oidc_provider(ApiRequest& request, const NamedOidcProvider& named) {
  if (!named.row) {
    throw no_such_entity(base::format("OpenId connect Provider {} cannot be found.", named.arn));
  }
  storage::remove_resource_tags(request.txn, storage::oidc_provider_arn(*named.row));
  storage::delete_oidc_provider(request.txn, named.row->id);
  return Json::object();
}

// Both are idempotent (API Reference): a client id that is there already, or is not there, is no
// error.
Json add_client_id(ApiRequest& request, OidcProvider& provider) {
  const std::string id = text_member(request.input, "ClientID");
  auto& ids = provider.client_ids;
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  check_client_ids(ids);
  storage::update_oidc_provider(request.txn, provider);
  return Json::object();
}

Json remove_client_id(ApiRequest& request, OidcProvider& provider) {
  std::erase(provider.client_ids, text_member(request.input, "ClientID"));
  storage::update_oidc_provider(request.txn, provider);
  return Json::object();
}

// The list is replaced, not extended (API Reference).
Json update_thumbprints(ApiRequest& request, OidcProvider& provider) {
  provider.thumbprints = thumbprints(request.input);
  storage::update_oidc_provider(request.txn, provider);
  return Json::object();
}

Json tag_oidc_provider(ApiRequest& request, const OidcProvider& provider) {
  tag_resource(request, storage::oidc_provider_arn(provider));
  return Json::object();
}
Json untag_oidc_provider(ApiRequest& request, const OidcProvider& provider) {
  untag_resource(request, storage::oidc_provider_arn(provider));
  return Json::object();
}
Json list_oidc_provider_tags(ApiRequest& request, const OidcProvider& provider) {
  return list_tags(request,
                   storage::resource_tags(request.txn, storage::oidc_provider_arn(provider)));
}

constexpr Operation kOidcProviderOperations[] = {
    {"CreateOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", Access::kWrite,
     on<new_oidc_provider_target, create_oidc_provider>},
    {"GetOpenIDConnectProvider", "iam:GetOpenIDConnectProvider", Access::kRead,
     on<oidc_provider_target, get_oidc_provider>},
    {"ListOpenIDConnectProviders", "iam:ListOpenIDConnectProviders", Access::kRead,
     on<account_target, list_oidc_providers>},
    {"DeleteOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider", Access::kWrite,
     on<oidc_provider_target, delete_oidc_provider>},
    {"AddClientIDToOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider", Access::kWrite,
     on<oidc_provider_target, add_client_id>},
    {"RemoveClientIDFromOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider",
     Access::kWrite, on<oidc_provider_target, remove_client_id>},
    {"UpdateOpenIDConnectProviderThumbprint", "iam:UpdateOpenIDConnectProviderThumbprint",
     Access::kWrite, on<oidc_provider_target, update_thumbprints>},
    {"TagOpenIDConnectProvider", "iam:TagOpenIDConnectProvider", Access::kWrite,
     on<oidc_provider_target, tag_oidc_provider>},
    {"UntagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider", Access::kWrite,
     on<oidc_provider_target, untag_oidc_provider>},
    {"ListOpenIDConnectProviderTags", "iam:ListOpenIDConnectProviderTags", Access::kRead,
     on<oidc_provider_target, list_oidc_provider_tags>},
};

}  // namespace

std::vector<const Operation*> oidc_provider_operations() {
  return pointers(kOidcProviderOperations);
}

}  // namespace ecr::api::iam
