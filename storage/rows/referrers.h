// Rows of referrers: images whose manifest names another one as its subject. Free functions on Txn.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

struct ReferrerRow {
  std::string digest;
  std::string media_type;
  std::string artifact_type;  // its artifactType, else (not of an index) its config's; may be empty
  std::string_view manifest;  // good until the next row: only one is in memory
};
// Calls `visit` for those of `subject` in the repository, by digest, after `after` (exclusive),
// until it returns false. `artifact_types` empty: of every type; at most five.
void visit_referrers(sql::Txn& txn, std::int64_t repository, std::string_view subject,
                     const std::vector<std::string>& artifact_types, std::string_view after,
                     const std::function<bool(const ReferrerRow&)>& visit);

}  // namespace ecr::storage
