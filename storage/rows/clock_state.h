// The row that keeps a moved clock moved over a restart.
#pragma once

#include <optional>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// nullopt: the clock is the machine's.
std::optional<base::MovableClock::State> load_clock(sql::Txn& txn);
void save_clock(sql::Txn& txn, const base::MovableClock::State& state);

}  // namespace ecr::storage
