// What the STS and Organizations APIs need beyond the seed.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep04Statements[] = {
    // JSON array of the keys in `tags` that a session assumed with this one inherits.
    "ALTER TABLE sessions ADD COLUMN transitive_keys TEXT NOT NULL DEFAULT '[]'",

    // An organization that the API made says itself which kinds of policies count.
    "ALTER TABLE organizations ADD COLUMN scps_enabled INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE organizations ADD COLUMN rcps_enabled INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE organization_targets ADD COLUMN name TEXT",
    "ALTER TABLE organization_targets ADD COLUMN email TEXT",
    "ALTER TABLE organization_targets ADD COLUMN joined_at BIGINT",
    "CREATE INDEX organization_targets_by_organization ON organization_targets (organization, id)",
    "ALTER TABLE organization_policies ADD COLUMN description TEXT",
    R"(CREATE INDEX organization_policies_by_kind
         ON organization_policies (organization, kind, id))",
    R"(CREATE INDEX organization_attachments_by_policy
         ON organization_attachments (policy, target))",

    "PRAGMA user_version = 4",
};

}  // namespace

Migration step_4_sts() { return kStep04Statements; }

}  // namespace ecr::storage::sql
