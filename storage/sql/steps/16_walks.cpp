// What walks over images need, so that they read rows instead of manifests: how deep an index is,
// what pending imports name; and how often a job's attempt ended with the program.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep16Statements[] = {
    // 0: an image; else one more than the deepest image that the index names.
    "ALTER TABLE images ADD COLUMN nesting INTEGER NOT NULL DEFAULT 0",
    // Indexes that an earlier program let nest deeper count as 9 levels, which is above the limit
    // (api/images/image_walk.h).
    R"(WITH RECURSIVE levels (id, level) AS (
         SELECT image, 1 FROM image_children
         UNION
         SELECT image_children.image, levels.level + 1
         FROM levels
         JOIN images AS child ON child.id = levels.id
         JOIN image_children ON image_children.repository = child.repository
                            AND image_children.digest = child.digest
         WHERE levels.level < 9)
       UPDATE images SET nesting = (SELECT MAX(level) FROM levels WHERE levels.id = images.id)
       WHERE id IN (SELECT image FROM image_children))",

    // Attempts that were begun since the last one that came to an end, be it a failure.
    "ALTER TABLE jobs ADD COLUMN unfinished INTEGER NOT NULL DEFAULT 0",

    // Pending imports of an earlier program have no rows of what they name. They go, and the next
    // pull begins them anew; a tag that has an older image is compared with the upstream's then.
    R"(UPDATE pull_through_tags
       SET check_at = 0,
           digest = (SELECT image_tags.digest FROM image_tags
                     WHERE image_tags.repository = pull_through_tags.repository
                       AND image_tags.tag = pull_through_tags.tag)
       WHERE EXISTS (SELECT 1 FROM pull_through_imports
                     WHERE pull_through_imports.repository = pull_through_tags.repository
                       AND pull_through_imports.digest = pull_through_tags.digest)
         AND EXISTS (SELECT 1 FROM image_tags
                     WHERE image_tags.repository = pull_through_tags.repository
                       AND image_tags.tag = pull_through_tags.tag))",
    R"(DELETE FROM pull_through_tags
       WHERE EXISTS (SELECT 1 FROM pull_through_imports
                     WHERE pull_through_imports.repository = pull_through_tags.repository
                       AND pull_through_imports.digest = pull_through_tags.digest))",
    "DELETE FROM pull_through_imports",

    // The images that an import's index names.
    R"(CREATE TABLE pull_through_import_children (
         repository BIGINT NOT NULL,
         import TEXT NOT NULL,  -- digest of the index
         digest TEXT NOT NULL,
         PRIMARY KEY (repository, import, digest),
         FOREIGN KEY (repository, import)
           REFERENCES pull_through_imports (repository, digest) ON DELETE CASCADE))",
    R"(CREATE INDEX pull_through_import_children_by_child
         ON pull_through_import_children (repository, digest, import))",
    // The config and layers that an import's manifest names.
    R"(CREATE TABLE pull_through_import_blobs (
         repository BIGINT NOT NULL,
         import TEXT NOT NULL,  -- digest of the manifest
         digest TEXT NOT NULL,
         size BIGINT NOT NULL,
         PRIMARY KEY (repository, import, digest),
         FOREIGN KEY (repository, import)
           REFERENCES pull_through_imports (repository, digest) ON DELETE CASCADE))",
    R"(CREATE INDEX pull_through_import_blobs_by_blob
         ON pull_through_import_blobs (repository, digest, import))",
    "PRAGMA user_version = 16",
};

}  // namespace

Migration step_16_walks() { return kStep16Statements; }

}  // namespace ecr::storage::sql
