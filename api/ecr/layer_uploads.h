// How large the parts of a layer upload may be, and how many. Pure.
// Source: ECR User Guide, "Amazon ECR service quotas".
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace ecr::api::ecr {

inline constexpr std::uint64_t kMinLayerPart = 5ull << 20;  // the last may be shorter
inline constexpr std::uint64_t kMaxLayerPart = 10ull << 20;
inline constexpr std::int64_t kMaxLayerParts = 4200;

struct LayerPart {
  std::uint64_t first = 0;  // partFirstByte, as the client says
  std::uint64_t last = 0;   // partLastByte, inclusive
  std::uint64_t size = 0;   // bytes that were received
};

struct PartIsFine {};
struct PartIsInvalid {
  std::string why;
};
struct LayerIsTooLarge {
  std::string why;
};
using PartVerdict = std::variant<PartIsFine, PartIsInvalid, LayerIsTooLarge>;

// `received`: bytes that the upload already has, in `parts` parts.
PartVerdict judge_part(const LayerPart& part, std::uint64_t received, std::int64_t parts);

}  // namespace ecr::api::ecr
