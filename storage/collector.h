// Garbage collection beside running requests: what nobody needs any more goes, after a grace.
//
// What a client was told is there stays for as long as it may be counting on that. A blob that no
// image of a repository names (yet, or any more) stays in it until nobody has needed it for the
// grace: it was pushed or mounted, claim_blob() told a client that it is there, or the last image
// that named it was deleted. An upload stays until it was not gone on with for the grace, and for
// as long as a request is writing to it. Then the file goes with the last row that names it
// (Store::collect_garbage): row gone before file.
//
// Everything happens in short transactions, so that pushes wait for milliseconds whatever there is
// to collect. All functions block and throw StorageError; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/base/clock.h"
#include "storage/store.h"

namespace ecr::storage {

struct Collected {
  std::int64_t uploads = 0;  // abandoned ones, with their files
  std::int64_t unnamed = 0;  // times a blob left a repository
  std::int64_t blobs = 0;    // files, of blobs that are in no repository any more
  std::int64_t bytes = 0;    // of them
};
// Takes what nobody has needed since `before`; blobs that are in no repository at once.
Collected collect(Store& store, base::TimePoint before);

// The size of a blob of the repository, for a client that will name it in a manifest instead of
// pushing it: it stays for half of `grace` at least. (That a time is written only when half of it
// is over keeps nearly every call a read.) nullopt: the repository does not have it.
std::optional<std::int64_t> claim_blob(Store& store, sql::Txn& txn, std::int64_t repository,
                                       std::string_view digest, base::TimePoint now,
                                       std::chrono::milliseconds grace);

// Whether claim_blob() would write, and wait for who writes now.
bool claim_writes(Store& store, sql::Txn& txn, std::int64_t repository, std::string_view digest,
                  base::TimePoint now, std::chrono::milliseconds grace);

// The same for an upload that goes on, last active at `active_at`. False: it had ended before the
// lease was taken; then its file, which the lease made anew, is to be discarded. REQUIRES: no write
// transaction in this thread.
bool keep_upload(Store& store, UploadSessions::Lease& lease, base::TimePoint active_at,
                 base::TimePoint now, std::chrono::milliseconds grace);

}  // namespace ecr::storage
