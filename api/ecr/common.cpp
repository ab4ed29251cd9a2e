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

// registryId names the registry of another account, too: whether the caller may reach it is a
// matter of the policies of both accounts (IAM User Guide, cross-account policy evaluation).
// Operations on the registry itself have no such member and use the caller's account.
std::string registry_id(const ApiRequest& request) {
  std::string id = text_member(request.input, "registryId");
  return id.empty() ? request.caller.account : id;
}

storage::Repository require_repository(ApiRequest& request) {
  return require_repository(request, text_member(request.input, "repositoryName"));
}

// Reached only by an authorized caller: the gate runs before the handler, so that an unauthorized
// caller gets the same AccessDeniedException for every name.
storage::Repository require_repository(ApiRequest& request, std::string_view name) {
  const std::string account = registry_id(request);
  auto repository = storage::find_repository(request.txn, account, request.registry.region, name);
  if (!repository) throw ApiError::repository_not_found(account, name);
  return std::move(*repository);
}

// A repository that does not exist is authorized by its ARN all the same: a caller without the
// permission learns nothing of whether it exists.
std::vector<Target> repository_target(const ApiRequest& request) {
  const std::string account = registry_id(request);
  const std::string name = text_member(request.input, "repositoryName");
  const auto repository = storage::find_repository(request.txn, account, request.registry.region, name);
  return {make_repository_target(request.core, request.txn, request.action, account, request.registry.region, name,
                                 repository ? &*repository : nullptr)};
}

namespace {

// The creation template by which the push would create its repository; nullopt: the repository is
// there, or no template covers its name (ECR User Guide, "Repository creation templates": create on
// push; test APushByTheApiCreatesToo).
std::optional<storage::CreationTemplate> creating_template(const ApiRequest& request) {
  const std::string account = registry_id(request);
  const std::string name = text_member(request.input, "repositoryName");
  if (storage::find_repository(request.txn, account, request.registry.region, name)) return std::nullopt;
  return creation::find_template(request.txn, account, request.registry.region, name, creation::Reason::kPush);
}

}  // namespace

// The second target is the same ARN with the other action: the policies of the pusher must allow
// both. That ECR wants ecr:CreateRepository of the pusher is inferred from its guide (test
// ThePusherNeedsCreateRepository).
std::vector<Target> push_target(const ApiRequest& request) {
  std::vector<Target> targets = repository_target(request);
  if (!creating_template(request)) return targets;
  Target create = targets.front();
  create.action = "ecr:CreateRepository";
  targets.push_back(std::move(create));
  return targets;
}

storage::Repository require_pushed_repository(ApiRequest& request) {
  const auto as = creating_template(request);
  if (!as) return require_repository(request);
  return creation::create_repository(
      request.core, request.txn,
      {registry_id(request), request.registry.region, text_member(request.input, "repositoryName")}, as, request.now);
}

// 25 actions of ECR have no resource type, so that only a policy with "Resource": "*" allows them
// (Service Authorization Reference).
std::vector<Target> registry_target(const ApiRequest& request) {
  Target target;
  target.action = request.action;
  target.resource = "*";
  target.account = registry_id(request);
  // Under scope V2 the registry policy takes part in the decision on every ECR action (ECR User
  // Guide, "Private registry permissions"; test ScopeDecidesAboutOperationsOnTheRegistryItself).
  attach_registry_policy(request.core, request.txn, target.account, request.registry.region, target);
  return {target};
}

// The host that the caller used is the registry's name only for the caller's own registry: a host
// says one account (api/core/registry_host.h).
std::string registry_endpoint(const ApiRequest& request, std::string_view account) {
  return registry_host(request.core.settings, request.http.host(), account, request.registry.region,
                       account == request.caller.account);
}

// createdAt is a number, epoch seconds with a fraction. kmsKey is there for KMS encryption alone.
Json to_json(const ApiRequest& request, const storage::Repository& repository) {
  Json json = {
      {"repositoryArn",
       model::repository_arn(repository.region, repository.account, repository.name)},
      {"registryId", repository.account},
      {"repositoryName", repository.name},
      {"repositoryUri", registry_endpoint(request, repository.account) + "/" + repository.name},
      {"createdAt", base::to_epoch_seconds(repository.created_at)},
      {"imageScanningConfiguration", {{"scanOnPush", repository.scan_on_push}}},
      {"encryptionConfiguration", {{"encryptionType", repository.encryption_type}}},
  };
  add_mutability(repository, json);
  if (!repository.kms_key.empty()) json["encryptionConfiguration"]["kmsKey"] = repository.kms_key;
  return json;
}

Page requested_page(const ApiRequest& request, std::string_view listing, std::int64_t default_size) {
  // A token is good for every principal of the caller's account, and for no other account.
  Page page(request.core.store.key(),
            base::format("{}\n{}\n{}", request.caller.account, request.registry.region, listing),
            request.input.value("maxResults", default_size));
  const std::string token = text_member(request.input, "nextToken");
  if (!token.empty() && !page.resume(token)) {
    // ECR's own wording of this is not published (test ForgedAndForeignPageTokensAreRefused).
    throw ApiError::invalid_parameter("nextToken", "Invalid pagination token");
  }
  return page;
}

// ECR API Reference: nextToken and maxResults "cannot be used" where the elements are named. The
// form of the text is that of ECR's other validation errors (test NamesAndPagingExcludeEachOther).
void refuse_paging(const ApiRequest& request, std::string_view names) {
  for (const char* member : {"nextToken", "maxResults"}) {
    if (!request.input.contains(member)) continue;
    throw ApiError::invalid_parameter(member,
                                      base::format("Member must be null when {} is used", names));
  }
}

}  // namespace ecr::api::ecr
