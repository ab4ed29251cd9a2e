// How far long work has come, on standard error: a line at most once a second, and none at all
// where nobody looks.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace ecr::server {

inline constexpr std::chrono::seconds kBetweenLines{1};

// One thread at a time.
class Progress {
 public:
  // `what`: "checked". `wanted`: also where `fd` is no terminal; then every line stays.
  Progress(std::string what, bool wanted, int fd = 2,
           std::chrono::milliseconds between = kBetweenLines);
  // Ends the line that is on the terminal.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Bytes.
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

// For work that cannot tell how far it is: how long it has been at it, from the second second on.
class Elapsed {
 public:
  Elapsed(std::string what, bool wanted, int fd = 2,
          std::chrono::milliseconds between = kBetweenLines);
  ~Elapsed();
  Elapsed(const Elapsed&) = delete;
  Elapsed& operator=(const Elapsed&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable_any pause_;
  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace ecr::server
