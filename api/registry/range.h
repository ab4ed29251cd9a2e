// HTTP byte ranges of downloads (RFC 9110, section 14) and the ranges of upload chunks (OCI
// distribution-spec, "Pushing a blob in chunks"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ecr::api::registry {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

enum class RangeKind { kWhole, kPart, kUnsatisfiable };
struct RangeAnswer {
  RangeKind kind = RangeKind::kWhole;
  ByteRange range;
};

// A Range header for a body of `size` bytes. Another unit, several ranges, and a header that is not
// well-formed mean the whole body, as the RFC allows. A range that ends before it begins ("500-0")
// cannot be satisfied.
RangeAnswer parse_range(std::string_view header, std::uint64_t size);

// "<first>-<last>" of a chunk's Content-Range, also with the prefix "bytes " and a "/total". One
// that ends before it begins has the length 0. nullopt: it is not well-formed.
std::optional<ByteRange> parse_chunk_range(std::string_view header);

}  // namespace ecr::api::registry
