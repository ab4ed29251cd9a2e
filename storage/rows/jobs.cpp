#include "storage/rows/jobs.h"

#include "storage/sql/time_column.h"

namespace ecr::storage {
namespace {

const char* name_of(JobState state) { return state == JobState::kFailed ? "failed" : "pending"; }

// The columns of every SELECT of whole jobs, in order.
Job job_of(const sql::Rows& row) {
  return {.id = row.integer(0),
          .kind = row.string(1),
          .key = row.optional_string(2),
          .payload = row.string(3),
          .state = row.text(4) == "failed" ? JobState::kFailed : JobState::kPending,
          .due = from_column(row.integer(5)),
          .attempts = row.integer(6),
          .created_at = from_column(row.integer(7)),
          .error = row.string(8)};
}

}  // namespace

void put_job(sql::Txn& txn, const Job& job) {
  txn.exec(
      R"(INSERT INTO jobs (kind, job_key, payload, state, due_at, attempts, created_at, error)
         VALUES (?, ?, ?, 'pending', ?, 0, ?, '')
         ON CONFLICT (kind, job_key) DO UPDATE SET
           payload = excluded.payload,
           due_at = CASE WHEN jobs.state = 'pending' AND jobs.due_at < excluded.due_at
                         THEN jobs.due_at ELSE excluded.due_at END,
           state = 'pending', attempts = 0, created_at = excluded.created_at, error = '')",
      job.kind, job.key, job.payload, to_column(job.due), to_column(job.created_at));
}

std::optional<Job> find_job(sql::Txn& txn, std::int64_t id) {
  auto row = txn.query(
      R"(SELECT id, kind, job_key, payload, state, due_at, attempts, created_at, error
         FROM jobs WHERE id = ?)",
      id);
  return row.next() ? std::optional(job_of(row)) : std::nullopt;
}

void delete_job(sql::Txn& txn, std::int64_t id) { txn.exec("DELETE FROM jobs WHERE id = ?", id); }

void delete_job(sql::Txn& txn, std::string_view kind, std::string_view key) {
  txn.exec("DELETE FROM jobs WHERE kind = ? AND job_key = ?", kind, key);
}

std::optional<Job> first_job(sql::Txn& txn) {
  auto row = txn.query(
      R"(SELECT id, kind, job_key, payload, state, due_at, attempts, created_at, error
         FROM jobs WHERE state = 'pending' ORDER BY due_at, id LIMIT 1)");
  return row.next() ? std::optional(job_of(row)) : std::nullopt;
}

std::vector<Job> list_jobs(sql::Txn& txn, std::int64_t after, std::int64_t limit) {
  std::vector<Job> jobs;
  for (auto row = txn.query(
           R"(SELECT id, kind, job_key, payload, state, due_at, attempts, created_at, error
              FROM jobs WHERE id > ? ORDER BY id LIMIT ?)",
           after, limit);
       row.next();) {
    jobs.push_back(job_of(row));
  }
  return jobs;
}

void note_job_attempt(sql::Txn& txn, std::int64_t id) {
  txn.exec("UPDATE jobs SET attempts = attempts + 1 WHERE id = ?", id);
}

void set_job_failure(sql::Txn& txn, std::int64_t id, JobState state, base::TimePoint due,
                     std::string_view error) {
  txn.exec("UPDATE jobs SET state = ?, due_at = ?, error = ? WHERE id = ?", name_of(state),
           to_column(due), error, id);
}

std::int64_t make_jobs_due(sql::Txn& txn, std::string_view kind, base::TimePoint now) {
  return txn.exec(
      R"(UPDATE jobs SET due_at = CASE WHEN due_at < ? THEN due_at ELSE ? END,
                         state = 'pending', attempts = 0
         WHERE kind = ?)",
      to_column(now), to_column(now), kind);
}

void shift_jobs(sql::Txn& txn, std::chrono::milliseconds earlier) {
  txn.exec("UPDATE jobs SET due_at = due_at - ? WHERE state = 'pending'",
           std::int64_t{earlier.count()});
}

}  // namespace ecr::storage
