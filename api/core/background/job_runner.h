// Does background work (jobs.h), one job at a time in each lane: for the lanes' threads in server/,
// and for /_ecr-local/jobs/run. Thread-safe; blocking.
//
// An attempt is counted, and survives the process's death, before it begins, so that a job which
// kills the process is given up too: after kMaxUnfinishedAttempts in a row that never came to an
// end. (The jobs that other lanes ran at that moment count as well: which one it was is not known.)
// After an attempt that failed the next one is due 1 second, 10 seconds, 1 and 10 minutes later by
// services.clock; after the fifth the job is given up: it stays as failed, with the error, until it
// is enqueued anew or asked for by make_due(). A periodic kind is never given up: its next attempt
// is then due after its interval.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/core/background/jobs.h"

namespace ecr::api {

inline constexpr std::int64_t kMaxJobAttempts = 5;
// Attempts in a row during which the program ended. Fewer than those that fail: each of them is a
// server that was gone.
inline constexpr std::int64_t kMaxUnfinishedAttempts = 3;

struct JobOutcome {
  enum class Result { kDone, kRetry, kFailed };
  storage::Job job;  // as it was before the attempt
  Result result = Result::kDone;
  std::string error = {};  // also of a done job of which an action after the commit failed
};

class JobRunner {
 public:
  // Enqueues the periodic kinds that are not pending yet.
  JobRunner(const Services& services, std::vector<JobKind> kinds);
  // The same again, for when the rows of jobs have been replaced.
  void schedule_periodic();

  // Attempts the job of the lane that is due first. nullopt: nothing is due. Waits for the lane's
  // job that is under way. Throws StorageError where the outcome cannot be written.
  std::optional<JobOutcome> run_next(JobLane lane);
  // The same in the first lane where something is due.
  std::optional<JobOutcome> run_next();

  struct Report {
    std::vector<JobOutcome> outcomes;
    bool complete = true;  // false: `limit` was reached and something is still due
  };
  // Everything due by now, and what that enqueues, until nothing is due in any lane. The lanes come
  // one after the other, the quick one first.
  Report run_due(std::size_t limit);

  // When the next job is due, in the lane or in any; nullopt: there is none.
  std::optional<base::TimePoint> next_due(JobLane lane) const;
  std::optional<base::TimePoint> next_due() const;
  // Makes every job of the kind due, given up ones too. Empty: of every kind.
  void make_due(std::string_view kind);

  // The kinds it knows.
  const std::vector<JobKind>& kinds() const { return kinds_; }

 private:
  const JobKind* find(std::string_view kind) const;
  std::optional<storage::Job> first(storage::sql::Txn& txn, JobLane lane) const;
  std::optional<storage::Job> claim(JobLane lane);
  JobOutcome attempt(const storage::Job& job);
  void run(const JobKind* kind, JobOutcome& outcome);
  void give_back(JobOutcome& outcome);
  void note_failure(const JobKind* kind, JobOutcome& outcome);
  void schedule(storage::sql::Txn& txn, const JobKind& kind, base::TimePoint due) const;

  const Services& services_;
  const std::vector<JobKind> kinds_;
  // INVARIANT: at most eight kinds (storage::JobKindNames) are outside the quick lane.
  struct Lane {
    std::mutex running;           // held for one attempt
    storage::JobKindNames kinds;  // of this lane; of the quick one: those of all others
  };
  Lane& lane(JobLane name) { return lanes_[static_cast<std::size_t>(name)]; }
  const Lane& lane(JobLane name) const { return lanes_[static_cast<std::size_t>(name)]; }
  std::array<Lane, kJobLanes.size()> lanes_;
};

}  // namespace ecr::api
