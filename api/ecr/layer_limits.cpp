#include "api/ecr/layer_limits.h"

#include "schemas/base/text.h"

namespace ecr::api::ecr {

PartVerdict judge_part(const LayerPart& part, std::uint64_t received, std::int64_t parts) {
  if (part.first != received) {
    return PartIsInvalid{base::format("The first byte of the layer part is {}, but must be {}",
                                      part.first, received)};
  }
  // A part of no bytes has no last one.
  if (part.size == 0 || part.last < part.first || part.last - part.first != part.size - 1) {
    return PartIsInvalid{base::format(
        "The layer part has {} bytes, which is not what its first and last byte say", part.size)};
  }
  if (part.size > kMaxLayerPart) {
    return PartIsInvalid{
        base::format("The layer part has {} bytes; {} are the most", part.size, kMaxLayerPart)};
  }
  if (received > kMaxLayerBytes - part.size || parts >= kMaxLayerParts) {
    return LayerIsTooLarge{"A layer has at most 52,000 MiB in at most 4,200 parts"};
  }
  return PartIsFine{};
}

}  // namespace ecr::api::ecr
