// The partition (schemas/model/partition.h) that IAM's and Organizations' ARNs are in. Everything
// that was made by an earlier program was shown in "aws", whatever the Region of the call was, and
// stays there: policies name it so.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep18Statements[] = {
    "ALTER TABLE entities ADD COLUMN partition TEXT NOT NULL DEFAULT 'aws'",
    "ALTER TABLE instance_profiles ADD COLUMN partition TEXT NOT NULL DEFAULT 'aws'",
    "ALTER TABLE oidc_providers ADD COLUMN partition TEXT NOT NULL DEFAULT 'aws'",
    "ALTER TABLE saml_providers ADD COLUMN partition TEXT NOT NULL DEFAULT 'aws'",
    "ALTER TABLE organizations ADD COLUMN partition TEXT NOT NULL DEFAULT 'aws'",
    "PRAGMA user_version = 18",
};

}  // namespace

Migration step_18_partitions() { return kStep18Statements; }

}  // namespace ecr::storage::sql
