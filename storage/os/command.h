// Runs a program and waits for it. Thread-safe; blocking.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecr::storage {

struct CommandResult {
  // Its exit status; 128 and the signal where a signal ended it, ours after the time was up too.
  int status = 0;
  bool timed_out = false;
  bool cancelled = false;
  bool too_much_output = false;  // it was ended for that
  std::string output;            // standard output
  std::string errors;            // the first 16 KiB of standard error
};

struct CommandLimits {
  std::chrono::seconds time{600};
  std::size_t output = 64u << 20;
  std::function<bool()> cancelled = {};  // asked a few times a second
};

// `command` as /bin/sh understands it, with these variables besides those of this process, nothing
// on standard input. At its limits, or when it is cancelled, the command is killed with every
// process that it has begun and that is still in its process group. Throws StorageError where it
// cannot be started.
CommandResult run_command(const std::string& command,
                          const std::vector<std::pair<std::string, std::string>>& variables,
                          const CommandLimits& limits = {});

}  // namespace ecr::storage
