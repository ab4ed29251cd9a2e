#include "storage/rows/lifecycle.h"

#include <set>

#include "api/images/lifecycle/lifecycle_jobs.h"
#include "storage/rows/events.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"
#include "tests/api/ecr/lifecycle_fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api::test::lifecycle_policies {
namespace {

TEST_F(LifecycleTest, APolicyComesBackCompactedAndUnevaluated) {
  const std::string text = R"({ "rules": [ {"rulePriority": 1, "description": "keep one",
      "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1},
      "action": {"type": "expire"}} ] })";
  const std::string compact =
      R"({"rules":[{"rulePriority":1,"description":"keep one","selection":{"tagStatus":"untagged",)"
      R"("countType":"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]})";
  const Json expected = {
      {"registryId", "000000000000"}, {"repositoryName", "app"}, {"lifecyclePolicyText", compact}};
  EXPECT_EQ(call("PutLifecyclePolicy", in_app({{"lifecyclePolicyText", text}})), expected);
  Json with_time = expected;
  with_time["lastEvaluatedAt"] = 0.0;
  EXPECT_EQ(call("GetLifecyclePolicy", in_app()), with_time);
  EXPECT_EQ(call("DeleteLifecyclePolicy", in_app()), with_time);
  EXPECT_EQ(fail("GetLifecyclePolicy", in_app()).first, "LifecyclePolicyNotFoundException");
}

TEST_F(LifecycleTest, BadInputsAreRefusedInEcrsWords) {
  const std::string good = text_of({rule(1, more_than(1)), rule(2, more_than(2, "untagged"))});
  const std::string missing =
      "The repository with name 'none' does not exist in the registry with id '000000000000'";
  const std::string no_policy =
      "Lifecycle policy does not exist for the repository with name 'app' in the registry with id "
      "'000000000000'";
  const std::string prefix =
      "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy "
      "validation failure: ";
  const std::string any_first =
      "Rule for tagStatus=ANY must have the lowest priority per storage class'";
  const std::string two_untagged =
      text_of({rule(1, more_than(1, "untagged")), rule(2, more_than(2, "untagged"))});
  const Json bare_tagged = {
      {"tagStatus", "tagged"}, {"countType", "imageCountMoreThan"}, {"countNumber", 1}};
  const Json none = {{"repositoryName", "none"}};
  const struct {
    const char* operation;
    Json input;
    const char* type;
    std::string message;  // empty: not published
  } kCases[] = {
      {"GetLifecyclePolicy", none, "RepositoryNotFoundException", missing},
      {"DeleteLifecyclePolicy", none, "RepositoryNotFoundException", missing},
      {"StartLifecyclePolicyPreview", none, "RepositoryNotFoundException", missing},
      {"GetLifecyclePolicyPreview", none, "RepositoryNotFoundException", missing},
      {"PutLifecyclePolicy",
       {{"repositoryName", "none"}, {"lifecyclePolicyText", good}},
       "RepositoryNotFoundException",
       missing},
      {"GetLifecyclePolicy", in_app(), "LifecyclePolicyNotFoundException", no_policy},
      {"DeleteLifecyclePolicy", in_app(), "LifecyclePolicyNotFoundException", no_policy},
      {"StartLifecyclePolicyPreview", in_app(), "LifecyclePolicyNotFoundException", no_policy},
      {"GetLifecyclePolicyPreview", in_app(), "LifecyclePolicyPreviewNotFoundException", ""},
      {"PutLifecyclePolicy", in_app(), "InvalidParameterException",
       "Invalid parameter at 'lifecyclePolicyText' failed to satisfy constraint: 'Member must not "
       "be null'"},
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", "{}"}}), "InvalidParameterException",
       ""},  // shorter than 100
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", std::string(30721, ' ')}}),
       "InvalidParameterException", ""},
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", good}}), "InvalidParameterException",
       prefix + any_first},
      {"StartLifecyclePolicyPreview", in_app({{"lifecyclePolicyText", good}}),
       "InvalidParameterException", prefix + any_first},
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", two_untagged}}),
       "InvalidParameterException",
       prefix + "Only one rule can select Untagged images per storage class.'"},
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", text_of({rule(1, bare_tagged)})}}),
       "InvalidParameterException",
       prefix + "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.'"},
      {"PutLifecyclePolicy", in_app({{"lifecyclePolicyText", std::string(100, 'x')}}),
       "InvalidParameterException", prefix + "Could not map policyString into LifecyclePolicy.'"},
      {"GetLifecyclePolicyPreview", in_app({{"maxResults", 101}}), "InvalidParameterException", ""},
      {"GetLifecyclePolicyPreview", in_app({{"filter", {{"tagStatus", "SOME"}}}}),
       "InvalidParameterException", ""},
  };
  for (const auto& [operation, input, type, message] : kCases) {
    const auto [actual_type, actual_message] = fail(operation, input);
    EXPECT_EQ(actual_type, type) << operation << input;
    if (!message.empty()) {
      EXPECT_EQ(actual_message, message) << operation << input;
    }
  }
}

TEST_F(LifecycleTest, IsExecutedWithinADayAndThenEveryDay) {
  push_image("app", "old", "old");
  put({rule(1, since_pushed(90))});
  clock.time += hours(20);
  EXPECT_TRUE(runner.run_due(10).outcomes.empty());
  clock.time += hours(4);
  EXPECT_EQ(runner.run_due(10).outcomes.size(), 1u);
  EXPECT_EQ(call("GetLifecyclePolicy", in_app())["lastEvaluatedAt"],
            base::to_epoch_seconds(clock.now()));
  EXPECT_EQ(tags(), TagList{"old"});
  clock.time += 89 * kDay;
  push_image("app", "young", "young");
  EXPECT_EQ(runner.run_due(10).outcomes.size(), 1u);
  EXPECT_EQ(tags(), (TagList{"old", "young"}));  // exactly 90 days old
  clock.time += kDay;
  runner.run_due(10);
  EXPECT_EQ(tags(), TagList{"young"});
  EXPECT_EQ(fail("DescribeImages", in_app({{"imageIds", {{{"imageTag", "old"}}}}})).first,
            "ImageNotFoundException");
}

TEST_F(LifecycleTest, WhatAPolicyDoesIsToldLikeAnyOtherDeletion) {
  push_image("app", "old", "old");
  push_image("app", "older", "old");
  push_image("app", "kept", "kept");
  put({rule(1, {{"tagStatus", "tagged"},
                {"tagPrefixList", {"old"}},
                {"countType", "sinceImagePushed"},
                {"countUnit", "days"},
                {"countNumber", 1}})});
  const std::string digest = digest_of("old");
  clock.time += 2 * kDay;
  evaluate();
  std::vector<std::string> tags;
  for (const Json& event : log(storage::EventKind::kEvent)) {
    EXPECT_EQ(event["detail-type"], "ECR Image Action");
    EXPECT_EQ(event["detail"]["action-type"], "DELETE");
    EXPECT_EQ(event["detail"]["image-digest"], digest);
    EXPECT_EQ(event["detail"]["manifest-media-type"], "application/vnd.oci.image.manifest.v1+json");
    tags.push_back(event["detail"]["image-tag"].get<std::string>());
  }
  EXPECT_EQ(tags, (std::vector<std::string>{"old", "older"}));
}

TEST_F(LifecycleTest, WhatAPolicyArchivesIsTold) {
  push_image("app", "v1", "one");
  const std::string digest = digest_of("v1");
  put({rule(1, since_pushed(1), kToArchive)});
  clock.time += 2 * kDay;
  evaluate();
  const auto told = log(storage::EventKind::kEvent);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0]["detail"]["action-type"], "UPDATE_STORAGE_CLASS");
  EXPECT_EQ(told[0]["detail"]["target-storage-class"], "ARCHIVE");
  EXPECT_EQ(told[0]["detail"]["image-digest"], digest);
  EXPECT_EQ(told[0]["detail"]["image-tag"], "v1");
  EXPECT_FALSE(told[0]["detail"].contains("last-activated-at"));
}

TEST_F(LifecycleTest, EveryRunIsRecordedAsCloudTrailDoes) {
  push_image("app", "old", "old");
  const std::string digest = digest_of("old");
  const auto pushed = clock.now().time_since_epoch().count();
  put({rule(4, since_pushed(1))});
  evaluate();
  auto records = log(storage::EventKind::kRecord);
  ASSERT_EQ(records.size(), 1u);  // nothing was done
  EXPECT_EQ(records[0]["serviceEventDetails"]["lifecycleEventImageActions"], Json::array());
  EXPECT_EQ(records[0]["serviceEventDetails"]["lifecycleEventPolicy"]["lastEvaluatedAt"], 0);
  const auto evaluated = clock.now().time_since_epoch().count();
  clock.time += 2 * kDay;
  evaluate();
  records = log(storage::EventKind::kRecord);
  ASSERT_EQ(records.size(), 1u);
  const Json& record = records[0];
  EXPECT_EQ(record["eventName"], "PolicyExecutionEvent");
  EXPECT_EQ(record["eventType"], "AwsServiceEvent");
  EXPECT_EQ(record["userIdentity"]["invokedBy"], "AWS Internal");
  EXPECT_EQ(record["resources"][0]["ARN"], "arn:aws:ecr:us-east-1:000000000000:repository/app");
  Json details = record["serviceEventDetails"];
  EXPECT_EQ(details["lifecycleEventPolicy"]["policyId"].get<std::string>().size(), 36u);
  details["lifecycleEventPolicy"].erase("policyId");
  // Its wording is not published for this type.
  details["lifecycleEventPolicy"]["lifecycleEventRules"][0]["lifecycleEventSelection"].erase(
      "countType");
  const Json expected_rule = {
      {"rulePriority", 4},
      {"lifecycleEventSelection",
       {{"tagStatus", "Any"}, {"tagPrefixList", Json::array()}, {"countNumber", 1}}},
      {"action", "expire"}};
  const Json expected_action = {{"lifecycleEventImage",
                                 {{"digest", digest},
                                  {"tagStatus", "Tagged"},
                                  {"tagList", Json::array({"old"})},
                                  {"pushedAt", pushed}}},
                                {"rulePriority", 4}};
  EXPECT_EQ(details, (Json{{"repositoryName", "app"},
                           {"lifecycleEventPolicy",
                            {{"lifecycleEventRules", Json::array({expected_rule})},
                             {"lastEvaluatedAt", evaluated},
                             {"policyVersion", 1}}},
                           {"lifecycleEventImageActions", Json::array({expected_action})}}));
}

TEST_F(LifecycleTest, ARecordSpeaksOfTenImagesAtMost) {
  for (int i = 0; i < 23; ++i) push_image("app", "v" + std::to_string(i), std::to_string(i));
  put({rule(1, since_pushed(1))});
  clock.time += 2 * kDay;
  evaluate();
  std::vector<std::size_t> sizes;
  for (const Json& record : log(storage::EventKind::kRecord)) {
    sizes.push_back(record["serviceEventDetails"]["lifecycleEventImageActions"].size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 3}));
}

TEST_F(LifecycleTest, ANewPolicyHasNotBeenEvaluated) {
  put({rule(1, since_pushed(90))});
  runner.make_due("");
  runner.run_due(10);
  EXPECT_NE(call("GetLifecyclePolicy", in_app())["lastEvaluatedAt"], 0.0);
  put({rule(1, since_pushed(91))});
  EXPECT_EQ(call("GetLifecyclePolicy", in_app())["lastEvaluatedAt"], 0.0);
  clock.time += kDay;
  EXPECT_EQ(runner.run_due(10).outcomes.size(), 1u);
}

TEST_F(LifecycleTest, WithoutAPolicyNothingIsLeftToDo) {
  push_image("app", "1", "one");
  put({rule(1, more_than(1))});
  call("DeleteLifecyclePolicy", in_app());
  EXPECT_FALSE(runner.next_due().has_value());
  put({rule(1, since_pushed(1))});
  call("DeleteRepository", in_app({{"force", true}}));
  clock.time += 9 * kDay;
  EXPECT_EQ(runner.run_due(10).outcomes.size(), 1u);  // finds nothing
  EXPECT_FALSE(runner.next_due().has_value());
}

TEST_F(LifecycleTest, AnIndexHoldsItsImagesUntilItGoes) {
  const std::string child = push_image("app", "child", "child");
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", "application/vnd.oci.image.index.v1+json"},
                         {"manifests",
                          {{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                            {"digest", model::Digest::of(child).text()},
                            {"size", child.size()}}}}};
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/index", manifest.dump(),
                     {{"Content-Type", "application/vnd.oci.image.index.v1+json"}})
                .status,
            201);
  clock.time += 2 * kDay;
  Json tagged = since_pushed(1, "tagged");
  tagged["tagPrefixList"] = {"child"};
  put({rule(1, tagged)});
  runner.make_due("");
  runner.run_due(10);
  EXPECT_EQ(tags(), (TagList{"child", "index"}));
  put({rule(1, since_pushed(1))});
  runner.make_due("");
  runner.run_due(10);
  EXPECT_EQ(tags(), TagList{});
}

TEST_F(LifecycleTest, WhatRefersToAnExpiredImageGoesWithIt) {
  const std::string subject = push_image("app", "old", "old");
  clock.time += 2 * kDay;
  const std::string config = "{}";
  const Json signature = {{"schemaVersion", 2},
                          {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                          {"artifactType", "application/x.signature"},
                          {"config",
                           {{"mediaType", "application/vnd.oci.empty.v1+json"},
                            {"digest", push_blob("app", config)},
                            {"size", config.size()}}},
                          {"layers", Json::array()},
                          {"subject",
                           {{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                            {"digest", model::Digest::of(subject).text()},
                            {"size", subject.size()}}}};
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/signature", signature.dump(),
                     {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}})
                .status,
            201);
  EXPECT_EQ(tags(), (TagList{"old", "signature"}));
  const Json done = preview({rule(1, since_pushed(1))});
  EXPECT_EQ(done["previewResults"].size(), 1u);  // what the rule itself does
  put({rule(1, since_pushed(1))});
  runner.make_due("");
  runner.run_due(10);
  EXPECT_EQ(tags(), TagList{});
}

TEST_F(LifecycleTest, ATransitionArchivesAndAnArchivedImageExpiresLater) {
  push_image("app", "old", "old");
  const std::string digest = digest_of("old");
  clock.time += 40 * kDay;
  Json in_archive = {{"tagStatus", "any"},
                     {"storageClass", "archive"},
                     {"countType", "sinceImageTransitioned"},
                     {"countUnit", "days"},
                     {"countNumber", 90}};
  put({rule(1, since_pushed(30), kToArchive), rule(2, in_archive)});
  runner.make_due("");
  runner.run_due(10);
  const auto find = [&] {
    auto txn = store->database().begin(storage::sql::Access::kRead);
    const auto repository = storage::find_repository(txn, {settings.account, settings.region},
                                                     model::test::name_of("app"));
    return storage::find_image(txn, repository->id, *model::Digest::parse(digest));
  };
  ASSERT_TRUE(find().has_value());
  EXPECT_EQ(find()->status, storage::ImageStatus::kArchived);
  EXPECT_EQ(find()->last_archived_at, clock.now());
  EXPECT_EQ(tags(), TagList{});
  EXPECT_EQ(registry("GET", "/v2/app/manifests/old").status, 404);
  clock.time += 90 * kDay;
  runner.run_due(10);
  EXPECT_TRUE(find().has_value());
  clock.time += kDay;
  runner.run_due(10);
  EXPECT_FALSE(find().has_value());
}

TEST_F(LifecycleTest, AnArchivedImageIsListedOnRequestAndAPushBringsItBack) {
  const std::string manifest = push_image("app", "old", "old");
  push_image("app", "old", "newer");  // leaves the first untagged
  const std::string digest = model::Digest::of(manifest).text();
  clock.time += 2 * kDay;
  put({rule(1, since_pushed(1, "untagged"), kToArchive)});
  runner.make_due("");
  runner.run_due(10);
  const auto archived_at = clock.now();
  const auto listed = [&](const char* operation, const char* list, const Json& filter) {
    return call(operation, in_app({{"filter", filter}}))[list].size();
  };
  for (const auto& [operation, list] :
       {std::pair("ListImages", "imageIds"), std::pair("DescribeImages", "imageDetails")}) {
    EXPECT_EQ(listed(operation, list, Json::object()), 1u) << operation;
    EXPECT_EQ(listed(operation, list, {{"imageStatus", "ACTIVE"}}), 1u) << operation;
    EXPECT_EQ(listed(operation, list, {{"imageStatus", "ARCHIVED"}}), 1u) << operation;
    EXPECT_EQ(listed(operation, list, {{"imageStatus", "ANY"}}), 2u) << operation;
    EXPECT_EQ(listed(operation, list, {{"imageStatus", "ARCHIVED"}, {"tagStatus", "TAGGED"}}), 0u);
    EXPECT_EQ(listed(operation, list, {{"imageStatus", "ARCHIVED"}, {"tagStatus", "UNTAGGED"}}),
              1u);
    EXPECT_EQ(listed(operation, list, {{"tagStatus", "UNTAGGED"}}), 0u) << operation;
  }
  const auto describe = [&] {
    return call(
        "DescribeImages",
        in_app({{"imageIds", Json::array({{{"imageDigest", digest}}})}}))["imageDetails"][0];
  };
  EXPECT_EQ(describe()["imageStatus"], "ARCHIVED");
  EXPECT_EQ(describe()["lastArchivedAt"], base::to_epoch_seconds(archived_at));
  const Json got =
      call("BatchGetImage", in_app({{"imageIds", Json::array({{{"imageDigest", digest}}})}}));
  EXPECT_EQ(got["failures"][0]["failureCode"], "ImageNotFound");
  EXPECT_EQ(registry("GET", "/v2/app/manifests/" + digest).status, 404);
  clock.time += hours(1);
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/" + digest, manifest,
                     {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}})
                .status,
            201);
  EXPECT_EQ(describe()["imageStatus"], "ACTIVE");
  EXPECT_EQ(describe()["lastActivatedAt"], base::to_epoch_seconds(clock.now()));
  EXPECT_EQ(registry("GET", "/v2/app/manifests/" + digest).status, 200);
}

TEST_F(LifecycleTest, ManyImagesGoInSeveralTransactions) {
  {
    auto txn = store->database().begin(storage::sql::Access::kWrite);
    const auto repository = storage::find_repository(txn, {settings.account, settings.region},
                                                     model::test::name_of("app"));
    for (int i = 0; i < 1000; ++i) {
      storage::Image image(model::Digest::of("manifest" + std::to_string(i)));
      image.media_type = "application/vnd.oci.image.manifest.v1+json";
      image.pushed_at = clock.now() + std::chrono::seconds(i);
      storage::insert_image(txn, repository->id, image, "manifest" + std::to_string(i));
    }
    txn.commit();
  }
  put({rule(1, more_than(3))});
  runner.make_due("");
  runner.run_due(10);
  EXPECT_EQ(call("ListImages", in_app({{"maxResults", 1000}}))["imageIds"].size(), 3u);
}

TEST_F(LifecycleTest, IsAuthorizedLikeEveryOperation) {
  EXPECT_EQ(
      admin
          .handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}},
                               seed_user("jane", {{"p", policy("Allow", "ecr:Get*", "*")}}).dump()))
          .status,
      200);
  keys = kSeededKeys;
  for (const char* operation :
       {"PutLifecyclePolicy", "DeleteLifecyclePolicy", "StartLifecyclePolicyPreview"}) {
    Json input = in_app();
    if (std::string_view(operation) == "PutLifecyclePolicy") {
      input["lifecyclePolicyText"] = text_of({rule(1, more_than(1))});
    }
    const auto [type, message] = fail(operation, input);
    EXPECT_EQ(type, "AccessDeniedException") << operation;
    EXPECT_NE(message.find("ecr:" + std::string(operation)), std::string::npos) << message;
  }
  EXPECT_EQ(fail("GetLifecyclePolicy", in_app()).first, "RepositoryNotFoundException");
}

}  // namespace
}  // namespace ecr::api::test::lifecycle_policies
