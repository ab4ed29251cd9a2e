#include "server/system.h"

#include <stdexcept>

#include <openssl/rand.h>

namespace ecr::server {

schemas::TimePoint SystemClock::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) {
    throw std::runtime_error("the system has no random numbers");
  }
}

}  // namespace ecr::server
