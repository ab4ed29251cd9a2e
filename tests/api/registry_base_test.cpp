// GET /v2/ without a worker: only for whoever was let in since the last write, and never longer.
#include "api/admin/seed.h"
#include "fixture.h"

namespace ecr::api::testing {
namespace {

class RegistryBaseTest : public ApiTest {
 protected:
  RegistryBaseTest() {
    admin::apply_seed(services, seed_user("jane", {{"all", policy("Allow", "*", "*")}}).dump());
    keys = kSeededKeys;
    authorization_ = "Basic " + token();
  }

  HttpRequest request(const std::string& method = "GET") {
    return make_request(method, "/v2/", {{"Host", host}, {"Authorization", authorization_}}, "");
  }
  // The status; 0: not without a worker.
  int at_once(const HttpRequest& head) {
    const auto response = registry_plane.answer_without_blocking(head);
    return response ? response->status : 0;
  }
  void on_a_worker(int status) { EXPECT_EQ(registry_plane.handle(request()).status, status); }

  std::string authorization_;
};

TEST_F(RegistryBaseTest, TheFirstTimeAWorkerLooks) {
  EXPECT_EQ(at_once(request()), 0);
  on_a_worker(200);
  const auto response = registry_plane.answer_without_blocking(request());
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(body_of(*response), "{}");
  EXPECT_EQ(header_of(*response, "Docker-Distribution-Api-Version"), "registry/2.0");
  EXPECT_EQ(response->note.principal, "arn:aws:iam::111122223333:user/jane");
  const auto head = registry_plane.answer_without_blocking(request("HEAD"));
  EXPECT_EQ(head->head_length, 2U);
  EXPECT_EQ(body_of(*head), "");
}

TEST_F(RegistryBaseTest, AnyWriteMakesAWorkerLookAgain) {
  on_a_worker(200);
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(at_once(request()), 0);
  on_a_worker(200);
  EXPECT_EQ(at_once(request()), 200);
}

TEST_F(RegistryBaseTest, ADeletedUserIsOutAtOnce) {
  on_a_worker(200);
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    txn.exec("DELETE FROM entities WHERE name = ?", "jane");
    txn.commit();
  }
  EXPECT_EQ(at_once(request()), 0);
  on_a_worker(403);
  EXPECT_EQ(at_once(request()), 0);
}

TEST_F(RegistryBaseTest, ATokenThatHasExpiredIsRefusedAtOnce) {
  on_a_worker(200);
  clock.time += std::chrono::hours(13);
  EXPECT_EQ(at_once(request()), 403);
  authorization_ = "Basic AAAA";
  EXPECT_EQ(at_once(request()), 401);
}

TEST_F(RegistryBaseTest, OnlyReadsOfTheBaseAreAnsweredAtOnce) {
  on_a_worker(200);
  EXPECT_EQ(at_once(request("PUT")), 0);
  HttpRequest other = request();
  other.target = "/v2/_catalog";
  EXPECT_EQ(at_once(other), 0);
}

TEST_F(RegistryBaseTest, TemporaryCredentialsAreNotRemembered) {
  registry::CallerCache cache;
  Caller caller;
  caller.access_key_id = "ASIA";
  cache.put(caller, 1);
  EXPECT_NE(cache.find("ASIA", 1), nullptr);
  EXPECT_EQ(cache.find("ASIA", 2), nullptr);
  caller.temporary.emplace();
  caller.access_key_id = "ASIB";
  cache.put(caller, 1);
  EXPECT_EQ(cache.find("ASIB", 1), nullptr);
}

TEST_F(RegistryBaseTest, AnOlderReadDoesNotReplaceANewerOne) {
  registry::CallerCache cache;
  Caller caller;
  caller.access_key_id = "AKIA";
  cache.put(caller, 2);
  caller.account = "old";
  cache.put(caller, 1);
  EXPECT_EQ(cache.find("AKIA", 1), nullptr);
  EXPECT_EQ(cache.find("AKIA", 2)->account, "");
}

}  // namespace
}  // namespace ecr::api::testing
