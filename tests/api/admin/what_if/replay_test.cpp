// POST /_ecr-local/decisions/replay: recorded requests judged again with changed policies.
#include "api/admin/what_if/policy_view.h"
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kReplayPath = "decisions/replay";

TEST_F(WhatIfTest, AReplayThatTakesTooLongSaysHowFarItCame) {
  become("jane");
  for (int i = 0; i < 8; ++i) call("ListImages", {{"repositoryName", "app"}});
  const Json body = {
      {"changes", Json::array({inline_change(arn_of("user/jane"), "pull", nullptr)})}};
  clock.step = std::chrono::milliseconds(500);
  const Json json = answer("POST", kReplayPath, body);
  EXPECT_EQ(json["truncated"], true);
  EXPECT_GT(json["replayed"], 0);
  EXPECT_LT(json["replayed"], 8);
  clock.step = {};
  EXPECT_EQ(answer("POST", kReplayPath, body)["replayed"], 8);
}

TEST_F(WhatIfTest, AReplayShowsWhatAChangeWouldDecideOtherwise) {
  become("jane");
  call("ListImages", {{"repositoryName", "app"}});
  fail("DeleteRepository", {{"repositoryName", "app"}});
  const Json changes = Json::array(
      {inline_change(arn_of("user/jane"), "pull", policy("Allow", "ecr:DeleteRepository", "*"))});
  const Json json = answer("POST", kReplayPath, {{"changes", changes}});
  EXPECT_EQ(json["replayed"], 2);
  EXPECT_EQ(json["skipped"], 0);
  EXPECT_EQ(json["truncated"], false);
  ASSERT_EQ(json["changed"].size(), 2u);  // newest first
  const Json& now_allowed = json["changed"][0];
  EXPECT_EQ(now_allowed["action"], "ecr:DeleteRepository");
  EXPECT_EQ(now_allowed["before"]["decision"], "ImplicitlyDenied");
  EXPECT_EQ(now_allowed["after"]["decision"], "Allowed");
  EXPECT_EQ(now_allowed["after"]["statement"]["source"], "inline policy pull of user jane");
  EXPECT_TRUE(now_allowed["after"]["sentence"].is_null());
  const Json& now_denied = json["changed"][1];
  EXPECT_EQ(now_denied["requestId"], "request-id");
  EXPECT_EQ(now_denied["principal"], arn_of("user/jane"));
  EXPECT_EQ(now_denied["resource"], kAppArn);
  EXPECT_EQ(now_denied["before"]["decision"], "Allowed");
  EXPECT_EQ(now_denied["after"]["decision"], "ImplicitlyDenied");
  EXPECT_EQ(now_denied["after"]["sentence"],
            "User: " + arn_of("user/jane") + " is not authorized to perform: ecr:ListImages on " +
                "resource: " + kAppArn +
                " because no identity-based policy allows the ecr:ListImages action");
  // Nothing was stored, and nothing recorded.
  EXPECT_EQ(decisions.newest(), 2u);
  call("ListImages", {{"repositoryName", "app"}});
}

// What has changed since is no effect of the changes that are asked about; both verdicts are of
// now.
TEST_F(WhatIfTest, WithoutChangesAReplayChangesNothing) {
  become("jane");
  call("ListImages", {{"repositoryName", "app"}});
  answer("PUT", "policies", inline_change(arn_of("user/jane"), "pull", nullptr));
  fail("ListImages", {{"repositoryName", "app"}});
  const Json json = answer("POST", kReplayPath, Json::object());
  EXPECT_EQ(json["replayed"], 2);
  EXPECT_EQ(json["changed"], Json::array());
}

TEST_F(WhatIfTest, RequestsOfCallersThatAreGoneAreSkipped) {
  become("jane");
  call("ListImages", {{"repositoryName", "app"}});
  become("mark");
  fail("ListImages", {{"repositoryName", "app"}});
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    const auto jane = storage::find_entity(txn, "111122223333", storage::EntityKind::kUser, "jane");
    storage::delete_entity(txn, jane->id);
    txn.commit();
  }
  Json json = answer("POST", kReplayPath, Json::object());
  EXPECT_EQ(json["replayed"], 1);
  EXPECT_EQ(json["skipped"], 1);
  json = answer("POST", kReplayPath, {{"limit", 1}});
  EXPECT_EQ(json["replayed"], 1);
  EXPECT_EQ(json["skipped"], 0);
}

TEST_F(WhatIfTest, WhatAReplayCannotUseIsNamed) {
  EXPECT_EQ(refusal("POST", kReplayPath, {{"limit", 0}}), "limit: must be a number from 1 to 1000");
  EXPECT_EQ(refusal("POST", kReplayPath, {{"limit", 1001}}),
            "limit: must be a number from 1 to 1000");
  EXPECT_EQ(refusal("POST", kReplayPath, {{"limits", 1}}),
            "limits: is not known here, did you mean limit?");
  EXPECT_EQ(refusal("POST", kReplayPath, {{"changes", 1}}), "changes: must be a list");
  EXPECT_EQ(refusal("POST", kReplayPath, {{"changes", {1}}}), "changes[0]: must be an object");
}

// The policies that decided a recorded request are found again: a replay reads them anew, and
// decides as the gate did.
TEST_F(WhatIfTest, AReplayReadsThePoliciesThatTheGateRead) {
  for (const char* user : {"jane", "lena", "mark"}) {
    become(user);
    for (const char* repository : {"app", "ops", "missing"}) {
      send("ListImages", Json{{"repositoryName", repository}});
      send("GetRepositoryPolicy", Json{{"repositoryName", repository}});
    }
    send("GetAuthorizationToken", Json::object());
    send("DescribeRepositories", Json::object());
    send("GetRegistryPolicy", Json::object());
  }
  keys = {"222233334444", "test"};
  send("BatchGetImage", Json{{"repositoryName", "app"},
                             {"registryId", "111122223333"},
                             {"imageIds", {{{"imageTag", "x"}}}}});
  send("PutRegistryPolicy", Json{{"policyText", policy("Deny", "ecr:*", "*").dump()}});
  const auto records = decisions.read(0, 1000, {});
  ASSERT_GE(records.size(), 28u);
  auto txn = store->database().begin(storage::sql::Access::kRead);
  admin::what_if::PolicyView view(services, txn, stored_policies());
  for (const auto& record : records) {
    const auto policies_now = view.policies_for(*record);
    ASSERT_TRUE(policies_now.has_value());
    const auto verdict = auth::iam::evaluate(record->request, *policies_now);
    EXPECT_EQ(verdict.decision, record->verdict.decision) << record->request.action;
    EXPECT_EQ(verdict.source, record->verdict.source) << record->request.action;
    EXPECT_EQ(verdict.trace.size(), record->verdict.trace.size()) << record->request.action;
  }
}

}  // namespace
}  // namespace ecr::api::test
