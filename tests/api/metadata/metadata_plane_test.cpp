// Credentials for containers and instances: who gets them, for how long, and in which form.
#include "api/metadata/metadata_plane.h"

#include "tests/api/query_fixture.h"

namespace ecr::api::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Headers = std::vector<std::pair<std::string, std::string>>;

Json trust_service(const Json& services_named, const Json& actions = "sts:AssumeRole",
                   const Json& condition = nullptr) {
  Json statement = {
      {"Effect", "Allow"}, {"Principal", {{"Service", services_named}}}, {"Action", actions}};
  if (!condition.is_null()) statement["Condition"] = condition;
  return {{"Version", "2012-10-17"}, {"Statement", Json::array({statement})}};
}

class Metadata : public QueryTest {
 protected:
  Metadata() { settings.account = "111122223333"; }

  void role(const std::string& name, const Json& trust_policy) {
    const Keys before = keys;
    const std::string token_before = session_token;
    use(Keys{"test", "test"});
    seed({{"accounts",
           {{"111122223333",
             {{"roles",
               {{{"name", name},
                 {"path", "/service/"},
                 {"trustPolicy", trust_policy},
                 {"policies", {{"list", policy("Allow", "ecr:ListImages", "*")}}}}}},
              {"repositories", {{{"name", "app"}}}}}}}}});
    keys = before;
    session_token = token_before;
  }
  HttpResponse container(const std::string& target, const std::string& token = "secret",
                         const std::string& method = "GET") {
    return plane.handle(
        make_request(method, target, {{"Host", host}, {"Authorization", token}}, ""));
  }
  Json container_json(const std::string& target) {
    const HttpResponse response = container(target);
    EXPECT_EQ(response.status, 200) << body_of(response);
    return Json::parse(body_of(response));
  }
  std::string container_error(const std::string& target, int status,
                              const std::string& token = "secret") {
    const HttpResponse response = container(target, token);
    EXPECT_EQ(response.status, status) << body_of(response);
    const Json json = Json::parse(body_of(response));
    EXPECT_TRUE(json.contains("code"));
    return json.value("message", "");
  }
  HttpResponse instance(const std::string& method, const std::string& target, Headers headers) {
    headers.emplace_back("Host", "169.254.169.254");
    HttpRequest request = make_request(method, target, headers, "");
    request.metadata = true;
    return plane.handle(request);
  }
  std::string instance_token(const std::string& life = "21600") {
    const HttpResponse response =
        instance("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", life}});
    EXPECT_EQ(response.status, 200) << body_of(response);
    return body_of(response);
  }
  HttpResponse look(const std::string& target) {
    return instance("GET", target, {{"X-aws-ec2-metadata-token", instance_token()}});
  }
  // ListImages with what the endpoint gave; the status.
  int list_images(const Json& credentials) {
    use(Json{{"AccessKeyId", credentials["AccessKeyId"]},
             {"SecretAccessKey", credentials["SecretAccessKey"]},
             {"SessionToken", credentials["Token"]}});
    return control
        .handle(signed_request("ListImages", R"({"repositoryName":"app"})", session_token))
        .status;
  }
  Json last_decision() {
    const HttpResponse response = admin.handle(
        make_request("GET", "/_ecr-local/decisions?limit=1&trace=true", {{"Host", host}}, ""));
    return Json::parse(body_of(response))["decisions"][0];
  }

  metadata::MetadataPlane plane{
      services,
      {.container_token = "secret", .instance_account = "111122223333", .instance_role = "worker"}};
};

constexpr const char* kWeb = "/_ecr-local/credentials/role/web";

TEST_F(Metadata, AContainerGetsTheCredentialsOfItsRole) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  const Json json = container_json(kWeb);
  EXPECT_EQ(json["RoleArn"], "arn:aws:iam::111122223333:role/service/web");
  EXPECT_EQ(json["AccountId"], "111122223333");
  EXPECT_EQ(json["Expiration"], "2023-11-15T04:13:20Z");  // six hours
  EXPECT_EQ(list_images(json), 200);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"],
            "arn:aws:sts::111122223333:assumed-role/web/ecr-local");
}

TEST_F(Metadata, OnlyTheTokenOpensTheEndpoint) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  EXPECT_NE(container_error(kWeb, 401, "").find("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
            std::string::npos);
  container_error(kWeb, 401, "Secret");
  container_error(kWeb, 401, "Bearer secret");
  container_error("/_ecr-local/credentials/role/missing", 401, "x");
  metadata::MetadataPlane closed(services, {});
  EXPECT_EQ(closed.handle(make_request("GET", kWeb, {{"Host", host}}, "")).status, 404);
}

TEST_F(Metadata, TheTrustPolicyDecidesForEachService) {
  role("web", trust_service("lambda.amazonaws.com"));
  container_json(std::string(kWeb) + "?service=lambda");
  const std::string refused = container_error(kWeb, 403);
  EXPECT_TRUE(
      refused.starts_with("User: ecs-tasks.amazonaws.com is not authorized to perform: "
                          "sts:AssumeRole on resource: "
                          "arn:aws:iam::111122223333:role/service/web"))
      << refused;
  const Json decision = last_decision();
  EXPECT_EQ(decision["principal"], "ecs-tasks.amazonaws.com");
  EXPECT_EQ(decision["action"], "sts:AssumeRole");
  EXPECT_EQ(decision["decision"], "ImplicitlyDenied");
  container_error("/_ecr-local/credentials/role/none", 403);
  EXPECT_NE(last_decision().dump().find("no such role"), std::string::npos);
}

TEST_F(Metadata, PodsNeedTheRightToTagTheirSession) {
  role("web", trust_service("pods.eks.amazonaws.com"));
  const std::string target = std::string(kWeb) + "?service=pods.eks&session=pod-1";
  EXPECT_NE(container_error(target, 403).find("sts:TagSession"), std::string::npos);
  role("web", trust_service("pods.eks.amazonaws.com", {"sts:AssumeRole", "sts:TagSession"},
                            {{"StringEquals", {{"aws:RequestTag/kubernetes-pod-name", "pod-1"}}}}));
  EXPECT_EQ(list_images(container_json(target)), 200);
  container_error(std::string(kWeb) + "?service=pods.eks&session=pod-2", 403);
}

TEST_F(Metadata, ATaskNamesItselfAsTheSource) {
  const Json condition = {{"ArnLike", {{"aws:SourceArn", "arn:aws:ecs:us-east-1:111122223333:*"}}},
                          {"StringEquals", {{"aws:SourceAccount", "111122223333"}}}};
  role("web", trust_service("ecs-tasks.amazonaws.com", "sts:AssumeRole", condition));
  container_json(kWeb);
}

TEST_F(Metadata, CredentialsStayTheSameUntilShortlyBeforeTheirEnd) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  const Json first = container_json(kWeb);
  api_clock.restore(api_clock.state_at(api_clock.now() + hours(5), false));
  EXPECT_EQ(container_json(kWeb)["AccessKeyId"], first["AccessKeyId"]);
  EXPECT_NE(container_json(std::string(kWeb) + "?session=other")["AccessKeyId"],
            first["AccessKeyId"]);
  api_clock.restore(api_clock.state_at(api_clock.now() + minutes(45), false));
  const Json second = container_json(kWeb);
  EXPECT_NE(second["AccessKeyId"], first["AccessKeyId"]);
  EXPECT_EQ(list_images(first), 200);  // the old ones go on to their end
  api_clock.restore(api_clock.state_at(api_clock.now() + minutes(16), false));
  EXPECT_EQ(list_images(first), 400);
  EXPECT_EQ(list_images(second), 200);
}

TEST_F(Metadata, AChangeOfTheRoleIsSeenAtOnce) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  const Json first = container_json(kWeb);
  role("web", trust_service("ec2.amazonaws.com"));
  container_error(kWeb, 403);
  admin.handle(make_request("POST", "/_ecr-local/reset", {{"Host", host}}, ""));
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  EXPECT_NE(container_json(kWeb)["AccessKeyId"], first["AccessKeyId"]);
}

TEST_F(Metadata, BadPathsAndQuestionsAreNamed) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  const std::string path = kWeb;
  EXPECT_NE(container_error(path + "?service=ec2", 400).find("service must be"), std::string::npos);
  EXPECT_NE(container_error(path + "?account=1", 400).find("12 digits"), std::string::npos);
  EXPECT_NE(container_error(path + "?session=%20", 400).find("session must"), std::string::npos);
  EXPECT_NE(container_error(path + "?sessions=a", 400).find("did you mean session"),
            std::string::npos);
  container_error("/_ecr-local/credentials/role/", 404);
  container_error("/_ecr-local/credentials/role/a/b", 404);
  EXPECT_EQ(container(kWeb, "secret", "POST").status, 405);
  const HttpResponse head = container(kWeb, "secret", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(body_of(head), "");
}

TEST_F(Metadata, TheCallIsRecordedAsTheServices) {
  role("web", trust_service("ecs-tasks.amazonaws.com"));
  const std::string secret = container_json(kWeb)["SecretAccessKey"].get<std::string>();
  const HttpResponse response = admin.handle(
      make_request("GET", "/_ecr-local/events?kind=record&limit=1", {{"Host", host}}, ""));
  const Json record = Json::parse(body_of(response))["events"][0]["event"];
  EXPECT_EQ(record["eventName"], "AssumeRole");
  EXPECT_EQ(record["userIdentity"]["invokedBy"], "ecs-tasks.amazonaws.com");
  EXPECT_EQ(record["requestParameters"]["roleArn"], "arn:aws:iam::111122223333:role/service/web");
  EXPECT_EQ(record.dump().find(secret), std::string::npos);
}

TEST_F(Metadata, AnInstanceGetsItsRoleWithATokenAlone) {
  role("worker", trust_service("ec2.amazonaws.com"));
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  EXPECT_EQ(instance("GET", path, {}).status, 401);
  EXPECT_EQ(instance("GET", path, {{"X-aws-ec2-metadata-token", "guess"}}).status, 401);
  EXPECT_EQ(body_of(look(path)), "worker");
  const Json json = Json::parse(body_of(look(path + "worker")));
  EXPECT_EQ(json["Code"], "Success");
  EXPECT_EQ(json["Type"], "AWS-HMAC");
  EXPECT_EQ(list_images(json), 200);
  EXPECT_EQ(look(path + "other").status, 404);
  // SDKs ask for this first, and go on where it is not there.
  EXPECT_EQ(look("/latest/meta-data/iam/security-credentials-extended/").status, 404);
}

TEST_F(Metadata, AnInstanceWhoseRoleDoesNotTrustItIsToldSoAsByAws) {
  role("worker", trust_service("ecs-tasks.amazonaws.com"));
  const HttpResponse response = look("/latest/meta-data/iam/security-credentials/worker");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(body_of(response))["Code"], "AssumeRoleUnauthorizedAccess");
  EXPECT_TRUE(response.note.denied);
  EXPECT_EQ(last_decision()["principal"], "ec2.amazonaws.com");
}

TEST_F(Metadata, InstanceTokensEndAndNeedTheirHeader) {
  const std::string path = "/latest/meta-data/placement/region";
  const std::string token = instance_token("60");
  EXPECT_EQ(body_of(instance("GET", path, {{"X-aws-ec2-metadata-token", token}})), "us-east-1");
  clock.time += seconds(60);
  EXPECT_EQ(instance("GET", path, {{"X-aws-ec2-metadata-token", token}}).status, 401);
  const Headers good = {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}};
  for (const char* life : {"", "0", "21601", "-1", "60s"}) {
    EXPECT_EQ(instance("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", life}})
                  .status,
              400)
        << life;
  }
  EXPECT_EQ(instance("PUT", "/latest/api/token", {}).status, 400);
  EXPECT_EQ(instance("GET", "/latest/api/token", good).status, 405);
  Headers proxied = good;
  proxied.emplace_back("X-Forwarded-For", "192.0.2.1");
  EXPECT_EQ(instance("PUT", "/latest/api/token", proxied).status, 403);
}

TEST_F(Metadata, ManyTokensDropTheOldestAlone) {
  const std::string first = instance_token();
  for (std::size_t i = 0; i < 2 * metadata::InstanceTokens::kMost; ++i) instance_token();
  EXPECT_EQ(instance("GET", "/latest/", {{"X-aws-ec2-metadata-token", first}}).status, 401);
  EXPECT_EQ(look("/latest/").status, 200);
}

TEST_F(Metadata, AnotherHostNameIsRefused) {
  HttpRequest request =
      make_request("PUT", "/latest/api/token",
                   {{"Host", "evil.example"}, {"X-aws-ec2-metadata-token-ttl-seconds", "60"}}, "");
  request.metadata = true;
  EXPECT_EQ(plane.handle(request).status, 403);
}

TEST_F(Metadata, AnInstanceHasNothingElse) {
  EXPECT_EQ(look("/_ecr-local/health").status, 404);
  EXPECT_EQ(look(kWeb).status, 404);
  EXPECT_EQ(look("/v2/").status, 404);
  const std::string token = instance_token();
  EXPECT_EQ(instance("POST", "/latest/", {{"X-aws-ec2-metadata-token", token}}).status, 405);
  EXPECT_EQ(body_of(look("/latest/meta-data/placement/")), "availability-zone\nregion");
  const Json document = Json::parse(body_of(look("/latest/dynamic/instance-identity/document")));
  EXPECT_EQ(document["accountId"], "111122223333");
  EXPECT_EQ(document["region"], "us-east-1");
}

}  // namespace
}  // namespace ecr::api::test
