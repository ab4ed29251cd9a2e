#include "api/registry/range.h"

#include <charconv>

#include "schemas/base/encoding.h"

namespace ecr::api::registry {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

// "-<n>": the last n bytes. A suffix longer than the body is the whole body, as a part.
RangeAnswer suffix_range(std::uint64_t wanted, std::uint64_t size) {
  if (wanted == 0 || size == 0) return {RangeKind::kUnsatisfiable, {}};
  const std::uint64_t length = wanted < size ? wanted : size;
  return {RangeKind::kPart, {size - length, length}};
}

}  // namespace

// RFC 9110, section 14.2: a server may ignore a Range, or reject one that is invalid. Ignored are
// other units, several ranges, and text that is no range. A range that begins behind the end is
// 416, and so is "500-0": a client whose arithmetic went wrong must not take the whole blob for a
// part.
RangeAnswer parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.size() <= kUnit.size() ||
      !base::equals_ignore_case(header.substr(0, kUnit.size()), kUnit)) {
    return {};
  }
  const std::string_view spec = header.substr(kUnit.size());
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const auto last = number(spec.substr(dash + 1));
  if (dash == 0) return last ? suffix_range(*last, size) : RangeAnswer{};
  const auto first = number(spec.substr(0, dash));
  const bool open = dash + 1 == spec.size();
  if (!first || (!last && !open)) return {};
  if (*first >= size || (last && *last < *first)) return {RangeKind::kUnsatisfiable, {}};
  const std::uint64_t end = open || *last >= size ? size - 1 : *last;
  return {RangeKind::kPart, {*first, end - *first + 1}};
}

// The specification's form has no unit ("0-1023"); RFC 9110's ("bytes 0-1023/2048") is
// accepted too.
std::optional<ByteRange> parse_chunk_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  if (header.starts_with(kUnit)) header.remove_prefix(kUnit.size());
  header = header.substr(0, header.find('/'));
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = number(header.substr(0, dash));
  const auto last = number(header.substr(dash + 1));
  if (!first || !last || *last == UINT64_MAX) return std::nullopt;
  if (*last < *first) return ByteRange{*first, 0};
  return ByteRange{*first, *last - *first + 1};
}

}  // namespace ecr::api::registry
