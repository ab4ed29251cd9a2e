#include "storage/error.h"
#include "storage/images.h"
#include "storage/store.h"
#include "storage/uploads.h"

namespace ecr::storage {

namespace {

// The transaction is given up: takes the file away again unless another repository's row names it.
// REQUIRES: a write transaction that has changed nothing. An upload of the same bytes that counted
// on the file sees in its own transaction that it is gone.
void remove_if_unnamed(Store& store, sql::Txn& txn, const schemas::Digest& digest) {
  try {
    if (!txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next()) {
      store.blobs().remove(digest);
    }
  } catch (const StorageError&) {
    return;  // the sweep at the next start removes it; what the guard threw matters more
  }
}

}  // namespace

void commit_upload(Store& store, const std::string& upload_id, UploadWriter& writer,
                   const schemas::Digest& digest, std::int64_t repository, schemas::TimePoint now,
                   const std::function<void(sql::Txn&)>& guard) {
  // Slow and without the writer: other requests go on meanwhile.
  store.blobs().commit(upload_id, writer, digest);

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
}

}  // namespace ecr::storage
