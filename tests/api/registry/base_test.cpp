// GET /v2/ without a worker: only for whoever was let in since the last write, and never longer.
#include "api/admin/seed/seed.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test {
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

// A pull is noted once a minute, which a worker does; the others need none.
TEST_F(RegistryBaseTest, ManifestsAreReadAtOnceWhereNothingIsToBeNoted) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string manifest = push_image("app", "v1", "content");
  const auto read = [&](const std::string& method, const std::string& path) {
    HttpRequest head = request(method);
    head.target = path;
    return registry_plane.answer_without_blocking(head);
  };
  const std::string path = "/v2/app/manifests/v1";
  EXPECT_EQ(read("HEAD", path)->head_length, manifest.size());
  EXPECT_FALSE(read("GET", path).has_value());
  registry("GET", path);
  const auto response = read("GET", path);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(body_of(*response), manifest);
  EXPECT_EQ(header_of(*response, "Docker-Content-Digest"), model::Digest::of(manifest).text());
  EXPECT_EQ(response->note.action, "ecr:BatchGetImage");
  clock.time += std::chrono::minutes(1);
  EXPECT_FALSE(read("GET", path).has_value());
  EXPECT_EQ(read("GET", "/v2/app/manifests/none")->status, 404);
  EXPECT_EQ(read("GET", "/v2/none/manifests/v1")->status, 404);
}

TEST_F(RegistryBaseTest, WhatIsReadAtOnceIsAuthorizedAndRecordedAsEverythingElse) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string digest = push_blob("app", "content");
  HttpRequest head = request("HEAD");
  head.target = "/v2/app/blobs/" + digest;
  const auto decided = decisions.newest();
  EXPECT_EQ(at_once(head), 200);
  EXPECT_EQ(decisions.newest(), decided + 1);
  admin::apply_seed(
      services, seed_user("jane", {{"all", policy("Allow", "*", "*")},
                                   {"not", policy("Deny", "ecr:BatchCheckLayerAvailability", "*")}})
                    .dump());
  EXPECT_EQ(at_once(head), 403);
  head.method = "GET";
  EXPECT_EQ(at_once(head), 0);
}

TEST_F(RegistryBaseTest, WhatHasToBeWrittenDownIsNotReadAtOnce) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string digest = push_blob("app", "content");
  settings.gc_grace = std::chrono::hours(1);  // half of it ends before the token does
  clock.time += std::chrono::minutes(31);
  HttpRequest head = request("HEAD");
  head.target = "/v2/app/blobs/" + digest;
  EXPECT_EQ(at_once(head), 0);  // that the blob is needed
  EXPECT_EQ(registry("HEAD", head.target).status, 200);
  EXPECT_EQ(at_once(head), 200);
}

TEST_F(RegistryBaseTest, TemporaryCredentialsAreNotRemembered) {
  registry::ReadMemo memo;
  Caller caller;
  caller.access_key_id = "ASIA";
  memo.put(std::make_shared<const registry::KnownCaller>(caller), "aws", 1);
  EXPECT_NE(memo.find_caller("ASIA", "aws", 1), nullptr);
  EXPECT_EQ(memo.find_caller("ASIA", "aws", 2), nullptr);
  EXPECT_EQ(memo.find_caller("ASIA", "aws-cn", 1), nullptr);
  caller.temporary.emplace();
  caller.access_key_id = "ASIB";
  memo.put(std::make_shared<const registry::KnownCaller>(caller), "aws", 1);
  EXPECT_EQ(memo.find_caller("ASIB", "aws", 1), nullptr);
}

TEST_F(RegistryBaseTest, AnOlderReadDoesNotReplaceANewerOne) {
  registry::ReadMemo memo;
  Caller caller;
  caller.access_key_id = "AKIA";
  memo.put(std::make_shared<const registry::KnownCaller>(caller), "aws", 2);
  caller.account = "old";
  memo.put(std::make_shared<const registry::KnownCaller>(caller), "aws", 1);
  EXPECT_EQ(memo.find_caller("AKIA", "aws", 1), nullptr);
  EXPECT_EQ(memo.find_caller("AKIA", "aws", 2)->caller.account, "");
}

TEST_F(RegistryBaseTest, RepositoriesAreRememberedByRegistryAndName) {
  registry::ReadMemo memo;
  const auto app = model::test::name_of("app");
  storage::Repository repository({"111122223333", "us-east-1"}, app);
  repository.id = 7;
  memo.put(repository, 3);
  ASSERT_NE(memo.find_repository({"111122223333", "us-east-1"}, app, 3), nullptr);
  EXPECT_EQ(memo.find_repository({"111122223333", "us-east-1"}, app, 3)->id, 7);
  EXPECT_EQ(memo.find_repository({"111122223333", "us-east-1"}, app, 4), nullptr);
  EXPECT_EQ(memo.find_repository({"444455556666", "us-east-1"}, app, 3), nullptr);
  EXPECT_EQ(memo.find_repository({"111122223333", "eu-west-1"}, app, 3), nullptr);
  EXPECT_EQ(memo.find_repository({"111122223333", "us-east-1"}, model::test::name_of("ap"), 3),
            nullptr);
}

// Nothing of what was read before is good after a write: a policy, and the repository itself.
TEST_F(RegistryBaseTest, ReadsAtOnceSeeEveryChangeOfTheRepository) {
  call("CreateRepository", {{"repositoryName", "app"}});
  push_image("app", "v1", "layer");
  HttpRequest get = request("GET");
  get.target = "/v2/app/manifests/v1";
  EXPECT_EQ(registry("GET", get.target).status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(at_once(get), 200);
  const Json deny = policy("Deny", "ecr:BatchGetImage", nullptr);
  Json document = deny;
  document["Statement"][0].erase("Resource");
  document["Statement"][0]["Principal"] = "*";
  call("SetRepositoryPolicy",
       {{"repositoryName", "app"}, {"policyText", document.dump()}, {"force", true}});
  EXPECT_EQ(at_once(get), 403);
  call("DeleteRepositoryPolicy", {{"repositoryName", "app"}});
  EXPECT_EQ(at_once(get), 200);
  call("DeleteRepository", {{"repositoryName", "app"}, {"force", true}});
  EXPECT_EQ(at_once(get), 404);
}

// What a caller's header makes costly is decided where it holds nobody up.
TEST_F(RegistryBaseTest, ACostlyDecisionIsLeftToAWorker) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string digest = push_blob("app", "content");
  const auto read = [&](std::size_t agent) {
    HttpRequest head = make_request("HEAD", "/v2/app/blobs/" + digest,
                                    {{"Host", host},
                                     {"Authorization", authorization_},
                                     {"User-Agent", std::string(agent, 'a')}},
                                    "");
    return std::pair(at_once(head), registry_plane.handle(head).status);
  };
  const auto conditions = [&](int values) {
    Json patterns = Json::array();
    for (int i = 0; i < values; ++i) patterns.push_back("*b${aws:UserAgent}" + std::to_string(i));
    for (int i = 0; i < values; ++i) patterns.push_back("*${aws:UserAgent, 'x'}*");
    Json document = {{"Version", "2012-10-17"},
                     {"Statement",
                      {{{"Effect", "Deny"},
                        {"Principal", "*"},
                        {"Action", "ecr:*"},
                        {"Condition", {{"StringLike", {{"aws:Referer", "*"}}}}}},
                       {{"Effect", "Deny"},
                        {"Principal", {{"AWS", "arn:aws:iam::999999999999:root"}}},
                        {"Action", "ecr:*"}},
                       {{"Effect", "Allow"},
                        {"Principal", "*"},
                        {"Action", "ecr:BatchCheckLayerAvailability"},
                        {"Condition", {{"StringLike", {{"aws:UserAgent", patterns}}}}}}}}};
    call("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", document.dump()}});
  };
  conditions(1);
  EXPECT_EQ(read(20), std::pair(200, 200));
  EXPECT_EQ(read(30'000), std::pair(0, 200));
  const auto recorded = decisions.newest();
  EXPECT_EQ(read(30'000), std::pair(0, 200));
  EXPECT_EQ(decisions.newest(), recorded + 1) << "one decision, by the worker";
}

}  // namespace
}  // namespace ecr::api::test
