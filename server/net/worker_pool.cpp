#include "server/net/worker_pool.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecr::server {

asio::thread_pool& WorkerPool::pool() {
  std::call_once(begun_, [this] { pool_.emplace(threads_); });
  return *pool_;
}

WorkerJob::WorkerJob(WorkerPool& pool, asio::any_io_executor executor)
    : pool_(pool), executor_(std::move(executor)), done_(executor_) {}

void WorkerJob::start(std::function<void()> work) {
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
  while (running_) {
    boost::system::error_code cancelled;
    auto token = asio::redirect_error(asio::use_awaitable, cancelled);
    co_await done_.async_wait(token);
  }
  if (auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
}

}  // namespace ecr::server
