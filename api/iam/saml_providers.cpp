// SAML identity providers. They are stored and shown only: AssumeRoleWithSAML does not exist here.
// Source: AWS IAM API Reference; some of the error texts are inferred.
#include <nlohmann/json.hpp>

#include "api/core/access/iam_entities.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/iam/iam_api.h"
#include "api/iam/shared/common.h"
#include "api/iam/shared/tags.h"
#include "api/iam/shared/targets.h"
#include "schemas/base/text.h"
#include "storage/rows/iam/identity_providers.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {
namespace {

using storage::SamlProvider;
using storage::sql::Access;

// IAM reads the date from the metadata document, and refuses text that is not one.
void set_metadata(const ApiRequest& request, SamlProvider& provider) {
  provider.metadata = text_member(request.input, "SAMLMetadataDocument");
  const auto valid_until = saml_valid_until(provider.metadata, request.now);
  if (!valid_until) throw invalid_input("Could not parse metadata");
  provider.valid_until = *valid_until;
}

// Encrypted assertions need a private key per provider, which is of no use without sign-in.
// Ignoring the parameters would report a protection that does not exist.
void refuse_encryption(const Json& input) {
  for (const char* member : {"AssertionEncryptionMode", "AddPrivateKey", "RemovePrivateKey"}) {
    if (input.contains(member)) {
      throw invalid_input(base::format("{}: encrypted assertions are not supported here", member));
    }
  }
}

// The ARN follows from the name.
Resolved<SamlProvider> new_saml_provider_target(const ApiRequest& request) {
  SamlProvider provider;
  provider.account = request.caller.account;
  provider.partition = request.registry.partition();
  provider.name = text_member(request.input, "Name");
  return {new_resource_target(request, storage::saml_provider_arn(provider), "iam:TagSAMLProvider"),
          std::move(provider)};
}

// The metadata is stored as it was given.
Json create_saml_provider(ApiRequest& request, SamlProvider& provider) {
  refuse_encryption(request.input);
  provider.uuid = make_saml_provider_uuid(request.core.random);
  provider.created_at = request.now;
  set_metadata(request, provider);
  if (!storage::insert_saml_provider(request.txn, provider)) {
    throw already_exists(base::format("SAML provider {} already exists.", provider.name));
  }
  const std::string arn = storage::saml_provider_arn(provider);
  tag_resource(request, arn);
  Json output = {{"SAMLProviderArn", arn}};
  add_tags(requested_resource_tags(request.input), output);
  return output;
}

struct NamedSamlProvider : Named<SamlProvider> {
  std::string arn;

  // "Manifest" is AWS's word in this error.
  [[noreturn]] void missing() const {
    throw no_such_entity(base::format("Manifest not found for arn {}", arn));
  }
};

// The name in the ARN finds the row; the comparison refuses an ARN that differs in case or account.
Resolved<NamedSamlProvider> saml_provider_target(const ApiRequest& request) {
  NamedSamlProvider named;
  named.arn = text_member(request.input, "SAMLProviderArn");
  Target target = target_of_given_arn(request, named.arn, "saml-provider/");
  named.row = storage::find_saml_provider(request.txn, request.caller.account,
                                          named.arn.substr(named.arn.rfind('/') + 1));
  if (named.row && storage::saml_provider_arn(*named.row) != named.arn) named.row.reset();
  return {{std::move(target)}, std::move(named)};
}

// Encryption is what IAM says of a provider for which nothing was asked; tags are there where the
// list is empty, too, and the times have milliseconds (recorded from IAM).
Json get_saml_provider(ApiRequest& request, const SamlProvider& provider) {
  return {{"SAMLProviderUUID", provider.uuid},
          {"SAMLMetadataDocument", provider.metadata},
          {"CreateDate", exact_iso_time(provider.created_at)},
          {"ValidUntil", exact_iso_time(provider.valid_until)},
          {"AssertionEncryptionMode", "Allowed"},
          {"PrivateKeyList", Json::array()},
          {"Tags",
           tags_json(storage::resource_tags(request.txn, storage::saml_provider_arn(provider)))}};
}

// This listing has no pages in IAM.
Json list_saml_providers(ApiRequest& request) {
  Json list = Json::array();
  for (const auto& provider : storage::list_saml_providers(request.txn, request.caller.account)) {
    list.push_back({{"Arn", storage::saml_provider_arn(provider)},
                    {"ValidUntil", iso_time(provider.valid_until)},
                    {"CreateDate", iso_time(provider.created_at)}});
  }
  return {{"SAMLProviderList", std::move(list)}};
}

Json update_provider(ApiRequest& request, NamedSamlProvider& named) {
  refuse_encryption(request.input);
  SamlProvider& provider = required(named);
  if (request.input.contains("SAMLMetadataDocument")) set_metadata(request, provider);
  storage::update_saml_provider(request.txn, provider);
  return {{"SAMLProviderArn", storage::saml_provider_arn(provider)}};
}

Json delete_saml_provider(ApiRequest& request, const SamlProvider& provider) {
  storage::remove_resource_tags(request.txn, storage::saml_provider_arn(provider));
  storage::delete_saml_provider(request.txn, provider.id);
  return Json::object();
}

Json tag_saml_provider(ApiRequest& request, const SamlProvider& provider) {
  tag_resource(request, storage::saml_provider_arn(provider));
  return Json::object();
}
Json untag_saml_provider(ApiRequest& request, const SamlProvider& provider) {
  untag_resource(request, storage::saml_provider_arn(provider));
  return Json::object();
}
Json list_saml_provider_tags(ApiRequest& request, const SamlProvider& provider) {
  return list_tags(request,
                   storage::resource_tags(request.txn, storage::saml_provider_arn(provider)));
}

constexpr Operation kSamlProviderOperations[] = {
    {"CreateSAMLProvider", "iam:CreateSAMLProvider", Access::kWrite,
     on<new_saml_provider_target, create_saml_provider>},
    {"GetSAMLProvider", "iam:GetSAMLProvider", Access::kRead,
     on<saml_provider_target, get_saml_provider>},
    {"ListSAMLProviders", "iam:ListSAMLProviders", Access::kRead,
     on<account_target, list_saml_providers>},
    {"UpdateSAMLProvider", "iam:UpdateSAMLProvider", Access::kWrite,
     on<saml_provider_target, update_provider>},
    {"DeleteSAMLProvider", "iam:DeleteSAMLProvider", Access::kWrite,
     on<saml_provider_target, delete_saml_provider>},
    {"TagSAMLProvider", "iam:TagSAMLProvider", Access::kWrite,
     on<saml_provider_target, tag_saml_provider>},
    {"UntagSAMLProvider", "iam:UntagSAMLProvider", Access::kWrite,
     on<saml_provider_target, untag_saml_provider>},
    {"ListSAMLProviderTags", "iam:ListSAMLProviderTags", Access::kRead,
     on<saml_provider_target, list_saml_provider_tags>},
};

}  // namespace

std::vector<const Operation*> saml_provider_operations() {
  return pointers(kSamlProviderOperations);
}

}  // namespace ecr::api::iam
