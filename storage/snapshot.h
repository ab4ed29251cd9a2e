// Saving and restoring everything a Store holds, but for its key, its uploads in progress, its
// clock and its event log: those are this server's own. A saved database is one SQLite file; the
// blobs that it names are saved beside it by the caller. All functions block and throw
// StorageError.
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

// Writes what is committed now to the new file `path`, while requests go on; the blobs it names,
// which have their files for as long as `pause` lives.
std::vector<SavedBlob> save_database(Store& store, const CollectionPause& pause,
                                     const std::string& path);

// Brings a saved database to the newest schema and checks it; the blobs it names. kCorrupt: it is
// no sound database; kUnavailable: a newer program wrote it.
std::vector<SavedBlob> prepare_saved(const std::string& path);

// Makes a prepared database what the store holds, in one transaction: whoever asks sees all of the
// old or all of the new, also after a crash. kCorrupt: one of `blobs` is not there, or not whole;
// then nothing has changed. Files that nothing names any more stay until Store::sweep_orphans.
void restore_database(Store& store, const std::string& path, const std::vector<SavedBlob>& blobs);

}  // namespace ecr::storage
