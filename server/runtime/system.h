// The system's clock and random numbers. No other code asks the system for them.
#pragma once

#include "schemas/base/clock.h"

namespace ecr::server {

class SystemClock : public base::Clock {
 public:
  base::TimePoint now() const override;
};

// OpenSSL's generator. Throws std::runtime_error when it has no entropy.
class SystemRandom : public base::Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace ecr::server
