#include "api/ecr/common.h"

#include <stdexcept>

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
model::RegistryId registry_of(const ApiRequest& request) {
  std::string id = text_member(request.input, "registryId");
  return {id.empty() ? request.caller.account : std::move(id), request.registry.region};
}

// Reached only by an authorized caller: the gate runs before the handler, so that an unauthorized
// caller gets the same AccessDeniedException for every name.
void NamedRepository::missing() const {
  throw ApiError::repository_not_found(registry.account, name);
}

NamedRepository find_repository(const ApiRequest& request) {
  return find_repository(request, registry_of(request),
                         repository_name(request.input.at("repositoryName")));
}

NamedRepository find_repository(const ApiRequest& request, model::RegistryId registry,
                                model::RepositoryName name) {
  auto row = storage::find_repository(request.txn, registry, name);
  return {{std::move(row)}, std::move(registry), std::move(name)};
}

model::RepositoryName repository_name(const Json& member) {
  auto name = model::RepositoryName::parse(member.get_ref<const std::string&>());
  if (!name) throw std::logic_error("the validator lets no other name pass");
  return std::move(*name);
}

// A repository that does not exist is authorized by its ARN all the same: a caller without the
// permission learns nothing of whether it exists.
Target target_of(const ApiRequest& request, const NamedRepository& repository) {
  return make_repository_target(request, request.action, repository.registry, repository.name,
                                repository.row ? &*repository.row : nullptr);
}

Resolved<NamedRepository> repository_target(const ApiRequest& request) {
  NamedRepository repository = find_repository(request);
  std::vector<Target> targets = {target_of(request, repository)};
  return {std::move(targets), std::move(repository)};
}

// ECR User Guide, "Repository creation templates": create on push (test APushByTheApiCreatesToo).
// The second target is the same ARN with the other action: the policies of the pusher must allow
// both. That ECR wants ecr:CreateRepository of the pusher is inferred from its guide (test
// ThePusherNeedsCreateRepository).
Resolved<PushedRepository> push_target(const ApiRequest& request) {
  PushedRepository repository{find_repository(request), std::nullopt};
  std::vector<Target> targets = {target_of(request, repository)};
  if (!repository.row) {
    repository.as = creation::find_template(request.txn, repository.registry, repository.name,
                                            creation::Reason::kPush);
  }
  if (repository.as) {
    targets.push_back(targets.front());
    targets.back().action = "ecr:CreateRepository";
  }
  return {std::move(targets), std::move(repository)};
}

storage::Repository PushedRepository::require(const ApiRequest& request) const {
  if (row) return *row;
  if (!as) missing();
  return creation::create_repository(request.core, request.txn, {registry, name}, as, request.now);
}

// 25 actions of ECR have no resource type, so that only a policy with "Resource": "*" allows them
// (Service Authorization Reference).
std::vector<Target> registry_target(const ApiRequest& request) {
  Target target;
  target.action = request.action;
  target.resource = "*";
  const model::RegistryId registry = registry_of(request);
  target.account = registry.account;
  // Under scope V2 the registry policy takes part in the decision on every ECR action (ECR User
  // Guide, "Private registry permissions"; test ScopeDecidesAboutOperationsOnTheRegistryItself).
  attach_registry_policy(request, registry, target);
  return {target};
}

// The host that the caller used is the registry's name only for the caller's own registry: a host
// says one account (api/core/registry_host.h).
std::string registry_endpoint(const ApiRequest& request, const model::RegistryId& registry) {
  return registry_host(request.core.settings, request.http.host(), registry,
                       registry.account == request.caller.account);
}

// createdAt is a number, epoch seconds with a fraction. kmsKey is there for KMS encryption alone.
Json to_json(const ApiRequest& request, const storage::Repository& repository) {
  Json json = {
      {"repositoryArn", model::repository_arn(repository.registry, repository.name)},
      {"registryId", repository.registry.account},
      {"repositoryName", repository.name.text()},
      {"repositoryUri",
       registry_endpoint(request, repository.registry) + "/" + repository.name.text()},
      {"createdAt", base::to_epoch_seconds(repository.created_at)},
      {"imageScanningConfiguration", {{"scanOnPush", repository.scan_on_push}}},
      {"encryptionConfiguration",
       {{"encryptionType", storage::word_of(repository.encryption_type)}}},
  };
  add_mutability(repository, json);
  if (!repository.kms_key.empty()) json["encryptionConfiguration"]["kmsKey"] = repository.kms_key;
  return json;
}

Page requested_page(const ApiRequest& request, std::string_view listing,
                    std::int64_t default_size) {
  // A token is good for every principal of the caller's account, and for no other account.
  Page page(request.core.store.key(),
            base::format("{}\n{}\n{}", request.registry.account, request.registry.region, listing),
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
