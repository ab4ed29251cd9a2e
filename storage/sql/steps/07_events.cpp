// Events and records of calls.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 7",
};

}  // namespace

Migration step_7_events() { return kStatements; }

}  // namespace ecr::storage::sql
