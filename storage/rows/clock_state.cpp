#include "storage/rows/clock_state.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {

std::optional<base::MovableClock::State> load_clock(sql::Txn& txn) {
  auto row = txn.query("SELECT offset_ms, frozen_at FROM emulated_clock WHERE id = 1");
  if (!row.next()) return std::nullopt;
  base::MovableClock::State state;
  state.offset = std::chrono::milliseconds(row.integer(0));
  if (const auto frozen = row.optional_integer(1)) state.frozen_at = from_column(*frozen);
  return state;
}

void save_clock(sql::Txn& txn, const base::MovableClock::State& state) {
  txn.exec("DELETE FROM emulated_clock WHERE id = 1");
  if (state == base::MovableClock::State{}) return;
  txn.exec("INSERT INTO emulated_clock (id, offset_ms, frozen_at) VALUES (1, ?, ?)",
           std::int64_t{state.offset.count()}, to_column(state.frozen_at));
}

}  // namespace ecr::storage
