#include "storage/rows/server_state.h"

#include "storage/sql/columns.h"

namespace ecr::storage {

// The table has one row at most, with the id 1.
std::optional<base::MovableClock::State> load_clock(sql::Txn& txn) {
  auto row = txn.query("SELECT offset_ms, frozen_at FROM emulated_clock WHERE id = 1");
  if (!row.next()) return std::nullopt;
  base::MovableClock::State state;
  state.offset = std::chrono::milliseconds(row.integer(0));
  state.frozen_at = from_column(row.optional_integer(1));
  return state;
}

// No row stands for the machine's clock, so that a data directory without a moved clock looks the
// same as a new one.
void save_clock(sql::Txn& txn, const base::MovableClock::State& state) {
  txn.exec("DELETE FROM emulated_clock WHERE id = 1");
  if (state == base::MovableClock::State{}) return;
  txn.exec("INSERT INTO emulated_clock (id, offset_ms, frozen_at) VALUES (1, ?, ?)",
           std::int64_t{state.offset.count()}, to_column(state.frozen_at));
}

// The key is made when the first image is signed, so most data directories have none.
std::optional<SigningKey> signing_key(sql::Txn& txn) {
  auto row = txn.query("SELECT private_key, certificate FROM signing_key WHERE id = 1");
  return row.next() ? std::optional(SigningKey{row.string(0), row.string(1)}) : std::nullopt;
}

void insert_signing_key(sql::Txn& txn, const SigningKey& key) {
  txn.exec("INSERT INTO signing_key (id, private_key, certificate) VALUES (1, ?, ?)",
           key.private_key, key.certificate);
}

// One statement, so that all numbers are of one snapshot.
Statistics statistics(sql::Txn& txn) {
  auto row = txn.query(
      R"(SELECT (SELECT COUNT(*) FROM repositories), (SELECT COUNT(*) FROM images),
                (SELECT COUNT(*) FROM blobs), (SELECT COALESCE(SUM(size), 0) FROM blobs),
                (SELECT COUNT(*) FROM uploads),
                (SELECT COUNT(*) FROM jobs WHERE state = 'pending'),
                (SELECT COUNT(*) FROM jobs WHERE state = 'failed'))");
  row.next();
  return {row.integer(0), row.integer(1), row.integer(2), row.integer(3),
          row.integer(4), row.integer(5), row.integer(6)};
}

}  // namespace ecr::storage
