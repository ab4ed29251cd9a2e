#include "server/net/worker_pool.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecr::server {

// Both io threads may bring the first work at the same time; call_once lets one of them start the
// threads and makes the other wait until they are there.
asio::thread_pool& WorkerPool::pool() {
  std::call_once(begun_, [this] { pool_.emplace(threads_); });
  return *pool_;
}

WorkerJob::WorkerJob(WorkerPool& pool, asio::any_io_executor executor)
    // The timer never runs out. It is used as a condition variable of coroutines: wait() waits on
    // it, and cancelling it means "the work is done".
    : pool_(pool), executor_(std::move(executor)), done_(executor_) {}

void WorkerJob::start(std::function<void()> work) {
  // The io thread sets and clears `running_`, so the sweeper of the same thread may read it without
  // a lock.
  running_ = true;
  done_.expires_at(asio::steady_timer::time_point::max());
  // While a worker has the work, the io thread waits for no socket. The guard keeps its io_context
  // from running out of work, which would end the thread.
  auto keep = asio::make_work_guard(executor_);
  asio::post(pool_.pool(), [this, work = std::move(work), keep = std::move(keep)] {
    std::exception_ptr failure;
    try {
      work();
    } catch (...) {
      // An exception must not leave a thread of the pool, which would end the process. It goes to
      // the coroutine that waits, which is the one that knows how to answer the client.
      failure = std::current_exception();
    }
    // Back to the io thread: cancelling the timer resumes the coroutine that waits on it.
    asio::post(executor_, [this, failure = std::move(failure)] {
      failure_ = failure;
      running_ = false;
      done_.cancel();
    });
  });
}

asio::awaitable<void> WorkerJob::wait() {
  // The flag decides, not the timer: work that ended before wait() was called has already cancelled
  // a timer that nothing waited on.
  while (running_) {
    boost::system::error_code cancelled;
    auto token = asio::redirect_error(asio::use_awaitable, cancelled);
    co_await done_.async_wait(token);
  }
  // exchange() clears the failure, so that the next work of this job does not fail with it.
  if (auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

}  // namespace ecr::server
