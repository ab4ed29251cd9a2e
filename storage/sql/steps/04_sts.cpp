// What the STS and Organizations APIs need beyond the seed.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 4",
};

}  // namespace

Migration step_4_sts() { return kStatements; }

}  // namespace ecr::storage::sql
