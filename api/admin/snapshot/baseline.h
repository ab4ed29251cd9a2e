// The state that /_ecr-local/reset returns to: an empty server with the seed applied. It is built
// once, as a store in a directory of its own, so that a reset only has to copy its rows.
// Thread-safe; blocking.
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
  // `seed`: the document, empty for none; `directory`: its relative paths start here. `services`
  // must outlive the baseline.
  Baseline(const Services& services, std::string seed, std::string directory)
      : services_(services), seed_(std::move(seed)), directory_(std::move(directory)) {}

  // Builds it now instead of at the first reset. Throws SeedError.
  void prepare();
  // Replaces the state by the baseline, atomically and durably, and empties the log of events. A
  // sweep removes the files of blobs that no row names any more.
  void reset();

 private:
  void build();
  void restore_blob(const storage::SavedBlob& blob);

  const Services& services_;
  const std::string seed_;
  const std::string directory_;
  std::mutex mutex_;
  std::unique_ptr<storage::StagingDirectory> staging_;  // null: not built yet
  std::unique_ptr<storage::BlobStore> saved_blobs_;
  std::vector<storage::SavedBlob> blobs_;
};

}  // namespace ecr::api::admin
