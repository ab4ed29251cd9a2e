// The settings of a repository as CreateRepository, the Put operations and creation templates take
// them, and ECR's rules for them that the API model leaves open: tag mutability, encryption,
// resource tags. Stateless functions on values.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api {

// Takes over imageTagMutability and its exclusion filters; what they mean for a tag is
// tag_may_move()'s (images.h). Throws InvalidParameterException where exclusion filters and setting
// do not go together, or a filter has too many wildcards.
void set_mutability(const nlohmann::json& input, storage::RepositorySettings& settings);
// imageTagMutability and, where there are any, imageTagMutabilityExclusionFilters.
void add_mutability(const storage::RepositorySettings& settings, nlohmann::json& output);

// From encryptionConfiguration ({}: ECR's default). Throws InvalidParameterException where key and
// type do not go together. `registry`: whose key it is where the caller names none.
void set_encryption(const nlohmann::json& encryption, const model::RegistryId& registry,
                    storage::RepositorySettings& settings);

// [{"Key":..., "Value":...}, ...] sorted by key. Throws InvalidTagParameterException (empty or too
// long key, value too long, reserved prefix "aws:", key given twice).
storage::Tags parse_tags(const nlohmann::json& list);
// Throws TooManyTagsException above 50.
void check_tag_count(std::size_t count);

}  // namespace ecr::api
