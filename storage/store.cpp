#include "storage/store.h"

#include <algorithm>
#include <utility>

#include "storage/data_directory.h"
#include "storage/images.h"
#include "storage/uploads.h"

namespace ecr::storage {

namespace {

// Blobs a transaction of the collector forgets: how long it may keep pushes waiting.
constexpr std::int64_t kCollectAtOnce = 256;

// Its row is written before its file is.
bool is_orphan_upload(sql::Database& database, const std::string& id) {
  sql::Txn txn = database.begin(sql::Access::kRead);
  return !find_upload(txn, id);
}

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
  remove_directory(store->staging_root());
  const bool sync = options.sync && !options.in_memory;
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
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) return removed;
    sql::Txn txn = database_->begin(sql::Access::kWrite);
    const auto orphans = take_orphan_blobs(txn, kCollectAtOnce);
    if (orphans.empty()) return removed;
    txn.commit_then([&] {
      for (const auto& digest : orphans) blobs_->remove(digest);
    });
    removed += static_cast<std::int64_t>(orphans.size());
  }
}

// In three steps, because a write transaction must not last: who looks like an orphan; is it one
// still, with the writer held; away with it. A push that counted on the file sees that it is gone
// (commit_upload).
std::int64_t Store::sweep_orphans() {
  std::vector<schemas::Digest> suspects;
  std::vector<std::string> idle;
  {
    sql::Txn txn = database_->begin(sql::Access::kRead);
    blobs_->list(
        [&](const schemas::Digest& digest, std::uint64_t) {
          if (!has_blob_row(txn, digest)) suspects.push_back(digest);
        },
        [&](const std::string& id) {
          if (!find_upload(txn, id)) idle.push_back(id);
        });
  }
  std::int64_t removed = 0;
  for (const std::string& id : idle) {
    if (is_orphan_upload(*database_, id) && uploads_->discard(id)) ++removed;
  }
  constexpr auto kAtOnce = static_cast<std::size_t>(kCollectAtOnce);
  for (std::size_t at = 0; at < suspects.size(); at += kAtOnce) {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) {
      want_sweep();
      return removed;
    }
    sql::Txn txn = database_->begin(sql::Access::kWrite);
    std::vector<schemas::Digest> orphans;
    for (std::size_t i = at; i < std::min(suspects.size(), at + kAtOnce); ++i) {
      if (!has_blob_row(txn, suspects[i])) orphans.push_back(suspects[i]);
    }
    // Durably: the commit that removed a row may not have been synced yet.
    txn.commit_then([&] {
      for (const auto& digest : orphans) blobs_->remove(digest);
    });
    removed += static_cast<std::int64_t>(orphans.size());
  }
  return removed;
}

void Store::sweep_if_wanted() {
  {
    const std::lock_guard lock(collecting_);
    if (pauses_ > 0) return;
  }
  if (sweep_wanted_.exchange(false)) sweep_orphans();
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

std::unique_ptr<StagingDirectory> Store::make_staging_directory(schemas::Random& random) {
  return std::make_unique<StagingDirectory>(staging_root() + "/" + schemas::make_uuid(random));
}

}  // namespace ecr::storage
