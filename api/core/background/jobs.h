// Background work that survives a restart: a row, written in the transaction of whatever asks for
// it, and done later by the one job runner (job_runner.h). Each kind of job names the lane that it
// waits in; a lane does one job at a time, and no lane waits for another. Thread-safe.
//
//   enqueue_job(core, txn, "replication", {{"digest", digest.text()}}, now, "");
//
// and, in the table that server/serve.cpp gives to the runner:
//
//   constexpr JobKind kReplication{"replication", replicate};
//   void replicate(JobAttempt& attempt) { ...; Request& request = attempt.begin(); ...; }
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "api/core/access/request.h"
#include "api/core/services.h"
#include "schemas/model/digest.h"
#include "schemas/model/repository_name.h"
#include "storage/rows/jobs.h"
#include "storage/sql/database.h"

namespace ecr::api {

using Json = nlohmann::json;

// Adds the job when `txn` commits, and wakes the runner then. `due` by services.clock. `key`, where
// it is not empty: of a kind there is at most one job with it; enqueueing it again replaces the
// payload, keeps the earlier time, and takes up again one that was given up.
// REQUIRES: a write transaction; the kind is in the runner's table.
void enqueue_job(const Core& core, storage::sql::Txn& txn, std::string_view kind,
                 const Json& payload, base::TimePoint due, std::string_view key = {});
// Does nothing where there is no such job.
void cancel_job(storage::sql::Txn& txn, std::string_view kind, std::string_view key);

// The member "digest" of a payload. Throws where it is none: the job fails.
model::Digest digest_of(const Json& payload);
// The member "repository" of a payload, where it is a name, in the same way.
model::RepositoryName repository_name_of(const Json& payload);

// One attempt at a job. A handler does what takes long (reading, evaluating, the network) before it
// calls begin(), and what must happen with the job's end after that. It throws to fail: everything
// since begin() is undone, and the job is tried again later (job_runner.h). A handler may begin and
// commit write transactions of its own before begin(); it must then bear being run again.
class JobAttempt {
 public:
  JobAttempt(const Services& services_, const storage::Job& job_, const Json& payload_,
             base::TimePoint now_)
      : services(services_), job(job_), payload(payload_), now(now_) {}
  JobAttempt(const JobAttempt&) = delete;

  const Services& services;
  const storage::Job& job;
  const Json& payload;
  base::TimePoint now;

  // The request in whose write transaction the job ends: the job's row is gone in it already, so
  // the same kind and key can be enqueued anew. The runner commits it. Its caller is nobody: what a
  // job asks permission for, it asks in the name of a service role. What actions of its
  // Txn::on_commit throw is only reported. Called at most once.
  Request& begin();

  // For the operator's eyes, in the log and in /_ecr-local/jobs/run: what went wrong in a job that
  // is done all the same.
  std::string remark;

 private:
  friend class JobRunner;
  std::optional<storage::sql::Txn> txn_;
  const HttpRequest http_{};
  const Caller caller_ = anonymous_caller();
  LogNote note_;
  std::optional<Request> request_;
};

enum class JobLane {
  kQuick,    // works on the store alone
  kSlow,     // may take many minutes: commands of the operator's
  kOutbound  // waits for other servers
};
inline constexpr std::array kJobLanes = {JobLane::kQuick, JobLane::kSlow, JobLane::kOutbound};

struct JobKind {
  std::string_view kind;
  void (*run)(JobAttempt&);
  // Not 0: enqueued at start, and anew at this interval after each attempt, by itself.
  std::chrono::milliseconds every{0};
  JobLane lane = JobLane::kQuick;
};

// Periodic work that keeps the store tidy.

// Removes what has been unused for Settings::gc_grace: blobs that no image names, abandoned uploads
// (storage/collector.h).
void collect_garbage(JobAttempt& attempt);
// Removes temporary credentials that expired long ago (storage::kExpiredSessionsKept). Until then a
// client that uses them is told that they have expired (ExpiredTokenException); after that they are
// unknown.
void drop_expired_sessions(JobAttempt& attempt);

inline JobKind garbage_collection(const Settings& settings) {
  return {"garbage-collection", collect_garbage, settings.gc_interval};
}
inline constexpr JobKind kExpiredSessions{"expired-sessions", drop_expired_sessions,
                                          std::chrono::hours(1)};

// Tells the threads of the lanes that there may be something to do: a job was enqueued, the clock
// moved.
class JobSignal {
 public:
  void notify();
  // Waits until notify() was called more often than `seen`, or `at_most` has passed. The new count.
  std::uint64_t wait(std::uint64_t seen, std::chrono::milliseconds at_most);

  // The program ends: what takes long may be given up, and is begun anew at the next start.
  void stop() { stopping_ = true; }
  bool stopping() const { return stopping_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t count_ = 0;
  std::atomic<bool> stopping_{false};
};

}  // namespace ecr::api
