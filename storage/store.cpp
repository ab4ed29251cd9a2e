#include "storage/store.h"

#include <utility>

#include "storage/data_directory.h"
#include "storage/images.h"
#include "storage/uploads.h"

namespace ecr::storage {

namespace {

// Blobs a transaction of the collector forgets: how long it may keep pushes waiting.
constexpr std::int64_t kCollectAtOnce = 256;

bool has_blob_row(sql::Txn& txn, const schemas::Digest& digest) {
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

}  // namespace

std::unique_ptr<Store> Store::open(const Options& options, schemas::Random& random) {
  std::unique_ptr<Store> store(new Store);
  if (options.in_memory) {
    TemporaryDirectory directory = make_temporary_directory();
    store->directory_ = std::move(directory.path);
    store->lock_ = std::move(directory.lock);
    store->temporary_ = true;
  } else {
    create_data_directory(options.directory);
    store->directory_ = options.directory;
    store->lock_ = lock_directory(options.directory);
  }
  const bool sync = !options.in_memory;
  store->key_ = load_key(store->directory_, random, sync);
  store->database_ = sql::Database::open(store->directory_ + "/ecr-local.db", {.sync = sync});
  store->blobs_ = make_file_blob_store(store->directory_, sync);
  store->uploads_ = std::make_unique<UploadSessions>(*store->blobs_);
  store->sweep();
  return store;
}

Store::~Store() {
  uploads_.reset();
  blobs_.reset();
  database_.reset();
  if (temporary_) remove_directory(directory_);
}

// Files come before rows and go after them, so a crash leaves files without rows, never the
// reverse. Nobody else is here yet. One look-up a file is quicker than it seems (100,000 blobs:
// under a second) and needs no memory.
void Store::sweep() {
  sql::Txn txn = database_->begin(sql::Access::kRead);
  blobs_->list(
      [&](const schemas::Digest& digest, std::uint64_t) {
        if (!has_blob_row(txn, digest)) blobs_->remove(digest);
      },
      [&](const std::string& id) {
        if (!find_upload(txn, id)) blobs_->discard_upload(id);
      });
}

std::int64_t Store::collect_garbage() {
  std::int64_t removed = 0;
  for (;;) {
    sql::Txn txn = database_->begin(sql::Access::kWrite);
    const auto orphans = take_orphan_blobs(txn, kCollectAtOnce);
    if (orphans.empty()) return removed;
    txn.commit_then([&] {
      for (const auto& digest : orphans) blobs_->remove(digest);
    });
    removed += static_cast<std::int64_t>(orphans.size());
  }
}

}  // namespace ecr::storage
