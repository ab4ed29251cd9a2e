// The tag mutability setting of a repository, as CreateRepository and PutImageTagMutability take
// it. What it means for tags is api/images/images.h's.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/repositories.h"

namespace ecr::api::ecr {

// Throws InvalidParameterException where exclusion filters and setting do not go together, or a
// filter has too many wildcards.
void set_mutability(const nlohmann::json& input, storage::Repository& repository);
// imageTagMutability and, where there are any, imageTagMutabilityExclusionFilters.
void add_mutability(const storage::Repository& repository, nlohmann::json& output);

}  // namespace ecr::api::ecr
