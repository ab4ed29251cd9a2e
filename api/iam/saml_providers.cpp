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
void set_metadata(const Call& call, SamlProvider& provider) {
  provider.metadata = text_member(call.input, "SAMLMetadataDocument");
  const auto valid_until = saml_valid_until(provider.metadata, call.now);
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

SamlProvider requested_saml_provider(const Call& call) {
  SamlProvider provider;
  provider.account = call.caller.account;
  provider.name = text_member(call.input, "Name");
  return provider;
}

std::vector<Target> new_saml_provider_target(const Call& call) {
  return new_resource_target(call, storage::saml_provider_arn(requested_saml_provider(call)),
                             "iam:TagSAMLProvider");
}

// The ARN contains the name, and SAML metadata is stored as it was given.
Json create_saml_provider(Call& call) {
  refuse_encryption(call.input);
  SamlProvider provider = requested_saml_provider(call);
  provider.uuid = make_saml_provider_uuid(call.services.random);
  provider.created_at = call.now;
  set_metadata(call, provider);
  if (!storage::insert_saml_provider(call.txn, provider)) {
    throw already_exists(base::format("SAML provider {} already exists.", provider.name));
  }
  const std::string arn = storage::saml_provider_arn(provider);
  tag_resource(call, arn);
  Json output = {{"SAMLProviderArn", arn}};
  add_tags(requested_resource_tags(call.input), output);
  return output;
}

// The name in the ARN finds the row; the comparison refuses an ARN that differs in case or account.
SamlProvider require_saml_provider(const Call& call) {
  const std::string arn = text_member(call.input, "SAMLProviderArn");
  auto provider =
      storage::find_saml_provider(call.txn, call.caller.account, arn.substr(arn.rfind('/') + 1));
  if (!provider || storage::saml_provider_arn(*provider) != arn) {
    // "Manifest" is AWS's word in this error.
    throw no_such_entity(base::format("Manifest not found for arn {}", arn));
  }
  return std::move(*provider);
}

// Encryption is what IAM says of a provider for which nothing was asked; tags are there where the
// list is empty, too, and the times have milliseconds (recorded from IAM).
Json get_saml_provider(Call& call) {
  const SamlProvider provider = require_saml_provider(call);
  return {
      {"SAMLProviderUUID", provider.uuid},
      {"SAMLMetadataDocument", provider.metadata},
      {"CreateDate", exact_iso_time(provider.created_at)},
      {"ValidUntil", exact_iso_time(provider.valid_until)},
      {"AssertionEncryptionMode", "Allowed"},
      {"PrivateKeyList", Json::array()},
      {"Tags", tags_json(storage::resource_tags(call.txn, storage::saml_provider_arn(provider)))}};
}

// This listing has no pages in IAM.
Json list_saml_providers(Call& call) {
  Json list = Json::array();
  for (const auto& provider : storage::list_saml_providers(call.txn, call.caller.account)) {
    list.push_back({{"Arn", storage::saml_provider_arn(provider)},
                    {"ValidUntil", iso_time(provider.valid_until)},
                    {"CreateDate", iso_time(provider.created_at)}});
  }
  return {{"SAMLProviderList", std::move(list)}};
}

Json update_provider(Call& call) {
  refuse_encryption(call.input);
  SamlProvider provider = require_saml_provider(call);
  if (call.input.contains("SAMLMetadataDocument")) set_metadata(call, provider);
  storage::update_saml_provider(call.txn, provider);
  return {{"SAMLProviderArn", storage::saml_provider_arn(provider)}};
}

Json delete_saml_provider(Call& call) {
  const SamlProvider provider = require_saml_provider(call);
  storage::remove_resource_tags(call.txn, storage::saml_provider_arn(provider));
  storage::delete_saml_provider(call.txn, provider.id);
  return Json::object();
}

Json tag_saml_provider(Call& call) {
  tag_resource(call, storage::saml_provider_arn(require_saml_provider(call)));
  return Json::object();
}
Json untag_saml_provider(Call& call) {
  untag_resource(call, storage::saml_provider_arn(require_saml_provider(call)));
  return Json::object();
}
Json list_saml_provider_tags(Call& call) {
  return list_tags(call, storage::resource_tags(
                             call.txn, storage::saml_provider_arn(require_saml_provider(call))));
}

constexpr Operation kSamlProviderOperations[] = {
    {"CreateSAMLProvider", "iam:CreateSAMLProvider", Access::kWrite, new_saml_provider_target,
     create_saml_provider},
    {"GetSAMLProvider", "iam:GetSAMLProvider", Access::kRead, provider_target, get_saml_provider},
    {"ListSAMLProviders", "iam:ListSAMLProviders", Access::kRead, account_target,
     list_saml_providers},
    {"UpdateSAMLProvider", "iam:UpdateSAMLProvider", Access::kWrite, provider_target,
     update_provider},
    {"DeleteSAMLProvider", "iam:DeleteSAMLProvider", Access::kWrite, provider_target,
     delete_saml_provider},
    {"TagSAMLProvider", "iam:TagSAMLProvider", Access::kWrite, provider_target, tag_saml_provider},
    {"UntagSAMLProvider", "iam:UntagSAMLProvider", Access::kWrite, provider_target,
     untag_saml_provider},
    {"ListSAMLProviderTags", "iam:ListSAMLProviderTags", Access::kRead, provider_target,
     list_saml_provider_tags},
};

}  // namespace

std::vector<const Operation*> saml_provider_operations() {
  return pointers(kSamlProviderOperations);
}

}  // namespace ecr::api::iam
