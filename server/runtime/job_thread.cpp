#include "server/runtime/job_thread.h"

#include <algorithm>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using std::chrono::milliseconds;

// Between two looks where nobody rings: not so often that a frozen clock, which never reaches what
// is nearly due, keeps the thread busy.
constexpr milliseconds kLeast{50};
constexpr milliseconds kMost = std::chrono::hours(1);
constexpr milliseconds kAfterTrouble = std::chrono::seconds(5);

}  // namespace

JobThread::JobThread(const api::Services& services, api::JobRunner& runner, AccessLog& log,
                     Metrics& metrics)
    : services_(services), runner_(runner), log_(log), metrics_(metrics), thread_([this] {
        loop();
      }) {}

JobThread::~JobThread() {
  stopping_ = true;
  services_.job_signal.stop();
  services_.job_signal.notify();
  thread_.join();
}

void JobThread::loop() {
  while (!stopping_) {
    // Rings from here on are about something that the look below may miss.
    const std::uint64_t seen = services_.job_signal.wait(0, milliseconds(0));
    if (stopping_) return;
    milliseconds pause = kAfterTrouble;
    try {
      run_due();
      pause = until_next();
    } catch (const std::exception& error) {
      log_.say(base::format("ecr-local: background work has to wait: {}", error.what()));
      if (!services_.store.database().writable()) pause = kMost;  // until a restart
    }
    services_.job_signal.wait(seen, pause);
  }
}

void JobThread::run_due() {
  while (!stopping_) {
    const auto outcome = runner_.run_next();
    if (!outcome) return;
    using Result = api::JobOutcome::Result;
    metrics_.count_job(outcome->job.kind,
                       outcome->result == Result::kDone    ? Metrics::JobResult::kDone
                       : outcome->result == Result::kRetry ? Metrics::JobResult::kRetried
                                                           : Metrics::JobResult::kFailed);
    if (outcome->error.empty()) continue;
    log_.say(base::format("ecr-local: job {} ({}) {}: {}", outcome->job.id, outcome->job.kind,
                          outcome->result == Result::kDone    ? "is done, but"
                          : outcome->result == Result::kRetry ? "failed and is tried again"
                                                              : "failed and is given up",
                          outcome->error));
  }
}

milliseconds JobThread::until_next() const {
  const auto due = runner_.next_due();
  if (!due) return kMost;
  return std::clamp<milliseconds>(*due - services_.clock.now(), kLeast, kMost);
}

}  // namespace ecr::server
