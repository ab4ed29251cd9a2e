// Rows of referrers: images whose manifest names another one as its subject. Free functions on Txn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

struct Referrer {
  std::string digest;
  std::string media_type;
  std::string artifact_type;  // its artifactType, else (not of an index) its config's; may be empty
  std::string manifest;
};
// Of `subject` in the repository, by digest, after `after` (exclusive), at most `limit`.
// `artifact_types` empty: of every type; at most five.
std::vector<Referrer> list_referrers(sql::Txn& txn, std::int64_t repository,
                                     std::string_view subject,
                                     const std::vector<std::string>& artifact_types,
                                     std::string_view after, std::int64_t limit);

}  // namespace ecr::storage
