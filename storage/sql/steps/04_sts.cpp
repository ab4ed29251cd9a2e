// What the STS and Organizations APIs need beyond the seed.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    // JSON array of the keys in `tags` that a session assumed with this one inherits.
    "ALTER TABLE sessions ADD COLUMN transitive_keys TEXT NOT NULL DEFAULT '[]'",

    "PRAGMA user_version = 4",
};

}  // namespace

Migration step_4_sts() { return kStatements; }

}  // namespace ecr::storage::sql
