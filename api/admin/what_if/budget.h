// How much one question may take: a person waits for the answer, and a worker of the server works
// on nothing else meanwhile. Each answer says whether it is complete. Thread-safe (no state).
#pragma once

#include <chrono>
#include <cstddef>

#include "schemas/base/clock.h"

namespace ecr::api::admin::what_if {

inline constexpr std::chrono::milliseconds kMostTime{2000};
// Of a single evaluation: far above what policies take that people write.
inline constexpr std::size_t kMostStepsHere = 1u << 20;

class Deadline {
 public:
  // `clock`: the machine's.
  explicit Deadline(const base::Clock& clock) : clock_(clock), end_(clock.now() + kMostTime) {}
  bool is_over() const { return clock_.now() >= end_; }

 private:
  const base::Clock& clock_;
  const base::TimePoint end_;
};

}  // namespace ecr::api::admin::what_if
