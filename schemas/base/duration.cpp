#include "schemas/base/duration.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ecr::base {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr struct {
    std::string_view name;
    std::int64_t milliseconds;
  } kUnits[] = {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
                {"m", 60'000},      {"s", 1000},       {"ms", 1}};
  // Ten thousand years in milliseconds: adding this to any time of this era does not overflow.
  constexpr std::int64_t kMost = 10'000LL * 366 * 86'400'000;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  // The units are tried once each, from the largest to the smallest. So a repeated or misplaced
  // unit finds no unit left, and the text that remains makes the whole fail.
  for (const auto& unit : kUnits) {
    if (text.empty()) break;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    const auto digits = static_cast<std::size_t>(end - text.data());
    const std::string_view rest = text.substr(digits);
    // The name ends at the next digit, so that "ms" is not read as minutes.
    const std::string_view name = rest.substr(0, rest.find_first_of("0123456789"));
    if (name != unit.name) continue;
    // Checked before the product, which could overflow.
    if (number > kMost / unit.milliseconds) return std::nullopt;
    total += number * unit.milliseconds;
    text.remove_prefix(digits + name.size());
  }
  if (!text.empty() || total > kMost) return std::nullopt;
  return std::chrono::milliseconds(total);
}

}  // namespace ecr::base
