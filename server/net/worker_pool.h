// Threads for work that may block (requests, mostly), so that io threads never do. They start with
// the first work: the program starts faster without them, and needs less memory while it is idle.
#pragma once

#include <exception>
#include <functional>
#include <mutex>
#include <optional>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

namespace ecr::server {

namespace asio = boost::asio;

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads) : threads_(threads) {}
  ~WorkerPool() {
    if (pool_) pool_->join();
  }

 private:
  friend class WorkerJob;
  asio::thread_pool& pool();  // thread-safe

  const std::size_t threads_;
  std::once_flag begun_;
  std::optional<asio::thread_pool> pool_;
};

// Runs one piece of blocking work at a time for one coroutine. Belongs to an io thread; only that
// thread uses it. INVARIANT: no work is running when it is destroyed (the coroutine waits for work
// that it started, also after an error).
class WorkerJob {
 public:
  WorkerJob(WorkerPool& pool, asio::any_io_executor executor);

  // Starts `work` on a worker. REQUIRES: nothing is running.
  void start(std::function<void()> work);
  bool running() const { return running_; }
  // Resumes when the work is done. An exception of the work is thrown here, once.
  asio::awaitable<void> wait();

 private:
  WorkerPool& pool_;
  asio::any_io_executor executor_;
  asio::steady_timer done_;
  bool running_ = false;
  std::exception_ptr failure_;
};

}  // namespace ecr::server
