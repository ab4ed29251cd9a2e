// Rows of virtual MFA devices. A device belongs to an account, and to a user once it is enabled. A
// deleted user leaves the device without a user. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct MfaDevice {
  std::int64_t id = 0;
  std::string serial;  // the ARN
  std::string account = {};
  std::string seed = {};  // base32; in clear, because every code is computed from it
  base::TimePoint created_at = {};
  std::optional<std::int64_t> entity = {};  // the user; none: not enabled
  std::optional<base::TimePoint> enabled_at = {};
  std::int64_t drift = 0;      // steps of 30 seconds that it is ahead of the machine's clock
  std::int64_t last_step = 0;  // of the newest code that was taken: older ones are refused
};

// nullopt: the serial is taken.
std::optional<std::int64_t> insert_mfa_device(sql::Txn& txn, const MfaDevice& device);
std::optional<MfaDevice> find_mfa_device(sql::Txn& txn, std::string_view serial);
// By serial.
std::vector<MfaDevice> mfa_devices_of_account(sql::Txn& txn, std::string_view account);
std::vector<MfaDevice> mfa_devices_of_user(sql::Txn& txn, std::int64_t entity);
// Writes user, time of enabling, drift and last step.
void update_mfa_device(sql::Txn& txn, const MfaDevice& device);
void delete_mfa_device(sql::Txn& txn, std::int64_t id);

}  // namespace ecr::storage
