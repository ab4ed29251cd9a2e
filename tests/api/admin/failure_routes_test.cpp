// /_ecr-local/authentication-failures: why a caller is not known, by the request's id.
#include <gtest/gtest.h>

#include "schemas/base/encoding.h"
#include "storage/rows/iam/identity_providers.h"
#include "tests/api/query_fixture.h"
#include "tests/auth/token_issuer.h"

namespace ecr::api::test {
namespace {

using auth::test::TokenIssuer;

class Failures : public QueryTest {
 protected:
  Json list(const std::string& query = "", int status = 200) {
    const HttpResponse response = admin.handle(
        make_request("GET", "/_ecr-local/authentication-failures" + query, {{"Host", host}}, ""));
    EXPECT_EQ(response.status, status) << body_of(response);
    return Json::parse(body_of(response));
  }
  Json last() {
    const Json json = list("?limit=1");
    EXPECT_EQ(json["failures"].size(), 1u);
    return json["failures"].empty() ? Json::object() : json["failures"][0];
  }
  void expect_why(const std::string& part) {
    const std::string why = last().value("why", "");
    EXPECT_NE(why.find(part), std::string::npos) << part << " is not in: " << why;
  }
  void describe() { send("DescribeRepositories", Json::object()); }
  // The password that "docker login" gets.
  std::string password() { return base::base64_decode(token())->substr(4); }
  void login_with(const std::string& user, const std::string& password) {
    const std::string basic = base::base64_encode(user + ":" + password);
    registry_plane.handle(make_request("GET", "/v2/app/tags/list",
                                       {{"Host", host}, {"Authorization", "Basic " + basic}}, ""));
  }
};

TEST_F(Failures, SaysWhatTheClientWasToldAndWhy) {
  keys = {"AKIANOBODYNOBODY0000", "x"};
  describe();
  const Json failure = last();
  EXPECT_EQ(failure["sequence"], 1);
  EXPECT_EQ(failure["requestId"], "request-id");
  EXPECT_EQ(failure["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(failure["request"], "POST /");
  EXPECT_EQ(failure["error"], "UnrecognizedClientException");
  EXPECT_EQ(failure["message"], "The security token included in the request is invalid.");
  EXPECT_EQ(failure["accessKeyId"], "AKIANOBODYNOBODY0000");
  expect_why("There is no access key AKIANOBODYNOBODY0000 here");
  EXPECT_EQ(list("?requestId=other")["failures"], Json::array());
  EXPECT_EQ(list("?requestId=request-id")["failures"].size(), 1u);
  EXPECT_EQ(list("?after=1")["failures"], Json::array());
  list("?limit=0", 400);
  list("?requestID=x", 400);
}

TEST_F(Failures, ARequestThatSucceedsLeavesNone) {
  describe();
  EXPECT_EQ(list()["failures"], Json::array());
}

TEST_F(Failures, OfSignatures) {
  keys = {"test", "wrong"};
  describe();
  expect_why("was not signed with its secret, which is \"test\"");
  keys = {"test", "test"};
  clock.time -= std::chrono::hours(1);
  const HttpRequest early = signed_request("DescribeRepositories", "{}");
  clock.time += std::chrono::hours(1);
  control.handle(early);
  expect_why("clock and this machine's differ by more than 15 minutes");
  control.handle(
      make_request("POST", "/",
                   {{"Host", host},
                    {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"}},
                   "{}"));
  expect_why("The request is not signed");
  settings.root_access_key.clear();
  settings.account_root_keys = false;
  describe();
  expect_why("this server does without these");
}

TEST_F(Failures, OfTemporaryCredentials) {
  const Json session = sts("GetSessionToken")["Credentials"];
  keys = {session["AccessKeyId"].get<std::string>(), session["SecretAccessKey"].get<std::string>()};
  const std::string token = session["SessionToken"].get<std::string>();
  control.handle(signed_request("DescribeRepositories", "{}"));
  expect_why("a request needs their session token too");
  control.handle(signed_request("DescribeRepositories", "{}", "another"));
  expect_why("is not that of ASIA");
  api_clock.restore({.offset = std::chrono::hours(40)});
  control.handle(signed_request("DescribeRepositories", "{}", token));
  expect_why("expired at 2023-11-");
  expect_why("seconds ahead of the machine's: /_ecr-local/clock");
  EXPECT_EQ(last()["error"], "ExpiredTokenException");
  keys = {"test", "test"};
  control.handle(signed_request("DescribeRepositories", "{}", token));
  expect_why("Unset AWS_SESSION_TOKEN");
}

TEST_F(Failures, OfRegistryLogins) {
  login_with("jane", "secret");
  expect_why("The user name is \"jane\". It has to be AWS");
  EXPECT_EQ(last()["request"], "GET /v2/app/tags/list");
  login_with("AWS", "secret");
  expect_why("The password is no token of this server");
  const std::string good = password();
  login_with("AWS", good);
  EXPECT_EQ(list()["failures"].size(), 2u);
  api_clock.restore({.offset = std::chrono::hours(13)});
  login_with("AWS", good);
  expect_why("The token was issued at 2023-11-14T22:13:20Z and expired at 2023-11-15T10:13:20Z");
  EXPECT_EQ(list().dump().find("secret"), std::string::npos);
}

TEST_F(Failures, ATokenOfAnotherRegion) {
  const std::string good = password();
  host = "000000000000.dkr.ecr.eu-west-1.localhost:4599";
  login_with("AWS", good);
  host = "localhost:4599";
  expect_why("issued for the region us-east-1");
}

TEST_F(Failures, OfWebIdentities) {
  static const TokenIssuer issuer("RS256", "k1");
  issuer_keys.set("https://ci.example", auth::JsonWebKeySet::parse(issuer.key_set()).value());
  auto txn = store->database().begin(storage::sql::Access::kWrite);
  storage::insert_oidc_provider(
      txn, {.account = "111122223333", .url = "ci.example", .client_ids = {"app"}});
  txn.commit();
  use(Keys{"", ""});
  const std::int64_t now = 1'700'000'000;
  const auto claims = [&](const char* iss, const char* aud, std::int64_t expires) {
    return issuer.sign(Json{
        {"iss", iss}, {"sub", "job-7"}, {"aud", aud}, {"exp", expires}, {"iat", expires - 600}});
  };
  const auto assume = [&](const std::string& token) {
    sts_fail("AssumeRoleWithWebIdentity",
             {{"RoleArn", "arn:aws:iam::111122223333:role/ci"},
              {"RoleSessionName", "run"},
              {"WebIdentityToken", token}},
             400);
  };
  const std::string good = claims("https://ci.example", "app", now + 300);
  assume(good + "\n");
  expect_why("The token is no JWT: it ends in a newline.");
  assume(claims("https://ci.example", "other", now + 300));
  expect_why(
      "for the audience \"other\", and the identity provider in account 111122223333 accepts "
      "\"app\"");
  assume(claims("https://other.example", "app", now + 300));
  expect_why(
      "issuer is \"https://other.example\", and account 111122223333 has no identity provider "
      "of that URL. It has: \"https://ci.example\"");
  assume(claims("https://ci.example", "app", now - 300));
  expect_why("The token expired at 2023-11-14T22:08:20Z");
  static const TokenIssuer forger("RS256", "k1");
  assume(forger.sign(Json{{"iss", "https://ci.example"},
                          {"sub", "job-7"},
                          {"aud", "app"},
                          {"exp", now + 300},
                          {"iat", now}}));
  expect_why("the token was not signed with it");
  // Neither the token nor its signature is kept.
  EXPECT_EQ(list().dump().find(good.substr(0, 40)), std::string::npos);
}

TEST_F(Failures, AreForgottenOldestFirstAndTextsAreCut) {
  FailureLog log(2);
  for (int i = 0; i < 3; ++i) {
    AuthenticationFailure failure;
    failure.request_id = std::to_string(i);
    log.record(std::move(failure));
  }
  const auto kept = log.read_back(10, nullptr);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].request_id, "2");
  login_with(std::string(5000, 'u'), "x");
  EXPECT_LT(last().dump().size(), 2000u);
}

TEST_F(Failures, NeedTheRightToAdminister) {
  HttpRequest request =
      make_request("GET", "/_ecr-local/authentication-failures", {{"Host", host}}, "");
  request.peer = "203.0.113.9";
  EXPECT_EQ(admin.handle(request).status, 403);
}

}  // namespace
}  // namespace ecr::api::test
