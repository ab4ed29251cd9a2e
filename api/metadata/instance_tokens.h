// The session tokens of the instance metadata service: they prove that the client can send a PUT
// with a header, which a web page or a careless proxy cannot. Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "schemas/base/bounded_memo.h"
#include "schemas/base/clock.h"

namespace ecr::api::metadata {

class InstanceTokens {
 public:
  static constexpr std::chrono::seconds kLongestLife{21'600};
  // More than these, and the ones that were not used lately end early: clients then get 401, and
  // SDKs ask for a new one.
  static constexpr std::size_t kMost = 1024;

  // `clock`: the machine's. Both outlive this object.
  InstanceTokens(const base::Clock& clock, base::Random& random) : clock_(clock), random_(random) {}

  std::string make(std::chrono::seconds life);
  bool is_good(std::string_view token);

 private:
  const base::Clock& clock_;
  base::Random& random_;
  std::mutex mutex_;
  base::BoundedMemo<std::string, base::TimePoint, base::StringHash> ends_{kMost};
};

}  // namespace ecr::api::metadata
