// A row of images as a value; for the files that read whole ones.
#pragma once

#include "storage/rows/images.h"
#include "storage/sql/time_column.h"

namespace ecr::storage {

// Of: SELECT digest, media_type, artifact_media_type, size_bytes, pushed_at, last_pulled_at,
// subject, status, last_archived_at, last_activated_at.
inline Image image_of(const sql::Rows& row) {
  Image image;
  image.digest = row.string(0);
  image.media_type = row.string(1);
  image.artifact_media_type = row.string(2);
  image.size_bytes = row.integer(3);
  image.pushed_at = from_column(row.integer(4));
  if (const auto pulled = row.optional_integer(5)) image.last_pulled_at = from_column(*pulled);
  image.subject = row.string(6);
  image.status = row.string(7);
  if (const auto archived = row.optional_integer(8))
    image.last_archived_at = from_column(*archived);
  if (const auto active = row.optional_integer(9)) image.last_activated_at = from_column(*active);
  return image;
}

}  // namespace ecr::storage
