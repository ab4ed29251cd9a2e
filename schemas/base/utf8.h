// Reading UTF-8 by code point. Pure functions, for the sources of this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ecr::base {

inline constexpr char32_t kBadCodePoint = 0xFFFFFFFF;

namespace utf8_internal {

// The code point of the sequence of `length` bytes at `at`; kBadCodePoint where one is missing, is
// no continuation byte, or spells what has a shorter form, a surrogate or more than U+10FFFF.
inline char32_t decode_sequence(std::string_view text, std::size_t at, std::size_t length) {
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (text.size() - at < length) return kBadCodePoint;
  char32_t point = static_cast<std::uint8_t>(text[at]) & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[at + i]);
    if ((byte & 0xC0u) != 0x80u) return kBadCodePoint;
    point = point << 6 | (byte & 0x3Fu);
  }
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point < kSmallest[length] || point > 0x10FFFF || surrogate ? kBadCodePoint : point;
}

}  // namespace utf8_internal

// The code point at `at`, which moves past it; kBadCodePoint, and `at` stays, on invalid UTF-8.
// REQUIRES: at < text.size()
inline char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at]);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0) return kBadCodePoint;
  const char32_t point = utf8_internal::decode_sequence(text, at, length);
  if (point != kBadCodePoint) at += length;
  return point;
}

// The offset of the first byte that is not UTF-8; text.size() when all is.
inline std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && next_code_point(text, at) != kBadCodePoint) {
  }
  return at;
}

// Code points in valid UTF-8: every byte but the continuation bytes.
inline std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xC0u) != 0x80u;
  return count;
}

}  // namespace ecr::base
