// Parsing of untrusted JSON. nlohmann's own parser has no depth limit and keeps the last of two
// equal keys; this one refuses both, through a SAX handler, and is the only door in the program.
// Thread-safe (no state).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

namespace ecr::base {

using Json = nlohmann::json;                 // object keys sorted
using OrderedJson = nlohmann::ordered_json;  // object keys as they came

struct JsonLimits {
  std::size_t max_depth = 64;
  std::size_t max_bytes = 16u << 20;
  std::size_t max_values = SIZE_MAX;  // a text of "[],[],..." takes thirty times itself in memory
  bool refuse_duplicate_keys = true;
};

struct JsonError {
  enum class Kind { kSyntax, kTooDeep, kTooLarge, kDuplicateKey, kNotUtf8 };
  Kind kind;
  std::size_t offset;  // bytes from the start
  std::size_t line;    // from 1
  std::string detail;  // for the user; holds no more than a few characters of the input
};

tl::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});
tl::expected<OrderedJson, JsonError> parse_ordered_json(std::string_view text,
                                                        const JsonLimits& limits = {});

// The string under `name` in an object; `fallback` where there is no such member, where it is not a
// string, and where `object` is not an object.
std::string text_member(const Json& object, std::string_view name, std::string_view fallback = {});
std::string text_member(const OrderedJson& object, std::string_view name,
                        std::string_view fallback = {});

// Compact, valid UTF-8 always (bad bytes become U+FFFD instead of an exception).
std::string dump(const Json& json);
std::string dump(const OrderedJson& json);

}  // namespace ecr::base
