// Rows of layer uploads in progress. An upload belongs to one repository and one principal.
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
  std::string principal;      // ARN of who began it
  base::TimePoint active_at;  // when it was begun or, to half of the collector's grace, went on
};

void insert_upload(sql::Txn& txn, const Upload& upload);
std::optional<Upload> find_upload(sql::Txn& txn, std::string_view id);
void delete_upload(sql::Txn& txn, std::string_view id);

// What an upload by parts (the API's UploadLayerPart; the registry plane has no parts) knows of
// them: a part but the last must not be short.
struct UploadParts {
  std::int64_t count = 0;
  bool short_before_last = false;
};
UploadParts upload_parts(sql::Txn& txn, std::string_view id);
// False: there is no such upload any more.
bool add_upload_part(sql::Txn& txn, std::string_view id, bool is_short, base::TimePoint now);

// The upload went on. False: there is no such upload any more.
bool touch_upload(sql::Txn& txn, std::string_view id, base::TimePoint now);
// Not active since `before`, longest first, after `after` (exclusive; a default Upload: the first);
// without their principals.
std::vector<Upload> abandoned_uploads(sql::Txn& txn, base::TimePoint before, const Upload& after,
                                      std::int64_t limit);
// Deletes it if it has not been active since `before`. False: it is another's matter.
bool delete_abandoned_upload(sql::Txn& txn, std::string_view id, base::TimePoint before);
// All of one repository: what to discard once the repository's deletion is committed.
std::vector<std::string> repository_uploads(sql::Txn& txn, std::int64_t repository);

}  // namespace ecr::storage
