#include "api/core/access/mfa.h"

#include <openssl/crypto.h>

#include "auth/totp.h"

namespace ecr::api {
namespace {

bool is_code_of(const std::string& key, std::int64_t step, std::string_view code) {
  const std::string right = auth::totp_code(key, step);
  return right.size() == code.size() && CRYPTO_memcmp(right.data(), code.data(), right.size()) == 0;
}

// The program wrote the seed, so it is base32.
std::string key_of(const storage::MfaDevice& device) {
  return auth::base32_decode(device.seed).value_or("");
}

}  // namespace

bool take_mfa_code(storage::sql::Txn& txn, storage::MfaDevice device, std::string_view code,
                   base::TimePoint machine_time) {
  const std::string key = key_of(device);
  const std::int64_t now = auth::totp_step(machine_time) + device.drift;
  for (std::int64_t step = now - 1; step <= now + 1; ++step) {
    if (step <= device.last_step || !is_code_of(key, step, code)) continue;
    device.last_step = step;
    storage::update_mfa_device(txn, device);
    return true;
  }
  return false;
}

bool synchronize_mfa_device(storage::MfaDevice& device, std::string_view first,
                            std::string_view second, std::int64_t most_steps,
                            base::TimePoint machine_time) {
  const std::string key = key_of(device);
  const std::int64_t now = auth::totp_step(machine_time);
  for (std::int64_t step = now - most_steps; step <= now + most_steps; ++step) {
    if (step <= device.last_step || !is_code_of(key, step - 1, first) ||
        !is_code_of(key, step, second)) {
      continue;
    }
    // Codes of the steps beside this one can be those of a device whose clock is right, too: the
    // drift is only noted where the codes are outside of the window of take_mfa_code().
    device.drift = step < now - 1 || step > now + 1 ? step - now : 0;
    device.last_step = step;
    return true;
  }
  return false;
}

}  // namespace ecr::api
