// Runs a shell command as a child process and waits for it. Thread-safe; blocks.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ecr::storage {

struct ProcessResult {
  // The exit status; 128 plus the signal where a signal ended the command, such as the SIGKILL at a
  // limit.
  int status = 0;
  bool timed_out = false;
  bool cancelled = false;
  bool too_much_output = false;  // it was killed because of that
  std::string output;            // standard output
  std::string errors;            // the first 16 KiB of standard error
};

struct ProcessLimits {
  std::chrono::seconds time{600};
  std::size_t output = 64u << 20;
  std::function<bool()> cancelled = {};  // asked a few times a second
};

// Runs `command` with /bin/sh, with an empty standard input. Its environment has these variables,
// and of this process's own only those that any program needs to find its files, its language and
// the network (is_inherited() in process.cpp): this process was given secrets by others.
//
// When the command ends, reaches a limit or is cancelled, every process that it has started and
// that is still in its process group is killed. Throws StorageError where it cannot be started.
ProcessResult run_shell_command(const std::string& command,
                                const std::vector<std::pair<std::string, std::string>>& variables,
                                const ProcessLimits& limits = {});

}  // namespace ecr::storage
