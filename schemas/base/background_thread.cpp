#include "schemas/base/background_thread.h"

#include <utility>

namespace ecr::base {

bool BackgroundStop::pause(std::chrono::milliseconds how_long) {
  std::unique_lock lock(mutex_);
  // The predicate is never true: only the time or the stop ends the wait.
  wake_.wait_for(lock, token_, how_long, [] { return false; });
  return !requested();
}

BackgroundThread::BackgroundThread(Work work)
    : thread_([work = std::move(work)](std::stop_token token) {
        BackgroundStop stop(std::move(token));
        work(stop);
      }) {}

}  // namespace ecr::base
