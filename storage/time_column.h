// Times in the database: milliseconds since the epoch.
#pragma once

#include <cstdint>
#include <optional>

#include "schemas/clock.h"

namespace ecr::storage {

inline std::int64_t to_column(schemas::TimePoint time) { return time.time_since_epoch().count(); }
inline std::optional<std::int64_t> to_column(const std::optional<schemas::TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}
inline schemas::TimePoint from_column(std::int64_t value) {
  return schemas::TimePoint(std::chrono::milliseconds(value));
}

}  // namespace ecr::storage
