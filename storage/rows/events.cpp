#include "storage/rows/events.h"

#include <algorithm>

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

EventKind kind_of(std::string_view column) {
  return column == "event" ? EventKind::kEvent : EventKind::kRecord;
}

std::vector<EventRow> read(sql::Rows rows) {
  std::vector<EventRow> list;
  while (rows.next()) {
    list.push_back({.sequence = rows.integer(0),
                    .kind = kind_of(rows.text(1)),
                    .type = rows.string(2),
                    .source = rows.string(3),
                    .account = rows.string(4),
                    .region = rows.string(5),
                    .time = from_column(rows.integer(6)),
                    .request_id = rows.string(7),
                    .body = rows.string(8)});
  }
  return list;
}

}  // namespace

std::string_view to_column(EventKind kind) {
  return kind == EventKind::kEvent ? "event" : "record";
}

void insert_event(sql::Txn& txn, const EventRow& row) {
  txn.exec(
      R"(INSERT INTO events (sequence, kind, type, source, account, region, time, request_id, body)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))",
      row.sequence, to_column(row.kind), row.type, row.source, row.account, row.region,
      to_column(row.time), row.request_id, row.body);
}

std::vector<EventRow> events_after(sql::Txn& txn, std::int64_t after, std::int64_t limit) {
  return read(txn.query(
      R"(SELECT sequence, kind, type, source, account, region, time, request_id, body
         FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?)",
      after, limit));
}

std::vector<EventRow> events_after(sql::Txn& txn, EventKind kind, std::int64_t after,
                                   std::int64_t limit) {
  return read(txn.query(
      R"(SELECT sequence, kind, type, source, account, region, time, request_id, body
         FROM events WHERE kind = ? AND sequence > ? ORDER BY sequence LIMIT ?)",
      to_column(kind), after, limit));
}

std::vector<EventRow> events_before(sql::Txn& txn, std::int64_t before, std::int64_t after,
                                    std::int64_t limit) {
  return read(txn.query(
      R"(SELECT sequence, kind, type, source, account, region, time, request_id, body
         FROM events WHERE sequence < ? AND sequence > ? ORDER BY sequence DESC LIMIT ?)",
      before, after, limit));
}

std::int64_t newest_event(sql::Txn& txn) {
  std::int64_t newest = 0;
  auto row =
      txn.query("SELECT sequence FROM events WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1");
  if (row.next()) newest = row.integer(0);
  // A reader may be further than what is left: sequences are not given twice.
  auto position = txn.query(
      "SELECT sequence FROM event_positions WHERE sequence > 0 ORDER BY sequence DESC LIMIT 1");
  if (position.next()) newest = std::max(newest, position.integer(0));
  return newest;
}

void prune_events(sql::Txn& txn, EventKind kind, std::int64_t keep) {
  auto row = txn.query(
      "SELECT sequence FROM events WHERE kind = ? ORDER BY sequence DESC LIMIT 1 OFFSET ?",
      to_column(kind), keep);
  if (!row.next()) return;
  txn.exec("DELETE FROM events WHERE kind = ? AND sequence <= ?", to_column(kind), row.integer(0));
}

void clear_events(sql::Txn& txn) {
  const std::int64_t newest = newest_event(txn);
  txn.exec("DELETE FROM events");
  set_event_position(txn, "cleared", newest);
}

std::optional<std::int64_t> event_position(sql::Txn& txn, std::string_view reader) {
  auto row = txn.query("SELECT sequence FROM event_positions WHERE reader = ?", reader);
  if (!row.next()) return std::nullopt;
  return row.integer(0);
}

void set_event_position(sql::Txn& txn, std::string_view reader, std::int64_t sequence) {
  txn.exec(
      R"(INSERT INTO event_positions (reader, sequence) VALUES (?, ?)
         ON CONFLICT (reader) DO UPDATE SET sequence = excluded.sequence)",
      reader, sequence);
}

}  // namespace ecr::storage
