#include "server/runtime/stop_limit.h"

#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <unistd.h>

namespace ecr::server {
namespace {

// No destructor and no exit handler runs: any of them may wait for what is stuck.
[[noreturn]] void end_process() {
  constexpr std::string_view kLine =
      "ecr-local: some requests did not finish within --stop-timeout; they are cut off\n";
  // Written only where it does not block: nobody may be reading.
  pollfd error_output{STDERR_FILENO, POLLOUT, 0};
  if (poll(&error_output, 1, 0) == 1) {
    [[maybe_unused]] const auto ignored = ::write(STDERR_FILENO, kLine.data(), kLine.size());
  }
  std::_Exit(0);
}

}  // namespace

StopLimit::StopLimit() : StopLimit(end_process) {}

void StopLimit::begin(std::chrono::milliseconds time) {
  thread_.emplace([this, limit = time + kMargin](base::BackgroundStop& stop) {
    if (stop.pause(limit)) end_();
  });
}

}  // namespace ecr::server
