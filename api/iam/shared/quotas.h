// IAM's quotas that are enforced here. Source: IAM User Guide, "IAM and AWS STS quotas". Sizes are
// in characters that are no white space.
#pragma once

#include <cstddef>

namespace ecr::api::iam {

inline constexpr std::size_t kAccessKeysPerUser = 2;
inline constexpr std::size_t kGroupsPerUser = 10;
inline constexpr std::size_t kAttachedPolicies = 10;  // of each user, group and role
inline constexpr std::size_t kPolicySize = 6144;
inline constexpr std::size_t kVersionsPerPolicy = 5;
inline constexpr std::size_t kUserPolicySize = 2048;  // all inline policies together
inline constexpr std::size_t kGroupPolicySize = 5120;
inline constexpr std::size_t kRolePolicySize = 10'240;
inline constexpr std::size_t kTrustPolicySize = 2048;
inline constexpr std::size_t kTags = 50;
inline constexpr std::size_t kClientIds = 100;  // of an OIDC provider
inline constexpr std::size_t kThumbprints = 5;

}  // namespace ecr::api::iam
