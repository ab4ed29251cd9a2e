#include "server/cli/progress.h"

#include <cstdlib>
#include <unistd.h>

#include "schemas/base/text.h"

namespace ecr::server {
namespace {

using ProgressClock = std::chrono::steady_clock;

// Not through stdio: a line must appear at once, and a failure to show progress must not fail the
// work.
void put(int fd, const std::string& text) {
  [[maybe_unused]] const auto written = ::write(fd, text.data(), text.size());
}

}  // namespace

Progress::Progress(std::string what, bool wanted, int fd, std::chrono::milliseconds between)
    : what_(std::move(what)),
      fd_(fd),
      terminal_(isatty(fd) != 0),
      on_(wanted || terminal_),
      between_(between),
      // The first line comes after one interval, so short work shows none.
      next_(ProgressClock::now() + between) {}

Progress::~Progress() {
  if (open_) put(fd_, "\n");
}

void Progress::update(std::int64_t done, std::int64_t all) {
  // Called for every piece of work, so the usual case is two comparisons.
  if (!on_ || all <= 0 || ProgressClock::now() < next_) return;
  next_ = ProgressClock::now() + between_;
  const std::string text =
      base::format("{} {} of {} MiB ({} %)", what_, done >> 20, all >> 20,
                   static_cast<int>(100.0 * static_cast<double>(done) / static_cast<double>(all)));
  // "\r" goes back to the beginning of the line and "\x1b[K" clears it (ECMA-48, EL): a shorter
  // text leaves nothing of a longer one.
  put(fd_, terminal_ ? "\r\x1b[K" + text : text + "\n");
  open_ = terminal_;
}

Elapsed::Elapsed(std::string what, bool wanted, int fd, std::chrono::milliseconds between) {
  const bool terminal = isatty(fd) != 0;
  // Without a place to write to there is no thread either.
  if (!wanted && !terminal) return;
  thread_.emplace([what = std::move(what), terminal, fd, between](base::BackgroundStop& stop) {
    const auto begun = ProgressClock::now();
    bool open = false;
    while (stop.pause(between)) {
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(ProgressClock::now() - begun);
      const std::string text = base::format("{} ({} s)", what, seconds.count());
      // On a terminal each line overwrites the one before it.
      put(fd, terminal ? "\r\x1b[K" + text : text + "\n");
      open = terminal;
    }
    if (open) put(fd, "\n");
  });
}

Paint::Paint(int fd) : on_(isatty(fd) != 0) {
  const char* const none = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  if (none != nullptr && *none != '\0') on_ = false;
  if (terminal == nullptr || std::string_view(terminal) == "dumb") on_ = false;
}

// "\x1b[31m" ... "\x1b[0m" (ECMA-48, SGR).
std::string Paint::colour(std::string_view code, std::string_view text) const {
  return on_ ? base::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace ecr::server
