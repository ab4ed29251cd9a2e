#include "api/iam/shared/common.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"

namespace ecr::api::iam {

ApiError no_such_entity(std::string message) {
  return {ErrorCode::kNoSuchEntity, std::move(message)};
}
ApiError already_exists(std::string message) {
  return {ErrorCode::kEntityAlreadyExists, std::move(message)};
}
ApiError delete_conflict(std::string message) {
  return {ErrorCode::kDeleteConflict, std::move(message)};
}
ApiError limit_exceeded(std::string message) {
  return {ErrorCode::kLimitExceeded, std::move(message)};
}
ApiError invalid_input(std::string message) {
  return {ErrorCode::kInvalidInput, std::move(message)};
}
ApiError validation_error(std::string message) {
  return {ErrorCode::kValidation, std::move(message)};
}

std::string path_of(const Json& input, const char* member) {
  const std::string path = text_member(input, member);
  if (path.empty()) return "/";
  // These look like a path with a different meaning, and an ARN with "/../" in it could mislead the
  // reader of a policy. The model's pattern allows them; whether AWS refuses them is not
  // documented. The sentence is the one that AWS has for text that is not a path.
  if (path.find("//") != std::string::npos || path.find("/./") != std::string::npos ||
      path.find("/../") != std::string::npos) {
    throw validation_error(
        "The specified value for path is invalid. It must begin and end with / and contain only "
        "alphanumeric characters and/or / characters.");
  }
  return path;
}

std::string iso_time(base::TimePoint time) { return base::format_iso8601(time); }

std::string exact_iso_time(base::TimePoint time) {
  std::string text = base::format_iso8601(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  text.insert(text.size() - 1, base::format(".{:03}", (time - second).count()));  // before the Z
  return text;
}

std::string url_encoded(std::string_view document) { return base::percent_encode(document); }

void check_policy(const std::string& document, auth::iam::PolicyType type) {
  const auto parsed = auth::iam::Policy::parse(document, type);
  if (!parsed) throw ApiError(ErrorCode::kMalformedPolicyDocument, parsed.error().message);
}

}  // namespace ecr::api::iam
