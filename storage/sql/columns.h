// How values are written in one column: times, lists of short texts, enums. Pure functions.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"

namespace ecr::storage {

// A time is the number of milliseconds since the epoch, UTC.
inline std::int64_t to_column(base::TimePoint time) { return time.time_since_epoch().count(); }
inline std::optional<std::int64_t> to_column(const std::optional<base::TimePoint>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}
inline base::TimePoint from_column(std::int64_t value) {
  return base::TimePoint(std::chrono::milliseconds(value));
}
inline std::optional<base::TimePoint> from_column(const std::optional<std::int64_t>& value) {
  return value ? std::optional(from_column(*value)) : std::nullopt;
}

// A list of texts has one text on each line. REQUIRES: no text is empty or holds a line break.
inline std::string join_lines(const std::vector<std::string>& lines) {
  std::string joined;
  for (const auto& line : lines) {
    if (!joined.empty()) joined += '\n';
    joined += line;
  }
  return joined;
}

inline std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

// The texts that stand for the values of an enum, in the order of the values.
template <typename Enum, std::size_t N>
class EnumColumn {
 public:
  explicit constexpr EnumColumn(const std::array<std::string_view, N>& texts) : texts_(texts) {}
  constexpr std::string_view text(Enum value) const {
    return texts_[static_cast<std::size_t>(value)];
  }
  // The first value for a text that is not in the list; the program writes no such text.
  constexpr Enum value(std::string_view text) const {
    for (std::size_t i = 1; i < N; ++i) {
      if (texts_[i] == text) return static_cast<Enum>(i);
    }
    return static_cast<Enum>(0);
  }

 private:
  std::array<std::string_view, N> texts_;
};

}  // namespace ecr::storage
