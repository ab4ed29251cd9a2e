// Rows of tags: key and value, of repositories, of IAM users and roles, and of other IAM resources.
// Free functions on Txn.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/sql/database.h"

namespace ecr::storage {

using Tags = std::vector<std::pair<std::string, std::string>>;  // sorted by key

Tags repository_tags(sql::Txn& txn, std::int64_t id);
void put_repository_tag(sql::Txn& txn, std::int64_t id, std::string_view key,
                        std::string_view value);
void remove_repository_tag(sql::Txn& txn, std::int64_t id, std::string_view key);

// Users and roles.
Tags entity_tags(sql::Txn& txn, std::int64_t id);
void put_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key, std::string_view value);
void remove_entity_tag(sql::Txn& txn, std::int64_t id, std::string_view key);
void remove_entity_tags(sql::Txn& txn, std::int64_t id);

// IAM resources that are no users or roles (managed policies, instance profiles, identity
// providers), by ARN.
Tags resource_tags(sql::Txn& txn, std::string_view arn);
void put_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key,
                      std::string_view value);
void remove_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key);
void remove_resource_tags(sql::Txn& txn, std::string_view arn);

}  // namespace ecr::storage
