// All decoders are strict. Texts that are compared, signed or used as keys must have one spelling
// only, and a lenient decoder would give them several.
#include "schemas/base/encoding.h"

#include <algorithm>
#include <array>

namespace ecr::base {
namespace {

constexpr std::string_view kHexLower = "0123456789abcdef";
constexpr std::string_view kHexUpper = "0123456789ABCDEF";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The inverse of an alphabet: the value of every byte, -1 for bytes outside of it.
using Inverse = std::array<std::int8_t, 256>;

constexpr Inverse invert(std::string_view alphabet) {
  Inverse inverse{};
  for (auto& value : inverse) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    inverse[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return inverse;
}

// Two tables, one for each alphabet: a decoder that took both would accept several spellings of one
// value.
constexpr Inverse kFromBase64 = invert(kBase64);
constexpr Inverse kFromBase64Url = invert(kBase64Url);

// ASCII only: std::tolower depends on the locale, and names of headers and actions do not.
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Without padding.
std::string encode64(std::string_view bytes, std::string_view alphabet) {
  std::string out((bytes.size() * 4 + 2) / 3, '\0');
  char* to = out.data();
  std::uint32_t pending = 0;
  int bits = 0;
  for (const std::uint8_t byte : as_bytes(bytes)) {
    pending = (pending << 8 | byte) & 0xFFFFu;
    for (bits += 8; bits >= 6; bits -= 6) *to++ = alphabet[pending >> (bits - 6) & 63u];
  }
  // The last character is filled up with zero bits.
  if (bits > 0) *to = alphabet[pending << (6 - bits) & 63u];
  return out;
}

// Without padding. Bits left over must be zero, so that a value has one spelling only.
std::optional<std::string> decode64(std::string_view text, const Inverse& inverse) {
  // One character alone has six bits and is no byte.
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  char* to = out.data();
  std::uint32_t pending = 0;
  int bits = 0;
  for (const std::uint8_t c : as_bytes(text)) {
    if (inverse[c] < 0) return std::nullopt;
    pending = (pending << 6 | static_cast<std::uint32_t>(inverse[c])) & 0xFFFFu;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *to++ = static_cast<char>(pending >> bits & 0xFFu);
    }
  }
  if ((pending & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// The code point of the sequence of `length` bytes at `at`. It is kBadCodePoint where a byte is
// missing or is no continuation byte, where a shorter form exists, for a surrogate, and above
// U+10FFFF (RFC 3629 section 3). Overlong forms are refused, because a filter that looks for a
// character would not see it in one.
char32_t decode_sequence(std::string_view text, std::size_t at, std::size_t length) {
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

}  // namespace

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string out(bytes.size() * 2, '\0');
  char* to = out.data();
  for (const std::uint8_t byte : bytes) {
    *to++ = kHexLower[byte >> 4];
    *to++ = kHexLower[byte & 15u];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string base64_encode(std::string_view bytes) {
  std::string out = encode64(bytes, kBase64);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  // At most two: "====" has the right length and is no base64.
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode64(text, kFromBase64);
}

std::optional<std::size_t> base64_decoded_size(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  for (const std::uint8_t c : as_bytes(text)) {
    if (kFromBase64[c] < 0) return std::nullopt;
  }
  // The bits of the last character that belong to no byte are zero in a strict text: four bits
  // after two characters, two after three.
  const std::size_t rest = text.size() % 4;
  if (rest != 0) {
    const int last = kFromBase64[static_cast<std::uint8_t>(text.back())];
    if ((last & (rest == 2 ? 0xF : 0x3)) != 0) return std::nullopt;
  }
  return text.size() / 4 * 3 + (rest == 0 ? 0 : rest - 1);
}

std::string base64url_encode(std::string_view bytes) { return encode64(bytes, kBase64Url); }

std::optional<std::string> base64url_decode(std::string_view text) {
  return decode64(text, kFromBase64Url);
}

// Encodes bytes, not characters: UTF-8 becomes one escape a byte, as RFC 3986 section 2.5 says.
std::string percent_encode(std::string_view text, bool keep_slash) {
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(c);
    out += '%';
    out += kHexUpper[byte >> 4];
    out += kHexUpper[byte & 15u];
  }
  return out;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    // A bad escape is refused rather than kept: two readers could take it for different texts. The
    // canonical request of SigV4 has its own decoder (append_decoded), which must take every text.
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

// `plus_is_space` for form bodies (the WHATWG URL standard, application/x-www-form-urlencoded); in
// the query of a URL a '+' is a plus (RFC 3986).
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text,
                                                                           bool plus_is_space) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    if (piece.empty()) continue;  // "a=1&&b=2", "a=1&"
    const std::size_t equals = std::min(piece.find('='), piece.size());
    auto name = percent_decode(piece.substr(0, equals), plus_is_space);
    auto value = percent_decode(piece.substr(std::min(equals + 1, piece.size())), plus_is_space);
    if (!name || !value) return std::nullopt;
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

// Not for secrets: it returns at the first difference.
bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_valid_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<std::uint8_t>(text[at]);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  // C0 and C1 would begin overlong forms, F5 and above would be beyond U+10FFFF, 80 to BF continue
  // a sequence.
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0) return kBadCodePoint;
  const char32_t point = decode_sequence(text, at, length);
  if (point != kBadCodePoint) at += length;
  return point;
}

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  // next_code_point() stays where it is at the first bad byte.
  while (at < text.size() && next_code_point(text, at) != kBadCodePoint) {
  }
  return at;
}

// Every byte that is no continuation byte begins a code point.
std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<std::uint8_t>(c) & 0xC0u) != 0x80u;
  return count;
}

}  // namespace ecr::base
