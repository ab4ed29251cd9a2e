// Rows of the server as a whole: the emulated clock, the key that signs images, and row counts for
// metrics. Free functions on Txn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

// This row keeps a moved clock moved over a restart. nullopt: the clock is the machine's.
std::optional<base::MovableClock::State> load_clock(sql::Txn& txn);
void save_clock(sql::Txn& txn, const base::MovableClock::State& state);

// The key that signs images.
struct SigningKey {
  std::string private_key;  // PEM
  std::string certificate;  // PEM
};
std::optional<SigningKey> signing_key(sql::Txn& txn);
// REQUIRES: there is none.
void insert_signing_key(sql::Txn& txn, const SigningKey& key);

struct Statistics {
  std::int64_t repositories = 0;
  std::int64_t images = 0;
  std::int64_t blobs = 0;
  std::int64_t blob_bytes = 0;
  std::int64_t uploads = 0;  // in progress
  std::int64_t jobs_pending = 0;
  std::int64_t jobs_failed = 0;  // given up
};
// Reads an index of each table to its end: a few milliseconds for a hundred thousand rows.
Statistics statistics(sql::Txn& txn);

}  // namespace ecr::storage
