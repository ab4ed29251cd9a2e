#include "storage/store.h"

#include <utility>

#include "storage/os/data_directory.h"
#include "storage/rows/images.h"
#include "storage/rows/uploads.h"

namespace ecr::storage {

namespace {

bool blob_row_exists(sql::Txn& txn, const model::Digest& digest) {
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

}  // namespace

std::unique_ptr<Store> Store::open(const Options& options, base::Random& random) {
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
  remove_directory(store->staging_root());
  const bool sync = options.sync && !options.in_memory;
  store->key_ = load_key(store->directory_, random, sync);
  store->database_ = sql::Database::open(store->directory_ + "/ecr-local.db",
                                         {.sync = sync, .health = store->health_.get()});
  store->blobs_ = make_file_blob_store(store->directory_, sync, store->health_);
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
      [&](const model::Digest& digest, std::uint64_t) {
        if (!blob_row_exists(txn, digest)) blobs_->remove(digest);
      },
      [&](const std::string& id) {
        if (!find_upload(txn, id)) blobs_->discard_upload(id);
      });
}

CollectionPause::CollectionPause(Store& store) : store_(store) {
  const std::lock_guard lock(store_.collecting_);
  ++store_.pauses_;
}

CollectionPause::~CollectionPause() {
  const std::lock_guard lock(store_.collecting_);
  --store_.pauses_;
}

StagingDirectory::StagingDirectory(std::string path) : path_(std::move(path)) {
  create_data_directory(path_);
}

StagingDirectory::~StagingDirectory() { remove_directory(path_); }

std::unique_ptr<StagingDirectory> Store::make_staging_directory(base::Random& random) {
  return std::make_unique<StagingDirectory>(staging_root() + "/" + base::make_uuid(random));
}

}  // namespace ecr::storage
