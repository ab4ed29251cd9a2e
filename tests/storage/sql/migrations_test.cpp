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

// Repository 1 has an image, an index of it, and 10 more, each of the one before; tag "v1" is at
// the image, while a newer one of it and one of "v2" are being imported.
constexpr const char* kBeforeStep16[] = {
    "INSERT INTO repositories (id, account, region, name, created_at, tag_mutability, "
    "mutability_exclusions, scan_on_push, encryption_type, kms_key) "
    "VALUES (1, '1', 'r', 'app', 0, 'MUTABLE', '', 0, 'AES256', '')",
    "INSERT INTO images (id, repository, digest, media_type, artifact_media_type, size_bytes, "
    "pushed_at, subject) VALUES (1, 1, 'd1', '', '', 0, 0, '')",
    "INSERT INTO image_tags (repository, tag, digest) VALUES (1, 'v1', 'd1')",
    R"(WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 12)
       INSERT INTO images (id, repository, digest, media_type, artifact_media_type, size_bytes,
                           pushed_at, subject)
       SELECT i, 1, 'd' || i, '', '', 0, 0, '' FROM n)",
    R"(INSERT INTO image_children (image, repository, digest)
       SELECT id, 1, 'd' || (id - 1) FROM images WHERE id > 1)",
    R"(INSERT INTO pull_through_imports (repository, digest, media_type, origin, child, manifest)
       VALUES (1, 'new', '', '{}', 0, 'x'))",
    R"(INSERT INTO pull_through_tags (repository, tag, digest, check_at)
       VALUES (1, 'v1', 'new', 9), (1, 'v2', 'new', 9), (1, 'v3', 'd1', 9))",
};

TEST_F(Migrations, Step16KnowsTheDepthOfIndexesAndBeginsImportsAnew) {
  empty(*database_);
  migrate(*database_, migrations().first(15));
  {
    auto txn = database_->begin(Access::kWrite);
    for (const char* statement : kBeforeStep16) txn.exec_once(statement);
    txn.commit();
  }
  migrate(*database_, migrations());
  EXPECT_EQ(texts(*database_, "SELECT id || ':' || nesting FROM images ORDER BY id"),
            (std::vector<std::string>{"1:0", "2:1", "3:2", "4:3", "5:4", "6:5", "7:6", "8:7", "9:8",
                                      "10:9", "11:9", "12:9"}));
  EXPECT_EQ(texts(*database_,
                  "SELECT tag || ':' || digest || ':' || check_at FROM pull_through_tags "
                  "ORDER BY tag"),
            (std::vector<std::string>{"v1:d1:0", "v3:d1:9"}));
  EXPECT_TRUE(texts(*database_, "SELECT digest FROM pull_through_imports").empty());
}

TEST_F(Migrations, Step18LeavesWhatThereIsInThePartitionAws) {
  empty(*database_);
  migrate(*database_, migrations().first(17));
  {
    auto txn = database_->begin(Access::kWrite);
    txn.exec_once(
        "INSERT INTO entities (account, kind, name, name_folded, path, unique_id, created_at) "
        "VALUES ('1', 'user', 'jane', 'jane', '/', 'AIDA', 1)");
    txn.commit();
  }
  migrate(*database_, migrations());
  EXPECT_EQ(texts(*database_, "SELECT name || ':' || partition FROM entities"),
            (std::vector<std::string>{"jane:aws"}));
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
