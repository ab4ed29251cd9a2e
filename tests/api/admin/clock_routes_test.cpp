#include "storage/rows/iam/sessions.h"
#include "storage/rows/server_state.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ClockTest : public ApiTest {
 protected:
  HttpResponse request(const std::string& method, const std::string& body = {}) {
    return admin.handle(make_request(method, "/_ecr-local/clock", {{"Host", host}}, body));
  }
  Json change(const Json& body) {
    const HttpResponse response = request("POST", body.dump());
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
  std::string refuse(const std::string& body) {
    const HttpResponse response = request("POST", body);
    EXPECT_EQ(response.status, 400) << body;
    return Json::parse(body_of(response)).value("message", "");
  }
};

TEST_F(ClockTest, ShowsTheMachinesTimeUntilItIsMoved) {
  const Json shown = Json::parse(body_of(request("GET")));
  EXPECT_EQ(shown, (Json{{"now", "2023-11-14T22:13:20Z"},
                         {"machine", "2023-11-14T22:13:20Z"},
                         {"frozen", false},
                         {"offsetSeconds", 0.0}}));
}

TEST_F(ClockTest, AdvancesAndRunsOn) {
  EXPECT_EQ(change({{"advance", "1d12h"}})["offsetSeconds"], 36 * 3600);
  clock.time += seconds(10);
  EXPECT_EQ(change({{"advance", 0.5}})["offsetSeconds"], 36 * 3600 + 0.5);
  EXPECT_EQ(api_clock.now(), clock.time + hours(36) + std::chrono::milliseconds(500));
  EXPECT_EQ(change({{"now", "2030-01-01T00:00:00Z"}})["now"], "2030-01-01T00:00:00Z");
  clock.time += seconds(5);
  EXPECT_EQ(base::format_iso8601(api_clock.now()), "2030-01-01T00:00:05Z");
}

TEST_F(ClockTest, StandsStillWhileFrozenAndGoesOnFromThere) {
  const auto then = api_clock.now();
  EXPECT_EQ(change({{"freeze", true}})["frozen"], true);
  clock.time += hours(5);
  EXPECT_EQ(api_clock.now(), then);
  EXPECT_EQ(change({{"advance", "1h"}})["frozen"], true);
  EXPECT_EQ(api_clock.now(), then + hours(1));
  const Json shown = change({{"freeze", false}});
  EXPECT_EQ(shown["frozen"], false);
  EXPECT_EQ(shown["offsetSeconds"], -4 * 3600);
  clock.time += seconds(7);
  EXPECT_EQ(api_clock.now(), then + hours(1) + seconds(7));
}

TEST_F(ClockTest, ResetReturnsToTheMachinesTime) {
  change({{"advance", "90d"}, {"freeze", true}});
  EXPECT_EQ(change({{"reset", true}})["frozen"], false);
  EXPECT_EQ(api_clock.now(), clock.now());
  change({{"advance", "90d"}});
  EXPECT_EQ(change({{"reset", true}, {"freeze", true}})["frozen"], true);
  EXPECT_EQ(api_clock.now(), clock.now());
}

TEST_F(ClockTest, AMovedClockIsKeptOverARestart) {
  change({{"advance", "90d"}});
  base::MovableClock next{clock};
  {
    auto txn = store->database().begin(storage::sql::Access::kRead);
    next.restore(storage::load_clock(txn).value());
  }
  EXPECT_EQ(next.now(), api_clock.now());
  change({{"reset", true}});
  auto txn = store->database().begin(storage::sql::Access::kRead);
  EXPECT_FALSE(storage::load_clock(txn).has_value());
}

TEST_F(ClockTest, ARefusalNamesTheMemberAndMovesNothing) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "body: "},
      {"[]", "body: must be a JSON object"},
      {"{}", "body: must be a JSON object"},
      {R"({"forward":1})", "forward: is not known here"},
      {R"({"advance":"-1d"})", "advance: must be a number of seconds"},
      {R"({"advance":-1})", "advance: must be a number of seconds"},
      {R"({"advance":true})", "advance: must be a number of seconds"},
      {R"({"advance":1e300})", "advance: must be a number of seconds"},
      {R"({"advance":"3600000d"})", "advance: must be before the year 9000"},
      {R"({"now":"tomorrow"})", "now: must be a time in ISO 8601"},
      {R"({"now":1700000000})", "now: must be a time in ISO 8601"},
      {R"({"now":"2020-01-01T00:00:00Z"})", "now: is before 2023-11-14T22:13:20Z"},
      {R"({"now":"9999-12-31T00:00:00Z"})", "now: must be before the year 9000"},
      {R"({"now":"2030-01-01","advance":"1d"})", "advance: cannot be given with now"},
      {R"({"freeze":"yes"})", "freeze: must be true or false"},
      {R"({"reset":false})", "reset: must be true"},
      {R"({"reset":true,"advance":"1d"})", "reset: cannot be given with now or advance"},
  };
  for (const auto& [body, message] : kCases) {
    EXPECT_TRUE(refuse(body).starts_with(message)) << body << ": " << refuse(body);
  }
  EXPECT_EQ(api_clock.now(), clock.now());
  EXPECT_EQ(request("DELETE").status, 405);
}

TEST_F(ClockTest, SignaturesUseTheMachinesTimeAndTokensTheMovedClock) {
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string token = this->token();
  const auto pull = [&] {
    return registry_plane.handle(make_request(
        "GET", "/v2/app/tags/list", {{"Host", host}, {"Authorization", "Basic " + token}}, ""));
  };
  EXPECT_EQ(pull().status, 200);
  change({{"advance", "12h"}});
  const HttpResponse refused = pull();
  EXPECT_EQ(refused.status, 403);
  const Json error = Json::parse(body_of(refused))["errors"][0];
  EXPECT_EQ(error["code"], "DENIED");
  EXPECT_EQ(error["message"],
            "Your authorization token has expired. Reauthenticate and try again.");
  change({{"advance", "90d"}});
  EXPECT_EQ(registry("GET", "/v2/app/tags/list").status, 200);  // with a fresh token
  const Json made = call("CreateRepository", {{"repositoryName", "later"}})["repository"];
  EXPECT_EQ(made["createdAt"], base::to_epoch_seconds(api_clock.now()));
}

TEST_F(ClockTest, TemporaryCredentialsExpireByTheMovedClock) {
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    storage::Session session;
    session.access_key = "ASIAMOVEDCLOCK000001";
    session.secret = "secret";
    session.token = "token";
    session.kind = storage::SessionKind::kUser;
    session.account = settings.account;
    session.created_at = api_clock.now();
    session.expires_at = api_clock.now() + hours(1);
    storage::put_session(txn, session);
    txn.commit();
  }
  keys = {"ASIAMOVEDCLOCK000001", "secret"};
  const auto ask = [&] {
    return control.handle(signed_request("DescribeRepositories", "{}", "token"));
  };
  EXPECT_EQ(ask().status, 200) << body_of(ask());
  change({{"advance", "1h"}});
  const HttpResponse refused = ask();
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(Json::parse(body_of(refused))["__type"], "ExpiredTokenException");
}

}  // namespace
}  // namespace ecr::api::test
