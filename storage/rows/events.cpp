#include "storage/rows/events.h"

#include <algorithm>

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr EnumColumn<EventKind, 2> kEventKinds({"event", "record"});

constexpr sql::Literal kEventColumns(
    "sequence, kind, type, source, account, region, time, request_id, body");

EventRow read_event(const sql::Rows& row) {
  return {.sequence = row.integer(0),
          .kind = kEventKinds.value(row.text(1)),
          .type = row.string(2),
          .source = row.string(3),
          .account = row.string(4),
          .region = row.string(5),
          .time = from_column(row.integer(6)),
          .request_id = row.string(7),
          .body = row.string(8)};
}

}  // namespace

std::string_view to_column(EventKind kind) { return kEventKinds.text(kind); }

// The caller numbers the events while it holds the writer, so that sequences are in the order of
// the commits. SQLite is not asked to number them: without AUTOINCREMENT it gives the number of a
// deleted newest row again, and a reader would miss the new one.
void insert_event(sql::Txn& txn, const EventRow& row) {
  txn.exec(
      R"(INSERT INTO events (sequence, kind, type, source, account, region, time, request_id, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))",
      row.sequence, to_column(row.kind), row.type, row.source, row.account, row.region,
      to_column(row.time), row.request_id, row.body);
}

std::vector<EventRow> events_after(sql::Txn& txn, std::int64_t after, std::int64_t limit) {
  static constexpr auto kSql =
      "SELECT " + kEventColumns + " FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?";
  return sql::all_rows(txn.query(kSql, after, limit), read_event);
}

// The index events_by_kind answers this in order, so many records of calls do not slow down a
// reader of events.
std::vector<EventRow> events_after(sql::Txn& txn, EventKind kind, std::int64_t after,
                                   std::int64_t limit) {
  static constexpr auto kSql =
      "SELECT " + kEventColumns +
      " FROM events WHERE kind = ? AND sequence > ? ORDER BY sequence LIMIT ?";
  return sql::all_rows(txn.query(kSql, to_column(kind), after, limit), read_event);
}

std::vector<EventRow> events_before(sql::Txn& txn, std::int64_t before, std::int64_t after,
                                    std::int64_t limit) {
  static constexpr auto kSql =
      "SELECT " + kEventColumns +
      " FROM events WHERE sequence < ? AND sequence > ? ORDER BY sequence DESC LIMIT ?";
  return sql::all_rows(txn.query(kSql, before, after, limit), read_event);
}

// The conditions above zero change nothing in the result: sequences begin at 1. With them SQLite
// uses an index, which the test QueryPlans.UseIndexesAndSortNothing asks of every statement.
std::int64_t newest_event(sql::Txn& txn) {
  const auto row = sql::first_integer(
      txn.query("SELECT sequence FROM events WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1"));
  // A reader may be further than the newest event that is left, and sequences are not given twice.
  const auto position = sql::first_integer(txn.query(
      "SELECT sequence FROM event_positions WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1"));
  return std::max(row.value_or(0), position.value_or(0));
}

// Finds the newest row that is too old and deletes up to it, which the index on (kind, sequence)
// answers without a count. The kinds are pruned apart: many records of reads must not push out the
// few pushes.
void prune_events(sql::Txn& txn, EventKind kind, std::int64_t keep) {
  auto row = txn.query(
      "SELECT sequence FROM events WHERE kind = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
      to_column(kind), keep);
  if (!row.next()) return;
  txn.exec("DELETE FROM events WHERE kind = ? AND sequence <= ?", to_column(kind), row.integer(0));
}

// Keeps the newest sequence as a position, so that newest_event() remembers it. No reader has the
// name "cleared", so no later position overwrites this one.
void clear_events(sql::Txn& txn) {
  const std::int64_t newest = newest_event(txn);
  txn.exec("DELETE FROM events");
  set_event_position(txn, "cleared", newest);
}

std::optional<std::int64_t> event_position(sql::Txn& txn, std::string_view reader) {
  return sql::first_integer(
      txn.query("SELECT sequence FROM event_positions WHERE reader = ?", reader));
}

void set_event_position(sql::Txn& txn, std::string_view reader, std::int64_t sequence) {
  txn.exec(
      R"(INSERT INTO event_positions (reader, sequence) VALUES (?, ?)
         ON CONFLICT (reader) DO UPDATE SET sequence = excluded.sequence)",
      reader, sequence);
}

}  // namespace ecr::storage
