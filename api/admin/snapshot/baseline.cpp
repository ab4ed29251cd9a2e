#include "api/admin/snapshot/baseline.h"

#include "api/admin/seed/seed.h"
#include "api/core/background/event_log.h"
#include "storage/blobs/file_blob_store.h"
#include "storage/os/error.h"
#include "storage/os/posix.h"

namespace ecr::api::admin {
namespace {

constexpr const char* kBaselineDatabase = "/ecr-local.db";

}  // namespace

void Baseline::prepare() {
  const std::lock_guard lock(mutex_);
  if (!staging_) build();
}

void Baseline::build() {
  // The seed is applied to a second store by the same code as at the start; fsync is not needed,
  // because a crash throws the directory away.
  auto staging = services_.store.make_staging_directory(services_.random);
  {
    const auto store = storage::Store::open(
        {.directory = staging->path(), .in_memory = false, .sync = false}, services_.random);
    const Services other = with_store(services_, *store);
    if (!seed_.empty()) apply_seed(other, seed_, directory_);
  }
  blobs_ = storage::prepare_saved(staging->path() + kBaselineDatabase);
  saved_blobs_ = std::make_unique<storage::FileBlobStore>(staging->path(), false);
  staging_ = std::move(staging);
}

// Copies the file of a blob of the seed back, where the garbage collection has removed it since.
void Baseline::restore_blob(const storage::SavedBlob& blob) {
  if (services_.store.blobs().open(blob.digest)) return;
  const auto file = saved_blobs_->open(blob.digest);
  auto upload =
      services_.store.uploads().acquire(base::make_uuid(services_.random), blob.digest.algorithm());
  storage::read_all(
      file->fd(), [&](std::string_view bytes) { upload->writer().append(bytes); },
      "blob " + blob.digest.text());
  services_.store.blobs().commit(upload->id(), upload->writer(), blob.digest);
  upload->finish();
}

void Baseline::reset() {
  const std::lock_guard lock(mutex_);
  if (!staging_) build();
  // Until the blobs have their rows no sweep takes them.
  const auto pause = services_.store.pause_collection();
  // Files before rows: a row whose file is missing would be a broken image.
  for (const auto& blob : blobs_) restore_blob(blob);
  storage::restore_database(services_.store, staging_->path() + kBaselineDatabase, blobs_);
  services_.events.clear();
  services_.store.request_sweep();
}

}  // namespace ecr::api::admin
