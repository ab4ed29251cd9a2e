#include "storage/sql/migrations.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/error.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage::sql {
namespace {

std::int64_t version_of(Database& database) {
  auto txn = database.begin(Access::kRead);
  auto row = txn.query("PRAGMA user_version");
  return row.next() ? row.integer(0) : -1;
}

bool has_table(Database& database, std::string_view name) {
  auto txn = database.begin(Access::kRead);
  return txn.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", name).next();
}

constexpr const char* kFirst[] = {"CREATE TABLE first (a INTEGER)", "PRAGMA user_version = 1"};
constexpr const char* kSecond[] = {"CREATE TABLE second (a INTEGER)", "PRAGMA user_version = 2"};
constexpr const char* kBroken[] = {"CREATE TABLE second (a INTEGER)", "CREATE TABLE first (a)",
                                   "PRAGMA user_version = 2"};

class Migrations : public testing::Test {
 protected:
  // As if it had never been migrated.
  void SetUp() override {
    auto txn = database_->begin(Access::kWrite);
    txn.exec("PRAGMA user_version = 0");
    txn.commit();
  }

  test::TemporaryDirectory directory_;
  std::unique_ptr<Database> database_ = Database::open(directory_ / "test.db", {});
};

TEST(MigrationSteps, EachSetsItsOwnNumberLast) {
  std::size_t number = 0;
  for (const Migration step : migrations()) {
    EXPECT_EQ(step.back(), "PRAGMA user_version = " + std::to_string(++number));
  }
}

TEST(MigrationSteps, OpenBringsADatabaseToTheNewest) {
  test::TemporaryDirectory directory;
  const auto path = directory / "test.db";
  EXPECT_EQ(version_of(*Database::open(path, {})), std::ssize(migrations()));
  EXPECT_EQ(version_of(*Database::open(path, {})), std::ssize(migrations()));
}

TEST_F(Migrations, AppliesOnlyWhatIsMissing) {
  const Migration one[] = {kFirst};
  migrate(*database_, one);
  EXPECT_EQ(version_of(*database_), 1);
  const Migration two[] = {kFirst, kSecond};  // kFirst again would fail: the table is there
  migrate(*database_, two);
  EXPECT_EQ(version_of(*database_), 2);
  EXPECT_TRUE(has_table(*database_, "second"));
}

TEST_F(Migrations, StepThatFailsLeavesEverythingAsItWas) {
  const Migration steps[] = {kFirst, kBroken};
  EXPECT_THROW(migrate(*database_, steps), StorageError);
  EXPECT_EQ(version_of(*database_), 0);
  EXPECT_FALSE(has_table(*database_, "first"));
  EXPECT_FALSE(has_table(*database_, "second"));
}

TEST_F(Migrations, RefusesADatabaseOfANewerProgram) {
  {
    auto txn = database_->begin(Access::kWrite);
    txn.exec("PRAGMA user_version = 1000");
    txn.commit();
  }
  database_.reset();
  try {
    Database::open(directory_ / "test.db", {});
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kUnavailable);
    EXPECT_THAT(error.what(), testing::HasSubstr("schema version 1000"));
  }
}

TEST(MigrationSteps, FileThatIsNoDatabaseIsCorrupt) {
  test::TemporaryDirectory directory;
  const auto path = directory / "test.db";
  {
    auto* const file = std::fopen(path.c_str(), "w");
    std::fputs(std::string(8192, 'x').c_str(), file);
    std::fclose(file);
  }
  try {
    Database::open(path, {});
    FAIL();
  } catch (const StorageError& error) {
    EXPECT_EQ(error.kind(), StorageError::Kind::kCorrupt);
  }
}

}  // namespace
}  // namespace ecr::storage::sql
