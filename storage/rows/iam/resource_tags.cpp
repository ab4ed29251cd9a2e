#include "storage/rows/iam/resource_tags.h"

namespace ecr::storage {

Tags resource_tags(sql::Txn& txn, std::string_view arn) {
  Tags tags;
  for (auto row = txn.query("SELECT key, value FROM resource_tags WHERE arn = ? ORDER BY key", arn);
       row.next();) {
    tags.emplace_back(row.text(0), row.text(1));
  }
  return tags;
}

void put_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key,
                      std::string_view value) {
  txn.exec(
      R"(INSERT INTO resource_tags (arn, key, value) VALUES (?, ?, ?)
         ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value)",
      arn, key, value);
}

void remove_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key) {
  txn.exec("DELETE FROM resource_tags WHERE arn = ? AND key = ?", arn, key);
}

void remove_resource_tags(sql::Txn& txn, std::string_view arn) {
  txn.exec("DELETE FROM resource_tags WHERE arn = ?", arn);
}

}  // namespace ecr::storage
