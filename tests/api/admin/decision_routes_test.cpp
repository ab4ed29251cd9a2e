// /_ecr-local/decisions: what it lists, its filters and pages, the live stream, the policy.
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kJane = "arn:aws:iam::111122223333:user/jane";
constexpr const char* kRoot = "arn:aws:iam::000000000000:root";

class DecisionsTest : public ApiTest {
 protected:
  HttpResponse get(const std::string& path) {
    return admin.handle(make_request("GET", "/_ecr-local/decisions" + path, {{"Host", host}}, ""));
  }
  Json list(const std::string& query) {
    const HttpResponse response = get(query);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
  // The actions of a listing, newest first.
  std::vector<std::string> actions(const std::string& query) {
    std::vector<std::string> found;
    const Json json = list(query);
    for (const Json& decision : json["decisions"]) {
      found.push_back(decision["action"].get<std::string>());
    }
    return found;
  }
  // A user that may list the images of repositories with the tag team=a: "app" has it, "bb" does
  // not.
  void use_jane() {
    const Json statement = {{"Sid", "Mine"},
                            {"Effect", "Allow"},
                            {"Action", "ecr:ListImages"},
                            {"Resource", "*"},
                            {"Condition", {{"StringEquals", {{"aws:ResourceTag/team", "a"}}}}}};
    const Json documents = {
        {"mine", {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}}}};
    Json seed = seed_user("jane", documents);
    seed["accounts"]["111122223333"]["repositories"] = {
        {{"name", "app"}, {"tags", {{"team", "a"}}}}, {{"name", "bb"}, {"tags", {{"team", "b"}}}}};
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
    EXPECT_EQ(response.status, 200) << body_of(response);
    keys = kSeededKeys;
  }
};

TEST_F(DecisionsTest, ADenialShowsRequestStatementAndSuggestion) {
  use_jane();
  EXPECT_EQ(fail("ListImages", {{"repositoryName", "bb"}}).first, "AccessDeniedException");
  const Json json = list("?trace=true")["decisions"];
  ASSERT_EQ(json.size(), 1u);
  const Json& decision = json[0];
  const std::string resource = "arn:aws:ecr:us-east-1:111122223333:repository/bb";
  EXPECT_EQ(decision["sequence"], 1);
  EXPECT_EQ(decision["requestId"], "request-id");
  EXPECT_EQ(decision["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(decision["principal"], kJane);
  EXPECT_EQ(decision["action"], "ecr:ListImages");
  EXPECT_EQ(decision["resource"], resource);
  EXPECT_EQ(decision["resourceAccount"], "111122223333");
  EXPECT_EQ(decision["context"]["aws:username"], "jane");
  EXPECT_EQ(decision["context"]["aws:ResourceTag/team"], "b");
  EXPECT_EQ(decision["decision"], "ImplicitlyDenied");
  EXPECT_EQ(decision["decidedBy"], "identity");
  EXPECT_EQ(decision["message"],
            std::string("User: ") + kJane + " is not authorized to perform: ecr:ListImages on " +
                "resource: " + resource +
                " because no identity-based policy allows the ecr:ListImages action");
  EXPECT_EQ(decision["enforced"], true);
  EXPECT_TRUE(decision["statement"].is_null());
  ASSERT_EQ(decision["trace"].size(), 1u);
  const Json& entry = decision["trace"][0];
  EXPECT_EQ(entry["policyType"], "identity");
  EXPECT_EQ(entry["index"], 0);
  EXPECT_EQ(entry["sid"], "Mine");
  EXPECT_EQ(entry["effect"], "Allow");
  EXPECT_EQ(entry["outcome"], "ConditionMismatch");
  EXPECT_EQ(entry["condition"], Json({{"operator", "StringEquals"},
                                      {"key", "aws:ResourceTag/team"},
                                      {"wanted", "a"},
                                      {"actual", "b"}}));
  EXPECT_EQ(entry["target"], Json({{"kind", "inline"}, {"target", kJane}, {"name", "mine"}}));
  ASSERT_EQ(decision["suggestion"].size(), 1u);
  EXPECT_EQ(decision["suggestion"][0]["target"],
            Json({{"kind", "inline"}, {"target", kJane}, {"name", nullptr}}));
  EXPECT_EQ(decision["suggestion"][0]["statement"],
            Json({{"Effect", "Allow"}, {"Action", "ecr:ListImages"}, {"Resource", resource}}));
}

TEST_F(DecisionsTest, AnAllowNamesTheStatementThatDecided) {
  use_jane();
  call("ListImages", {{"repositoryName", "app"}});
  const Json decision = list("")["decisions"][0];
  EXPECT_EQ(decision["decision"], "Allowed");
  EXPECT_TRUE(decision["message"].is_null());
  EXPECT_EQ(decision["statement"]["sid"], "Mine");
  EXPECT_EQ(decision["statement"]["index"], 0);
  EXPECT_EQ(decision["statement"]["document"]["Action"], "ecr:ListImages");
  EXPECT_EQ(decision["statement"]["target"],
            Json({{"kind", "inline"}, {"target", kJane}, {"name", "mine"}}));
  EXPECT_FALSE(decision["statement"]["source"].get<std::string>().empty());
  EXPECT_FALSE(decision.contains("suggestion"));
  EXPECT_FALSE(decision.contains("trace"));
}

TEST_F(DecisionsTest, SoftModeListsWhatItLetPass) {
  use_jane();
  settings.enforcement = Enforcement::kSoft;
  call("ListImages", {{"repositoryName", "bb"}});
  const Json decision = list("")["decisions"][0];
  EXPECT_EQ(decision["decision"], "ImplicitlyDenied");
  EXPECT_EQ(decision["enforced"], false);
}

TEST_F(DecisionsTest, FiltersSelectDecisions) {
  call("CreateRepository", {{"repositoryName", "root/app"}});
  clock.time += std::chrono::seconds(10);
  use_jane();
  call("ListImages", {{"repositoryName", "app"}});
  fail("ListImages", {{"repositoryName", "bb"}});
  fail("DescribeImages", {{"repositoryName", "bb"}});
  using Actions = std::vector<std::string>;
  const Actions all = {"ecr:DescribeImages", "ecr:ListImages", "ecr:ListImages",
                       "ecr:CreateRepository"};
  const std::pair<std::string, Actions> kCases[] = {
      {"", all},
      {"?principal=" + std::string(kJane), {all[0], all[1], all[2]}},
      {"?principal=" + std::string(kRoot), {all[3]}},
      {"?principal=nobody", {}},
      {"?principal=jane", {all[0], all[1], all[2]}},
      {"?principal=user/jane", {}},
      {"?principal=root", {all[3]}},
      {"?action=ecr:listimages", {all[1], all[2]}},
      {"?action=ECR:*image*", {all[0], all[1], all[2]}},
      {"?resource=*/app", {all[2], all[3]}},
      {"?resource=arn:aws:ecr:us-east-1:111122223333:repository/bb", {all[0], all[1]}},
      {"?decision=Allowed", {all[2], all[3]}},
      {"?decision=ImplicitlyDenied", {all[0], all[1]}},
      {"?decision=Denied&action=*ListImages", {all[1]}},
      {"?decision=ExplicitlyDenied", {}},
      {"?requestId=request-id", all},
      {"?requestId=other", {}},
      {"?since=2023-11-14T22:13:30.123Z", {all[0], all[1], all[2]}},
      {"?since=2023-11-15T00:13:30.123+02:00", {all[0], all[1], all[2]}},
      {"?since=2023-11-14T22:13:31Z", {}},
      {"?after=2", {all[0], all[1]}},
      {"?limit=1", {all[0]}},
  };
  for (const auto& [query, expected] : kCases) EXPECT_EQ(actions(query), expected) << query;
}

TEST_F(DecisionsTest, PagesGoBackInTimeAndLeaveNothingOut) {
  for (int i = 0; i < 5; ++i) call("DescribeRepositories", Json::object());
  std::vector<int> seen;
  std::string query = "?limit=2";
  for (int page = 0; page < 3; ++page) {
    const Json json = list(query);
    for (const Json& decision : json["decisions"]) {
      seen.push_back(decision["sequence"].get<int>());
    }
    EXPECT_EQ(json.contains("nextToken"), page < 2);
    if (page < 2) query = "?limit=2&nextToken=" + json["nextToken"].get<std::string>();
    call("DescribeRepositories", Json::object());  // what comes meanwhile changes no page
  }
  EXPECT_EQ(seen, (std::vector<int>{5, 4, 3, 2, 1}));
}

TEST_F(DecisionsTest, BadParametersAreNamed) {
  for (int i = 0; i < 2; ++i) call("DescribeRepositories", Json::object());
  const auto token = list("?limit=1")["nextToken"].get<std::string>();
  const std::pair<std::string, const char*> kCases[] = {
      {"?limit=0", "limit: "},
      {"?limit=1001", "limit: "},
      {"?limit=x", "limit: "},
      {"?limit=", "limit: "},
      {"?limit=1&limit=2", "limit: "},
      {"?after=-1", "after: "},
      {"?since=yesterday", "since: "},
      {"?decision=Maybe", "decision: must be one of Allowed, "},
      {"?trace=yes", "trace: "},
      {"?follow=1", "follow: "},
      {"?nextToken=AAAA", "nextToken: "},
      {"?nextToken=" + token + "&action=*", "nextToken: "},
      {"?follow=true&nextToken=" + token, "nextToken: "},
      {"?follow=true&limit=3", "limit: "},
      {"?prinicpal=x", "prinicpal: is not known here"},
      {"?action=%zz", "query: "},
      {"/policy", "principal: is missing"},
      {"/policy?principal=x&include=some", "include: must be one of all, allowed"},
      {"/policy?principal=x&action=y", "action: is not known here"},
      {"/policy?principal=x&complete=push,pul", "complete: must be push, pull or both"},
  };
  for (const auto& [query, prefix] : kCases) {
    const HttpResponse response = get(query);
    EXPECT_EQ(response.status, 400) << query;
    const auto message = Json::parse(body_of(response))["message"].get<std::string>();
    EXPECT_TRUE(message.starts_with(prefix)) << query << ": " << message;
  }
}

TEST_F(DecisionsTest, NeedTheRightToAdminister) {
  for (const char* path : {"", "/policy?principal=x", "?follow=true"}) {
    HttpRequest request =
        make_request("GET", std::string("/_ecr-local/decisions") + path, {{"Host", host}}, "");
    request.peer = "203.0.113.9";
    EXPECT_EQ(admin.handle(request).status, 403) << path;
  }
}

TEST_F(DecisionsTest, HeadAnswersWithoutABody) {
  const auto response =
      admin.handle(make_request("HEAD", "/_ecr-local/coverage", {{"Host", host}}, ""));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response), "");
  EXPECT_GT(response.head_length.value_or(0), 0u);
}

// The decisions among the events of a stream.
std::vector<Json> events_of(const std::string& text) {
  std::vector<Json> events;
  for (std::size_t at = 0; (at = text.find("data: ", at)) != std::string::npos; ++at) {
    const std::size_t end = text.find("\n\n", at);
    events.push_back(Json::parse(text.substr(at + 6, end - at - 6)));
  }
  return events;
}

TEST_F(DecisionsTest, AStreamSendsNewDecisionsThatMatch) {
  call("DescribeRepositories", Json::object());
  const HttpResponse response = get("?follow=true&action=ecr:create*&trace=true");
  EXPECT_EQ(header_of(response, "Content-Type"), "text/event-stream");
  const auto& source = std::get<std::shared_ptr<BodySource>>(response.body);
  EXPECT_EQ(source->poll(), "");
  call("DescribeRepositories", Json::object());
  EXPECT_EQ(source->poll(), "");
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string text = source->poll();
  EXPECT_TRUE(text.starts_with("id: 3\ndata: {")) << text;
  EXPECT_TRUE(text.ends_with("}\n\n"));
  ASSERT_EQ(events_of(text).size(), 1u);
  EXPECT_EQ(events_of(text)[0]["action"], "ecr:CreateRepository");
  EXPECT_TRUE(events_of(text)[0].contains("trace"));
  EXPECT_EQ(source->poll(), "");
}

TEST_F(DecisionsTest, AStreamStartsBehindASequence) {
  for (int i = 0; i < 120; ++i) call("DescribeRepositories", Json::object());
  const HttpResponse response = get("?follow=true&after=10");
  const auto& source = std::get<std::shared_ptr<BodySource>>(response.body);
  std::vector<Json> seen;
  for (std::string text; !(text = source->poll()).empty();) {
    for (Json& event : events_of(text)) seen.push_back(std::move(event));
  }
  ASSERT_EQ(seen.size(), 110u);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i]["sequence"], 11 + i);
}

TEST_F(DecisionsTest, ThePolicyCoversWhatThePrincipalAskedFor) {
  use_jane();
  call("ListImages", {{"repositoryName", "app"}});
  clock.time += std::chrono::seconds(10);
  fail("DescribeImages", {{"repositoryName", "bb"}});
  keys = {"test", "test"};
  call("DescribeRepositories", Json::object());
  const std::string query = std::string("/policy?principal=") + kJane;
  const std::string account = "arn:aws:ecr:us-east-1:111122223333:repository/";
  const Json listing = {{"Sid", "Statement1"},
                        {"Effect", "Allow"},
                        {"Action", "ecr:ListImages"},
                        {"Resource", account + "app"}};
  const Json describing = {{"Sid", "Statement2"},
                           {"Effect", "Allow"},
                           {"Action", "ecr:DescribeImages"},
                           {"Resource", account + "bb"}};
  EXPECT_EQ(list(query)["Statement"], Json::array({listing, describing}));
  EXPECT_EQ(list(query + "&include=allowed")["Statement"], Json::array({listing}));
  const Json late = list(query + "&since=2023-11-14T22:13:30Z")["Statement"];
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0]["Action"], "ecr:DescribeImages");
  EXPECT_EQ(get(query + "&since=2024-01-01").status, 404);
  EXPECT_EQ(get("/policy?principal=arn:aws:iam::1:user/nobody").status, 404);
}

TEST_F(DecisionsTest, AMissingRepositoryIsFoundElsewhere) {
  keys = {"222222222222", "test"};
  region = "eu-west-1";
  call("CreateRepository", {{"repositoryName", "web"}});
  region = "us-east-1";
  use_jane();
  fail("ListImages", {{"repositoryName", "web"}});
  const auto hints = [&] {
    const Json json = list("?trace=true&limit=1");
    return json["decisions"][0].value("hints", Json::array());
  };
  EXPECT_EQ(hints(),
            Json({"there is no repository web in account 111122223333, region us-east-1",
                  "web exists in account 222222222222, region eu-west-1: log in with "
                  "--region eu-west-1 and use 222222222222.dkr.ecr.eu-west-1.localhost:4599/web"}));
  EXPECT_FALSE(list("?limit=1")["decisions"][0].contains("hints"));
  fail("ListImages", {{"repositoryName", "apps"}});
  EXPECT_EQ(hints(), Json({"there is no repository apps in account 111122223333, region us-east-1, "
                           "did you mean app?"}));
  fail("DescribeRepositories", Json::object());
  EXPECT_EQ(hints(), Json::array());
  fail("CreateRepository", {{"repositoryName", "new"}});
  EXPECT_EQ(hints(), Json::array());
  fail("ListImages", {{"repositoryName", "bb"}});
  EXPECT_EQ(hints(), Json::array());
}

TEST_F(DecisionsTest, ThePolicyIsCompletedAndSaysWhatItMayLack) {
  use_jane();
  fail("InitiateLayerUpload", {{"repositoryName", "app"}});
  const std::string query = "/policy?principal=jane";
  const HttpResponse plain = get(query);
  EXPECT_EQ(header_of(plain, "X-Ecr-Local-May-Be-Missing"),
            "a docker push of repository app may also need ecr:BatchCheckLayerAvailability, "
            "ecr:BatchGetImage, ecr:CompleteLayerUpload, ecr:PutImage, ecr:UploadLayerPart "
            "(complete=push,pull adds it)");
  EXPECT_EQ(Json::parse(body_of(plain))["Statement"].size(), 1u);
  const HttpResponse complete = get(query + "&complete=push,pull");
  EXPECT_EQ(header_of(complete, "X-Ecr-Local-May-Be-Missing"), "");
  const Json statements = Json::parse(body_of(complete))["Statement"];
  ASSERT_EQ(statements.size(), 2u);
  EXPECT_EQ(statements[0]["Action"], "ecr:GetAuthorizationToken");
  EXPECT_EQ(statements[1]["Action"].size(), 7u);  // of the push and of the pull
  for (const char* work : {"push", "pull"}) {
    const auto text = body_of(get(query + "&complete=" + work));
    EXPECT_NE(text.find("\"ecr:GetAuthorizationToken\""), std::string::npos) << text;
  }
  const auto pull = body_of(get(query + "&complete=pull"));
  EXPECT_NE(pull.find("\"ecr:GetDownloadUrlForLayer\""), std::string::npos) << pull;
  EXPECT_EQ(pull.find("ecr:PutImage"), std::string::npos) << pull;
}

// A registry policy takes ECR's actions alone: advice to write one of IAM's into it cannot be
// followed.
TEST_F(DecisionsTest, ACallOfIamInAnotherAccountIsToldWhoseKeysItNeeds) {
  DecisionRecord record;
  record.request_id = "r";
  record.request.principal = *auth::iam::make_principal("arn:aws:iam::000000000000:root", "");
  record.request.action = "iam:SimulatePrincipalPolicy";
  record.request.resource = "arn:aws:iam::123456789012:role/ci";
  record.request.resource_account = "123456789012";
  record.verdict = evaluate(record.request, record.policies);
  decisions.record(record);
  const Json decision = list("?trace=true")["decisions"][0];
  EXPECT_EQ(decision["suggestion"], Json::array());
  EXPECT_EQ(decision["hints"],
            Json({"no policy allows iam:SimulatePrincipalPolicy in another account: the caller is "
                  "of account 000000000000. Call it with keys of account 123456789012, such as "
                  "those of its root user: access key 123456789012, secret test"}));
}

TEST_F(DecisionsTest, ADenialNamesTheWholeOfThePush) {
  use_jane();
  fail("InitiateLayerUpload", {{"repositoryName", "app"}});
  const Json decision = list("?trace=true")["decisions"][0];
  EXPECT_EQ(decision["work"]["name"], "push");
  EXPECT_EQ(decision["work"]["missing"].size(), 7u);  // with ecr:GetAuthorizationToken
  EXPECT_EQ(decision["work"]["suggestion"].size(), 2u);
  ASSERT_EQ(decision["work"]["documents"].size(), 1u);  // one policy with both statements
  EXPECT_EQ(decision["work"]["documents"][0]["document"]["Statement"].size(), 2u);
  EXPECT_EQ(decision["documents"][0]["document"]["Statement"],
            Json::array({decision["suggestion"][0]["statement"]}));
  EXPECT_EQ(decision["suggestion"].size(), 1u);
  EXPECT_EQ(decision["suggestion"][0]["statement"]["Action"], "ecr:InitiateLayerUpload");
}

}  // namespace
}  // namespace ecr::api::test
