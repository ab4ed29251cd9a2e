// AWS Query (IAM, STS): form parameters in, XML out, both led by the API model.
// Source: AWS Query protocol as botocore's protocol tests describe it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "schemas/model/model.h"

namespace ecr::api {

using FormParameters = std::vector<std::pair<std::string, std::string>>;

// "Tags.member.1.Key=a" -> {"Tags":[{"Key":"a"}]}, numbers and booleans typed by the shape.
// Parameters that the shape does not have are left out. Throws ApiError (kSerialization) on a list
// with a bad index or a number that is none.
nlohmann::json decode_query(const FormParameters& parameters, const model::Shape& shape);

// <GetUserResponse xmlns="..."><GetUserResult>...</GetUserResult><ResponseMetadata>...
std::string encode_query_result(const nlohmann::json& output,
                                const model::OperationModel& operation,
                                std::string_view xml_namespace, std::string_view request_id);

// {"GetUserResponse": {"GetUserResult": ..., "ResponseMetadata": ...}}
std::string encode_query_json(const nlohmann::json& output, const model::OperationModel& operation,
                              std::string_view request_id);

// Text as XML 1.0 has it: '&', '<', '>' and quotes as references, without the control characters
// that it forbids, and valid UTF-8 whatever the text is.
std::string xml_escape(std::string_view text);

}  // namespace ecr::api
