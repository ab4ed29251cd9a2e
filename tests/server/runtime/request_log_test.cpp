// The last requests in memory, as a list and as a live stream.
#include "server/runtime/request_log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "api/admin/admin_http.h"

namespace ecr::server {
namespace {

using Json = nlohmann::json;

AccessEntry entry(std::string_view target, const api::LogNote& note, int status = 200) {
  AccessEntry made;
  made.time = base::TimePoint(std::chrono::milliseconds(1'700'000'000'000));
  made.request_id = "id-of-it";
  made.peer = "127.0.0.1";
  made.method = "GET";
  made.target = target;
  made.status = status;
  made.received = 3;
  made.sent = 5;
  made.took = std::chrono::microseconds(1234);
  made.note = &note;
  return made;
}

class RequestLogTest : public ::testing::Test {
 protected:
  void add(std::string_view target, const api::LogNote& note = {}, int status = 200) {
    log_.record(entry(target, note, status));
  }
  api::HttpResponse ask(const std::string& query) {
    api::HttpRequest request;
    request.method = "GET";
    request.target = "/_ecr-local/requests" + query;
    return request_route(log_).handle(request);
  }
  Json list(const std::string& query = "") {
    return Json::parse(std::get<std::string>(ask(query).body))["requests"];
  }

  RequestLog log_{3};
};

TEST_F(RequestLogTest, ARequestHasWhatTheAccessLogSaysOfIt) {
  api::LogNote note;
  note.principal = "arn:aws:iam::000000000000:user/jane";
  note.action = "ecr:PutImage";
  note.error = "AccessDeniedException: not authorized";
  note.error_type = "AccessDenied";
  add("/v2/app/manifests/1?X-Amz-Signature=secret", note, 403);
  EXPECT_EQ(list(), Json::parse(R"([{"sequence": 1, "requestId": "id-of-it",
    "time": "2023-11-14T22:13:20Z", "client": "127.0.0.1", "method": "GET",
    "path": "/v2/app/manifests/1", "status": 403, "micros": 1234, "bytesIn": 3, "bytesOut": 5,
    "action": "ecr:PutImage", "principal": "arn:aws:iam::000000000000:user/jane",
    "decision": "Denied", "error": "AccessDeniedException: not authorized"}])"));
}

TEST_F(RequestLogTest, ACallerWhoIsNotKnownHasNoDecision) {
  api::LogNote note;
  note.error = "UNAUTHORIZED: authentication required";
  add("/v2/", note, 401);
  EXPECT_TRUE(list()[0]["decision"].is_null());
  EXPECT_TRUE(list()[0]["principal"].is_null());
}

TEST_F(RequestLogTest, ADenialThatSoftModeLetPassIsOne) {
  api::LogNote note;
  note.principal = "arn:aws:iam::000000000000:user/jane";
  note.action = "ecr:PutImage";
  add("/", note);
  note.iam_soft = "not authorized";
  add("/", note);
  EXPECT_EQ(list()[0]["decision"], "Denied");
  EXPECT_EQ(list()[1]["decision"], "Allowed");
}

TEST_F(RequestLogTest, TheServersOwnPathsAreLeftOut) {
  add("/_ecr-local/decisions");
  add("/metrics");
  add("/_localstack/health");
  EXPECT_EQ(log_.newest(), 0u);
}

TEST_F(RequestLogTest, TheOldestGoFirst) {
  for (const char* path : {"/a", "/b", "/c", "/d"}) add(path);
  const Json all = list();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["path"], "/d");
  EXPECT_EQ(all[2]["path"], "/b");
  EXPECT_EQ(list("?limit=1")[0]["path"], "/d");
  EXPECT_EQ(list("?after=3")[0]["path"], "/d");
  EXPECT_TRUE(list("?after=4").empty());
  EXPECT_TRUE(list("?after=99").empty());
  EXPECT_TRUE(list("?since=2030-01-01T00:00:00Z").empty());
}

TEST_F(RequestLogTest, TextsOfClientsAreCut) {
  api::LogNote note;
  note.error = std::string(100'000, 'x');
  add("/" + std::string(100'000, 'y'), note);
  EXPECT_LT(list()[0].dump().size(), 4096u);
}

TEST_F(RequestLogTest, AStreamHasWhatCameAfterItBegan) {
  add("/old");
  auto response = ask("?follow=true");
  auto& source = *std::get<std::shared_ptr<api::BodySource>>(response.body);
  EXPECT_EQ(source.poll(), "");
  add("/new");
  const std::string text = source.poll();
  EXPECT_EQ(text.rfind("id: 2\ndata: {\"sequence\":2,", 0), 0u) << text;
  EXPECT_EQ(source.poll(), "");
  for (const char* path : {"/a", "/b", "/c", "/d"}) add(path);
  // One was gone before it was read.
  EXPECT_EQ(source.poll().find("\"/a\""), std::string::npos);
}

TEST_F(RequestLogTest, BadParametersAreNamed) {
  EXPECT_THROW(ask("?limit=0"), api::admin::ParameterError);
  EXPECT_THROW(ask("?limit=1001"), api::admin::ParameterError);
  EXPECT_THROW(ask("?what=1"), api::admin::ParameterError);
  EXPECT_THROW(ask("?nextToken=abc"), api::admin::ParameterError);
  EXPECT_THROW(ask("?follow=true&limit=1"), api::admin::ParameterError);
}

}  // namespace
}  // namespace ecr::server
