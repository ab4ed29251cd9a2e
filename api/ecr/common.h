// What the ECR operations share: the registry and repository a call names, their ARNs and JSON,
// paging.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
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
// The same for what begins a push, or ends one: with ecr:CreateRepository besides where the
// repository is missing and a creation template would create it.
std::vector<Target> push_target(const Call& call);
// Such an operation's repository, created where it is missing and a template says so.
storage::Repository require_pushed_repository(Call& call);
// What Resolver tables name for operations that take no resource: "*".
std::vector<Target> registry_target(const Call& call);

// host[:port] under which the registry of that account and region answers this caller.
std::string registry_endpoint(const Call& call, std::string_view account);
Json to_json(const Call& call, const storage::Repository& repository);

// Paging by key: `listing` names the listing (its operation and arguments).
struct Page {
  std::int64_t limit;
  std::vector<std::string> after;  // empty: from the start
};
// `standard`: the limit where the input has none. Throws InvalidParameterException for a token that
// is not of this listing.
Page read_page(const Call& call, std::string_view listing, std::int64_t standard = 100);
std::string next_token(const Call& call, std::string_view listing,
                       const std::vector<std::string>& position);

}  // namespace ecr::api::ecr
