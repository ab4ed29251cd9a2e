// Rows of background work: jobs that are due at a time, and jobs that have failed for good. Free
// functions on Txn.
#pragma once

#include <array>
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
  std::optional<std::string> key = {};  // at most one job of a kind has it
  std::string payload = "{}";           // JSON
  JobState state = JobState::kPending;
  base::TimePoint due = {};
  std::int64_t attempts = 0;  // those that were begun
  // Attempts that were begun since one came to an end: the program ended during each of them.
  std::int64_t unfinished = 0;
  base::TimePoint created_at = {};
  std::string error = {};  // of the last attempt; empty: it did not fail
};

// Adds the job as pending, without attempts. Where a job of the kind has the key already, that one
// gets the payload and becomes so; if it was pending, it keeps the earlier of the two times.
void put_job(sql::Txn& txn, const Job& job);
std::optional<Job> find_job(sql::Txn& txn, std::int64_t id);
// The end of an attempt that note_job_attempt() counted, of `attempts` in all. A job that was put
// anew, or made due, since then stays: it has not been done.
void delete_job(sql::Txn& txn, std::int64_t id, std::int64_t attempts);
void delete_job(sql::Txn& txn, std::string_view kind, std::string_view key);
// The pending job that is due first; the lowest id decides between equal times.
std::optional<Job> first_job(sql::Txn& txn);
// Some kinds of jobs; empty names stand for none.
using JobKindNames = std::array<std::string_view, 8>;
// The same among the jobs of these kinds, or among those of all others.
std::optional<Job> first_job_of(sql::Txn& txn, const JobKindNames& kinds);
std::optional<Job> first_job_besides(sql::Txn& txn, const JobKindNames& kinds);
// Jobs of both states by id, after `after` (exclusive).
std::vector<Job> list_jobs(sql::Txn& txn, std::int64_t after, std::int64_t limit);

// Counts an attempt, as begun and unfinished.
void note_job_attempt(sql::Txn& txn, std::int64_t id);
// Takes back the attempt that note_job_attempt() counted.
void return_job_attempt(sql::Txn& txn, std::int64_t id);
// Records a failed attempt, which thereby came to its end.
void set_job_failure(sql::Txn& txn, std::int64_t id, JobState state, base::TimePoint due,
                     std::string_view error);
// Makes every job of the kind, failed ones too, pending, without attempts, and due at `now` at the
// latest. Returns how many.
std::int64_t make_jobs_due(sql::Txn& txn, std::string_view kind, base::TimePoint now);
// Makes every pending job due so much earlier (the clock was put back by that much).
void shift_jobs(sql::Txn& txn, std::chrono::milliseconds earlier);

}  // namespace ecr::storage
