// Lifecycle policies and background work.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 6",
};

}  // namespace

Migration step_6_jobs() { return kStatements; }

}  // namespace ecr::storage::sql
