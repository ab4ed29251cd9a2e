// What the registry plane needs beyond images and uploads.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep08Statements[] = {
    "PRAGMA user_version = 8",
};

}  // namespace

Migration step_8_registry() { return kStep08Statements; }

}  // namespace ecr::storage::sql
