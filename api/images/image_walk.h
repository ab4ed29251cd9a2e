// The one walk over images that name images: of replication, seeds and imports. Iterative, each
// image once, with a limit; and what is done to the images is done in short transactions, so that
// no walk keeps other writers waiting, however much clients have pushed. No state; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/images/images.h"

namespace ecr::api {

// How deep indexes may nest: an index of images has 1 level, an index of such indexes 2, which is
// all that build tools make. OCI's image-spec asks for nested indexes and names no limit, nor does
// AWS; but each level can multiply the work of a client that follows all paths.
inline constexpr std::int64_t kMaxIndexNesting = 8;

// The images of one walk: as many as a repository's largest index may name, twice.
inline constexpr std::size_t kMaxWalkedImages = 20'000;

// Rows (of images, blobs and children) that a walk writes in one transaction, about 20 ms of work.
// An image that alone has more has a transaction of its own.
inline constexpr std::size_t kWalkRowsAtOnce = 2'000;

using ChildrenOf = std::function<std::vector<model::Digest>(const model::Digest& digest)>;

// `root` and every image below it, each once, children before the indexes that name them: the order
// in which they can be pushed. `children_of` is called once for each. Throws ApiError
// kLimitExceeded where there are more than `most`; and what `children_of` throws.
std::vector<model::Digest> children_first(const model::Digest& root, std::size_t most,
                                          const ChildrenOf& children_of);

// A manifest in memory, read and hashed: ready to be put.
struct LoadedManifest {
  // Throws ImageDigestDoesNotMatch where the bytes have another digest.
  LoadedManifest(std::string bytes_, std::string_view media_type, const model::Digest& digest)
      : bytes(std::move(bytes_)), sent(read_sent_manifest(bytes, media_type, digest.text())) {}
  LoadedManifest(const LoadedManifest&) = delete;
  LoadedManifest& operator=(const LoadedManifest&) = delete;

  const std::string bytes;
  const SentManifest sent;  // of `bytes`
};

// Cuts a walk into the steps of which each is one write transaction. Reading and hashing happen in
// next(), before the step's transaction begins.
class ManifestSteps {
 public:
  // Where the manifest is stored. Null: it went meanwhile, and is left out.
  using Load = std::function<std::unique_ptr<LoadedManifest>(const model::Digest& digest)>;
  ManifestSteps(std::vector<model::Digest> order, Load load)
      : order_(std::move(order)), load_(std::move(load)) {}

  // The next images; empty: there are no more. Throws what `load` throws.
  std::vector<std::unique_ptr<LoadedManifest>> next();

 private:
  const std::vector<model::Digest> order_;
  const Load load_;
  std::size_t at_ = 0;
};

}  // namespace ecr::api
