// What /_ecr-local/reset returns to: an empty server with the seed applied. It is made once, in a
// directory of its own, so that a reset only takes its rows in. Thread-safe; blocking.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/core/services.h"
#include "storage/snapshot.h"

namespace ecr::api::admin {

class Baseline {
 public:
  // `seed`: the document, empty for none; `directory`: what its paths are relative to. `services`
  // outlives it.
  Baseline(const Services& services, std::string seed, std::string directory)
      : services_(services), seed_(std::move(seed)), directory_(std::move(directory)) {}

  // Makes it now instead of at the first reset. Throws SeedError.
  void prepare();
  // The state is the baseline: atomically, durably, the log of events empty. Files that nothing
  // names any more are removed later.
  void reset();

 private:
  void make();
  void provide(const storage::SavedBlob& blob);

  const Services& services_;
  const std::string seed_;
  const std::string directory_;
  std::mutex mutex_;
  std::unique_ptr<storage::StagingDirectory> staging_;  // null: not made yet
  std::unique_ptr<storage::BlobStore> saved_blobs_;
  std::vector<storage::SavedBlob> blobs_;
};

}  // namespace ecr::api::admin
