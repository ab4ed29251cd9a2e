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
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {

using base::text_member;  // of the input; empty: absent

// Input registryId, or the caller's own account.
std::string registry_id(const Call& call);

// The repository the input names. Throws RepositoryNotFoundException.
storage::Repository require_repository(Call& call);
storage::Repository require_repository(Call& call, std::string_view name);

// One target for the input's repositoryName, with its tags and policies where it exists.
std::vector<Target> repository_target(const Call& call);
// The same for the operations that begin or end a push: with ecr:CreateRepository as well where the
// repository is missing and a creation template would create it.
std::vector<Target> push_target(const Call& call);
// The repository of such an operation, created where it is missing and a template says so.
storage::Repository require_pushed_repository(Call& call);
// For operations on the registry, which take no resource: "*".
std::vector<Target> registry_target(const Call& call);

// Throws InvalidParameterException where the text is no policy of that type (kRepository,
// kRegistry) or names a principal that does not exist. In policies.cpp.
void check_resource_policy(const Call& call, const std::string& text, auth::iam::PolicyType type);

// host[:port] under which the registry of that account and region answers this caller.
std::string registry_endpoint(const Call& call, std::string_view account);
Json to_json(const Call& call, const storage::Repository& repository);

// The page that nextToken and maxResults ask for. `listing` names the listing (its operation and
// arguments); `default_size`: where the input has no maxResults. Throws InvalidParameterException
// for a token that is not of this listing.
Page requested_page(const Call& call, std::string_view listing, std::int64_t default_size = 100);
// Throws InvalidParameterException where the input pages although it names the elements that it
// wants, in the member `names`.
void refuse_paging(const Call& call, std::string_view names);

}  // namespace ecr::api::ecr
