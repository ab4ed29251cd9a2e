// What the IAM API needs beyond the seed.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 3",
};

}  // namespace

Migration step_3_iam() { return kStatements; }

}  // namespace ecr::storage::sql
