// What the tokens of web identities say, for the conditions of their sessions.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep14Statements[] = {
    // JSON object: condition key to value.
    "ALTER TABLE sessions ADD COLUMN claims TEXT NOT NULL DEFAULT '{}'",

    "PRAGMA user_version = 14",
};

}  // namespace

Migration step_14_web_identity() { return kStep14Statements; }

}  // namespace ecr::storage::sql
