// Scope-down policies of temporary credentials, and the tokens that this server vouches for: which
// accounts ask for them, and the keys that sign them.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep19Statements[] = {
    // JSON array of documents, the earliest first.
    "ALTER TABLE sessions ADD COLUMN scope_down TEXT NOT NULL DEFAULT '[]'",

    // An account that has switched outbound web identity federation on once.
    R"(CREATE TABLE web_identity_issuers (
         account TEXT NOT NULL PRIMARY KEY,
         issuer TEXT NOT NULL,  -- URL
         enabled INTEGER NOT NULL))",

    // One key an algorithm, in PEM, made when it is first needed.
    R"(CREATE TABLE web_identity_keys (
         algorithm TEXT NOT NULL PRIMARY KEY,
         id TEXT NOT NULL,
         private_key TEXT NOT NULL))",
    "PRAGMA user_version = 19",
};

}  // namespace

Migration step_19_sts() { return kStep19Statements; }

}  // namespace ecr::storage::sql
