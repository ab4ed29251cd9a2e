#include "storage/os/error.h"
#include "storage/rows/images.h"
#include "storage/rows/uploads.h"
#include "storage/store.h"

namespace ecr::storage {

namespace {

bool has_row(sql::Txn& txn, const model::Digest& digest) {
  return txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next();
}

// No row will name the file: takes it away again unless another repository's does. An upload of the
// same bytes that counted on the file sees in its own transaction that it is gone. What went wrong
// before matters more than what goes wrong here: then the next sweep removes it.
void remove_if_unnamed(Store& store, sql::Txn& txn, const model::Digest& digest) noexcept {
  try {
    if (!has_row(txn, digest)) store.blobs().remove(digest);
  } catch (const StorageError&) {
    store.want_sweep();
  }
}

void remove_if_unnamed(Store& store, const model::Digest& digest) noexcept {
  try {
    sql::Txn txn = store.database().begin(sql::Access::kWrite);
    remove_if_unnamed(store, txn, digest);
  } catch (const StorageError&) {
    store.want_sweep();
  }
}

}  // namespace

void commit_upload(Store& store, const std::string& upload_id, UploadWriter& writer,
                   const model::Digest& digest, std::int64_t repository, base::TimePoint now,
                   const std::function<void(sql::Txn&)>& guard) {
  // Slow and without the writer: other requests go on meanwhile.
  store.blobs().commit(upload_id, writer, digest);
  try {
    sql::Txn txn = store.database().begin(sql::Access::kWrite);
    try {
      guard(txn);
    } catch (...) {
      remove_if_unnamed(store, txn, digest);
      throw;
    }
    // The collector may have removed the file between the two: it was there already, as the blob of
    // a row that nobody held any more. It cannot now.
    if (!store.blobs().open(digest)) store.blobs().commit(upload_id, writer, digest);
    add_blob(txn, repository, digest, static_cast<std::int64_t>(writer.size()), now);
    delete_upload(txn, upload_id);
    txn.commit();
  } catch (const StorageError&) {
    remove_if_unnamed(store, digest);  // a full disk, say, which wants its space back
    throw;
  }
}

}  // namespace ecr::storage
