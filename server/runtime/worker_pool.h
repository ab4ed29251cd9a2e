// Threads on which requests run: whatever may block, off the io threads. They begin with the first
// work that there is: a start is quicker, and an idle program smaller, without them.
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

// One piece of blocking work at a time for one coroutine. Belongs to an io thread and is used on it
// alone. INVARIANT: nothing is running when it is destroyed (the coroutine waits for what it
// started, whatever else goes wrong).
class WorkerJob {
 public:
  WorkerJob(WorkerPool& pool, asio::any_io_executor executor);

  // Starts `work` on a worker. REQUIRES: nothing is running.
  void start(std::function<void()> work);
  bool running() const { return running_; }
  // Resumes when the work is done; what it threw is thrown here, once.
  asio::awaitable<void> wait();

 private:
  WorkerPool& pool_;
  asio::any_io_executor executor_;
  asio::steady_timer done_;
  bool running_ = false;
  std::exception_ptr failure_;
};

}  // namespace ecr::server
