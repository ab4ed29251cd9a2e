#include "storage/sql/database.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/os/error.h"
#include "tests/storage/faults.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::sql {
namespace {

using Kind = StorageError::Kind;

template <typename Action>
void expect_error(Kind kind, Action action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
  }
}

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto txn = write();
    txn.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
    txn.commit();
  }
  Txn read() { return database_->begin(Access::kRead); }
  Txn write() { return database_->begin(Access::kWrite); }
  void add(std::string_view value) {
    auto txn = write();
    txn.exec("INSERT INTO t (v) VALUES (?)", value);
    txn.commit();
  }
  std::int64_t count() {
    auto txn = read();
    return count(txn);
  }
  static std::int64_t count(Txn& txn) {
    auto row = txn.query("SELECT COUNT(*) FROM t");
    return row.next() ? row.integer(0) : -1;
  }

  test::TemporaryDirectory directory_;
  std::unique_ptr<Database> database_ = Database::open(directory_ / "test.db", {});
};

TEST_F(DatabaseTest, EveryKindOfValueComesBack) {
  auto txn = write();
  txn.exec("CREATE TABLE k (i BIGINT, d REAL, s TEXT, b BLOB, n TEXT, e TEXT, z BLOB, o BIGINT)");
  const std::string with_nul("a\0b", 3);
  txn.exec("INSERT INTO k VALUES (?, ?, ?, ?, ?, ?, ?, ?)", std::int64_t{1} << 60, 0.5, with_nul,
           Blob{with_nul}, nullptr, std::string_view(), Blob{}, std::optional<std::int64_t>(7));
  auto row = txn.query("SELECT i, d, s, b, n, e, z, o FROM k");
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.integer(0), std::int64_t{1} << 60);
  EXPECT_EQ(row.real(1), 0.5);
  EXPECT_EQ(row.text(2), with_nul);
  EXPECT_EQ(row.blob(3), with_nul);
  EXPECT_TRUE(row.is_null(4));
  EXPECT_EQ(row.optional_string(4), std::nullopt);
  EXPECT_FALSE(row.is_null(5)) << "an empty string is not NULL";
  EXPECT_EQ(row.text(5), "");
  EXPECT_FALSE(row.is_null(6)) << "an empty blob is not NULL";
  EXPECT_EQ(row.optional_integer(7), 7);
  EXPECT_FALSE(row.next());
  EXPECT_FALSE(row.next()) << "must not begin anew";
}

TEST_F(DatabaseTest, ExecSaysHowManyRowsChangedAndWhichIdWasGiven) {
  auto txn = write();
  EXPECT_EQ(txn.exec("INSERT INTO t (id, v) VALUES (41, 'a')"), 1);
  EXPECT_EQ(txn.exec("INSERT INTO t (v) VALUES ('b')"), 1);
  EXPECT_EQ(txn.last_insert_id(), 42);
  EXPECT_EQ(txn.exec("INSERT INTO t (id) VALUES (42) ON CONFLICT (id) DO NOTHING"), 0);
  EXPECT_EQ(txn.exec("UPDATE t SET v = 'c'"), 2);
  EXPECT_EQ(txn.exec("DELETE FROM t WHERE id = 1"), 0);
}

TEST_F(DatabaseTest, TransactionWithoutCommitLeavesNothing) {
  {
    auto txn = write();
    txn.exec("INSERT INTO t (v) VALUES ('a')");
    EXPECT_EQ(count(txn), 1);
  }
  EXPECT_EQ(count(), 0);
}

TEST_F(DatabaseTest, ExceptionRollsBack) {
  const auto handler = [&] {
    auto txn = write();
    txn.exec("INSERT INTO t (v) VALUES ('a')");
    throw std::domain_error("denied");
  };
  EXPECT_THROW(handler(), std::domain_error);
  EXPECT_EQ(count(), 0);
  add("the writer is free again");
}

TEST_F(DatabaseTest, ReadTransactionSeesOneSnapshotAndBlocksNoWriter) {
  auto before = read();
  EXPECT_EQ(count(before), 0);
  add("a");
  EXPECT_EQ(count(before), 0);
  EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, CheckpointWithAnOldReaderKeepsItsSnapshot) {
  add("a");
  auto before = read();
  EXPECT_EQ(count(before), 1);
  add("b");
  database_->checkpoint();
  add("c");
  EXPECT_EQ(count(before), 1);
  EXPECT_EQ(count(), 3);
}

TEST_F(DatabaseTest, WriterIsReadBackAfterManyCheckpoints) {
  const std::string big(8000, 'x');
  for (int i = 0; i < 1500; ++i) {  // 12 MB of WAL: several checkpoints
    auto txn = write();
    txn.exec("INSERT INTO t (v) VALUES (?)", big);
    txn.commit(Durability::kRelaxed);
  }
  EXPECT_EQ(count(), 1500);
  EXPECT_LT(std::filesystem::file_size(directory_ / "test.db-wal"), 6u << 20);
  EXPECT_THAT(database_->integrity_problems(), ::testing::IsEmpty());
}

// Statements are kept by the address of their text: only what lasts as long as the program is one.
TEST(SqlText, IsNothingThatMayDie) {
  static_assert(!std::is_constructible_v<Sql, const char*>);
  static_assert(!std::is_constructible_v<Sql, std::string>);
  static_assert(!std::is_constructible_v<Sql, std::string_view>);
  static constexpr Literal kLasts("SELECT 1");
  static constexpr Sql kSql = kLasts;
  EXPECT_EQ(kSql.text(), kLasts.text);
}

TEST_F(DatabaseTest, SameLiteralCanRunWhileItsRowsAreRead) {
  add("a");
  add("b");
  add("c");
  auto txn = read();
  const Sql sql = "SELECT id, v FROM t WHERE id >= ? ORDER BY id";
  std::string seen;
  for (auto outer = txn.query(sql, 1); outer.next();) {
    seen += outer.text(1);
    for (auto inner = txn.query(sql, outer.integer(0)); inner.next();) seen += inner.text(1);
    seen += ' ';
  }
  EXPECT_EQ(seen, "aabc bbc cc ");
}

TEST_F(DatabaseTest, ArgumentsMayDieBeforeTheRows) {
  add("a long enough string to be on the heap");
  auto txn = read();
  auto row = txn.query("SELECT v FROM t WHERE v = ?",
                       std::string("a long enough string ") + "to be on the heap");
  EXPECT_TRUE(row.next());
}

TEST_F(DatabaseTest, RowsLeftOverAtCommitAreHarmless) {
  add("a");
  add("b");
  auto txn = write();
  auto rows = txn.query("SELECT v FROM t");
  ASSERT_TRUE(rows.next());
  txn.commit();
  // Another transaction uses the connection while `rows` still exists.
  auto other = write();
  other.exec("DELETE FROM t");
  EXPECT_FALSE(other.query("SELECT v FROM t").next());
  other.commit();
  expect_error(Kind::kMisuse, [&] { rows.next(); });
  expect_error(Kind::kMisuse, [&] { (void)rows.text(0); });
}

TEST_F(DatabaseTest, MistakesAreReported) {
  {
    auto txn = read();
    expect_error(Kind::kMisuse, [&] { txn.query("SELECT nonsense FROM t"); });
    expect_error(Kind::kMisuse, [&] { txn.query("SELECT v FROM t WHERE id = ?"); });
    expect_error(Kind::kMisuse, [&] { txn.query("SELECT 1; SELECT 2"); });
    expect_error(Kind::kMisuse, [&] { txn.exec("DELETE FROM t"); });
    expect_error(Kind::kMisuse, [&] { txn.commit_then([] {}); });
  }
  auto txn = write();
  expect_error(Kind::kMisuse, [&] { write(); });
  expect_error(Kind::kMisuse, [&] { txn.exec("INSERT INTO t (id) VALUES (1), (1)"); });
  txn.commit();
  expect_error(Kind::kMisuse, [&] { txn.query("SELECT 1"); });
  expect_error(Kind::kMisuse, [&] { txn.commit(); });
}

TEST_F(DatabaseTest, ReadTransactionCannotWriteThroughQuery) {
  auto txn = read();
  expect_error(Kind::kUnavailable,
               [&] { txn.query("INSERT INTO t (v) VALUES ('x') RETURNING id").next(); });
}

TEST_F(DatabaseTest, ForeignKeysAreEnforced) {
  auto txn = write();
  expect_error(Kind::kMisuse, [&] {
    txn.exec("INSERT INTO repository_tags (repository, key, value) VALUES (99, 'k', 'v')");
  });
}

TEST_F(DatabaseTest, NoReaderCheckpointsByItself) {
  auto txn = read();
  auto row = txn.query("PRAGMA wal_autocheckpoint");
  ASSERT_TRUE(row.next());
  EXPECT_EQ(row.integer(0), 0);
}

TEST_F(DatabaseTest, MovedTransactionIsTheSameTransaction) {
  std::optional<Txn> kept;
  {
    auto txn = write();
    txn.exec("INSERT INTO t (v) VALUES ('a')");
    kept.emplace(std::move(txn));
  }
  kept->commit();
  EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, ConcurrentDurableCommitsAllArrive) {
  constexpr int kThreads = 8;
  constexpr int kCommits = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kCommits; ++j) {
        add("x");
        EXPECT_GT(count(), 0);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count(), kThreads * kCommits);
}

TEST_F(DatabaseTest, DurableCommitSyncsAndRelaxedDoesNot) {
  auto before = test::syncs_so_far();
  add("durable");
  EXPECT_GT(test::syncs_so_far(), before);
  before = test::syncs_so_far();
  auto txn = write();
  txn.exec("INSERT INTO t (v) VALUES ('relaxed')");
  txn.commit(Durability::kRelaxed);
  EXPECT_EQ(test::syncs_so_far(), before);
}

TEST(DatabaseWithoutSync, NeverSyncs) {
  const auto before = test::syncs_so_far();
  {
    test::TemporaryDirectory directory;
    const auto database = Database::open(directory / "test.db", {.sync = false});
    auto txn = database->begin(Access::kWrite);
    test::add_repository(txn, "app");
    txn.commit();
    database->checkpoint();
  }
  EXPECT_EQ(test::syncs_so_far(), before);
}

TEST_F(DatabaseTest, FailedSyncStopsWritingForGoodAndReadingGoesOn) {
  add("a");
  {
    const test::FailSyncs fault(EIO);
    expect_error(Kind::kReadOnly, [&] { add("b"); });
  }
  EXPECT_FALSE(database_->writable());
  expect_error(Kind::kReadOnly, [&] { write(); });
  EXPECT_GE(count(), 1);
}

TEST_F(DatabaseTest, FailedSyncOfACheckpointStopsWritingToo) {
  add("a");
  {
    const test::FailSyncs fault(EIO);
    database_->checkpoint();
  }
  EXPECT_FALSE(database_->writable());
}

TEST_F(DatabaseTest, FullDiskFailsTheCommitAndNothingElse) {
  add("a");
  {
    const test::FailWritesAfter fault(0, ENOSPC);
    expect_error(Kind::kNoSpace, [&] { add("b"); });
  }
  EXPECT_TRUE(database_->writable());
  add("c");
  EXPECT_EQ(count(), 2);
}

TEST_F(DatabaseTest, OnCommitRunsAfterTheCommitAndNeverAfterARollback) {
  std::vector<std::string> ran;
  {
    auto txn = write();
    txn.on_commit([&] { ran.emplace_back("rolled back"); });
  }
  auto txn = write();
  txn.exec("INSERT INTO t (v) VALUES ('a')");
  txn.on_commit([&] { ran.emplace_back("first"); });
  Txn moved = std::move(txn);
  // The writer is free again by then.
  moved.on_commit([&] {
    ran.push_back(std::to_string(count()));
    add("b");
  });
  EXPECT_TRUE(ran.empty());
  moved.commit();
  EXPECT_EQ(ran, (std::vector<std::string>{"first", "1"}));
  auto last = write();
  last.on_commit([&] { ran.emplace_back("commit_then"); });
  last.commit_then([&] { EXPECT_EQ(ran.size(), 2U); });
  EXPECT_EQ(ran.back(), "commit_then");
}

TEST_F(DatabaseTest, AnActionThatThrowsStopsNoOtherAndUndoesNothing) {
  std::vector<std::string> ran;
  auto txn = write();
  txn.exec("INSERT INTO t (v) VALUES ('a')");
  txn.on_commit({});
  txn.on_commit([] { throw std::domain_error("unlink"); });
  txn.on_commit([&] { ran.emplace_back("second"); });
  EXPECT_FALSE(txn.committed());
  EXPECT_THROW(txn.commit(), std::domain_error);
  EXPECT_TRUE(txn.committed());
  EXPECT_EQ(ran, (std::vector<std::string>{"second"}));
  EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, CommitThenKeepsOtherWritersOutUntilItsWorkIsDone) {
  std::promise<void> entered;
  std::atomic<bool> work_done = false;
  std::thread other([&] {
    entered.get_future().wait();
    auto txn = write();
    EXPECT_TRUE(work_done.load());
  });
  auto txn = write();
  txn.exec("INSERT INTO t (v) VALUES ('a')");
  txn.commit_then([&] {
    EXPECT_EQ(count(), 1) << "committed before the work begins";
    entered.set_value();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    work_done = true;
  });
  other.join();
}

TEST_F(DatabaseTest, TheVersionChangesWithEveryCommitThatWrites) {
  const std::uint64_t before = database_->version();
  database_->begin(Access::kRead).commit();
  { auto given_up = write(); }
  EXPECT_EQ(database_->version(), before);
  add("a");
  const std::uint64_t after = database_->version();
  EXPECT_NE(after, before);
  write().commit_then([&] { EXPECT_NE(database_->version(), after); });
}

TEST_F(DatabaseTest, CommitThenThatThrowsHasCommittedAndFreesTheWriter) {
  auto txn = write();
  txn.exec("INSERT INTO t (v) VALUES ('a')");
  EXPECT_THROW(txn.commit_then([] { throw std::domain_error("unlink"); }), std::domain_error);
  add("b");
  EXPECT_EQ(count(), 2);
}

}  // namespace
}  // namespace ecr::storage::sql
