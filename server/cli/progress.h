// What only a terminal gets: how far long work has come (on standard error, one line a second at
// most), and colours.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// Colours, where `fd` is a terminal that has them and NO_COLOR is not set (no-color.org); else the
// text as it is.
class Paint {
 public:
  explicit Paint(int fd = 1);
  explicit Paint(bool on) : on_(on) {}

  std::string good(std::string_view text) const { return colour("32", text); }
  std::string bad(std::string_view text) const { return colour("31", text); }
  std::string doubtful(std::string_view text) const { return colour("33", text); }

 private:
  std::string colour(std::string_view code, std::string_view text) const;

  bool on_;
};

}  // namespace ecr::server
