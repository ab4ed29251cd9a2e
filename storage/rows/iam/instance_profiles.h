// Rows of instance profiles: each is a name for at most one role, which EC2 instances run as. Free
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

struct InstanceProfile {
  std::int64_t id = 0;
  std::string account = {};
  std::string name = {};  // unique in the account without regard to case
  std::string path = "/";
  std::string unique_id = {};  // AIPA...
  base::TimePoint created_at = {};
  std::optional<std::int64_t> role = {};  // becomes nullopt when the role is deleted
  std::string partition = "aws";          // of the Region in which it was made; its ARN is in it
};

// nullopt: the name is taken.
std::optional<std::int64_t> insert_instance_profile(sql::Txn& txn, const InstanceProfile& profile);
std::optional<InstanceProfile> find_instance_profile(sql::Txn& txn, std::string_view account,
                                                     std::string_view name);
// Lists profiles whose path begins with the prefix, by name without regard to case: those after
// `after` (exclusive, in lower case), at most `limit`.
std::vector<InstanceProfile> list_instance_profiles(sql::Txn& txn, std::string_view account,
                                                    std::string_view path_prefix,
                                                    std::string_view after, std::int64_t limit);
std::vector<InstanceProfile> instance_profiles_of(sql::Txn& txn, std::int64_t role);  // by name
void set_instance_profile_role(sql::Txn& txn, std::int64_t id, std::optional<std::int64_t> role);
void delete_instance_profile(sql::Txn& txn, std::int64_t id);

}  // namespace ecr::storage
