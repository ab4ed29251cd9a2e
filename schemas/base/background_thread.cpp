#include "schemas/base/background_thread.h"

#include <utility>

namespace ecr::base {

// condition_variable_any registers a callback with the stop token: a request to stop wakes the wait
// without polling, and cannot be missed between the check and the wait (test:
// AStopEndsAPauseAtOnce).
bool BackgroundStop::pause(std::chrono::milliseconds how_long) {
  std::unique_lock lock(mutex_);
  // The predicate is never true: only the time or the stop ends the wait.
  wake_.wait_for(lock, token_, how_long, [] { return false; });
  return !requested();
}

// The destructor of jthread requests the stop and joins. An exception of the work would end the
// program, as in any std::thread.
BackgroundThread::BackgroundThread(Work work)
    : thread_([work = std::move(work)](std::stop_token token) {
        BackgroundStop stop(std::move(token));
        work(stop);
      }) {}

}  // namespace ecr::base
