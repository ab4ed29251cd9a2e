// The system's clock and random numbers, which no other code asks the system for, and the files
// that the operator names.
#pragma once

#include <string>

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

// The bytes of a file. `what`: how the operator named it, as "--seed seed.json". Throws
// std::runtime_error "--seed seed.json: No such file or directory".
std::string read_text_file(const std::string& path, const std::string& what);

}  // namespace ecr::server
