// Unique ids and access key ids as AWS forms them: a prefix that tells the kind, then base32 whose
// first bits are the account. Source: IAM User Guide, "IAM identifiers" (prefixes); the layout of
// the account is not documented, it is what GetAccessKeyInfo and published decoders read.
// Stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"

namespace ecr::api {

inline constexpr std::string_view kUserId = "AIDA";
inline constexpr std::string_view kGroupId = "AGPA";
inline constexpr std::string_view kRoleId = "AROA";
inline constexpr std::string_view kPolicyId = "ANPA";
inline constexpr std::string_view kInstanceProfileId = "AIPA";
inline constexpr std::string_view kAccessKeyId = "AKIA";
inline constexpr std::string_view kSessionKeyId = "ASIA";

// 20 characters for access keys, 21 for all others. REQUIRES: an account id of 12 digits.
std::string make_unique_id(base::Random& random, std::string_view prefix, std::string_view account);

// The account inside an id that make_unique_id formed; nullopt: not of that form.
std::optional<std::string> account_in_id(std::string_view id);

// 40 characters of base64, as AWS's secret access keys.
std::string make_secret_key(base::Random& random);

}  // namespace ecr::api
