// Role templates of AWS services, which a seed gives, and the roles that were made from them.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep21Statements[] = {
    R"(CREATE TABLE role_templates (
         arn TEXT NOT NULL PRIMARY KEY,  -- with the major version at its end
         service TEXT NOT NULL,
         name TEXT NOT NULL,
         major_version BIGINT NOT NULL,
         description TEXT,
         default_minor_version BIGINT NOT NULL,
         enabled INTEGER NOT NULL))",
    R"(CREATE TABLE role_template_versions (
         template TEXT NOT NULL REFERENCES role_templates (arn) ON DELETE CASCADE,
         minor_version BIGINT NOT NULL,
         enabled INTEGER NOT NULL,
         created_at BIGINT NOT NULL,
         updated_at BIGINT NOT NULL,
         definition TEXT NOT NULL,  -- JSON object, as GetRoleTemplateVersion answers it
         PRIMARY KEY (template, minor_version)))",
    // No foreign key to the template: a role stays what it is when its template goes.
    R"(CREATE TABLE role_sources (
         entity BIGINT NOT NULL PRIMARY KEY REFERENCES entities (id) ON DELETE CASCADE,
         template TEXT NOT NULL,
         minor_version BIGINT NOT NULL,
         parameters TEXT NOT NULL))",  // JSON object: parameter -> list of values
    "PRAGMA user_version = 21",
};

}  // namespace

Migration step_21_role_templates() { return kStep21Statements; }

}  // namespace ecr::storage::sql
