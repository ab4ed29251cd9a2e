// Tags of IAM resources that are no users or roles (managed policies, instance profiles, identity
// providers), by ARN.
#pragma once

#include <string_view>

#include "storage/rows/repositories.h"
#include "storage/sql/database.h"

namespace ecr::storage {

Tags resource_tags(sql::Txn& txn, std::string_view arn);
void put_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key,
                      std::string_view value);
void remove_resource_tag(sql::Txn& txn, std::string_view arn, std::string_view key);
void remove_resource_tags(sql::Txn& txn, std::string_view arn);

}  // namespace ecr::storage
