// Tags of IAM resources: read from a request and checked, stored, shown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "storage/rows/tags.h"

namespace ecr::api::iam {

// Tags of the request, in order, for a user or role. Throws InvalidInput where two keys differ in
// nothing but case, or one is reserved.
storage::Tags requested_tags(const Json& input);
// The same for other resources, whose keys may differ in case.
storage::Tags requested_resource_tags(const Json& input);
void add_tags(const storage::Tags& tags, Json& json);  // json["Tags"], where there are any
// Throws LimitExceeded where there would be more tags than a user or role may have.
void check_tag_count(const storage::Tags& added);
// Tags `arn` (a managed policy, an instance profile, an identity provider) with those requested.
void tag_resource(ApiRequest& request, std::string_view arn);
void untag_resource(ApiRequest& request, std::string_view arn);
// The page of tags that the request asks for.
Json list_tags(const ApiRequest& request, const storage::Tags& tags);

std::vector<const Operation*> tag_operations();  // for the table of iam_api.cpp

}  // namespace ecr::api::iam
