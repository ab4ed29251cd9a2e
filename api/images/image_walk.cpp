#include "api/images/image_walk.h"

#include <unordered_set>

#include "api/core/wire/error.h"
#include "schemas/base/text.h"

namespace ecr::api {
namespace {

// An image whose children are being visited.
struct Visit {
  model::Digest digest;
  std::vector<model::Digest> children;
  std::size_t next = 0;
};

std::size_t rows_of(const LoadedManifest& manifest) {
  return 1 + manifest.sent.manifest.blobs.size() + manifest.sent.manifest.manifests.size();
}

}  // namespace

// The visited set makes it one visit an image: 27 indexes that each name the one before twice have
// 2^27 paths. The stack is a vector: a chain of thousands of indexes, which an earlier program let
// be pushed, takes no stack of the thread. A circle cannot be made with digests, and would end here
// all the same.
std::vector<model::Digest> children_first(const model::Digest& root, std::size_t most,
                                          const ChildrenOf& children_of) {
  std::vector<model::Digest> order;
  std::unordered_set<model::Digest, model::DigestHash> seen{root};
  std::vector<Visit> open;
  open.push_back({root, children_of(root)});
  while (!open.empty()) {
    Visit& visit = open.back();
    if (visit.next == visit.children.size()) {
      order.push_back(std::move(visit.digest));
      open.pop_back();
      continue;
    }
    model::Digest child = std::move(visit.children[visit.next++]);
    if (!seen.insert(child).second) continue;
    if (seen.size() > most) {
      throw ApiError(
          ErrorCode::kLimitExceeded,
          base::format("The image {} names more than {} other images", root.text(), most - 1));
    }
    std::vector<model::Digest> below = children_of(child);
    open.push_back({std::move(child), std::move(below)});
  }
  return order;
}

std::vector<std::unique_ptr<LoadedManifest>> ManifestSteps::next() {
  std::vector<std::unique_ptr<LoadedManifest>> step;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  // The bytes are limited too: they are all in memory until the step is done.
  while (at_ < order_.size() && rows < kWalkRowsAtOnce && bytes < kMaxManifestBytes) {
    auto manifest = load_(order_[at_++]);
    if (!manifest) continue;
    rows += rows_of(*manifest);
    bytes += manifest->bytes.size();
    step.push_back(std::move(manifest));
  }
  return step;
}

}  // namespace ecr::api
