// kill -9 in the middle of pushes: what was acknowledged is there, and the store is sound.
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/check.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::test {
namespace {

std::string bytes_of(int number) { return "layer " + std::to_string(number); }

// Pushes until it is killed; writes a byte to the pipe after each push. Odd ones are deleted and
// collected again, so that the kill can fall into a collection.
[[noreturn]] void push_forever(const std::string& directory, int pipe) {
  FixedRandom random;
  const auto store = Store::open({.directory = directory}, random);
  const auto kept = add_repository(*store, "kept");
  for (int number = 0;; ++number) {
    push_blob(*store, kept, upload_id(number), bytes_of(number));
    if (::write(pipe, "x", 1) != 1) ::_exit(1);
    const auto passing = add_repository(*store, "passing-" + std::to_string(number));
    push_blob(*store, passing, upload_id(number), "passing " + bytes_of(number));
    auto txn = store->database().begin(sql::Access::kWrite);
    delete_repository(txn, passing);
    txn.commit();
    store->remove_orphan_blobs();
  }
}

// Returns how many pushes were acknowledged before the kill.
int push_and_kill(const std::string& directory, int at_least) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) push_forever(directory, pipe[1]);
  ::close(pipe[1]);
  int acknowledged = 0;
  char byte = 0;
  while (acknowledged < at_least && ::read(pipe[0], &byte, 1) == 1) ++acknowledged;
  ::kill(child, SIGKILL);
  while (::read(pipe[0], &byte, 1) == 1) ++acknowledged;
  ::close(pipe[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  return acknowledged;
}

TEST(Crash, AcknowledgedPushSurvivesTheKillOfTheProcess) {
  for (int round = 1; round <= 6; ++round) {
    TemporaryDirectory directory;
    const int acknowledged = push_and_kill(directory / "data", round);
    ASSERT_GE(acknowledged, round);
    FixedRandom random;
    const auto store = Store::open({.directory = directory / "data"}, random);
    for (int number = 0; number < acknowledged; ++number) {
      EXPECT_EQ(read_blob(store->blobs(), model::Digest::of(bytes_of(number))), bytes_of(number));
    }
    const auto report = check_store(*store, {});
    EXPECT_THAT(report.problems, ::testing::IsEmpty());
    EXPECT_GE(report.blobs, acknowledged);
    store->blobs().list(
        [&](const model::Digest& digest, std::uint64_t) {
          auto txn = store->database().begin(sql::Access::kRead);
          EXPECT_TRUE(txn.query("SELECT 1 FROM blobs WHERE digest = ?", digest.text()).next());
        },
        [](const std::string& id) { ADD_FAILURE() << "upload without a row: " << id; });
  }
}

}  // namespace
}  // namespace ecr::storage::test
