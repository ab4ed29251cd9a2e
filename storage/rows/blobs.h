// Rows of blobs, and of their membership in repositories. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "schemas/model/digest.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// A blob is visible in a repository only by its membership row.
std::optional<std::int64_t> find_blob(sql::Txn& txn, std::int64_t repository,
                                      const model::Digest& digest);  // its size
// The blob's type in the repository's manifests; nullopt: none of them names it with a type.
std::optional<std::string> blob_media_type(sql::Txn& txn, std::int64_t repository,
                                           const model::Digest& digest);
// Adds the blob to the repository, as needed at `when`. Where it is there already, only the time
// changes.
void add_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest,
              std::int64_t size, base::TimePoint when);
// True where an image of the repository names the blob.
bool blob_is_in_use(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// True where images of the repository name the blob and all of them are in the archive, or on their
// way back.
bool blob_is_archived(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// Takes the blob out of the repository; its bytes go when no repository holds it. REQUIRES: no
// image of the repository names it.
void remove_blob(sql::Txn& txn, std::int64_t repository, const model::Digest& digest);
// True where any repository holds the blob.
bool blob_is_known(sql::Txn& txn, const model::Digest& digest);

// For the collector (collector.h). The lists come from a read transaction and may be out of date,
// so the functions that delete check the condition again.
struct UnreferencedBlob {
  std::int64_t repository = 0;
  std::string digest;
};
// Blobs that no image of their repository names and no client has needed since `before`, by
// repository and digest, after `after` (exclusive).
std::vector<UnreferencedBlob> unreferenced_blobs(sql::Txn& txn, base::TimePoint before,
                                                 const UnreferencedBlob& after, std::int64_t limit);
// False: it is needed again.
bool remove_unreferenced_blob(sql::Txn& txn, const UnreferencedBlob& blob, base::TimePoint before);
// Blobs that no repository holds, in no order.
std::vector<model::Digest> orphan_blobs(sql::Txn& txn, std::int64_t limit);
// Deletes the row of the blob. False: a repository holds it now. The caller removes the file within
// Txn::commit_then.
bool delete_orphan_blob(sql::Txn& txn, const model::Digest& digest);

}  // namespace ecr::storage
