// What the registry plane needs beyond images and uploads.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 8",
};

}  // namespace

Migration step_8_registry() { return kStatements; }

}  // namespace ecr::storage::sql
