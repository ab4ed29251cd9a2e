// Shared by all IAM operations: errors with AWS's codes, quotas, and the forms in which the API
// shows times and documents. Stateless.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/operation.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/json.h"

namespace ecr::api {
class ApiError;
}

namespace ecr::api::iam {

using base::text_member;  // of the input; empty: absent

ApiError no_such_entity(std::string message);
ApiError already_exists(std::string message);
ApiError delete_conflict(std::string message);
ApiError limit_exceeded(std::string message);
ApiError invalid_input(std::string message);
ApiError validation_error(std::string message);

// The row of a thing that the request names. Throws the subject's error where there is none. For
// handlers that check something before, or need more of the subject than the row.
template <class Subject>
auto& required(Subject& subject) {
  if (!subject.row) subject.missing();
  return *subject.row;
}

// "/", or the path that the request gives. Throws ValidationError where it is misleading.
std::string path_of(const Json& input, const char* member = "Path");

std::string iso_time(base::TimePoint time);
// With milliseconds, as IAM has the times of a single identity provider (its listings do not).
std::string exact_iso_time(base::TimePoint time);
// IAM's answers have policy documents URL-encoded (RFC 3986), as the API Reference says of each
// member that holds one.
std::string url_encoded(std::string_view document);

// Throws MalformedPolicyDocument in AWS's words.
void check_policy(const std::string& document, auth::iam::PolicyType type);

// Name of the account's setting that SetSecurityTokenServicePreferences writes.
inline constexpr const char* kTokenVersionSetting = "global_token_version";

// The quotas that are enforced here. Source: IAM User Guide, "IAM and AWS STS quotas". AWS raises
// some of them on request; these are the defaults. Policy sizes are in characters, without white
// space; the size of inline policies is that of all inline policies of the user, group or role.
inline constexpr std::size_t kAccessKeysPerUser = 2;
inline constexpr std::size_t kGroupsPerUser = 10;
inline constexpr std::size_t kAttachedPolicies = 10;  // of each user, group and role
inline constexpr std::size_t kPolicySize = 6144;
inline constexpr std::size_t kVersionsPerPolicy = 5;
inline constexpr std::size_t kUserPolicySize = 2048;
inline constexpr std::size_t kGroupPolicySize = 5120;
inline constexpr std::size_t kRolePolicySize = 10'240;
inline constexpr std::size_t kTrustPolicySize = 2048;
inline constexpr std::size_t kTags = 50;
inline constexpr std::size_t kClientIds = 100;  // of an OIDC provider
inline constexpr std::size_t kThumbprints = 5;

}  // namespace ecr::api::iam
