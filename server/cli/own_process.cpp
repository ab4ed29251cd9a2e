#include "server/cli/own_process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "storage/os/posix.h"

namespace ecr::server {
namespace {

using storage::Fd;

constexpr int kReadyMilliseconds = 15'000;

// What configures the user's own server must not configure this one.
std::vector<char*> plain_environment() {
  std::vector<char*> kept;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!std::string_view(*each).starts_with("ECR_LOCAL_")) kept.push_back(*each);
  }
  kept.push_back(nullptr);
  return kept;
}

pid_t spawn(int output) {
  const char* const words[] = {"ecr-local",   "serve",        "--in-memory", "--listen",
                               "127.0.0.1:0", "--access-log", "off",         nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::vector<char*> environment = plain_environment();
  pid_t pid = -1;
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, nullptr,
                                const_cast<char* const*>(words), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error(std::string("a server cannot be started: ") + std::strerror(error));
  }
  return pid;
}

// The first line; what there is of it where the process ends or is too slow.
std::string read_line(int fd) {
  std::string line;
  pollfd waiting{fd, POLLIN, 0};
  char c = 0;
  while (poll(&waiting, 1, kReadyMilliseconds) == 1 && ::read(fd, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

void end(pid_t pid) {
  kill(pid, SIGTERM);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

OwnProcess::OwnProcess() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("a pipe cannot be made");
  const Fd reading(fds[0]);
  Fd writing(fds[1]);
  pid_ = spawn(writing.get());
  writing = Fd();
  const std::string line = read_line(reading.get());
  constexpr std::string_view kReady = " ready on ";
  const std::size_t at = line.find(kReady);
  if (at == std::string::npos) {
    end(pid_);
    throw std::runtime_error("a server of its own does not start: " + line);
  }
  url_ = line.substr(at + kReady.size());
}

OwnProcess::~OwnProcess() { end(pid_); }

}  // namespace ecr::server
