// A thread for work beside the requests: it can pause between two pieces of work, and a request to
// stop ends such a pause at once. Owned by the object that started it; may be used from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace ecr::base {

// The part of its thread that the work sees. Used on that thread alone.
class BackgroundStop {
 public:
  explicit BackgroundStop(std::stop_token token) : token_(std::move(token)) {}

  bool requested() const { return token_.stop_requested(); }
  // Waits that long, or until the stop. False: the stop was requested, the work must end.
  bool pause(std::chrono::milliseconds how_long);
  // For a std::stop_callback that wakes the work from a wait of its own.
  const std::stop_token& token() const { return token_; }

 private:
  const std::stop_token token_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
};

class BackgroundThread {
 public:
  using Work = std::function<void(BackgroundStop&)>;

  // Starts the thread. `work` returns soon after the stop was requested, and throws nothing.
  explicit BackgroundThread(Work work);
  // Requests the stop and waits for the work to return. Make the thread the last member of its
  // owner, so that it ends before the members that the work uses.
  ~BackgroundThread() = default;
  BackgroundThread(const BackgroundThread&) = delete;
  BackgroundThread& operator=(const BackgroundThread&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace ecr::base
