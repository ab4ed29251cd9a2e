// Rows of customer-managed IAM policies with their versions, and of attachments. AWS-managed
// policies (arn:aws:iam::aws:policy/...) have no rows of their own, but they can be attached; those
// that a seed adds are rows of the account "aws". Free functions on Txn.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct ManagedPolicy {
  std::int64_t id = 0;
  std::string arn = {};
  std::string account = {};
  std::string name = {};
  std::string path = "/";
  std::string unique_id = {};  // ANPA...
  base::TimePoint created_at = {};
  std::int64_t default_version = 1;
  std::int64_t last_version = 1;  // the greatest number ever given
  std::optional<std::string> description = {};
};

struct PolicyVersion {
  std::int64_t version = 1;
  std::string document;
  base::TimePoint created_at;
};

// `document` becomes version 1. nullopt: the ARN is taken.
std::optional<std::int64_t> insert_managed_policy(sql::Txn& txn, const ManagedPolicy& policy,
                                                  std::string_view document);
std::optional<ManagedPolicy> find_managed_policy(sql::Txn& txn, std::string_view arn);
// Finds a policy by its name without regard to case, with any path.
std::optional<ManagedPolicy> find_managed_policy_named(sql::Txn& txn, std::string_view account,
                                                       std::string_view name);
// Lists policies whose path begins with the prefix, by name without regard to case: those after
// `after` (exclusive, in lower case), at most `limit`.
std::vector<ManagedPolicy> list_managed_policies(sql::Txn& txn, std::string_view account,
                                                 std::string_view path_prefix,
                                                 std::string_view after, std::int64_t limit);
std::int64_t count_managed_policies(sql::Txn& txn, std::string_view account);
void delete_managed_policy(sql::Txn& txn, std::int64_t policy);  // with its versions

std::vector<PolicyVersion> policy_versions(sql::Txn& txn, std::int64_t policy);  // newest first
std::optional<PolicyVersion> find_policy_version(sql::Txn& txn, std::int64_t policy,
                                                 std::int64_t version);
// Returns the number of the new version.
std::int64_t add_policy_version(sql::Txn& txn, std::int64_t policy, std::string_view document,
                                base::TimePoint when);
void set_default_version(sql::Txn& txn, std::int64_t policy, std::int64_t version);
void delete_policy_version(sql::Txn& txn, std::int64_t policy, std::int64_t version);

// The document of the default version; nullopt: no such policy.
std::optional<std::string> managed_policy_document(sql::Txn& txn, std::string_view arn);
// Replaces the document of the default version.
void set_managed_policy_document(sql::Txn& txn, std::int64_t policy, std::string_view document);

// The ARNs of the policies attached to the entity, sorted.
std::vector<std::string> attached_policies(sql::Txn& txn, std::int64_t entity);
void attach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn);
bool detach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn);  // false: was not
// Ids of the account's users, groups and roles that it is attached to.
std::vector<std::int64_t> entities_with_policy(sql::Txn& txn, std::string_view account,
                                               std::string_view arn);
// How many users, groups and roles have a policy attached, and how many as their boundary.
struct PolicyUse {
  std::int64_t attachments = 0;
  std::int64_t boundaries = 0;
};
// By ARN: the policies that the account's users, groups and roles use, AWS-managed ones too.
using PolicyUses = std::map<std::string, PolicyUse, std::less<>>;
PolicyUses policy_uses(sql::Txn& txn, std::string_view account);
void detach_all_policies(sql::Txn& txn, std::int64_t entity);

}  // namespace ecr::storage
