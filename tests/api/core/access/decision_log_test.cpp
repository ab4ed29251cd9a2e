#include "api/core/access/decision_log.h"

#include <gtest/gtest.h>

namespace ecr::api {
namespace {

using Sequences = std::vector<std::uint64_t>;

DecisionRecord denial(const std::string& action) {
  DecisionRecord record;
  record.request.principal = *auth::iam::make_principal("arn:aws:iam::111111111111:user/j", "");
  record.request.action = action;
  record.request.resource = "*";
  return record;
}

Sequences sequences(const std::vector<std::shared_ptr<const DecisionRecord>>& records) {
  Sequences found;
  for (const auto& record : records) found.push_back(record->sequence);
  return found;
}

TEST(DecisionLog, KeepsTheNewestAndReadsBothWays) {
  DecisionLog log(3);
  EXPECT_EQ(log.newest(), 0u);
  for (int i = 1; i <= 5; ++i) log.record(denial("ecr:A"));
  EXPECT_EQ(log.newest(), 5u);
  EXPECT_EQ(sequences(log.read(0, 10, nullptr)), (Sequences{3, 4, 5}));
  EXPECT_EQ(sequences(log.read(3, 1, nullptr)), (Sequences{4}));
  EXPECT_EQ(sequences(log.read(9, 10, nullptr)), (Sequences{}));
  EXPECT_EQ(sequences(log.read_back(9, 0, 10, nullptr)), (Sequences{5, 4, 3}));
  EXPECT_EQ(sequences(log.read_back(5, 3, 10, nullptr)), (Sequences{4}));
  EXPECT_EQ(sequences(log.read_back(9, 0, 2, nullptr)), (Sequences{5, 4}));
}

TEST(DecisionLog, CountsByDecision) {
  DecisionLog log(1);
  log.record(denial("ecr:A"));
  for (int i = 0; i < 3; ++i) {
    DecisionRecord record = denial("ecr:A");
    record.verdict.decision =
        i == 0 ? auth::iam::Decision::kAllowed : auth::iam::Decision::kExplicitlyDenied;
    log.record(record);
  }
  DecisionRecord broken_off = denial("ecr:A");
  broken_off.verdict.over_budget = true;
  log.record(broken_off);
  EXPECT_EQ(log.totals().over_budget, 1u);
  EXPECT_EQ(log.totals().allowed, 1u);
  EXPECT_EQ(log.totals().explicitly_denied, 2u);
  EXPECT_EQ(log.totals().implicitly_denied, 1u);
}

TEST(DecisionLog, UsagesOutliveTheRecords) {
  DecisionLog log(1);
  for (const char* action : {"ecr:A", "ecr:B", "ecr:A"}) log.record(denial(action));
  const auto usages = log.usages([](const Usage&) { return true; });
  ASSERT_EQ(usages.size(), 2u);
  for (const Usage& usage : usages) {
    EXPECT_EQ(usage.last_sequence, usage.action == "ecr:A" ? 3u : 2u);
    EXPECT_FALSE(usage.last_allowed.has_value());
  }
}

TEST(DecisionLog, UsagesAreBoundedAndTheOldestGo) {
  DecisionLog log(1, 10);
  for (int i = 0; i < 1000; ++i) {
    log.record(denial("ecr:Always"));
    log.record(denial("ecr:" + std::to_string(i)));
    EXPECT_LE(log.usages([](const Usage&) { return true; }).size(), 10u);
  }
  const auto kept = log.usages(
      [](const Usage& usage) { return usage.action == "ecr:Always" || usage.action == "ecr:999"; });
  EXPECT_EQ(kept.size(), 2u);
}

TEST(DecisionLog, AnActionThatNeedsNoPermissionIsNoUsage) {
  DecisionLog log;
  DecisionRecord record = denial("sts:GetCallerIdentity");
  record.verdict.decision = auth::iam::Decision::kAllowed;
  log.record(std::move(record));
  EXPECT_TRUE(log.usages([](const Usage&) { return true; }).empty());
}

}  // namespace
}  // namespace ecr::api
