// Threads for tasks that wait on upstreams: made as they are needed, up to a number, and kept until
// stop(). Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ecr::api::pull_through {

class TaskPool {
 public:
  explicit TaskPool(std::size_t most) : most_(most) {}
  ~TaskPool() { stop(); }

  // Tasks must not throw. One that comes after stop() is never run.
  void run(std::function<void()> task);
  // Waits for what runs; what has not begun never will.
  void stop();

 private:
  void work();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_.
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace ecr::api::pull_through
