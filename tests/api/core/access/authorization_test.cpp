// The same decision, in the same words, on the API and on docker's plane.
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class Authorization : public ApiTest {
 protected:
  Authorization() {
    keys = {"111122223333", "test"};
    for (const char* name : {"team-a/app", "team-b/app"}) {
      call("CreateRepository", {{"repositoryName", name},
                                {"tags", {{{"Key", "team"}, {"Value", std::string(name, 6)}}}}});
      push_image(name, "1", "content");
    }
  }

  void become(const Json& documents) {
    const auto response = admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}},
                                                    seed_user("jane", documents).dump()));
    ASSERT_EQ(response.status, 200) << body_of(response);
    keys = kSeededKeys;
  }
  void set_repository_policy(const std::string& name, const Json& document) {
    const Keys mine = keys;
    keys = {"111122223333", "test"};
    call("SetRepositoryPolicy", {{"repositoryName", name}, {"policyText", document.dump()}});
    keys = mine;
  }
  // A docker push with credentials that were handed out already.
  HttpResponse begin_push(const std::string& basic) {
    const HttpRequest request =
        make_request("POST", "/v2/team-a/app/blobs/uploads/",
                     {{"Host", host}, {"Authorization", "Basic " + basic}}, "");
    return std::move(std::get<HttpResponse>(registry_plane.open(request)));
  }
};

const Json kPullActions = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
                           "ecr:BatchCheckLayerAvailability"};
const Json kLogin = policy("Allow", "ecr:GetAuthorizationToken", "*");
const std::string kTeamA = "arn:aws:ecr:us-east-1:111122223333:repository/team-a/*";

std::string denied(const std::string& action, const std::string& resource) {
  return "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: " + action +
         " on resource: " + resource + " because no identity-based policy allows the " + action +
         " action";
}

TEST_F(Authorization, PullOnlyPullsAndIsRefusedPushInAwsWords) {
  become({{"pull", policy("Allow", kPullActions, kTeamA)}, {"login", kLogin}});
  EXPECT_EQ(registry("GET", "/v2/team-a/app/manifests/1").status, 200);
  const auto push = registry("POST", "/v2/team-a/app/blobs/uploads/");
  EXPECT_EQ(push.status, 403);
  EXPECT_EQ(
      Json::parse(body_of(push))["errors"][0],
      Json({{"code", "DENIED"},
            {"message", denied("ecr:InitiateLayerUpload",
                               "arn:aws:ecr:us-east-1:111122223333:repository/team-a/app")}}));
  EXPECT_EQ(registry("GET", "/v2/team-b/app/manifests/1").status, 403);
  // The refusal does not tell whether there is such a repository.
  EXPECT_EQ(registry("GET", "/v2/team-c/app/manifests/1").status, 403);
}

// The actions that each request of docker needs. AWS documents no such table; clients and error
// messages show them.
TEST_F(Authorization, EveryRequestOfTheRegistryHasItsAction) {
  become({{"login", kLogin}});
  const std::string path = "/v2/team-a/app/";
  const std::string digest = model::Digest::of("content").text();
  const struct {
    const char* method;
    std::string target;
    const char* action;
  } cases[] = {
      {"HEAD", path + "manifests/1", "ecr:BatchGetImage"},
      {"GET", path + "manifests/1", "ecr:BatchGetImage"},
      {"GET", path + "manifests/" + digest, "ecr:BatchGetImage"},
      {"GET", path + "blobs/" + digest, "ecr:GetDownloadUrlForLayer"},
      {"HEAD", path + "blobs/" + digest, "ecr:BatchCheckLayerAvailability"},
      {"POST", path + "blobs/uploads/", "ecr:InitiateLayerUpload"},
      {"PATCH", path + "blobs/uploads/none", "ecr:UploadLayerPart"},
      {"PUT", path + "blobs/uploads/none?digest=" + digest, "ecr:CompleteLayerUpload"},
      {"PUT", path + "manifests/2", "ecr:PutImage"},
      {"GET", path + "tags/list", "ecr:ListImages"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(registry(c.method, c.target, c.method[1] == 'U' ? "{}" : "").status, 403) << c.target;
    const auto last = decisions.read_back(~0ull, 0, 1, nullptr);
    ASSERT_EQ(last.size(), 1u);
    EXPECT_EQ(last[0]->request.action, c.action) << c.method << " " << c.target;
    EXPECT_EQ(last[0]->request.resource,
              "arn:aws:ecr:us-east-1:111122223333:repository/team-a/app");
    EXPECT_FALSE(last[0]->verdict.allowed());
  }
}

TEST_F(Authorization, TheApiSaysTheSame) {
  become({{"pull", policy("Allow", kPullActions, kTeamA)}});
  EXPECT_EQ(fail("ListImages", {{"repositoryName", "team-a/app"}}),
            std::pair(std::string("AccessDeniedException"),
                      denied("ecr:ListImages",
                             "arn:aws:ecr:us-east-1:111122223333:repository/team-a/app")));
  EXPECT_EQ(
      fail("GetAuthorizationToken", Json::object()),
      std::pair(std::string("AccessDeniedException"), denied("ecr:GetAuthorizationToken", "*")));
  EXPECT_EQ(fail("DescribeRepositories", Json::object()).second,
            denied("ecr:DescribeRepositories", "arn:aws:ecr:us-east-1:111122223333:repository/*"));
}

TEST_F(Authorization, ATokenInHandIsWorthWhatItsUserMayDoNow) {
  become({{"all", policy("Allow", "ecr:*", "*")}});
  const std::string basic = token();
  EXPECT_EQ(begin_push(basic).status, 202);
  become(Json::object());
  EXPECT_EQ(begin_push(basic).status, 403);
}

TEST_F(Authorization, ATokenDiesWithItsKey) {
  become({{"all", policy("Allow", "ecr:*", "*")}});
  const std::string basic = token();
  Json seed = seed_user("jane", {{"all", policy("Allow", "ecr:*", "*")}});
  seed["accounts"]["111122223333"]["users"][0]["accessKeys"][0]["status"] = "Inactive";
  admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
  EXPECT_EQ(begin_push(basic).status, 403);
  EXPECT_EQ(fail("DescribeRepositories", Json::object()).first, "UnrecognizedClientException");
}

TEST_F(Authorization, ARightLostDuringAnUploadIsLost) {
  become({{"all", policy("Allow", "ecr:*", "*")}});
  const std::string digest = model::Digest::of("bytes").text();
  const HttpRequest request =
      make_request("POST", "/v2/team-a/app/blobs/uploads/?digest=" + digest,
                   {{"Host", host}, {"Authorization", "Basic " + token()}}, "");
  auto start = registry_plane.open(request);
  auto& sink = std::get<std::unique_ptr<BodySink>>(start);
  sink->write("bytes");
  become({{"login", kLogin}});
  EXPECT_EQ(sink->finish().status, 403);
  become({{"all", policy("Allow", "ecr:*", "*")}});
  EXPECT_EQ(registry("HEAD", "/v2/team-a/app/blobs/" + digest).status, 404);
}

TEST_F(Authorization, ExplicitDenyWinsOnBothPlanes) {
  become({{"all", policy("Allow", "ecr:*", "*")}, {"no", policy("Deny", "ecr:PutImage", kTeamA)}});
  const std::string sentence =
      "User: arn:aws:iam::111122223333:user/jane is not authorized to perform: ecr:PutImage on "
      "resource: arn:aws:ecr:us-east-1:111122223333:repository/team-a/app with an explicit deny in "
      "an identity-based policy";
  EXPECT_EQ(fail("PutImage", {{"repositoryName", "team-a/app"}, {"imageManifest", "{}"}}).second,
            sentence);
  const auto pushed = registry("PUT", "/v2/team-a/app/manifests/1", "{}");
  EXPECT_EQ(pushed.status, 403);
  EXPECT_EQ(Json::parse(body_of(pushed))["errors"][0]["message"], sentence);
}

TEST_F(Authorization, ARepositoryPolicyAllowsAndDenies) {
  become({{"login", kLogin}});
  set_repository_policy(
      "team-a/app", {{"Statement",
                      {{{"Effect", "Allow"},
                        {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
                        {"Action", kPullActions}},
                       {{"Effect", "Deny"}, {"Principal", "*"}, {"Action", "ecr:ListImages"}}}}});
  EXPECT_EQ(registry("GET", "/v2/team-a/app/manifests/1").status, 200);
  EXPECT_EQ(registry("GET", "/v2/team-b/app/manifests/1").status, 403);
  EXPECT_NE(fail("ListImages", {{"repositoryName", "team-a/app"}})
                .second.find("with an explicit deny in a resource-based policy"),
            std::string::npos);
}

TEST_F(Authorization, CrossAccountNeedsBothSides) {
  set_repository_policy("team-a/app",
                        {{"Statement",
                          {{{"Effect", "Allow"},
                            {"Principal", {{"AWS", "arn:aws:iam::444455556666:root"}}},
                            {"Action", kPullActions}}}}});
  keys = {"444455556666", "test"};
  const Json input = {{"registryId", "111122223333"},
                      {"repositoryName", "team-a/app"},
                      {"imageIds", {{{"imageTag", "1"}}}}};
  EXPECT_EQ(call("BatchGetImage", input)["images"].size(), 1u);
  Json other = input;
  other["repositoryName"] = "team-b/app";
  EXPECT_NE(fail("BatchGetImage", other).second.find("no resource-based policy allows"),
            std::string::npos);
}

TEST_F(Authorization, TagConditionsLookAtTheRepositoryAndAtTheRequest) {
  Json by_tag = policy("Allow", "ecr:*", "*");
  by_tag["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:ResourceTag/team", "team-a"}}}};
  become({{"tagged", by_tag}, {"login", kLogin}});
  EXPECT_EQ(registry("GET", "/v2/team-a/app/manifests/1").status, 200);
  EXPECT_EQ(registry("GET", "/v2/team-b/app/manifests/1").status, 403);

  Json create = policy("Allow", {"ecr:CreateRepository", "ecr:TagResource"}, "*");
  // For a repository that is being made the tags of the request are the resource's as well.
  create["Statement"][0]["Condition"] = {
      {"StringEquals",
       {{"aws:RequestTag/team", "team-a"},
        {"aws:ResourceTag/team", "team-a"},
        {"ecr:ResourceTag/team", "team-a"}}},
      {"ForAllValues:StringEquals", {{"aws:TagKeys", {"team"}}}}};
  become({{"create", create}});
  call("CreateRepository",
       {{"repositoryName", "mine"}, {"tags", {{{"Key", "team"}, {"Value", "team-a"}}}}});
  EXPECT_EQ(fail("CreateRepository", {{"repositoryName", "other"}}).first, "AccessDeniedException");
}

TEST_F(Authorization, TagsAtCreationNeedTagResourceToo) {
  become({{"create", policy("Allow", "ecr:CreateRepository", "*")}});
  call("CreateRepository", {{"repositoryName", "plain"}});
  EXPECT_NE(fail("CreateRepository",
                 {{"repositoryName", "tagged"}, {"tags", {{{"Key", "a"}, {"Value", "b"}}}}})
                .second.find("ecr:TagResource"),
            std::string::npos);
}

TEST_F(Authorization, SoftModeLetsPassAndSaysWhatItWouldHaveDenied) {
  become(Json::object());
  settings.enforcement = Enforcement::kSoft;
  const auto response = send("ListImages", Json({{"repositoryName", "team-a/app"}}));
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.note.iam_soft.starts_with("User: arn:aws:iam::111122223333:user/jane"))
      << response.note.iam_soft;
  EXPECT_EQ(response.note.error, "");
  settings.enforcement = Enforcement::kOff;
  EXPECT_EQ(send("ListImages", Json({{"repositoryName", "team-a/app"}})).note.iam_soft, "");
}

TEST_F(Authorization, SignaturesAreVerifiedInEveryMode) {
  become(Json::object());
  keys.secret = "wrong";
  for (const Enforcement mode : {Enforcement::kSoft, Enforcement::kOff}) {
    settings.enforcement = mode;
    EXPECT_EQ(fail("DescribeRepositories", Json::object()).first, "InvalidSignatureException");
  }
}

// Condition keys have no case, so two such tags are one key. AWS leaves open which counts.
TEST_F(Authorization, AmongTagsThatDifferOnlyInCaseTheLowerCounts) {
  call("CreateRepository",
       {{"repositoryName", "two"},
        {"tags", {{{"Key", "stage"}, {"Value", "low"}}, {{"Key", "STAGE"}, {"Value", "high"}}}}});
  for (const auto& [value, status] : {std::pair("low", 200), std::pair("high", 400)}) {
    keys = {"111122223333", "test"};
    Json document = policy("Allow", "ecr:ListImages", "*");
    document["Statement"][0]["Condition"]["StringEquals"]["aws:ResourceTag/Stage"] = value;
    become({{"p", document}});
    EXPECT_EQ(send("ListImages", Json({{"repositoryName", "two"}})).status, status) << value;
  }
}

// AWS IAM User Guide, "Information available in all requests": aws:userid of an anonymous caller.
TEST_F(Authorization, TheUserIdOfAnUnauthenticatedCallerIsAnonymous) {
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const HttpRequest http = make_request("GET", "/", {{"Host", host}}, "");
  Json document = policy("Allow", "ecr:BatchGetImage", "*");
  document["Statement"][0]["Principal"] = "*";
  document["Statement"][0].erase("Resource");
  for (const auto& [id, allowed] : {std::pair("anonymous", true), std::pair("AIDA*", false)}) {
    document["Statement"][0]["Condition"]["StringLike"]["aws:userid"] = id;
    Target target;
    target.action = "ecr:BatchGetImage";
    target.resource = "arn:aws:ecr:us-east-1:111122223333:repository/team-a/app";
    target.account = "111122223333";
    target.policies.push_back(
        {policies.get(document.dump(), auth::iam::PolicyType::kRepository), "repository policy"});
    const Caller caller = anonymous_caller();
    LogNote note;
    const Request request{services, txn, http, caller, {"111122223333", region}, clock.now(), note};
    EXPECT_EQ(is_allowed(request, target), allowed) << id;
  }
}

}  // namespace
}  // namespace ecr::api::test
