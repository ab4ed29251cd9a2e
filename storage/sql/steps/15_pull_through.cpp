// Pull-through caches: rules, what upstream tags stood for, images that are being brought.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep15Statements[] = {
    R"(CREATE TABLE pull_through_rules (
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         prefix TEXT NOT NULL,  -- without a slash at its end; ROOT: of every name
         rule TEXT NOT NULL,    -- JSON
         created_at BIGINT NOT NULL,
         updated_at BIGINT NOT NULL,
         PRIMARY KEY (account, region, prefix)))",

    // What the upstream said last of a tag, and when it is to be asked again.
    R"(CREATE TABLE pull_through_tags (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         tag TEXT NOT NULL,
         digest TEXT NOT NULL,
         check_at BIGINT NOT NULL,
         PRIMARY KEY (repository, tag)))",
    "CREATE INDEX pull_through_tags_by_digest ON pull_through_tags (repository, digest, tag)",

    // A manifest whose blobs and children are still being fetched; it becomes an image with them.
    R"(CREATE TABLE pull_through_imports (
         repository BIGINT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
         digest TEXT NOT NULL,
         media_type TEXT NOT NULL,
         origin TEXT NOT NULL,  -- JSON
         child INTEGER NOT NULL,  -- 1: of an index, and imported with that
         manifest BLOB NOT NULL,
         PRIMARY KEY (repository, digest)))",
    "PRAGMA user_version = 15",
};

}  // namespace

Migration step_15_pull_through() { return kStep15Statements; }

}  // namespace ecr::storage::sql
