// /_ecr-local/events: pages, filters and the live stream.
#include "api/core/background/event_log.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class EventRoutes : public ApiTest {
 protected:
  EventRoutes() {
    call("CreateRepository", {{"repositoryName", "app"}});
    push_image("app", "v1", "one");
    push_image("app", "v2", "two");
  }

  HttpResponse get(const std::string& query) {
    return admin.handle(make_request("GET", "/_ecr-local/events" + query, {{"Host", host}}, ""));
  }
  Json list(const std::string& query) {
    const auto response = get(query);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
};

TEST_F(EventRoutes, ACallIsListedAsSoonAsItIsAnswered) {
  call("ListImages", {{"repositoryName", "app"}});
  const Json newest = list("?limit=1")["events"][0];
  EXPECT_EQ(newest["kind"], "record");
  EXPECT_EQ(newest["event"]["eventName"], "ListImages");
  EXPECT_EQ(newest["requestId"], "request-id");
}

TEST_F(EventRoutes, PagesWalkAllOnceNewestFirst) {
  std::vector<std::int64_t> walked;
  std::string query = "?limit=2";
  for (;;) {
    const Json page = list(query);
    for (const Json& each : page["events"]) walked.push_back(each["sequence"].get<std::int64_t>());
    if (!page.contains("nextToken")) break;
    query = "?limit=2&nextToken=" + page["nextToken"].get<std::string>();
  }
  std::vector<std::int64_t> all;
  const Json whole = list("?limit=1000");
  for (const Json& each : whole["events"]) all.push_back(each["sequence"].get<std::int64_t>());
  EXPECT_GT(all.size(), 8U);
  EXPECT_EQ(walked, all);
}

TEST_F(EventRoutes, FiltersSelectEvents) {
  const struct {
    const char* query;
    std::size_t count;
  } kCases[] = {
      {"?kind=event", 2},
      {"?detail-type=ECR%20Image%20Action", 2},
      {"?detail-type=ECR%20Image%20Scan", 0},
      {"?eventName=PutImage", 2},
      {"?eventName=PutImage&kind=event", 0},
      {"?source=aws.ecr", 2},
      {"?eventName=PutImage&source=ecr.amazonaws.com", 2},
      {"?kind=event&account=000000000000&region=us-east-1", 2},
      {"?kind=event&account=111122223333", 0},
      {"?kind=event&region=eu-west-1", 0},
      {"?requestId=nobody", 0},
      {"?kind=event&requestId=request-id", 2},
      {"?kind=event&since=2023-11-14T22:13:20Z", 2},
      {"?kind=event&since=2023-11-14T22:13:21Z", 0},
  };
  for (const auto& [query, count] : kCases) {
    EXPECT_EQ(list(query)["events"].size(), count) << query;
  }
}

TEST_F(EventRoutes, BadParametersAreNamed) {
  const std::pair<const char*, const char*> kCases[] = {
      {"?kind=both", "kind: "},
      {"?limit=0", "limit: "},
      {"?limit=1001", "limit: "},
      {"?since=yesterday", "since: "},
      {"?colour=red", "colour: "},
      {"?nextToken=forged", "nextToken: "},
      {"?follow=true&limit=2", "limit: "},
      {"?after=-1", "after: "},
  };
  for (const auto& [query, place] : kCases) {
    const auto response = get(query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_TRUE(Json::parse(body_of(response))["message"].get<std::string>().starts_with(place))
        << body_of(response);
  }
}

TEST_F(EventRoutes, APageTokenIsValidForItsListingOnly) {
  const std::string token = list("?limit=2")["nextToken"].get<std::string>();
  EXPECT_EQ(get("?limit=2&kind=event&nextToken=" + token).status, 400);
}

TEST_F(EventRoutes, TheStreamSendsNewEventsOnce) {
  const auto response = get("?follow=true&kind=event");
  auto& source = *std::get<std::shared_ptr<BodySource>>(response.body);
  EXPECT_EQ(source.poll(), "");
  push_image("app", "v3", "three");
  const std::string news = source.poll();
  EXPECT_TRUE(news.starts_with("id: ")) << news;
  EXPECT_NE(news.find("\"image-tag\":\"v3\""), std::string::npos);
  EXPECT_EQ(source.poll(), "");
}

TEST_F(EventRoutes, TheStreamStartsBehindASequence) {
  const auto first = list("?kind=event")["events"][1]["sequence"].get<std::int64_t>();
  const auto response = get("?follow=true&kind=event&after=" + std::to_string(first));
  auto& source = *std::get<std::shared_ptr<BodySource>>(response.body);
  const std::string news = source.poll();
  EXPECT_EQ(news.find("\"image-tag\":\"v1\""), std::string::npos);
  EXPECT_NE(news.find("\"image-tag\":\"v2\""), std::string::npos);
}

TEST_F(EventRoutes, UsersDoNotReachAdministration) {
  const std::pair<const char*, const char*> kRoutes[] = {
      {"GET", "/_ecr-local/events"},   {"GET", "/_ecr-local/snapshot"},
      {"POST", "/_ecr-local/reset"},   {"POST", "/_ecr-local/seed"},
      {"PUT", "/_ecr-local/snapshot"}, {"GET", "/_ecr-local/decisions"},
  };
  settings.admin_token = "planted";
  const HttpRequest signed_one = signed_request("DescribeRepositories", "{}");
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& [name, value] : signed_one.headers.fields()) headers.emplace_back(name, value);
  for (const auto& [method, path] : kRoutes) {
    for (const auto& with :
         {headers, decltype(headers){{"Host", host}, {"Authorization", "Basic " + token()}}}) {
      const HttpRequest request = make_request(method, path, with, "");
      const admin::AdminRoute* const route = admin.routes().find(request);
      if (route != nullptr && route->take_body) {
        const auto start = admin.open(request);
        ASSERT_TRUE(std::holds_alternative<HttpResponse>(start)) << path;
        EXPECT_EQ(std::get<HttpResponse>(start).status, 403) << path;
      } else {
        EXPECT_EQ(admin.handle(request).status, 403) << path;
      }
    }
  }
}

}  // namespace
}  // namespace ecr::api::test
