// Rows of the event log, in one order: EventBridge's events, which say what happened, and
// CloudTrail's records, which say what was called. Free functions on Txn. Bodies are JSON that only
// the API reads.
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
  std::int64_t sequence = 0;  // from 1; a later commit has a higher one
  EventKind kind = EventKind::kEvent;
  std::string type;    // detail-type of an event, eventName of a record
  std::string source;  // "aws.ecr"; "ecr.amazonaws.com"
  std::string account;
  std::string region;
  base::TimePoint time;
  std::string request_id;  // empty: no request caused it
  std::string body;
};

// REQUIRES: the sequence is above all others.
void insert_event(sql::Txn& txn, const EventRow& row);
// The events above `after`, oldest first.
std::vector<EventRow> events_after(sql::Txn& txn, std::int64_t after, std::int64_t limit);
std::vector<EventRow> events_after(sql::Txn& txn, EventKind kind, std::int64_t after,
                                   std::int64_t limit);
// The events above `after` and below `before`, newest first.
std::vector<EventRow> events_before(sql::Txn& txn, std::int64_t before, std::int64_t after,
                                    std::int64_t limit);
// The newest sequence that was ever given, as far as rows or positions remember it; 0: none.
std::int64_t newest_event(sql::Txn& txn);
// Deletes all events of the kind but the newest `keep`.
void prune_events(sql::Txn& txn, EventKind kind, std::int64_t keep);
void clear_events(sql::Txn& txn);

// The last sequence that a reader has seen; nullopt: it has never read.
std::optional<std::int64_t> event_position(sql::Txn& txn, std::string_view reader);
void set_event_position(sql::Txn& txn, std::string_view reader, std::int64_t sequence);

}  // namespace ecr::storage
