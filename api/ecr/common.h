// The parts that the ECR operations share: the registry and the repository that a call names, as
// rows, as targets of authorization and as JSON; policy texts; paging. Stateless functions on the
// request's transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/page_token.h"
#include "schemas/base/json.h"
#include "schemas/model/registry_id.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {

using base::text_member;  // of the input; empty: absent

// The registry of that account (input registryId, or the caller's own) in the request's Region.
model::RegistryId registry_of(const ApiRequest& request);

// The repository that a request names, whether it exists or not.
struct NamedRepository : Named<storage::Repository> {
  model::RegistryId registry;
  model::RepositoryName name;

  [[noreturn]] void missing() const;  // RepositoryNotFoundException
};
// The input's repositoryName; any other name, and registry.
NamedRepository find_repository(const ApiRequest& request);
NamedRepository find_repository(const ApiRequest& request, model::RegistryId registry,
                                model::RepositoryName name);
// The name in the input. REQUIRES: the member is of the model's shape RepositoryName, so that the
// validator has checked it.
model::RepositoryName repository_name(const Json& member);
// The action of the request on it, with its tags and policies where it exists.
Target target_of(const ApiRequest& request, const NamedRepository& repository);

// One target for the input's repositoryName.
Resolved<NamedRepository> repository_target(const ApiRequest& request);

// The repository that an image or layer is pushed to.
struct PushedRepository : NamedRepository {
  // The creation template by which the push creates the repository. nullopt: the repository is
  // there, or no template covers its name.
  std::optional<storage::CreationTemplate> as;

  // The repository, created where it is missing and a template says so; else missing().
  storage::Repository require(const ApiRequest& request) const;
};
// The same for the operations that begin or end a push: with ecr:CreateRepository as well where the
// push would create the repository.
Resolved<PushedRepository> push_target(const ApiRequest& request);
// For operations on the registry, which take no resource: "*".
std::vector<Target> registry_target(const ApiRequest& request);

// Throws InvalidParameterException where the text is no policy of that type (kRepository,
// kRegistry) or names a principal that does not exist. In policies.cpp.
void check_resource_policy(const ApiRequest& request, const std::string& text,
                           auth::iam::PolicyType type);

// host[:port] under which the registry of that account and region answers this caller.
std::string registry_endpoint(const ApiRequest& request, const model::RegistryId& registry);
Json to_json(const ApiRequest& request, const storage::Repository& repository);

// The page that nextToken and maxResults ask for. `listing` names the listing (its operation and
// arguments); `default_size`: where the input has no maxResults. Throws InvalidParameterException
// for a token that is not of this listing.
Page requested_page(const ApiRequest& request, std::string_view listing,
                    std::int64_t default_size = 100);
// Throws InvalidParameterException where the input pages although it names the elements that it
// wants, in the member `names`.
void refuse_paging(const ApiRequest& request, std::string_view names);

}  // namespace ecr::api::ecr
