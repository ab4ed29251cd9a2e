// Rows of customer-managed IAM policies with their versions, and what they are attached to.
// AWS-managed policies (arn:aws:iam::aws:policy/...) have no rows: they may be attached all the
// same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct ManagedPolicy {
  std::int64_t id = 0;
  std::string arn = {};
  std::string account = {};
  std::string name = {};
  std::string path = "/";
  std::string unique_id = {};  // ANPA...
  schemas::TimePoint created_at = {};
  std::int64_t default_version = 1;
};

// With `document` as its version 1. nullopt: the ARN is taken.
std::optional<std::int64_t> insert_managed_policy(sql::Txn& txn, const ManagedPolicy& policy,
                                                  std::string_view document);
std::optional<ManagedPolicy> find_managed_policy(sql::Txn& txn, std::string_view arn);
// The document of the default version; nullopt: no such policy.
std::optional<std::string> managed_policy_document(sql::Txn& txn, std::string_view arn);
// Replaces the document of the default version.
void set_managed_policy_document(sql::Txn& txn, std::int64_t policy, std::string_view document);

// ARNs, sorted.
std::vector<std::string> attached_policies(sql::Txn& txn, std::int64_t entity);
void attach_policy(sql::Txn& txn, std::int64_t entity, std::string_view arn);
void detach_all_policies(sql::Txn& txn, std::int64_t entity);

}  // namespace ecr::storage
