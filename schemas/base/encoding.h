// Text encodings. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecr::base {

std::span<const std::uint8_t> as_bytes(std::string_view text);

std::string to_hex(std::span<const std::uint8_t> bytes);     // lower case
std::optional<std::string> from_hex(std::string_view text);  // either case

// RFC 4648 section 4, padded. Decoding is strict: alphabet, padding and length.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);
// The number of bytes that base64_decode() would give, without decoding them; nullopt alike.
std::optional<std::size_t> base64_decoded_size(std::string_view text);
// RFC 4648 section 5, without padding.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

// RFC 3986: everything but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case); '/' stays when keep_slash.
std::string percent_encode(std::string_view text, bool keep_slash = false);
// nullopt on a bad escape. '+' is a space only when plus_is_space (form bodies).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// The pairs of a query string or form body in order, decoded; a pair without '=' has an empty
// value. nullopt on a bad escape. Duplicates are kept: the caller decides.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text,
                                                                           bool plus_is_space);

bool equals_ignore_case(std::string_view a, std::string_view b);  // ASCII
std::string to_lower(std::string_view text);                      // ASCII

bool is_valid_utf8(std::string_view text);
// The code point at `at`, which moves past it; kBadCodePoint, and `at` stays, on invalid UTF-8.
// REQUIRES: at < text.size()
inline constexpr char32_t kBadCodePoint = 0xFFFFFFFF;
char32_t next_code_point(std::string_view text, std::size_t& at);
// The offset of the first byte that is not UTF-8; text.size() when all is.
std::size_t utf8_prefix(std::string_view text);
// REQUIRES: the text is valid UTF-8.
std::size_t count_code_points(std::string_view text);

}  // namespace ecr::base
