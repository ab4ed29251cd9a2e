#include "storage/os/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "storage/os/error.h"
#include "storage/os/posix.h"

extern char** environ;

namespace ecr::storage {
namespace {

// Enough for a message that a user reads. The rest of standard error is read and dropped.
constexpr std::size_t kMaxErrors = 16u << 10;
// How often the caller is asked whether the command was cancelled.
constexpr std::chrono::milliseconds kPollInterval{200};
// How often a command is looked at whose output has ended: it mostly ends with it.
constexpr std::chrono::milliseconds kEndInterval{5};

struct Pipe {
  Fd read;
  Fd write;
};

// O_CLOEXEC on both ends: a child that another thread starts at this moment would otherwise keep
// the write end open, and this pipe would not end. The dup2 in spawn() leaves descriptors 1 and 2
// of the child without the flag.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw StorageError::from_errno(errno, "making a pipe");
  return {Fd(ends[0]), Fd(ends[1])};
}

// What a command gets of this process's environment. The list is of what is let through, and not of
// what is secret: flags are variables here, and whoever starts this server may have any others.
// Beside the usual ones, the settings of the scanners Trivy and Grype.
constexpr std::string_view kInherited[] = {
    "PATH",     "HOME",       "USER",          "LOGNAME",      "SHELL",      "LANG",
    "TZ",       "TMPDIR",     "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY",
    "NO_PROXY", "http_proxy", "https_proxy",   "no_proxy"};
constexpr std::string_view kInheritedPrefixes[] = {"LC_", "XDG_", "TRIVY_", "GRYPE_"};

bool is_inherited(std::string_view name) {
  return std::find(std::begin(kInherited), std::end(kInherited), name) != std::end(kInherited) ||
         std::any_of(std::begin(kInheritedPrefixes), std::end(kInheritedPrefixes),
                     [name](std::string_view prefix) { return name.starts_with(prefix); });
}

// "NAME=value" for the variables of this process that commands get, and for `variables`, which
// replace those of the same name.
std::vector<std::string> environment(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(variables.begin(), variables.end(),
                                      [name](const auto& given) { return given.first == name; });
    if (!replaced && is_inherited(name)) entries.emplace_back(text);
  }
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

// posix_spawn(3) and not fork(2): the server has many threads, and between fork and exec a child of
// such a process may call hardly any function safely (fork(2)).
pid_t spawn(const std::string& command,
            const std::vector<std::pair<std::string, std::string>>& variables, const Pipe& output,
            const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, errors.write.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A process group of its own, so that all its processes can be killed. The server ignores
  // SIGPIPE, which a child would inherit; a shell's pipelines need the default. A signal that is
  // blocked or ignored stays so over an exec, so both are set back.
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGINT);
  sigaddset(&defaults, SIGTERM);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);

  std::string shell = "/bin/sh";
  std::string flag = "-c";
  std::string text = command;
  std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
  std::vector<std::string> entries = environment(variables);
  std::vector<char*> pointers;
  for (std::string& entry : entries) pointers.push_back(entry.data());
  pointers.push_back(nullptr);
  pid_t pid = 0;
  // A command that does not exist is no failure here: it is the shell's own status 127 (test
  // Process.AnUnknownProgramFails).
  const int error =
      posix_spawn(&pid, shell.c_str(), &actions, &attributes, arguments.data(), pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) throw StorageError::from_errno(error, "starting /bin/sh");
  return pid;
}

// Reads once; appends up to `keep` bytes in all and drops the rest, so that the child never waits
// for a full pipe. False: the end of the pipe.
bool drain(int fd, std::string& text, std::size_t keep) {
  std::array<char, 1u << 16> buffer{};
  const ssize_t got = read(fd, buffer.data(), buffer.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  const std::size_t room = keep - std::min(keep, text.size());
  text.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  return true;
}

struct Limited {
  const ProcessLimits& limits;
  // Real time and not the emulated clock, which tests move.
  std::chrono::steady_clock::time_point deadline;
};

// Notes in the result why the command may not go on.
bool is_over(const Limited& limited, ProcessResult& result) {
  result.timed_out = std::chrono::steady_clock::now() >= limited.deadline;
  if (result.timed_out) return true;
  result.cancelled = limited.limits.cancelled && limited.limits.cancelled();
  return result.cancelled;
}

// Reads both pipes until their ends; false: until a limit. Both pipes are read together: a child
// that fills one of them while this thread waits for the other would never end (test
// Process.MayFillBothPipes). A process that the command left in the background keeps the pipes
// open, so the command is over only when that ends too.
bool read_pipes(Pipe& output, Pipe& errors, const Limited& limited, ProcessResult& result) {
  const std::size_t most = limited.limits.output;
  std::array<pollfd, 2> polled = {{{output.read.get(), POLLIN, 0}, {errors.read.get(), POLLIN, 0}}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    if (is_over(limited, result)) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        limited.deadline - std::chrono::steady_clock::now());
    const auto wait = std::min<std::chrono::milliseconds>(left, kPollInterval);
    if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) <= 0) continue;
    // One byte above the limit is kept, so that output of exactly the limit is not taken for too
    // much. poll(2) skips an entry whose descriptor is negative.
    if (polled[0].revents != 0 && !drain(polled[0].fd, result.output, most + 1)) {
      polled[0].fd = -1;
    }
    if (polled[1].revents != 0 && !drain(polled[1].fd, result.errors, kMaxErrors)) {
      polled[1].fd = -1;
    }
    if (result.output.size() > most) {
      result.too_much_output = true;
      return false;
    }
  }
  return true;
}

// Waits until the process has ended or a limit is reached. It is not reaped, so that its id, which
// is that of its process group, cannot be another's yet. A command may have closed its output and
// go on (test Process.MayNotGoOnForEverWithItsOutputClosed).
void await_end(pid_t pid, const Limited& limited, ProcessResult& result) {
  while (!is_over(limited, result)) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      if (errno != EINTR) return;
    } else if (info.si_pid == pid) {
      return;
    }
    std::this_thread::sleep_for(kEndInterval);
  }
}

// REQUIRES: the process has ended or was killed.
int reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  // As a shell reports it.
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

ProcessResult run_shell_command(const std::string& command,
                                const std::vector<std::pair<std::string, std::string>>& variables,
                                const ProcessLimits& limits) {
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  const pid_t pid = spawn(command, variables, output, errors);
  // The child has the write ends now. With these open the pipes would never end.
  output.write = Fd();
  errors.write = Fd();
  ProcessResult result;
  const Limited limited{limits, std::chrono::steady_clock::now() + limits.time};
  if (read_pipes(output, errors, limited, result)) await_end(pid, limited, result);
  // The negative id kills the process group: a shell's children would go on otherwise, also those
  // of a command that ended well. The process was not waited for yet, so its id cannot be that of
  // another process (test Process.IsKilledWithItsChildrenAtItsTimeLimit).
  kill(-pid, SIGKILL);
  result.status = reap(pid);
  return result;
}

}  // namespace ecr::storage
