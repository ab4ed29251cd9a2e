#include "schemas/base/movable_clock.h"

namespace ecr::base {

TimePoint MovableClock::now() const {
  const State state = this->state();
  return state.frozen_at ? *state.frozen_at : machine_.now() + state.offset;
}

MovableClock::State MovableClock::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void MovableClock::restore(const State& state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}

MovableClock::State MovableClock::state_at(TimePoint time, bool frozen) const {
  if (frozen) return {.offset = {}, .frozen_at = time};
  return {.offset = time - machine_.now(), .frozen_at = {}};
}

}  // namespace ecr::base
