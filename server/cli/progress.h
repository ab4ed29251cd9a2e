// Shows on standard error how far long work has come: one line a second at most, and none when
// standard error is not a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "schemas/base/background_thread.h"

namespace ecr::server {

inline constexpr std::chrono::seconds kBetweenLines{1};

// One thread at a time.
class Progress {
 public:
  // `what` is the verb, as "checked". `wanted`: write also when `fd` is no terminal; every line
  // stays there.
  Progress(std::string what, bool wanted, int fd = 2,
           std::chrono::milliseconds between = kBetweenLines);
  // Ends the line that is on the terminal.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // In bytes.
  void update(std::int64_t done, std::int64_t all);

 private:
  const std::string what_;
  const int fd_;
  const bool terminal_;
  const bool on_;
  const std::chrono::milliseconds between_;
  bool open_ = false;  // a line that a carriage return will overwrite
  std::chrono::steady_clock::time_point next_;
};

// For work whose length is not known: shows how many seconds it has been running, from the second
// second on.
class Elapsed {
 public:
  Elapsed(std::string what, bool wanted, int fd = 2,
          std::chrono::milliseconds between = kBetweenLines);

 private:
  std::optional<base::BackgroundThread> thread_;  // empty: there is no terminal to write to
};

}  // namespace ecr::server
