#include "storage/snapshot.h"

#include <filesystem>

#include "storage/os/error.h"

namespace ecr::storage {
namespace {

using Kind = StorageError::Kind;

// These are not part of a saved state, and a restore does not touch them. The log of events goes
// on: its sequences must not be given twice, and its readers have their positions in it.
const std::vector<std::string>& kept_tables() {
  static const std::vector<std::string> kTables = {"events", "event_positions", "emulated_clock"};
  return kTables;
}

std::vector<SavedBlob> blobs_of(sql::Txn& txn) {
  std::vector<SavedBlob> blobs;
  // A saved file comes from outside: its rows are not trusted to be well formed.
  auto rows = txn.query("SELECT digest, size FROM blobs ORDER BY digest");
  while (rows.next()) {
    auto digest = model::Digest::parse(rows.string(0));
    if (!digest || rows.integer(1) < 0) {
      throw StorageError(Kind::kCorrupt, "the database names a blob " + rows.string(0));
    }
    blobs.push_back({std::move(*digest), static_cast<std::uint64_t>(rows.integer(1))});
  }
  return blobs;
}

// By size, not by hash: a restore would otherwise read every layer with the writer held. `ecr-local
// check` hashes.
void require_blob(Store& store, const SavedBlob& blob) {
  const auto file = store.blobs().open(blob.digest);
  if (file && file->size() == blob.size) return;
  throw StorageError(Kind::kCorrupt, "the blob " + blob.digest.text() + " is missing");
}

}  // namespace

// In two copies: the first is of one moment, and the second leaves out the rows that are removed
// from it, whose bytes would still be in free pages.
std::vector<SavedBlob> save_database(Store& store, const CollectionPause&,
                                     const std::string& path) {
  const std::string whole = path + ".whole";
  store.database().copy_to(whole);
  std::vector<SavedBlob> blobs;
  {
    const auto copy = sql::Database::open(whole, {.sync = false});
    sql::Txn txn = copy->begin(sql::Access::kWrite);
    txn.exec("DELETE FROM uploads");
    txn.exec("DELETE FROM events");
    txn.exec("DELETE FROM event_positions");
    txn.exec("UPDATE jobs SET unfinished = 0");  // an attempt may be running just now
    blobs = blobs_of(txn);
    txn.commit();
    copy->copy_to(path);  // without the pages that have become free, and what is still in them
  }
  std::filesystem::remove(whole);
  return blobs;
}

// Opening brings the schema to the newest. Uploads are dropped here too, because the file may not
// come from save_database().
std::vector<SavedBlob> prepare_saved(const std::string& path) {
  const auto saved = sql::Database::open(path, {.sync = false});
  const auto problems = saved->integrity_problems();
  if (!problems.empty()) throw StorageError(Kind::kCorrupt, problems.front());
  sql::Txn txn = saved->begin(sql::Access::kWrite);
  txn.exec("DELETE FROM uploads");
  auto blobs = blobs_of(txn);
  txn.commit();
  return blobs;
}

// The blobs' files are there before this is called. They are checked with the writer held, because
// the collector may have removed one since.
void restore_database(Store& store, const std::string& path, const std::vector<SavedBlob>& blobs) {
  store.database().replace_with(path, kept_tables(), [&] {
    // No thread can remove a file now: that needs the writer.
    for (const SavedBlob& blob : blobs) require_blob(store, blob);
  });
}

}  // namespace ecr::storage
