// Rows of repository creation templates. Free functions on Txn; what a template says is JSON that
// only the API reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct CreationTemplate {
  std::string prefix;  // without a slash at its end; "ROOT": of every name
  std::string body;    // JSON
  base::TimePoint created_at = {};
  base::TimePoint updated_at = {};
};

// False: there is one of that prefix already.
bool insert_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              const CreationTemplate& row);
void update_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              const CreationTemplate& row);
std::optional<CreationTemplate> find_creation_template(sql::Txn& txn, std::string_view account,
                                                       std::string_view region,
                                                       std::string_view prefix);
void delete_creation_template(sql::Txn& txn, std::string_view account, std::string_view region,
                              std::string_view prefix);
// By prefix, after `after` (exclusive), at most `limit`.
std::vector<CreationTemplate> list_creation_templates(sql::Txn& txn, std::string_view account,
                                                      std::string_view region,
                                                      std::string_view after, std::int64_t limit);

}  // namespace ecr::storage
