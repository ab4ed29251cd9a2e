// Rows of background work: what is to be done and when, and what was given up.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/base/clock.h"
#include "storage/sql/database.h"

namespace ecr::storage {

enum class JobState { kPending, kFailed };  // "pending", "failed"

struct Job {
  std::int64_t id = 0;
  std::string kind = {};
  std::optional<std::string> key = {};  // of a kind, at most one job has it
  std::string payload = "{}";           // JSON
  JobState state = JobState::kPending;
  base::TimePoint due = {};
  std::int64_t attempts = 0;  // begun so far
  base::TimePoint created_at = {};
  std::string error = {};  // of the last attempt; empty: none failed
};

// The job as pending, not yet attempted. Where one of its kind has its key already, that one takes
// the payload; if it was pending it keeps its time where that is the earlier one.
void put_job(sql::Txn& txn, const Job& job);
std::optional<Job> find_job(sql::Txn& txn, std::int64_t id);
void delete_job(sql::Txn& txn, std::int64_t id);
void delete_job(sql::Txn& txn, std::string_view kind, std::string_view key);
// The pending job that is due first, ties by id.
std::optional<Job> first_job(sql::Txn& txn);
// By id, after `after` (exclusive), of both states.
std::vector<Job> list_jobs(sql::Txn& txn, std::int64_t after, std::int64_t limit);

void note_job_attempt(sql::Txn& txn, std::int64_t id);
// What became of a failed attempt.
void set_job_failure(sql::Txn& txn, std::int64_t id, JobState state, base::TimePoint due,
                     std::string_view error);
// Every job of the kind, given up ones included, is pending, unattempted and due at `now` (where it
// was not due before). Returns how many.
std::int64_t make_jobs_due(sql::Txn& txn, std::string_view kind, base::TimePoint now);
// What is pending is due so much earlier (the clock was put back by it).
void shift_jobs(sql::Txn& txn, std::chrono::milliseconds earlier);

}  // namespace ecr::storage
