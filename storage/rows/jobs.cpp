#include "storage/rows/jobs.h"

#include <tuple>

#include "storage/sql/columns.h"

namespace ecr::storage {
namespace {

constexpr EnumColumn<JobState, 2> kJobStates({"pending", "failed"});

constexpr sql::Literal kJobColumns(
    "id, kind, job_key, payload, state, due_at, attempts, created_at, error, unfinished");

Job read_job(const sql::Rows& row) {
  return {.id = row.integer(0),
          .kind = row.string(1),
          .key = row.optional_string(2),
          .payload = row.string(3),
          .state = kJobStates.value(row.text(4)),
          .due = from_column(row.integer(5)),
          .attempts = row.integer(6),
          .unfinished = row.integer(9),
          .created_at = from_column(row.integer(7)),
          .error = row.string(8)};
}

}  // namespace

// Two jobs of a kind with the same key are one piece of work, so the later one renews the first. A
// job without a key is always new, because NULLs are never equal. The earlier of the two times
// counts, or a stream of new jobs would put the work off for ever.
void put_job(sql::Txn& txn, const Job& job) {
  txn.exec(
      R"(INSERT INTO jobs (kind, job_key, payload, state, due_at, attempts, created_at, error)
         VALUES (?, ?, ?, 'pending', ?, 0, ?, '')
         ON CONFLICT (kind, job_key) DO UPDATE SET
           payload = excluded.payload,
           due_at = CASE WHEN jobs.state = 'pending' AND jobs.due_at < excluded.due_at
                         THEN jobs.due_at ELSE excluded.due_at END,
           state = 'pending', attempts = 0, unfinished = 0, created_at = excluded.created_at,
           error = '')",
      job.kind, job.key, job.payload, to_column(job.due), to_column(job.created_at));
}

std::optional<Job> find_job(sql::Txn& txn, std::int64_t id) {
  static constexpr auto kSql = "SELECT " + kJobColumns + " FROM jobs WHERE id = ?";
  return sql::first_row(txn.query(kSql, id), read_job);
}

// put_job() and make_jobs_due() set the attempts back to 0.
void delete_job(sql::Txn& txn, std::int64_t id, std::int64_t attempts) {
  txn.exec("DELETE FROM jobs WHERE id = ? AND attempts = ?", id, attempts);
}

void delete_job(sql::Txn& txn, std::string_view kind, std::string_view key) {
  txn.exec("DELETE FROM jobs WHERE kind = ? AND job_key = ?", kind, key);
}

// The id decides between equal times, so jobs that become due together run in the order in which
// they were added.
std::optional<Job> first_job(sql::Txn& txn) {
  static constexpr auto kSql =
      "SELECT " + kJobColumns + " FROM jobs WHERE state = 'pending' ORDER BY due_at, id LIMIT 1";
  return sql::first_row(txn.query(kSql), read_job);
}

// `kind || ''` keeps the planner from the index of kinds and keys, which would read and sort all
// jobs of a kind: the jobs come in the order in which they are due, and the first that fits is the
// one.
std::optional<Job> first_job_of(sql::Txn& txn, const JobKindNames& kinds) {
  static constexpr auto kSql =
      "SELECT " + kJobColumns +
      " FROM jobs WHERE state = 'pending' AND kind || '' IN (?, ?, ?, ?, ?, ?, ?, ?)"
      " ORDER BY due_at, id LIMIT 1";
  return std::apply(
      [&](const auto&... kind) { return sql::first_row(txn.query(kSql, kind...), read_job); },
      kinds);
}

std::optional<Job> first_job_besides(sql::Txn& txn, const JobKindNames& kinds) {
  static constexpr auto kSql =
      "SELECT " + kJobColumns +
      " FROM jobs WHERE state = 'pending' AND kind NOT IN (?, ?, ?, ?, ?, ?, ?, ?)"
      " ORDER BY due_at, id LIMIT 1";
  return std::apply(
      [&](const auto&... kind) { return sql::first_row(txn.query(kSql, kind...), read_job); },
      kinds);
}

std::vector<Job> list_jobs(sql::Txn& txn, std::int64_t after, std::int64_t limit) {
  static constexpr auto kSql =
      "SELECT " + kJobColumns + " FROM jobs WHERE id > ? ORDER BY id LIMIT ?";
  return sql::all_rows(txn.query(kSql, after, limit), read_job);
}

// Written before the attempt begins: a job that kills the process has used up an attempt. Otherwise
// the process would start, die and start again with the same job for ever.
void note_job_attempt(sql::Txn& txn, std::int64_t id) {
  txn.exec("UPDATE jobs SET attempts = attempts + 1, unfinished = unfinished + 1 WHERE id = ?", id);
}

void return_job_attempt(sql::Txn& txn, std::int64_t id) {
  // A job that was enqueued anew meanwhile has no attempts.
  txn.exec(
      "UPDATE jobs SET attempts = attempts - 1, unfinished = unfinished - 1 "
      "WHERE id = ? AND attempts > 0",
      id);
}

// A failed job stays as a row, so that an operator sees its error; make_jobs_due() gives it another
// chance.
void set_job_failure(sql::Txn& txn, std::int64_t id, JobState state, base::TimePoint due,
                     std::string_view error) {
  txn.exec("UPDATE jobs SET state = ?, due_at = ?, error = ?, unfinished = 0 WHERE id = ?",
           kJobStates.text(state), to_column(due), error, id);
}

// A job that is due already keeps its time, and with it its place before the others.
std::int64_t make_jobs_due(sql::Txn& txn, std::string_view kind, base::TimePoint now) {
  return txn.exec(
      R"(UPDATE jobs SET due_at = CASE WHEN due_at < ? THEN due_at ELSE ? END,
                         state = 'pending', attempts = 0, unfinished = 0
         WHERE kind = ?)",
      to_column(now), to_column(now), kind);
}

// Failed jobs have no due time that counts. A clock that is put back would make pending jobs wait
// for as long as it had been moved forward.
void shift_jobs(sql::Txn& txn, std::chrono::milliseconds earlier) {
  txn.exec("UPDATE jobs SET due_at = due_at - ? WHERE state = 'pending'",
           std::int64_t{earlier.count()});
}

}  // namespace ecr::storage
