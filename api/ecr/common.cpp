#include "api/ecr/common.h"

#include <nlohmann/json.hpp>

#include "api/core/access/target.h"
#include "api/core/registry_host.h"
#include "api/core/wire/error.h"
#include "api/core/wire/page_token.h"
#include "api/images/repository_creation.h"
#include "api/images/repository_settings.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::ecr {
namespace {

// A token is good for the caller's account alone, whoever in it walks the pages.
std::string listing_of(const Call& call, std::string_view listing) {
  return base::format("{}\n{}\n{}", call.caller.account, call.region, listing);
}

}  // namespace

std::string registry_id(const Call& call) {
  std::string id = text_member(call.input, "registryId");
  return id.empty() ? call.caller.account : id;
}

storage::Repository require_repository(Call& call) {
  return require_repository(call, text_member(call.input, "repositoryName"));
}

storage::Repository require_repository(Call& call, std::string_view name) {
  const std::string account = registry_id(call);
  auto repository = storage::find_repository(call.txn, account, call.region, name);
  if (!repository) throw ApiError::repository_not_found(account, name);
  return std::move(*repository);
}

std::vector<Target> repository_target(const Call& call) {
  const std::string account = registry_id(call);
  const std::string name = text_member(call.input, "repositoryName");
  const auto repository = storage::find_repository(call.txn, account, call.region, name);
  return {make_repository_target(call.services, call.txn, call.action, account, call.region, name,
                                 repository ? &*repository : nullptr)};
}

namespace {

// The template by which the push would create its repository; nullopt: it is there, or none is.
std::optional<storage::CreationTemplate> creating_template(const Call& call) {
  const std::string account = registry_id(call);
  const std::string name = text_member(call.input, "repositoryName");
  if (storage::find_repository(call.txn, account, call.region, name)) return std::nullopt;
  return creation::find_template(call.txn, account, call.region, name, creation::Reason::kPush);
}

}  // namespace

std::vector<Target> push_target(const Call& call) {
  std::vector<Target> targets = repository_target(call);
  if (!creating_template(call)) return targets;
  Target create = targets.front();
  create.action = "ecr:CreateRepository";
  targets.push_back(std::move(create));
  return targets;
}

storage::Repository require_pushed_repository(Call& call) {
  const auto as = creating_template(call);
  if (!as) return require_repository(call);
  return creation::create_repository(
      call.services, call.txn,
      {registry_id(call), call.region, text_member(call.input, "repositoryName")}, as, call.now);
}

std::vector<Target> registry_target(const Call& call) {
  Target target;
  target.action = call.action;
  target.resource = "*";
  target.account = registry_id(call);
  // Under scope V2 the registry policy has its say in every ECR action (ECR User Guide, "Private
  // registry permissions").
  attach_registry_policy(call.services, call.txn, target.account, call.region, target);
  return {target};
}

std::string registry_endpoint(const Call& call, std::string_view account) {
  return registry_host(call.services.settings, call.http.host(), account, call.region,
                       account == call.caller.account);
}

Json to_json(const Call& call, const storage::Repository& repository) {
  Json json = {
      {"repositoryArn",
       model::repository_arn(repository.region, repository.account, repository.name)},
      {"registryId", repository.account},
      {"repositoryName", repository.name},
      {"repositoryUri", registry_endpoint(call, repository.account) + "/" + repository.name},
      {"createdAt", base::to_epoch_seconds(repository.created_at)},
      {"imageScanningConfiguration", {{"scanOnPush", repository.scan_on_push}}},
      {"encryptionConfiguration", {{"encryptionType", repository.encryption_type}}},
  };
  add_mutability(repository, json);
  if (!repository.kms_key.empty()) json["encryptionConfiguration"]["kmsKey"] = repository.kms_key;
  return json;
}

Page read_page(const Call& call, std::string_view listing, std::int64_t standard) {
  Page page{call.input.value("maxResults", standard), {}};
  const std::string token = text_member(call.input, "nextToken");
  if (token.empty()) return page;
  auto position = read_page_token(call.services.store.key(), listing_of(call, listing), token);
  // ECR's own wording of this is not published.
  if (!position) throw ApiError::invalid_parameter("nextToken", "Invalid pagination token");
  page.after = std::move(*position);
  return page;
}

std::string next_token(const Call& call, std::string_view listing,
                       const std::vector<std::string>& position) {
  return make_page_token(call.services.store.key(), listing_of(call, listing), position);
}

}  // namespace ecr::api::ecr
