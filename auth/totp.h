// Codes of virtual MFA devices: TOTP (RFC 6238) on HOTP (RFC 4226), with HMAC-SHA-1 as the apps
// have it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/base/clock.h"

namespace ecr::auth {

// The time step that holds `time`: 30 seconds each, from the epoch on.
std::int64_t totp_step(base::TimePoint time);

// The code of that step (or counter), with leading zeros. REQUIRES: 6 to 8 digits.
std::string totp_code(std::string_view key, std::int64_t step, int digits = 6);

// RFC 4648 section 6, upper case, without padding. REQUIRES: a multiple of 5 bytes.
std::string base32_encode(std::string_view bytes);
// nullopt: a character outside of the alphabet.
std::optional<std::string> base32_decode(std::string_view text);

}  // namespace ecr::auth
