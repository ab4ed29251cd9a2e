// A clock that can be frozen and moved forward of another one, so that what happens to a 12-hour
// token or a 90-day rule is seen in a second. Thread-safe.
#pragma once

#include <mutex>
#include <optional>

#include "schemas/base/clock.h"

namespace ecr::base {

class MovableClock : public Clock {
 public:
  // How it differs from the machine's clock; both empty: not at all.
  struct State {
    std::chrono::milliseconds offset{0};
    std::optional<TimePoint> frozen_at = {};  // then `offset` says nothing
    friend bool operator==(const State&, const State&) = default;
  };

  // `machine` outlives it.
  explicit MovableClock(const Clock& machine) : machine_(machine) {}

  TimePoint now() const override;
  State state() const;
  void restore(const State& state);

  // The state in which the clock shows `time` now and then runs on, or stands.
  State state_at(TimePoint time, bool frozen) const;

 private:
  const Clock& machine_;
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace ecr::base
