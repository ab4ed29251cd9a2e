// Garbage collection beside running requests: unreferenced blobs and abandoned uploads are removed
// after a grace period.
//
// A client that was told that a blob is there may count on that for the grace. So a blob that no
// image of a repository names (yet, or any more) stays in the repository for the grace after each
// of these: its push or mount, a claim_blob(), the deletion of the last image that named it. An
// upload stays for the grace after its last request, and for as long as a request is writing to it.
// The file of a blob is removed when no repository holds the blob (Store::remove_orphan_blobs): its
// row is gone before its file.
//
// The transactions are short, so that pushes wait for milliseconds, however much there is to
// collect. All functions block and throw StorageError; thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/store.h"

namespace ecr::storage {

struct Collected {
  std::int64_t uploads = 0;       // abandoned ones, with their files
  std::int64_t unreferenced = 0;  // times a blob left a repository
  std::int64_t blobs = 0;         // files of blobs that are in no repository any more
  std::int64_t bytes = 0;         // the size of those files
};
// Removes uploads and blobs that no client has needed since `before`, and blobs that are in no
// repository at once.
Collected collect_garbage(Store& store, base::TimePoint before);

// The size of a blob of the repository, for a client that will name it in a manifest instead of
// pushing it: the blob stays for half of `grace` at least. (The time is written only when half of
// the grace is over, so that nearly every call only reads.) nullopt: the repository does not have
// it.
std::optional<std::int64_t> claim_blob(Store& store, sql::Txn& txn, std::int64_t repository,
                                       const model::Digest& digest, base::TimePoint now,
                                       std::chrono::milliseconds grace);

// True where claim_blob() would write, and so would wait for a thread that writes now.
bool claim_would_write(Store& store, sql::Txn& txn, std::int64_t repository,
                       const model::Digest& digest, base::TimePoint now,
                       std::chrono::milliseconds grace);

// Does for an upload that goes on, last active at `active_at`, what claim_blob() does for a blob.
// False: the upload had ended before the lease was taken. The lease then made its file anew, and
// the caller discards it. REQUIRES: no write transaction in this thread.
bool keep_upload(Store& store, UploadSessions::Lease& lease, base::TimePoint active_at,
                 base::TimePoint now, std::chrono::milliseconds grace);

}  // namespace ecr::storage
