// Progress of long work on standard error.
#include "server/cli/progress.h"

#include <unistd.h>

#include <gtest/gtest.h>

namespace ecr::server {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A pipe, which is no terminal.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(fds_), 0); }
  ~Pipe() { close(fds_[0]); }
  int writing() const { return fds_[1]; }
  // Waits for the first bytes.
  std::string read_some() const {
    std::string text(4096, '\0');
    const ssize_t n = read(fds_[0], text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  std::string finish() {
    close(fds_[1]);
    return read_some();
  }

 private:
  int fds_[2] = {-1, -1};
};

constexpr std::int64_t kMiB = 1 << 20;

TEST(Progress, IsWrittenWhereItIsWanted) {
  Pipe pipe;
  {
    Progress progress("checked", true, pipe.writing(), milliseconds(0));
    progress.update(1 * kMiB, 4 * kMiB);
    progress.update(4 * kMiB, 4 * kMiB);
    progress.update(0, 0);
  }
  EXPECT_EQ(pipe.finish(), "checked 1 of 4 MiB (25 %)\nchecked 4 of 4 MiB (100 %)\n");
}

TEST(Progress, IsNotWrittenElsewhere) {
  Pipe pipe;
  {
    Progress progress("checked", false, pipe.writing(), milliseconds(0));
    progress.update(1 * kMiB, 4 * kMiB);
    const Elapsed elapsed("seeding", false, pipe.writing(), milliseconds(0));
  }
  EXPECT_EQ(pipe.finish(), "");
}

TEST(Progress, IsWrittenNoMoreOftenThanItMay) {
  Pipe pipe;
  {
    Progress progress("checked", true, pipe.writing(), hours(1));
    for (int i = 0; i < 1000; ++i) progress.update(i * kMiB, 1000 * kMiB);
    const Elapsed elapsed("seeding", true, pipe.writing(), hours(1));  // ends at once all the same
  }
  EXPECT_EQ(pipe.finish(), "");
}

TEST(Progress, ElapsedTimeIsWritten) {
  Pipe pipe;
  const Elapsed elapsed("seeding", true, pipe.writing(), milliseconds(1));
  EXPECT_TRUE(pipe.read_some().starts_with("seeding (0 s)\n"));
}

}  // namespace
}  // namespace ecr::server
