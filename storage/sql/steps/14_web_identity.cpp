// What the tokens of web identities say, for the conditions of their sessions.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    // JSON object: condition key to value.
    "ALTER TABLE sessions ADD COLUMN claims TEXT NOT NULL DEFAULT '{}'",

    "PRAGMA user_version = 14",
};

}  // namespace

Migration step_14_web_identity() { return kStatements; }

}  // namespace ecr::storage::sql
