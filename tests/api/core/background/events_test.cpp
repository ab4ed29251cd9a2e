// Events in EventBridge's shape, and records of calls in CloudTrail's.
#include "api/core/background/events.h"

#include "api/admin/seed/seed.h"
#include "api/core/background/event_log.h"
#include "schemas/model/digest.h"
#include "storage/rows/events.h"
#include "tests/api/fixture.h"
#include "tests/schemas/model/names.h"

namespace ecr::api {
namespace {

using storage::EventKind;
using test::Json;

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";

class Events : public test::ApiTest {
 protected:
  Events() { call("CreateRepository", {{"repositoryName", "app"}}); }

  std::vector<Json> log(EventKind kind) {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    std::vector<Json> bodies;
    for (const auto& row : storage::events_after(txn, kind, seen_, 1000)) {
      bodies.push_back(Json::parse(row.body));
    }
    return bodies;
  }
  // From here on.
  void forget() {
    events.flush();
    seen_ = events.newest();
  }
  Json last_record() {
    const auto records = log(EventKind::kRecord);
    return records.empty() ? Json() : records.back();
  }
  std::vector<std::string> record_names() {
    std::vector<std::string> names;
    for (const Json& record : log(EventKind::kRecord))
      names.push_back(record["eventName"].get<std::string>());
    return names;
  }

 private:
  std::int64_t seen_ = 0;
};

TEST_F(Events, APushRaisesAnImageActionInEventBridgesShape) {
  const std::string manifest = push_image("app", "v1", "layer");
  const auto found = log(EventKind::kEvent);
  ASSERT_EQ(found.size(), 1U);
  Json event = found.front();
  EXPECT_EQ(event["id"].get<std::string>().size(), 36U);
  event.erase("id");
  EXPECT_EQ(event, Json({{"version", "0"},
                         {"detail-type", "ECR Image Action"},
                         {"source", "aws.ecr"},
                         {"account", "000000000000"},
                         {"time", "2023-11-14T22:13:20Z"},
                         {"region", "us-east-1"},
                         {"resources", Json::array()},
                         {"detail",
                          {{"result", "SUCCESS"},
                           {"repository-name", "app"},
                           {"image-digest", model::Digest::of(manifest).text()},
                           {"action-type", "PUSH"},
                           {"image-tag", "v1"},
                           {"manifest-media-type", kManifestType},
                           {"artifact-media-type", "application/vnd.oci.image.config.v1+json"}}}}));
}

TEST_F(Events, PushingTheSameAgainRaisesNothing) {
  push_image("app", "v1", "layer");
  forget();
  push_image("app", "v1", "layer");
  EXPECT_TRUE(log(EventKind::kEvent).empty());
}

TEST_F(Events, EveryDeletedImageIdRaisesADelete) {
  push_image("app", "v1", "layer");
  push_image("app", "v2", "layer");
  const std::string digest = model::Digest::of(push_image("app", "v3", "layer")).text();
  forget();
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageTag", "v3"}}}}});
  call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", {{{"imageDigest", digest}}}}});
  std::vector<std::string> tags;
  for (const Json& event : log(EventKind::kEvent)) {
    EXPECT_EQ(event["detail"]["action-type"], "DELETE");
    EXPECT_EQ(event["detail"]["image-digest"], digest);
    tags.push_back(event["detail"]["image-tag"].get<std::string>());
  }
  EXPECT_EQ(tags, (std::vector<std::string>{"v3", "v1", "v2"}));
}

TEST_F(Events, AFailedCallRaisesNoEventButARecord) {
  const Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config",
       {{"mediaType", "a/b"}, {"digest", model::Digest::of("absent").text()}, {"size", 6}}},
      {"layers", Json::array()}};
  fail("PutImage", {{"repositoryName", "app"}, {"imageManifest", manifest.dump()}});
  EXPECT_TRUE(log(EventKind::kEvent).empty());
  const Json record = last_record();
  EXPECT_EQ(record["errorCode"], "LayersNotFoundException");
  EXPECT_NE(record["errorMessage"], "");
  EXPECT_EQ(record["requestParameters"]["repositoryName"], "app");
  EXPECT_EQ(record["responseElements"], nullptr);
}

TEST_F(Events, AnArtifactWithASubjectRaisesAReferrerAction) {
  const std::string subject = push_image("app", "v1", "layer");
  const std::string config = push_blob("app", "{}");
  const Json manifest = {
      {"schemaVersion", 2},
      {"mediaType", kManifestType},
      {"config", {{"mediaType", "application/x.sbom"}, {"digest", config}, {"size", 2}}},
      {"layers", Json::array()},
      {"subject",
       {{"mediaType", kManifestType},
        {"digest", model::Digest::of(subject).text()},
        {"size", subject.size()}}}};
  forget();
  call("PutImage", {{"repositoryName", "app"}, {"imageManifest", manifest.dump()}});
  const auto found = log(EventKind::kEvent);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["detail-type"], "ECR Referrer Action");
  EXPECT_EQ(found[0]["detail"]["artifact-media-type"], "application/x.sbom");
  EXPECT_FALSE(found[0]["detail"].contains("image-tag"));
}

TEST_F(Events, ACallIsRecordedAsCloudTrailDoes) {
  Json record = last_record();
  EXPECT_EQ(record["eventID"].get<std::string>().size(), 36U);
  record.erase("eventID");
  Json expected = {{"eventVersion", "1.08"},
                   {"userIdentity",
                    {{"type", "Root"},
                     {"principalId", "000000000000"},
                     {"arn", "arn:aws:iam::000000000000:root"},
                     {"accountId", "000000000000"},
                     {"accessKeyId", "test"}}},
                   {"eventTime", "2023-11-14T22:13:20Z"},
                   {"eventSource", "ecr.amazonaws.com"},
                   {"eventName", "CreateRepository"},
                   {"awsRegion", "us-east-1"},
                   {"sourceIPAddress", "127.0.0.1"},
                   {"userAgent", ""},
                   {"requestParameters", {{"repositoryName", "app"}}},
                   {"requestID", "request-id"},
                   {"readOnly", false},
                   {"resources",
                    {{{"ARN", "arn:aws:ecr:us-east-1:000000000000:repository/app"},
                      {"accountId", "000000000000"}}}},
                   {"eventType", "AwsApiCall"},
                   {"managementEvent", true},
                   {"recipientAccountId", "000000000000"},
                   {"eventCategory", "Management"}};
  EXPECT_EQ(record["responseElements"]["repository"]["createdAt"], "Nov 14, 2023 10:13:20 PM");
  EXPECT_EQ(record["responseElements"]["repository"]["repositoryName"], "app");
  record.erase("responseElements");
  EXPECT_EQ(record, expected);
}

TEST_F(Events, ArnsHaveThePartitionOfTheirRegion) {
  const std::string arn = "arn:aws-cn:ecr:cn-north-1:000000000000:repository/app";
  region = "cn-north-1";
  call("CreateRepository", {{"repositoryName", "app"}});
  EXPECT_EQ(last_record()["resources"][0]["ARN"], arn);
  push_image("app", "v1", "layer");
  const Json record = last_record();
  EXPECT_EQ(record["eventName"], "PutImage");
  EXPECT_EQ(record["resources"][0]["ARN"], arn);
  const storage::Repository repository({"000000000000", region}, model::test::name_of("app"));
  EXPECT_EQ(image_scan_event(repository, model::Digest::of("image"), {},
                             storage::ScanStatus::kComplete, {})
                .resources,
            std::vector<std::string>{arn});
}

TEST_F(Events, TheAnswerOfAReadIsNotRecorded) {
  call("DescribeRepositories", Json::object());
  const Json record = last_record();
  EXPECT_EQ(record["eventName"], "DescribeRepositories");
  EXPECT_EQ(record["requestParameters"], nullptr);
  EXPECT_EQ(record["responseElements"], nullptr);
  EXPECT_EQ(record["readOnly"], true);
}

TEST_F(Events, ADockerPushIsRecordedAsTheCallsItStandsFor) {
  forget();
  const auto begun = registry("POST", "/v2/app/blobs/uploads/");
  const std::string at = test::header_of(begun, "Location");
  const std::string id = test::header_of(begun, "Docker-Upload-UUID");
  registry("PATCH", at, "abc");
  registry("PATCH", at, "defg");
  const std::string digest = model::Digest::of("abcdefg").text();
  registry("PUT", at + "?digest=" + digest);
  std::vector<Json> calls;
  for (const Json& record : log(EventKind::kRecord)) {
    if (record["eventName"] != "GetAuthorizationToken") calls.push_back(record);
  }
  ASSERT_EQ(calls.size(), 4U);
  const Json common = {{"registryId", "000000000000"}, {"repositoryName", "app"}};
  EXPECT_EQ(calls[0]["eventName"], "InitiateLayerUpload");
  EXPECT_EQ(calls[0]["requestParameters"], common);
  EXPECT_EQ(calls[0]["responseElements"], Json({{"partSize", 20 << 20}, {"uploadId", id}}));
  EXPECT_EQ(calls[2]["eventName"], "UploadLayerPart");
  Json part = common;
  part.update({{"uploadId", id}, {"partFirstByte", 3}, {"partLastByte", 6}});
  EXPECT_EQ(calls[2]["requestParameters"], part);
  EXPECT_EQ(calls[2]["responseElements"]["lastByteReceived"], 6);
  EXPECT_EQ(calls[3]["eventName"], "CompleteLayerUpload");
  EXPECT_EQ(calls[3]["requestParameters"]["layerDigests"], Json::array({digest}));
  EXPECT_EQ(calls[3]["responseElements"]["layerDigest"], digest);
}

TEST_F(Events, ADockerPullIsRecordedWithTheTypesItAccepts) {
  push_image("app", "v1", "layer");
  forget();
  registry("GET", "/v2/app/manifests/v1", "",
           {{"Accept", std::string(kManifestType) + ";q=0.5, application/json"},
            {"Accept", "*/*"},
            {"User-Agent", "docker/24"}});
  registry("GET", "/v2/app/blobs/" + model::Digest::of("layer").text());
  registry("HEAD", "/v2/app/blobs/" + model::Digest::of("layer").text());
  std::vector<Json> calls;
  for (const Json& record : log(EventKind::kRecord)) {
    if (record["eventName"] != "GetAuthorizationToken") calls.push_back(record);
  }
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0]["eventName"], "BatchGetImage");
  EXPECT_EQ(calls[0]["userAgent"], "docker/24");
  EXPECT_EQ(calls[0]["requestParameters"]["acceptedMediaTypes"],
            Json::array({kManifestType, "application/json"}));
  EXPECT_EQ(calls[0]["requestParameters"]["imageIds"], Json::array({{{"imageTag", "v1"}}}));
  EXPECT_EQ(calls[1]["eventName"], "GetDownloadUrlForLayer");
  EXPECT_EQ(calls[2]["eventName"], "BatchCheckLayerAvailability");
  for (const Json& call : calls) EXPECT_EQ(call["responseElements"], nullptr);
}

// The same images deleted by the API and by the registry: what is raised and recorded is the same.
TEST_F(Events, ADeleteOfTheRegistryIsOneOfTheApi) {
  std::string digest;
  const auto deleted = [&](const std::function<void()>& act) {
    push_image("app", "v1", "layer");
    digest = model::Digest::of(push_image("app", "v2", "layer")).text();
    forget();
    act();
    std::vector<Json> found;
    for (Json& event : log(EventKind::kEvent)) found.push_back(event["detail"]);
    for (Json& record : log(EventKind::kRecord)) {
      if (record["eventName"] == "GetAuthorizationToken") continue;
      found.push_back(record["eventName"]);
      Json parameters = record["requestParameters"];
      parameters.erase("registryId");  // not given in a call for one's own registry
      found.push_back(parameters);
      found.push_back(record["responseElements"]);
    }
    return found;
  };
  const auto by_api = [&](const Json& id) {
    return deleted([&] {
      call("BatchDeleteImage", {{"repositoryName", "app"}, {"imageIds", Json::array({id})}});
    });
  };
  push_image("app", "v2", "layer");
  digest = model::Digest::of(push_image("app", "v2", "layer")).text();
  for (const auto& [id, reference] : {std::pair(Json({{"imageDigest", digest}}), digest),
                                      std::pair(Json({{"imageTag", "v1"}}), std::string("v1"))}) {
    const auto expected = by_api(id);
    EXPECT_GE(expected.size(), 4u);
    EXPECT_EQ(deleted([&] { registry("DELETE", "/v2/app/manifests/" + reference); }), expected);
  }
}

TEST_F(Events, APushOfSeveralTagsIsAsManyPushes) {
  const std::string text = push_image("app", "v1", "layer");
  const std::string digest = model::Digest::of(text).text();
  forget();
  registry("PUT", "/v2/app/manifests/" + digest + "?tag=a%2Db&tag=v2&tag=v1", text,
           {{"Content-Type", kManifestType}});
  std::vector<std::string> pushed;
  for (const Json& event : log(EventKind::kEvent)) {
    EXPECT_EQ(event["detail"]["action-type"], "PUSH");
    pushed.push_back(event["detail"]["image-tag"].get<std::string>());
  }
  EXPECT_EQ(pushed, (std::vector<std::string>{"a-b", "v2"}));  // v1 is there already
  std::vector<std::string> records;
  for (const Json& record : log(EventKind::kRecord)) {
    if (record["eventName"] != "PutImage") continue;
    EXPECT_EQ(record["responseElements"]["image"]["imageId"]["imageDigest"], digest);
    records.push_back(record["requestParameters"]["imageTag"].get<std::string>());
  }
  EXPECT_EQ(records, (std::vector<std::string>{"a-b", "v2", "v1"}));
}

TEST_F(Events, APushOfSeveralTagsThatFailsIsOneFailure) {
  const std::string text = push_image("app", "v1", "layer");
  forget();
  const std::string digest = model::Digest::of(text).text();
  EXPECT_EQ(registry("PUT", "/v2/app/manifests/" + digest + "?tag=a&tag=b", "{}").status, 400);
  EXPECT_TRUE(log(EventKind::kEvent).empty());
  std::vector<Json> puts;
  for (const Json& record : log(EventKind::kRecord)) {
    if (record["eventName"] == "PutImage") puts.push_back(record);
  }
  ASSERT_EQ(puts.size(), 1u);
  EXPECT_NE(puts[0]["errorCode"], nullptr);
}

TEST_F(Events, ADeletedBlobIsNotADownload) {
  const std::string digest = push_blob("app", "layer");
  forget();
  EXPECT_EQ(registry("DELETE", "/v2/app/blobs/" + digest).status, 202);
  EXPECT_EQ(last_record()["eventName"], "BatchDeleteImage");
}

TEST_F(Events, ADenialIsRecordedOnBothPlanes) {
  admin::apply_seed(
      services,
      test::seed_user("jane", {{"p", test::policy("Allow", "ecr:GetAuthorizationToken", "*")}})
          .dump());
  keys = test::kSeededKeys;
  forget();
  fail("DescribeRepositories", Json::object());
  const Json denied = last_record();
  EXPECT_EQ(denied["errorCode"], "AccessDenied");
  EXPECT_EQ(denied["userIdentity"]["type"], "IAMUser");
  EXPECT_EQ(denied["userIdentity"]["userName"], "jane");
  EXPECT_EQ(denied["recipientAccountId"], "111122223333");
  registry("POST", "/v2/app/blobs/uploads/");
  const Json push = last_record();
  EXPECT_EQ(push["eventName"], "InitiateLayerUpload");
  EXPECT_EQ(push["errorCode"], "AccessDenied");
  EXPECT_NE(push["errorMessage"].get<std::string>().find("not authorized to perform"),
            std::string::npos);
}

TEST_F(Events, AnUnauthenticatedCallIsNotRecorded) {
  forget();
  keys.secret = "wrong";
  send("DescribeRepositories", std::string("{}"));
  registry_plane.handle(test::make_request("GET", "/v2/app/manifests/v1", {{"Host", host}}, ""));
  EXPECT_TRUE(log(EventKind::kRecord).empty());
}

TEST_F(Events, NoSecretIsRecorded) {
  admin::apply_seed(services,
                    test::seed_user("jane", {{"p", test::policy("Allow", "*", "*")}}).dump());
  keys = test::kSeededKeys;
  const std::string secret_token = token();
  registry("GET", "/v2/app/manifests/v1");
  events.flush();
  auto txn = store->database().begin(storage::sql::Access::kRead);
  const auto rows = storage::events_after(txn, 0, 1000);
  EXPECT_GT(rows.size(), 2U);
  for (const auto& row : rows) {
    EXPECT_EQ(row.body.find(keys.secret), std::string::npos) << row.type;
    EXPECT_EQ(row.body.find(secret_token.substr(0, 60)), std::string::npos) << row.type;
  }
}

TEST_F(Events, SequencesGoOnAfterTheLogIsCleared) {
  push_image("app", "v1", "layer");
  forget();
  const auto before = events.newest();
  events.clear();
  EXPECT_TRUE(log(EventKind::kEvent).empty());
  EXPECT_EQ(EventLog(*store, random).newest(), before) << "a restart would give them again";
}

TEST_F(Events, TheBytesOfALayerPartAreNotRecorded) {
  CallRecord record;
  record.operation = "UploadLayerPart";
  record.identity = std::make_shared<const CallIdentity>(make_service_identity("s", "1"));
  record.request_bytes = 300'000;
  record.input = std::make_shared<const Json>(
      Json{{"uploadId", "u"}, {"layerPartBlob", std::string(300'000, 'x')}});
  events.add(record);
  EXPECT_EQ(last_record()["requestParameters"], Json({{"uploadId", "u"}}));
}

}  // namespace
}  // namespace ecr::api
