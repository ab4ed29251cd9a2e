// Where images were replicated to.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep12Statements[] = {
    R"(CREATE TABLE image_replications (
         image BIGINT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
         account TEXT NOT NULL,  -- the destination's
         region TEXT NOT NULL,
         status TEXT NOT NULL,
         failure_code TEXT NOT NULL,
         PRIMARY KEY (image, account, region)))",
    "PRAGMA user_version = 12",
};

}  // namespace

Migration step_12_replication() { return kStep12Statements; }

}  // namespace ecr::storage::sql
