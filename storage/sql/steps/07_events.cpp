// Events and records of calls.
#include "storage/sql/migrations.h"

namespace ecr::storage::sql {
namespace {

constexpr const char* kStep07Statements[] = {
    // Both kinds in one order. The bounded log of this server, not state: a snapshot leaves it out.
    R"(CREATE TABLE events (
         sequence INTEGER PRIMARY KEY,
         kind TEXT NOT NULL,
         type TEXT NOT NULL,
         source TEXT NOT NULL,
         account TEXT NOT NULL,
         region TEXT NOT NULL,
         time BIGINT NOT NULL,
         request_id TEXT NOT NULL,
         body TEXT NOT NULL))",
    "CREATE INDEX events_by_kind ON events (kind, sequence)",
    // How far a reader that goes on after a restart has come.
    R"(CREATE TABLE event_positions (
         reader TEXT NOT NULL PRIMARY KEY,
         sequence BIGINT NOT NULL))",
    "CREATE INDEX event_positions_by_sequence ON event_positions (sequence)",
    "PRAGMA user_version = 7",
};

}  // namespace

Migration step_7_events() { return kStep07Statements; }

}  // namespace ecr::storage::sql
