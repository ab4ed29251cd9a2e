#include <future>

#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using ControlPlaneTest = ApiTest;

std::string type_of(const HttpResponse& response) {
  return Json::parse(body_of(response)).value("__type", "");
}

TEST_F(ControlPlaneTest, UnknownOperationIsNamedBeforeAnythingElse) {
  for (const char* target : {"AmazonEC2ContainerRegistry_V20150921.Nothing", "Nothing", "A.B"}) {
    const auto response =
        control.handle(make_request("POST", "/", {{"X-Amz-Target", target}}, "{}"));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(type_of(response), "UnknownOperationException") << target;
  }
}

TEST_F(ControlPlaneTest, AnOperationOfTheModelThatDoesNotExistYetSaysSo) {
  for (const auto& [name, model] : model::ServiceModel::ecr().operations()) {
    if (control.apis()[0].find(name) != nullptr) continue;
    const auto [type, message] = fail(name, Json::object());
    EXPECT_EQ(type, "UnknownOperationException");
    EXPECT_NE(message.find("ecr:" + name), std::string::npos) << message;
  }
}

TEST_F(ControlPlaneTest, EveryTableEntryIsAnOperationOfItsModel) {
  for (const ServiceApi& api : control.apis()) {
    for (const Operation* operation : api.operations) {
      EXPECT_NE(api.model().find(operation->name), nullptr) << operation->name;
      EXPECT_TRUE(operation->action.starts_with(std::string(api.signing_name) + ":"));
    }
  }
}

TEST_F(ControlPlaneTest, BodyThatIsNotAnObjectIsASerializationError) {
  for (const char* body : {"[]", "{", "1", "null", R"({"a":1,"a":2})", "\xff"}) {
    const auto response = send("DescribeRepositories", std::string(body));
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(type_of(response), "SerializationException") << body;
  }
}

TEST_F(ControlPlaneTest, NullMembersAreAbsentOnes) {
  call("DescribeRepositories", {{"maxResults", nullptr}, {"repositoryNames", nullptr}});
}

TEST_F(ControlPlaneTest, WrongTypesAreSerializationErrors) {
  EXPECT_EQ(fail("CreateRepository", {{"repositoryName", 7}}).first, "SerializationException");
  EXPECT_EQ(fail("DescribeRepositories", {{"maxResults", "7"}}).first, "SerializationException");
}

TEST_F(ControlPlaneTest, CompressedBodiesAreRefusedAndNotInflated) {
  const auto response = control.handle(
      make_request("POST", "/",
                   {{"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"},
                    {"Content-Encoding", "gzip"}},
                   "\x1f\x8b"));
  EXPECT_EQ(response.status, 415);
}

TEST_F(ControlPlaneTest, UnsignedRequestsAreMissingAToken) {
  for (const ServiceApi& api : control.apis()) {
    if (api.protocol != Protocol::kJson) continue;
    for (const Operation* operation : api.operations) {
      const auto response = control.handle(make_request(
          "POST", "/",
          {{"Host", host},
           {"X-Amz-Target", api.model().target_prefix() + "." + std::string(operation->name)}},
          "{}"));
      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(type_of(response), "MissingAuthenticationTokenException") << operation->name;
    }
  }
}

TEST_F(ControlPlaneTest, WrongSecretIsRefusedForEveryOperation) {
  keys.secret = "wrong";
  for (const Operation* operation : control.apis()[0].operations) {
    EXPECT_EQ(fail(std::string(operation->name), Json::object()).first,
              "InvalidSignatureException");
  }
}

TEST_F(ControlPlaneTest, UnknownKeysAreUnrecognized) {
  keys = {"AKIANOBODYKNOWSTHIS1", "x"};
  EXPECT_EQ(fail("DescribeRepositories", Json::object()),
            std::pair(std::string("UnrecognizedClientException"),
                      std::string("The security token included in the request is invalid.")));
}

TEST_F(ControlPlaneTest, TwelveDigitsAreTheRootOfThatAccount) {
  keys = {"123456789012", "test"};
  const Json created = call("CreateRepository", {{"repositoryName", "mine"}});
  EXPECT_EQ(created["repository"]["registryId"], "123456789012");
}

TEST_F(ControlPlaneTest, DefaultCredentialsCanBeSwitchedOff) {
  settings.account_root_keys = false;
  settings.root_access_key.clear();
  EXPECT_EQ(fail("DescribeRepositories", Json::object()).first, "UnrecognizedClientException");
  keys = {"123456789012", "test"};
  EXPECT_EQ(fail("DescribeRepositories", Json::object()).first, "UnrecognizedClientException");
}

TEST_F(ControlPlaneTest, TheHostOfARegionTakesSignaturesOfThatRegionAlone) {
  host = "api.ecr.eu-west-1.amazonaws.com";
  const auto [type, message] = fail("DescribeRepositories", Json::object());
  EXPECT_EQ(type, "InvalidSignatureException");
  EXPECT_EQ(message, "Credential should be scoped to a valid region, not 'us-east-1'.");
  region = "eu-west-1";
  call("DescribeRepositories", Json::object());
}

TEST_F(ControlPlaneTest, QueryErrorsAreXml) {
  const auto response = control.handle(make_request(
      "POST", "/", {{"Host", host}, {"Content-Type", "application/x-www-form-urlencoded"}},
      "Action=GetCallerIdentity&Version=2011-06-15"));
  EXPECT_EQ(response.status, 403);
  EXPECT_NE(body_of(response).find("<Code>MissingAuthenticationToken</Code>"
                                   "<Message>Request is missing Authentication Token</Message>"),
            std::string::npos)
      << body_of(response);
}

TEST_F(ControlPlaneTest, AnActionGivenTwiceIsRefused) {
  for (const char* body : {"Action=GetCallerIdentity&Action=GetUser&Version=2011-06-15",
                           "Action=GetCallerIdentity&action=GetUser&Version=2011-06-15"}) {
    const auto response = control.handle(
        make_request("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}, body));
    EXPECT_EQ(response.status, 400) << body;
  }
}

// What a call without a chance costs is no other writer's time: it does not wait for the writer.
TEST_F(ControlPlaneTest, CallsAreAuthenticatedAndDecodedBeforeTheyWrite) {
  std::optional<storage::sql::Txn> held = store->database().begin(storage::sql::Access::kWrite);
  const auto answered = [&](const std::string& body, const Keys& by) {
    keys = by;
    auto answer = std::async(std::launch::async, [&] { return send("PutImage", body).status; });
    // Far more than it takes; a call that waits for the writer waits for ever.
    if (answer.wait_for(std::chrono::seconds(20)) == std::future_status::ready) return answer.get();
    held.reset();
    answer.wait();
    return 0;
  };
  EXPECT_EQ(answered(R"({"imageManifest":[{},{},{}]})", {"test", "test"}), 400);
  EXPECT_EQ(answered(R"({"repositoryName":"Not A Name","imageManifest":"{}"})", {"test", "test"}),
            400);
  EXPECT_EQ(answered("{}", {"test", "wrong"}), 400);
}

}  // namespace
}  // namespace ecr::api::test
