#include "storage/sql/migrations.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/os/error.h"
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

std::vector<std::string> texts(Database& database, Sql sql) {
  auto txn = database.begin(Access::kRead);
  auto rows = txn.query(sql);
  std::vector<std::string> list;
  while (rows.next()) list.emplace_back(rows.text(0));
  return list;
}

// Every CREATE statement, in the order in which they have to be run.
std::vector<std::string> schema_of(Database& database) {
  return texts(database, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
}

// Back to a file without any table.
void empty(Database& database) {
  const auto drops = texts(database,
                           "SELECT 'DROP TABLE ' || name FROM sqlite_schema WHERE type = 'table' "
                           "ORDER BY rowid DESC");
  auto txn = database.begin(Access::kWrite);
  for (const std::string& drop : drops) txn.exec_once(drop);
  txn.exec("PRAGMA user_version = 0");
  txn.commit();
}

void write_schema(const char* path, const std::vector<std::string>& statements) {
  std::ofstream file(path);
  file << "// What the steps make of an empty database. Written by a test: migrations.h.\n"
          "#include \"storage/sql/migrations.h\"\n\n"
          "namespace ecr::storage::sql {\nnamespace {\n\n"
          "constexpr const char* kStatements[] = {\n";
  for (const std::string& statement : statements) file << "    R\"(" << statement << ")\",\n";
  file << "    \"PRAGMA user_version = " << migrations().size() << "\",\n};\n\n"
       << "}  // namespace\n\nMigration schema() { return kStatements; }\n\n"
          "}  // namespace ecr::storage::sql\n";
}

class Migrations : public ::testing::Test {
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

TEST(MigrationSteps, SchemaIsWhatTheyMake) {
  test::TemporaryDirectory directory;
  const auto database = Database::open(directory / "test.db", {});
  const auto whole = schema_of(*database);
  empty(*database);
  ASSERT_EQ(schema_of(*database).size(), 0u);
  migrate(*database, migrations());
  const auto by_steps = schema_of(*database);
  if (const char* path = std::getenv("ECR_LOCAL_WRITE_SCHEMA")) write_schema(path, by_steps);
  EXPECT_EQ(whole, by_steps) << "run this test with ECR_LOCAL_WRITE_SCHEMA=storage/sql/schema.cpp, "
                                "clang-format -i that file, and build again";
  EXPECT_EQ(schema().back(), "PRAGMA user_version = " + std::to_string(migrations().size()));
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
    EXPECT_THAT(error.what(), ::testing::HasSubstr("schema version 1000"));
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
