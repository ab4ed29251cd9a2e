// Settings of repositories, images and registries.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStatements[] = {
    "PRAGMA user_version = 5",
};

}  // namespace

Migration step_5_ecr_settings() { return kStatements; }

}  // namespace ecr::storage::sql
