// Codes of virtual MFA devices, checked for IAM (which enables devices) and STS (which begins
// sessions with them). Codes are those of the machine's clock: an app on another device makes them.
// Stateless functions on the request's transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "storage/rows/iam/mfa_devices.h"

namespace ecr::api {

// Takes one code of an enabled device: that of this step, of the one before or the one after
// (inferred: AWS does not publish its window). False: it is wrong, or a code of this step or a
// later one has been taken before. REQUIRES: a write transaction.
bool take_mfa_code(storage::sql::Txn& txn, storage::MfaDevice device, std::string_view code,
                   base::TimePoint machine_time);

// Finds two consecutive codes, of which the second is at most `most_steps` away from now, and notes
// in `device` how far ahead the device is and that the codes are used up. False: there are none.
bool synchronize_mfa_device(storage::MfaDevice& device, std::string_view first,
                            std::string_view second, std::int64_t most_steps,
                            base::TimePoint machine_time);

}  // namespace ecr::api
