// What the IAM API needs beyond the seed.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep03Statements[] = {
    "PRAGMA user_version = 3",
};

}  // namespace

Migration step_3_iam() { return kStep03Statements; }

}  // namespace ecr::storage::sql
