// Rows of role templates, their minor versions, and the roles that were made from them. A template
// belongs to no account. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

struct RoleTemplate {
  std::string arn;      // arn:aws:iam::aws:role-template/SERVICE/NAME:MAJOR
  std::string service;  // "lambda.amazonaws.com"
  std::string name;
  std::int64_t major_version = 1;
  std::optional<std::string> description = {};
  std::int64_t default_minor_version = 0;  // one of its versions
  bool enabled = true;
};

struct RoleTemplateVersion {
  std::int64_t minor_version = 0;
  bool enabled = true;
  base::TimePoint created_at = {};
  base::TimePoint updated_at = {};
  // JSON object: the members of the API's RoleTemplateVersion that say what a role is made of.
  std::string definition = {};
};

// What a role was made from.
struct RoleSource {
  std::string template_arn;
  std::int64_t minor_version = 0;
  std::string parameters = "{}";  // JSON object: parameter -> list of values, defaults included
};

void put_role_template(sql::Txn& txn, const RoleTemplate& role_template);  // replaces
std::optional<RoleTemplate> find_role_template(sql::Txn& txn, std::string_view arn);

std::vector<RoleTemplateVersion> role_template_versions(sql::Txn& txn,
                                                        std::string_view arn);  // by number
std::optional<RoleTemplateVersion> find_role_template_version(sql::Txn& txn, std::string_view arn,
                                                              std::int64_t minor_version);
// Replaces one of that number. REQUIRES: the template exists.
void put_role_template_version(sql::Txn& txn, std::string_view arn,
                               const RoleTemplateVersion& version);
void delete_role_template_version(sql::Txn& txn, std::string_view arn, std::int64_t minor_version);

// REQUIRES: the role has no source yet.
void insert_role_source(sql::Txn& txn, std::int64_t role, const RoleSource& source);
std::optional<RoleSource> find_role_source(sql::Txn& txn, std::int64_t role);
void delete_role_source(sql::Txn& txn, std::int64_t role);

}  // namespace ecr::storage
