// The thread that does background work when it is due.
#pragma once

#include <atomic>
#include <thread>

#include "api/core/work/job_runner.h"
#include "server/runtime/access_log.h"
#include "server/runtime/metrics.h"

namespace ecr::server {

class JobThread {
 public:
  // Starts it. All references outlive it.
  JobThread(const api::Services& services, api::JobRunner& runner, AccessLog& log,
            Metrics& metrics);
  // Waits for the job that is running, or gives it up where it takes long; what else is due stays
  // for the next start.
  ~JobThread();

 private:
  void loop();
  void run_due();
  std::chrono::milliseconds until_next() const;

  const api::Services& services_;
  api::JobRunner& runner_;
  AccessLog& log_;
  Metrics& metrics_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ecr::server
