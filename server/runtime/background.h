// The threads that work beside the requests: one for each lane of jobs, which runs them when they
// are due, and one for the work that requests leave for later. The objects that a thread uses
// outlive it.
#pragma once

#include "api/core/background/event_log.h"
#include "api/core/background/job_runner.h"
#include "schemas/base/background_thread.h"
#include "server/runtime/access_log.h"
#include "server/runtime/metrics.h"
#include "storage/store.h"

namespace ecr::server {

// Runs the jobs of one lane of the job table, one after the other.
class JobThread {
 public:
  JobThread(const api::Services& services, api::JobRunner& runner, api::JobLane lane,
            AccessLog& log, Metrics& metrics);
  // The destructor waits for the job that is running; a long one gives up (JobSignal::stopping).
  // Jobs that are due then stay in the table for the next start.

 private:
  void run(base::BackgroundStop& stop);
  void run_due(const base::BackgroundStop& stop);
  std::chrono::milliseconds until_next() const;

  const api::Services& services_;
  api::JobRunner& runner_;
  const api::JobLane lane_;
  AccessLog& log_;
  Metrics& metrics_;
  base::BackgroundThread thread_;
};

// Writes queued records of calls, and removes files that no row names any more, within seconds.
class Chores {
 public:
  // The destructor writes what is queued.
  Chores(api::EventLog& events, storage::Store& store, AccessLog& log);

 private:
  void run(base::BackgroundStop& stop);
  void gather(base::BackgroundStop& stop);

  api::EventLog& events_;
  storage::Store& store_;
  AccessLog& log_;
  base::BackgroundThread thread_;
};

}  // namespace ecr::server
