// Durations as people write them. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace ecr::base {

// "90d", "1d12h", "45s": numbers with w, d, h, m, s or ms, largest first, each at most once.
// nullopt: anything else, or more than ten thousand years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace ecr::base
