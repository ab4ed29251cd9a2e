// Tags as AWS's APIs send them: [{"Key": ..., "Value": ...}, ...]. IAM, STS and ECR have the same
// form and nearly the same rules; each has its own errors. Pure.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "storage/rows/repositories.h"
#include "storage/rows/tags.h"

namespace ecr::api {

class ApiError;

// IAM and STS ignore the case of tag keys, ECR does not.
enum class TagKeyCase { kSensitive, kIgnored };

// The errors with which a service refuses tags.
struct TagRules {
  TagKeyCase key_case;
  ApiError (*duplicate_key)();
  ApiError (*reserved_key)();                       // a key that begins with "aws:"
  TagKeyCase reserved_case = TagKeyCase::kIgnored;  // ... or, ignored, with "AWS:"
};

// The tags of a list that the model has validated, in order, unchecked.
storage::Tags read_tags(const nlohmann::json& list);
// Throws the service's error for the first tag whose key is there already, or is reserved.
void check_tags(const storage::Tags& tags, const TagRules& rules);

// The tag of that key; null: there is none.
const storage::Tags::value_type* find_tag_key(const storage::Tags& tags, std::string_view key,
                                              TagKeyCase key_case);

nlohmann::json tags_json(const storage::Tags& tags);

}  // namespace ecr::api
