#include "api/admin/offline/seeded_services.h"

#include "api/admin/what_if/policy_view.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using admin::SeededServices;

const std::string kRepository = "arn:aws:ecr:us-east-1:111122223333:repository/app";

// Whether the policies that are stored allow a request of jane.
bool allows(const Services& services, const std::string& action) {
  auto txn = services.store.database().begin(storage::sql::Access::kRead);
  admin::what_if::PolicyView view(services, txn, stored_policies());
  const auto jane = view.caller_named("arn:aws:iam::111122223333:user/jane");
  if (!jane) throw std::runtime_error("jane is not there");
  const auto asked = view.ask(*jane, action, kRepository);
  return evaluate(asked.request, asked.policies).allowed();
}

TEST(SeededServices, DecideAsTheSeedSays) {
  FixedClock clock;
  CountingRandom random;
  SeededServices seeded(clock, random);
  const Json seed = seed_user("jane", {{"push", policy("Allow", "ecr:PutImage", kRepository)}});
  const auto report = seeded.apply(seed.dump());
  ASSERT_EQ(report.applied.size(), 1U);
  EXPECT_EQ(report.applied[0].first, "users");
  EXPECT_TRUE(allows(seeded.services(), "ecr:PutImage"));
  EXPECT_FALSE(allows(seeded.services(), "ecr:DeleteRepository"));
}

TEST(SeededServices, TakeSeveralDocumentsAndKnowNothingOfEachOther) {
  FixedClock clock;
  CountingRandom random;
  SeededServices first(clock, random);
  SeededServices second(clock, random);
  first.apply(seed_user("jane", Json::object()).dump());
  EXPECT_THROW(allows(second.services(), "ecr:PutImage"), std::runtime_error);
  EXPECT_FALSE(allows(first.services(), "ecr:PutImage"));
  first.apply(seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}}).dump());
  EXPECT_TRUE(allows(first.services(), "ecr:PutImage"));
  EXPECT_THROW(first.apply(R"({"accounts": {"1": {}}})"), admin::SeedError);
}

TEST(SeededServices, HaveAClockThatCanBeMoved) {
  FixedClock clock;
  CountingRandom random;
  SeededServices seeded(clock, random);
  const auto wanted = *base::parse_iso8601("2030-01-01T00:00:00Z");
  seeded.clock().restore(seeded.clock().state_at(wanted, true));
  EXPECT_EQ(seeded.services().clock.now(), wanted);
  EXPECT_EQ(seeded.services().machine_clock.now(), clock.time);
}

}  // namespace
}  // namespace ecr::api::test
