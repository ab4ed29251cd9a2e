// Rows of the event log: what happened (EventBridge's events) and what was called (CloudTrail's
// records), in one order. Bodies are JSON text that nothing here looks into.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class EventKind { kEvent, kRecord };
std::string_view to_column(EventKind kind);  // "event", "record"

struct EventRow {
  std::int64_t sequence = 0;  // from 1; that of a later commit is higher
  EventKind kind = EventKind::kEvent;
  std::string type;    // detail-type of an event, eventName of a record
  std::string source;  // "aws.ecr"; "ecr.amazonaws.com"
  std::string account;
  std::string region;
  base::TimePoint time;
  std::string request_id;  // empty: not of a request
  std::string body;
};

// REQUIRES: a sequence above all that are there.
void insert_event(sql::Txn& txn, const EventRow& row);
// Above `after`, oldest first.
std::vector<EventRow> events_after(sql::Txn& txn, std::int64_t after, std::int64_t limit);
std::vector<EventRow> events_after(sql::Txn& txn, EventKind kind, std::int64_t after,
                                   std::int64_t limit);
// Above `after` and below `before`, newest first.
std::vector<EventRow> events_before(sql::Txn& txn, std::int64_t before, std::int64_t after,
                                    std::int64_t limit);
// The newest sequence that was ever given and is remembered; 0: none.
std::int64_t newest_event(sql::Txn& txn);
// Keeps the newest `keep` of the kind.
void prune_events(sql::Txn& txn, EventKind kind, std::int64_t keep);
void clear_events(sql::Txn& txn);

// How far a reader has come; nullopt: it has never been here.
std::optional<std::int64_t> event_position(sql::Txn& txn, std::string_view reader);
void set_event_position(sql::Txn& txn, std::string_view reader, std::int64_t sequence);

}  // namespace ecr::storage
