// Listings of images by whether they have tags.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep10Statements[] = {
    // 1: the image has a tag. A page of tagged or untagged images then costs what it shows, not
    // what lies between.
    "ALTER TABLE images ADD COLUMN tagged INTEGER NOT NULL DEFAULT 0",
    R"(UPDATE images SET tagged = 1
       WHERE EXISTS (SELECT 1 FROM image_tags
                     WHERE image_tags.repository = images.repository
                       AND image_tags.digest = images.digest))",
    "CREATE UNIQUE INDEX images_by_state ON images (repository, status, tagged, digest)",
    "PRAGMA user_version = 10",
};

}  // namespace

Migration step_10_image_listing() { return kStep10Statements; }

}  // namespace ecr::storage::sql
