#include "api/admin/duration.h"

#include <charconv>
#include <cstdint>

namespace ecr::api::admin {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr struct {
    char name;
    std::int64_t seconds;
  } kUnits[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
  constexpr std::int64_t kMostSeconds = 10'000LL * 366 * 86400;
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  for (const auto& unit : kUnits) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty()) break;
    if (error != std::errc() || number < 0 || end == text.data() + text.size()) return std::nullopt;
    if (*end != unit.name) continue;
    if (number > kMostSeconds / unit.seconds) return std::nullopt;
    total += number * unit.seconds;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  if (!text.empty() || total > kMostSeconds) return std::nullopt;
  return std::chrono::milliseconds(std::chrono::seconds(total));
}

}  // namespace ecr::api::admin
