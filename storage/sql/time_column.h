// Times in the database: milliseconds since the epoch.
#pragma once

#include <cstdint>
#include <optional>

#include "schemas/base/clock.h"

namespace ecr::storage {

inline std::int64_t to_column(base::TimePoint time) { return time.time_since_epoch().count(); }
inline std::optional<std::int64_t> to_column(const std::optional<base::TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}
inline base::TimePoint from_column(std::int64_t value) {
  return base::TimePoint(std::chrono::milliseconds(value));
}

}  // namespace ecr::storage
