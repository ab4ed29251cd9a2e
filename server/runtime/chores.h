// The thread that does what requests leave for later, within seconds: it writes queued records of
// calls, and removes files that nothing names any more.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "api/core/work/event_log.h"
#include "server/runtime/access_log.h"
#include "storage/store.h"

namespace ecr::server {

class Chores {
 public:
  // All three outlive it. Ends, with a last flush, when destroyed.
  Chores(api::EventLog& events, storage::Store& store, AccessLog& log);

 private:
  void run(const std::stop_token& stop);
  // Until it is time to write what is queued.
  void gather(const std::stop_token& stop);

  api::EventLog& events_;
  storage::Store& store_;
  AccessLog& log_;
  std::mutex mutex_;
  std::condition_variable_any pause_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace ecr::server
