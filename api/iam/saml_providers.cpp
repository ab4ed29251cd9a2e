// SAML identity providers: kept and shown. Nobody can sign in through one here. Source: AWS IAM API
// Reference; sentences are partly inferred.
#include "storage/saml_providers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/iam/common.h"
#include "api/iam/operations.h"
#include "api/iam/tags.h"
#include "api/iam/targets.h"
#include "api/saml_metadata.h"
#include "storage/resource_tags.h"

namespace ecr::api::iam {
namespace {

using storage::SamlProvider;
using storage::sql::Access;

void set_metadata(const Call& call, SamlProvider& provider) {
  provider.metadata = text(call.input, "SAMLMetadataDocument");
  const auto valid_until = saml_valid_until(provider.metadata, call.now);
  if (!valid_until) throw invalid_input("Could not parse metadata");
  provider.valid_until = *valid_until;
}

void refuse_encryption(const Json& input) {
  for (const char* member : {"AssertionEncryptionMode", "AddPrivateKey", "RemovePrivateKey"}) {
    if (input.contains(member)) {
      throw invalid_input(fmt::format("{}: encrypted assertions are not supported here", member));
    }
  }
}

SamlProvider requested_provider(const Call& call) {
  SamlProvider provider;
  provider.account = call.caller.account;
  provider.name = text(call.input, "Name");
  return provider;
}

std::vector<Target> new_provider_target(const Call& call) {
  return made_target(call, storage::saml_provider_arn(requested_provider(call)),
                     "iam:TagSAMLProvider");
}

Json create_provider(Call& call) {
  refuse_encryption(call.input);
  SamlProvider provider = requested_provider(call);
  provider.uuid = make_saml_provider_uuid(call.services.random);
  provider.created_at = call.now;
  set_metadata(call, provider);
  if (!storage::insert_saml_provider(call.txn, provider)) {
    throw already_exists(fmt::format("SAML provider {} already exists.", provider.name));
  }
  const std::string arn = storage::saml_provider_arn(provider);
  tag_resource(call, arn);
  Json output = {{"SAMLProviderArn", arn}};
  add_tags(storage::resource_tags(call.txn, arn), output);
  return output;
}

SamlProvider require_provider(const Call& call) {
  const std::string arn = text(call.input, "SAMLProviderArn");
  auto provider =
      storage::find_saml_provider(call.txn, call.caller.account, arn.substr(arn.rfind('/') + 1));
  if (!provider || storage::saml_provider_arn(*provider) != arn) {
    throw no_such_entity(fmt::format("Manifest not found for arn {}", arn));
  }
  return std::move(*provider);
}

Json get_provider(Call& call) {
  const SamlProvider provider = require_provider(call);
  Json output = {{"SAMLProviderUUID", provider.uuid},
                 {"SAMLMetadataDocument", provider.metadata},
                 {"CreateDate", shown_time(provider.created_at)},
                 {"ValidUntil", shown_time(provider.valid_until)}};
  add_tags(storage::resource_tags(call.txn, storage::saml_provider_arn(provider)), output);
  return output;
}

Json list_providers(Call& call) {
  Json list = Json::array();
  for (const auto& provider : storage::list_saml_providers(call.txn, call.caller.account)) {
    list.push_back({{"Arn", storage::saml_provider_arn(provider)},
                    {"ValidUntil", shown_time(provider.valid_until)},
                    {"CreateDate", shown_time(provider.created_at)}});
  }
  return {{"SAMLProviderList", std::move(list)}};
}

Json update_provider(Call& call) {
  refuse_encryption(call.input);
  SamlProvider provider = require_provider(call);
  if (call.input.contains("SAMLMetadataDocument")) set_metadata(call, provider);
  storage::update_saml_provider(call.txn, provider);
  return {{"SAMLProviderArn", storage::saml_provider_arn(provider)}};
}

Json delete_provider(Call& call) {
  const SamlProvider provider = require_provider(call);
  storage::remove_resource_tags(call.txn, storage::saml_provider_arn(provider));
  storage::delete_saml_provider(call.txn, provider.id);
  return Json::object();
}

Json tag_provider(Call& call) {
  tag_resource(call, storage::saml_provider_arn(require_provider(call)));
  return Json::object();
}
Json untag_provider(Call& call) {
  untag_resource(call, storage::saml_provider_arn(require_provider(call)));
  return Json::object();
}
Json list_provider_tags(Call& call) {
  return list_tags(
      call, storage::resource_tags(call.txn, storage::saml_provider_arn(require_provider(call))));
}

constexpr Operation kOperations[] = {
    {"CreateSAMLProvider", "iam:CreateSAMLProvider", Access::kWrite, new_provider_target,
     create_provider},
    {"GetSAMLProvider", "iam:GetSAMLProvider", Access::kRead, provider_target, get_provider},
    {"ListSAMLProviders", "iam:ListSAMLProviders", Access::kRead, account_target, list_providers},
    {"UpdateSAMLProvider", "iam:UpdateSAMLProvider", Access::kWrite, provider_target,
     update_provider},
    {"DeleteSAMLProvider", "iam:DeleteSAMLProvider", Access::kWrite, provider_target,
     delete_provider},
    {"TagSAMLProvider", "iam:TagSAMLProvider", Access::kWrite, provider_target, tag_provider},
    {"UntagSAMLProvider", "iam:UntagSAMLProvider", Access::kWrite, provider_target, untag_provider},
    {"ListSAMLProviderTags", "iam:ListSAMLProviderTags", Access::kRead, provider_target,
     list_provider_tags},
};

}  // namespace

std::vector<const Operation*> saml_provider_operations() { return pointers(kOperations); }

}  // namespace ecr::api::iam
