#include "server/runtime/background.h"

#include <algorithm>
#include <chrono>

#include "schemas/base/text.h"
#include "storage/os/error.h"

namespace ecr::server {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// A job thread sleeps at least this long when no signal comes: with a frozen clock a job may
// stay "nearly due" for ever, and must not keep the thread busy.
constexpr milliseconds kLeastPause{50};
// Job threads are woken by a signal when a job is added or the clock is moved. This pause is only
// a second line of defence.
constexpr milliseconds kLongestPause = 1h;
// Long enough that a database that is busy or a full disk does not fill the log with one message.
constexpr milliseconds kPauseAfterError = 5s;

// Records of calls that come within this time are written together. Under load most records fall
// out of the bounded log before they are written. A client that follows the log gets all of them,
// and soon, so the time is short while there is one.
constexpr milliseconds kGather = 2s;
constexpr milliseconds kGatherFollowed = 100ms;
// How often this thread looks for a requested sweep of files while no record comes.
constexpr milliseconds kIdle = 1s;

// For the log: "job 7 (replicate) failed and will be tried again".
std::string_view outcome_text(api::JobOutcome::Result result) {
  if (result == api::JobOutcome::Result::kDone) return "is done, but";
  return result == api::JobOutcome::Result::kRetry ? "failed and is tried again"
                                                   : "failed for good";
}

// The two enumerations are apart because metrics know nothing of the API's jobs.
Metrics::JobResult counted_as(api::JobOutcome::Result result) {
  if (result == api::JobOutcome::Result::kDone) return Metrics::JobResult::kDone;
  return result == api::JobOutcome::Result::kRetry ? Metrics::JobResult::kRetried
                                                   : Metrics::JobResult::kFailed;
}

}  // namespace

JobThread::JobThread(const api::Services& services, api::JobRunner& runner, api::JobLane lane,
                     AccessLog& log, Metrics& metrics)
    : services_(services),
      runner_(runner),
      lane_(lane),
      log_(log),
      metrics_(metrics),
      thread_([this](base::BackgroundStop& stop) { run(stop); }) {}

void JobThread::run(base::BackgroundStop& stop) {
  // stop() tells a long job to give up; notify() wakes the wait below.
  const std::stop_callback wake(stop.token(), [this] {
    services_.job_signal.stop();
    services_.job_signal.notify();
  });
  // The program may be ending before this thread is: a job that gave up must not be begun again.
  while (!stop.requested() && !services_.job_signal.stopping()) {
    // The count is read before the table: a signal that comes after the table was read then ends
    // the wait below at once.
    const std::uint64_t seen = services_.job_signal.wait(0, milliseconds(0));
    if (stop.requested()) return;
    milliseconds pause = kPauseAfterError;
    // Any exception is caught here: the thread has no caller, and its end would stop all background
    // work without a sign.
    try {
      run_due(stop);
      pause = until_next();
    } catch (const std::exception& error) {
      log_.say(base::format("ecr-local: background work has to wait: {}", error.what()));
      // A database that went read-only stays so until a restart.
      if (!services_.store.database().writable()) pause = kLongestPause;
    }
    services_.job_signal.wait(seen, pause);
  }
}

// One job at a time in the lane: a job that failed has its next time in the table.
void JobThread::run_due(const base::BackgroundStop& stop) {
  while (!stop.requested() && !services_.job_signal.stopping()) {
    const auto outcome = runner_.run_next(lane_);
    if (!outcome) return;
    metrics_.count_job(outcome->job.kind, counted_as(outcome->result));
    // Success says nothing in the log; it is counted.
    if (outcome->error.empty()) continue;
    log_.say(base::format("ecr-local: job {} ({}) {}: {}", outcome->job.id, outcome->job.kind,
                          outcome_text(outcome->result), outcome->error));
  }
}

milliseconds JobThread::until_next() const {
  const auto due = runner_.next_due(lane_);
  if (!due) return kLongestPause;
  // The clock is the one that /_ecr-local/clock moves, and the wait is in real time. Moving the
  // clock sends a signal, so the wait is then computed anew.
  return std::clamp<milliseconds>(*due - services_.clock.now(), kLeastPause, kLongestPause);
}

Chores::Chores(api::EventLog& events, storage::Store& store, AccessLog& log)
    : events_(events),
      store_(store),
      log_(log),
      thread_([this](base::BackgroundStop& stop) { run(stop); }) {}

// Waits until it is time to write the queued records. Looks again every kGatherFollowed, because a
// client may begin to follow the log while records wait.
void Chores::gather(base::BackgroundStop& stop) {
  const auto end = std::chrono::steady_clock::now() + kGather;
  while (stop.pause(kGatherFollowed)) {
    if (events_.followed() || std::chrono::steady_clock::now() >= end) return;
  }
}

void Chores::run(base::BackgroundStop& stop) {
  const std::stop_callback wake(stop.token(), [this] { events_.announce(); });
  while (!stop.requested()) {
    events_.wait(kIdle);
    gather(stop);
    events_.flush();  // also after the stop: the last records are written
    try {
      // The sweep removes only files that no row names, so it may run beside requests. A failure
      // leaves such files for the next sweep or the next start.
      store_.sweep_if_requested();
    } catch (const storage::StorageError& error) {
      log_.say(base::format("ecr-local: removing files: {}", error.what()));
    }
  }
}

}  // namespace ecr::server
