// Garbage collection: what nobody has needed for a while goes, so the times say when that was.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep09Statements[] = {
    // When somebody last counted on the blob being in the repository: it was pushed or mounted, a
    // client was told that it need not be pushed, or the last image that named it was deleted.
    "ALTER TABLE repository_blobs RENAME COLUMN added_at TO needed_at",
    // When the upload was begun or, of one that takes long, went on.
    "ALTER TABLE uploads RENAME COLUMN started_at TO active_at",
    // Done by the job garbage-collection from here on.
    "DELETE FROM jobs WHERE kind = 'stale-uploads'",

    "PRAGMA user_version = 9",
};

}  // namespace

Migration step_9_garbage() { return kStep09Statements; }

}  // namespace ecr::storage::sql
