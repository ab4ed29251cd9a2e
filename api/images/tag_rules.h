// ECR's rules for resource tags, which the API model leaves open.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/tags.h"

namespace ecr::api::ecr {

// [{"Key":..., "Value":...}, ...] sorted by key. Throws InvalidTagParameterException (empty or too
// long key, value too long, reserved prefix "aws:", key given twice).
storage::Tags parse_tags(const nlohmann::json& list);
// Throws TooManyTagsException above 50.
void check_tag_count(std::size_t count);
nlohmann::json tags_to_json(const storage::Tags& tags);

}  // namespace ecr::api::ecr
