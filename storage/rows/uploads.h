// Rows of layer uploads in progress. An upload belongs to one repository and one principal. Free
// functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct Upload {
  std::string id;  // UUID
  std::int64_t repository = 0;
  std::string principal;      // that began it, by an id that no other principal ever has
  base::TimePoint active_at;  // its last request, to half of the collector's grace
};

void insert_upload(sql::Txn& txn, const Upload& upload);
std::optional<Upload> find_upload(sql::Txn& txn, std::string_view id);
void delete_upload(sql::Txn& txn, std::string_view id);

// The parts of an upload (UploadLayerPart of the API; the registry plane has no parts). Every part
// but the last must have a minimum size.
struct UploadParts {
  std::int64_t count = 0;
  bool short_before_last = false;
};
UploadParts upload_parts(sql::Txn& txn, std::string_view id);
// False: the upload is gone.
bool add_upload_part(sql::Txn& txn, std::string_view id, bool is_short, base::TimePoint now);

// Records that the upload went on. False: the upload is gone.
bool touch_upload(sql::Txn& txn, std::string_view id, base::TimePoint now);
// Uploads that have not been active since `before`, the oldest first, without their principals:
// those after the time and id of `after` (exclusive).
std::vector<Upload> abandoned_uploads(sql::Txn& txn, base::TimePoint before, const Upload& after,
                                      std::int64_t limit);
// Deletes the upload if it has not been active since `before`. False: it has been.
bool delete_abandoned_upload(sql::Txn& txn, std::string_view id, base::TimePoint before);
// The ids of all uploads of a repository: their files are discarded once the repository's deletion
// is committed.
std::vector<std::string> repository_uploads(sql::Txn& txn, std::int64_t repository);

}  // namespace ecr::storage
