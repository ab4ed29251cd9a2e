// The images of one repository, and what lifecycle policies do with them.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/images/lifecycle/lifecycle_jobs.h"
#include "storage/rows/events.h"
#include "tests/api/fixture.h"

namespace ecr::api::test::lifecycle_policies {

using std::chrono::hours;
using std::chrono::minutes;

inline constexpr hours kDay{24};

inline Json rule(int priority, Json selection, Json action = {{"type", "expire"}}) {
  return {{"rulePriority", priority},
          {"selection", std::move(selection)},
          {"action", std::move(action)}};
}
inline Json since_pushed(int number, const std::string& tag_status = "any") {
  return {{"tagStatus", tag_status},
          {"countType", "sinceImagePushed"},
          {"countUnit", "days"},
          {"countNumber", number}};
}
inline Json more_than(int number, const std::string& tag_status = "any") {
  return {{"tagStatus", tag_status}, {"countType", "imageCountMoreThan"}, {"countNumber", number}};
}
inline const Json kToArchive = {{"type", "transition"}, {"targetStorageClass", "archive"}};

// A vector, because Json takes a list of one for the one.
using Rules = std::vector<Json>;
inline std::string text_of(const Rules& rules) { return Json{{"rules", rules}}.dump(); }

class LifecycleTest : public ApiTest {
 protected:
  LifecycleTest() { call("CreateRepository", {{"repositoryName", "app"}}); }

  Json in_app(Json input = Json::object()) {
    input["repositoryName"] = "app";
    return input;
  }
  Json put(const Rules& rules) {
    return call("PutLifecyclePolicy", in_app({{"lifecyclePolicyText", text_of(rules)}}));
  }
  Json preview(const Rules& rules) {
    call("StartLifecyclePolicyPreview", in_app({{"lifecyclePolicyText", text_of(rules)}}));
    runner.run_due(10);
    return call("GetLifecyclePolicyPreview", in_app());
  }
  std::set<std::string> tags() {
    std::set<std::string> tags;
    const Json output = call("ListImages", in_app());
    for (const Json& id : output["imageIds"]) {
      tags.insert(id.value("imageTag", "untagged"));
    }
    return tags;
  }
  std::string digest_of(const std::string& tag) {
    return call(
               "BatchGetImage",
               in_app({{"imageIds", {{{"imageTag", tag}}}}}))["images"][0]["imageId"]["imageDigest"]
        .get<std::string>();
  }

  // The events of that kind, in order, without those of calls.
  std::vector<Json> log(storage::EventKind kind) {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    std::vector<Json> bodies;
    for (const auto& row : storage::events_after(txn, kind, seen_, 1000)) {
      Json body = Json::parse(row.body);
      if (body.value("eventType", "") != "AwsApiCall") bodies.push_back(std::move(body));
    }
    return bodies;
  }
  // Evaluates now; what is logged from here on is of that.
  void evaluate() {
    events.flush();
    seen_ = events.newest();
    runner.make_due("");
    runner.run_due(10);
  }

  std::int64_t seen_ = 0;
  JobRunner runner{services, {api::kLifecycle, api::kLifecyclePreview}};
};

using TagList = std::set<std::string>;

}  // namespace ecr::api::test::lifecycle_policies
