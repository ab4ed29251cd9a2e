#include "api/images/tag_mutability.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"

namespace ecr::api::ecr {
namespace {

using Json = nlohmann::json;
constexpr const char* kFilters = "imageTagMutabilityExclusionFilters";
constexpr std::ptrdiff_t kMaxWildcards = 2;

}  // namespace

// ECR refuses all three; its wording is not published.
void set_mutability(const Json& input, storage::Repository& repository) {
  repository.tag_mutability = input.value("imageTagMutability", std::string("MUTABLE"));
  repository.mutability_exclusions.clear();
  for (const Json& entry : input.value(kFilters, Json::array())) {
    std::string filter = entry.at("filter").get<std::string>();
    if (std::count(filter.begin(), filter.end(), '*') > kMaxWildcards) {
      throw ApiError::invalid_parameter(kFilters, "A filter can have at most two wildcards");
    }
    repository.mutability_exclusions.push_back(std::move(filter));
  }
  const bool wants = repository.tag_mutability.ends_with("_WITH_EXCLUSION");
  if (wants != !repository.mutability_exclusions.empty()) {
    throw ApiError::invalid_parameter(
        kFilters, wants ? "Member must not be null for tag mutability " + repository.tag_mutability
                        : "Member must be null for tag mutability " + repository.tag_mutability);
  }
}

void add_mutability(const storage::Repository& repository, Json& output) {
  output["imageTagMutability"] = repository.tag_mutability;
  for (const std::string& filter : repository.mutability_exclusions) {
    output[kFilters].push_back({{"filterType", "WILDCARD"}, {"filter", filter}});
  }
}

}  // namespace ecr::api::ecr
