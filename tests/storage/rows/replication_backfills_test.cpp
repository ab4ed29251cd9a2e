#include "storage/rows/replication_backfills.h"

#include <gtest/gtest.h>

#include "tests/schemas/model/names.h"
#include "tests/storage/fixtures.h"

namespace ecr::storage {
namespace {

using test::at;

class ReplicationBackfills : public test::RowsTest {
 protected:
  ReplicationBackfill start(const char* id, const char* account = "1") {
    insert_replication_backfill(
        txn_,
        {.id = id, .source = {account, "r"}, .destination = {"2", "there"}, .started_at = at(5)});
    return find_replication_backfill(txn_, id).value();
  }
  void end(ReplicationBackfill backfill, base::TimePoint when) {
    backfill.status = BackfillStatus::kComplete;
    backfill.ended_at = when;
    update_replication_backfill(txn_, backfill);
  }
  std::vector<std::string> listed(std::int64_t before = 100, std::int64_t limit = 10,
                                  base::TimePoint ended_after = at(0)) {
    std::vector<std::string> ids;
    for (const auto& row :
         list_replication_backfills(txn_, {"1", "r"}, ended_after, before, limit)) {
      ids.push_back(row.id);
    }
    return ids;
  }
  std::vector<std::int64_t> positions(std::int64_t backfill,
                                      std::optional<BackfillResultStatus> status,
                                      std::int64_t after = 0, std::int64_t limit = 10) {
    std::vector<std::int64_t> found;
    for (const auto& row :
         list_replication_backfill_results(txn_, backfill, status, after, limit)) {
      found.push_back(row.position);
    }
    return found;
  }
  void add_results(std::int64_t backfill, std::int64_t count) {
    for (std::int64_t i = 1; i <= count; ++i) {
      insert_replication_backfill_result(
          txn_, backfill, {.repository = kName, .digest = kDigest, .position = i, .tag = "t"});
    }
  }
  const model::RepositoryName kName = model::test::name_of("app");
  const model::Digest kDigest = model::Digest::of("manifest");
  using Ids = std::vector<std::string>;
  using Positions = std::vector<std::int64_t>;
};

TEST_F(ReplicationBackfills, ARowKeepsAllThatIsSaidOfIt) {
  EXPECT_FALSE(find_replication_backfill(txn_, "a"));
  ReplicationBackfill backfill = start("a");
  EXPECT_EQ(backfill.destination.region, "there");
  EXPECT_EQ(backfill.status, BackfillStatus::kPreparing);
  EXPECT_EQ(backfill.started_at, at(5));
  EXPECT_FALSE(backfill.ended_at);
  EXPECT_TRUE(backfill.failure_codes.empty());
  EXPECT_FALSE(backfill.at_repository);
  backfill.status = BackfillStatus::kFailed;
  backfill.failure_code = "Why";
  backfill.ended_at = at(9);
  backfill.total = 4;
  backfill.completed = 1;
  backfill.failed = 2;
  backfill.failure_codes = {"One", "Two"};
  backfill.at_repository = kName;
  backfill.at_digest = kDigest;
  backfill.at_tag = "t";
  update_replication_backfill(txn_, backfill);
  const auto found = find_replication_backfill(txn_, "a").value();
  EXPECT_EQ(found.status, BackfillStatus::kFailed);
  EXPECT_EQ(found.failure_code, "Why");
  EXPECT_EQ(found.ended_at, at(9));
  EXPECT_EQ(found.total, 4);
  EXPECT_EQ(found.completed, 1);
  EXPECT_EQ(found.failed, 2);
  EXPECT_EQ(found.failure_codes, (Ids{"One", "Two"}));
  EXPECT_EQ(found.at_repository, kName);
  EXPECT_EQ(found.at_tag, "t");
  EXPECT_EQ(found.at_digest, kDigest);
}

TEST_F(ReplicationBackfills, AreListedNewestFirstWithoutThoseThatEndedLongAgo) {
  for (const char* id : {"a", "b", "c"}) start(id);
  start("foreign", "2");
  EXPECT_EQ(listed(), (Ids{"c", "b", "a"}));
  EXPECT_EQ(listed(100, 2), (Ids{"c", "b"}));
  EXPECT_EQ(listed(find_replication_backfill(txn_, "b")->number), (Ids{"a"}));
  end(find_replication_backfill(txn_, "b").value(), at(7));
  EXPECT_EQ(listed(100, 10, at(6)), (Ids{"c", "b", "a"}));
  EXPECT_EQ(listed(100, 10, at(7)), (Ids{"c", "a"}));
  Ids running;
  for (const auto& row : running_replication_backfills(txn_, {"1", "r"})) running.push_back(row.id);
  EXPECT_EQ(running, (Ids{"a", "c"}));
}

TEST_F(ReplicationBackfills, ResultsAreListedByStatus) {
  const auto backfill = start("a");
  const auto other = start("b");
  add_results(backfill.number, 4);
  add_results(other.number, 1);
  update_replication_backfill_result(txn_, backfill.number,
                                     {.repository = kName,
                                      .digest = kDigest,
                                      .position = 1,
                                      .status = BackfillResultStatus::kComplete});
  update_replication_backfill_result(txn_, backfill.number,
                                     {.repository = kName,
                                      .digest = kDigest,
                                      .position = 2,
                                      .status = BackfillResultStatus::kFailed,
                                      .failure_code = "X",
                                      .child_failure_codes = Ids{"Y"}});
  update_replication_backfill_result(txn_, backfill.number,
                                     {.repository = kName,
                                      .digest = kDigest,
                                      .position = 3,
                                      .status = BackfillResultStatus::kFailed,
                                      .child_failure_codes = Ids{}});
  EXPECT_EQ(positions(backfill.number, std::nullopt), (Positions{1, 2, 3, 4}));
  EXPECT_EQ(positions(backfill.number, std::nullopt, 1, 2), (Positions{2, 3}));
  EXPECT_EQ(positions(backfill.number, BackfillResultStatus::kFailed), (Positions{2, 3}));
  EXPECT_EQ(positions(backfill.number, BackfillResultStatus::kFailed, 2), (Positions{3}));
  const auto rows = list_replication_backfill_results(txn_, backfill.number, std::nullopt, 0, 10);
  EXPECT_EQ(rows[1].repository, kName);
  EXPECT_EQ(rows[1].tag, "t");
  EXPECT_EQ(rows[1].digest, kDigest);
  EXPECT_EQ(rows[1].failure_code, "X");
  EXPECT_FALSE(rows[0].child_failure_codes);
  EXPECT_EQ(rows[1].child_failure_codes, Ids{"Y"});
  EXPECT_EQ(rows[2].child_failure_codes, Ids{});
}

TEST_F(ReplicationBackfills, AreDeletedInSteps) {
  const auto backfill = start("a");
  const auto other = start("b");
  add_results(backfill.number, 5);
  add_results(other.number, 1);
  EXPECT_FALSE(ended_replication_backfill(txn_, at(100)));
  end(backfill, at(10));
  EXPECT_FALSE(ended_replication_backfill(txn_, at(9)));
  EXPECT_EQ(ended_replication_backfill(txn_, at(10)), backfill.number);
  EXPECT_EQ(delete_replication_backfill_results(txn_, backfill.number, 3), 3);
  EXPECT_EQ(positions(backfill.number, std::nullopt), (Positions{4, 5}));
  EXPECT_EQ(delete_replication_backfill_results(txn_, backfill.number, 3), 2);
  EXPECT_EQ(delete_replication_backfill_results(txn_, backfill.number, 3), 0);
  delete_replication_backfill(txn_, backfill.number);
  EXPECT_FALSE(find_replication_backfill(txn_, "a"));
  delete_replication_backfill(txn_, other.number);
  EXPECT_TRUE(positions(other.number, std::nullopt).empty());
}

}  // namespace
}  // namespace ecr::storage
