// Saving and restoring the contents of a Store, but for its key, its uploads in progress, its clock
// and its event log, which belong to this server. A saved database is one SQLite file; the caller
// saves the blobs that it names. All functions block and throw StorageError.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/model/digest.h"
#include "storage/store.h"

namespace ecr::storage {

struct SavedBlob {
  model::Digest digest;
  std::uint64_t size = 0;
};

// Writes the committed state to the new file `path`, while requests go on. Returns the blobs that
// it names, whose files stay for as long as `pause` lives.
std::vector<SavedBlob> save_database(Store& store, const CollectionPause& pause,
                                     const std::string& path);

// Brings a saved database to the newest schema and checks it. Returns the blobs that it names.
// Throws kCorrupt where the database is not sound, and kUnavailable where a newer program wrote it.
std::vector<SavedBlob> prepare_saved(const std::string& path);

// Makes a prepared database the contents of the store, in one transaction: every reader sees all of
// the old contents or all of the new, also after a crash. Throws kCorrupt where the file of one of
// `blobs` is missing or has another size; then nothing has changed. Files that no row names any
// more stay until Store::sweep_files.
void restore_database(Store& store, const std::string& path, const std::vector<SavedBlob>& blobs);

}  // namespace ecr::storage
