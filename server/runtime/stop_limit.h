// A hard limit for the end of the program. Requests, jobs and files get their time to finish, but a
// thread may be stuck where nothing can reach it: in a system call, or in work that has no end.
// What was acknowledged is on disk by then, as it is before a kill -9. Owns its thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "schemas/base/background_thread.h"

namespace ecr::server {

class StopLimit {
 public:
  // For what comes after the requests' own time: closing connections and the store.
  static constexpr std::chrono::milliseconds kMargin{1'000};

  // Ends the process with status 0 and a line on standard error.
  StopLimit();
  // `end` is called in place of that.
  explicit StopLimit(std::function<void()> end) : end_(std::move(end)) {}

  // From now on the end of the program, the destruction of this object, may take `time` and
  // kMargin. Called once; does not block.
  void begin(std::chrono::milliseconds time);

 private:
  const std::function<void()> end_;
  std::optional<base::BackgroundThread> thread_;
};

}  // namespace ecr::server
