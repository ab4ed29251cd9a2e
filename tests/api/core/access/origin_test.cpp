// Where requests come from: pages of other sites, and names that strangers' DNS can point here.
#include "api/core/access/origin.h"

#include "api/core/wire/error.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using HeaderPairs = std::vector<std::pair<std::string, std::string>>;

TEST(Origin, ForeignPagesChangeNothingAndReadNothingButTheRegistry) {
  const HeaderPairs kForeign[] = {
      {{"Origin", "http://evil.test"}},
      {{"Origin", "null"}},
      {{"Origin", "https://localhost:4599"}},
      {{"Origin", "http://localhost:8080"}},
      {{"Sec-Fetch-Site", "cross-site"}},
      {{"Sec-Fetch-Site", "same-site"}},
      {{"Sec-Fetch-Site", "none"}, {"Origin", "http://evil.test"}},
  };
  const struct {
    const char* method;
    Plane plane;
    const char* path;
    const char* authorization;  // empty: none
    bool passes;
  } kRequests[] = {
      {"POST", Plane::kApi, "/", "AWS4-HMAC-SHA256 Credential=test", false},
      {"GET", Plane::kApi, "/?Action=CreateUser&X-Amz-Signature=1", "", false},
      {"GET", Plane::kAdmin, "/_ecr-local/health", "", false},
      {"PUT", Plane::kAdmin, "/_ecr-local/snapshot", "Bearer token", false},
      {"GET", Plane::kAdmin, "/metrics", "", false},
      {"GET", Plane::kLayers, "/_layers/x?signature=1", "", false},
      {"OPTIONS", Plane::kRegistry, "/v2/", "Basic eA==", false},
      {"PUT", Plane::kRegistry, "/v2/app/manifests/1", "Basic eA==", false},
      {"DELETE", Plane::kRegistry, "/v2/app/manifests/1", "Basic eA==", false},
      {"GET", Plane::kRegistry, "/v2/app/manifests/1", "", false},
      {"GET", Plane::kRegistry, "/v2/app/manifests/1", "Basic eA==", true},
      {"HEAD", Plane::kRegistry, "/v2/", "Basic eA==", true},
      {"GET", Plane::kNone, "/v2x", "Basic eA==", false},
  };
  for (const HeaderPairs& foreign : kForeign) {
    for (const auto& [method, plane, path, authorization, passes] : kRequests) {
      HeaderPairs headers = foreign;
      headers.emplace_back("Host", "localhost:4599");
      if (*authorization != '\0') headers.emplace_back("Authorization", authorization);
      HttpRequest request = make_request(method, path, headers, "");
      request.plane = plane;
      EXPECT_EQ(!check_origin(request), passes)
          << method << " " << path << " " << foreign[0].second;
    }
  }
}

// http://192.0.2.5 is no origin that a browser trusts with Sec-Fetch-Site.
TEST(Origin, ASignedUrlFromABrowserThatTellsNothingIsForeign) {
  const std::string url = "/?Action=CreateUser&X-Amz-Credential=test&X-Amz-Signature=1";
  HeaderPairs headers = {{"Host", "192.0.2.5:4599"}, {"User-Agent", "Mozilla/5.0 (X11)"}};
  EXPECT_TRUE(check_origin(make_request("GET", url, headers, "")));
  EXPECT_FALSE(check_origin(make_request("GET", "/_ecr-local/health", headers, "")));
  headers.back().second = "aws-cli/2.9";
  EXPECT_FALSE(check_origin(make_request("GET", url, headers, "")));
}

TEST(Origin, OwnPagesAndOtherClientsPass) {
  const HeaderPairs kOwn[] = {
      {},
      {{"Origin", "http://localhost:4599"}},
      {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "http://LOCALHOST:4599"}},
      {{"Sec-Fetch-Site", "none"}},
  };
  for (HeaderPairs headers : kOwn) {
    headers.emplace_back("Host", "localhost:4599");
    EXPECT_FALSE(check_origin(make_request("POST", "/", headers, "")));
  }
  HttpRequest secure = make_request(
      "POST", "/", {{"Host", "ecr.corp.test"}, {"Origin", "https://ecr.corp.test"}}, "");
  EXPECT_TRUE(check_origin(secure));
  secure.secure = true;
  EXPECT_FALSE(check_origin(secure));
}

TEST(Origin, OnlyNamesThatNoStrangerCanPointHereAreTrusted) {
  Settings settings;
  for (const char* host : {"127.0.0.1:4599",
                           "[::1]:4599",
                           "192.168.1.5",
                           "localhost:1",
                           "LocalHost",
                           "ecr.localhost:1",
                           "ecr-local",
                           "ecr_local:4599",
                           "host.docker.internal:4599",
                           "host.containers.internal",
                           "ecr.ci.svc.cluster.local",
                           "000000000000.dkr.ecr.us-east-1.amazonaws.com",
                           "api.ecr.us-east-1.amazonaws.com",
                           "sts.us-east-1.API.AWS",
                           "iam.amazonaws.com",
                           "000000000000.dkr-ecr.us-east-1.on.aws",
                           "sts.cn-north-1.amazonaws.com.cn",
                           "api.ecr.us-iso-east-1.api.aws.ic.gov",
                           "000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566",
                           "localhost.localstack.cloud"}) {
    EXPECT_TRUE(is_trusted_host(settings, host)) << host;
  }
  for (const char* host :
       {"evil.test", "evil.test:4599", "000000000000.dkr.ecr.us-east-1.evil.test",
        "localhost.evil.test", "amazonaws.com.evil.test", "evilamazonaws.com",
        "127.0.0.1.evil.test", "evil.internal.test", "evillocalhost.localstack.cloud",
        "localstack.cloud", "local.test"}) {
    EXPECT_FALSE(is_trusted_host(settings, host)) << host;
    EXPECT_FALSE(is_own_host(settings, host)) << host;
  }
  // The emulator's own API is reached by fewer names.
  EXPECT_FALSE(is_own_host(settings, "ecr-local:4599"));
  EXPECT_FALSE(is_own_host(settings, "host.docker.internal"));
}

TEST(Origin, FlagsNameFurtherHosts) {
  Settings settings;
  settings.admin_hosts = {"Admin.corp.test"};
  settings.tls_names = {"tls.corp.test"};
  settings.registry_host = "{account}.dkr.ecr.{region}.corp.test:{port}";
  for (const char* host : {"admin.corp.test:80", "tls.corp.test", "TLS.corp.test:4600",
                           "000000000000.dkr.ecr.eu-west-1.corp.test:4599"}) {
    EXPECT_TRUE(is_trusted_host(settings, host)) << host;
  }
  for (const char* host :
       {"x.tls.corp.test", "corp.test", "dkr.ecr.eu-west-1.corp.test",
        "evil.dkr.ecr.eu-west-1.corp.test", "000000000000.dkr.ecr.eu-west-1.x.corp.test"}) {
    EXPECT_FALSE(is_trusted_host(settings, host)) << host;
  }
  settings.registry_host = "registry.{region}";  // would be any name
  EXPECT_FALSE(is_trusted_host(settings, "registry.test"));
  settings.registry_host = "ecr-{account}.corp.test:5000";
  EXPECT_TRUE(is_trusted_host(settings, "ecr-000000000000.corp.test:5000"));
}

TEST(Origin, TheRefusalNamesTheFlag) {
  Settings settings;
  const auto sentence = [&](const char* key, const char* host) -> std::string {
    const HttpRequest request = make_request("POST", "/", {{"Host", host}}, "");
    try {
      check_default_credentials(settings, key, request);
    } catch (const ApiError& error) {
      EXPECT_EQ(error.code(), ErrorCode::kAccessDenied);
      return error.message();
    }
    return "";
  };
  EXPECT_NE(sentence("test", "evil.test:80").find("--admin-host evil.test "), std::string::npos);
  EXPECT_NE(sentence("111122223333", "000000000000.dkr.ecr.us-east-1.Corp.test:80")
                .find("--registry-host '{account}.dkr.ecr.{region}.corp.test:{port}'"),
            std::string::npos);
  EXPECT_NE(sentence("test", "000000000000.dkr-ecr.us-east-1.corp.test")
                .find("'{account}.dkr-ecr.{region}.corp.test:{port}'"),
            std::string::npos);
  // Keys that not everybody knows are accepted under any name.
  EXPECT_EQ(sentence("AKIAIOSFODNN7EXAMPLE", "evil.test"), "");
  settings.root_access_key = "test";
  settings.root_secret_key = "a secret of one's own";
  settings.account_root_keys = false;
  EXPECT_EQ(sentence("test", "evil.test"), "");
  EXPECT_EQ(sentence("111122223333", "evil.test"), "");
}

class OriginPlanesTest : public ApiTest {};

TEST_F(OriginPlanesTest, DefaultCredentialsAreRefusedOnEveryPlaneUnderAForeignName) {
  const std::string granted = token();
  host = "evil.test:4599";
  const auto [type, message] = fail("DescribeRepositories", Json::object());
  EXPECT_EQ(type, "AccessDeniedException");
  EXPECT_NE(message.find("evil.test"), std::string::npos);
  const HeaderPairs headers = {{"Host", host}, {"Authorization", "Basic " + granted}};
  const HttpRequest pull = make_request("GET", "/v2/", headers, "");
  EXPECT_EQ(registry_plane.handle(pull).status, 403);
  EXPECT_EQ(registry_plane.answer_without_blocking(pull)->status, 403);
  const HttpRequest push = make_request("POST", "/v2/app/blobs/uploads/", headers, "");
  const auto opened = registry_plane.open(push);
  EXPECT_EQ(std::get<HttpResponse>(opened).status, 403);
}

TEST_F(OriginPlanesTest, OtherCredentialsAreAcceptedUnderAnyName) {
  settings.root_secret_key = "a secret of one's own";
  keys = {"test", "a secret of one's own"};
  host = "ecr.corp.test";
  call("DescribeRepositories", Json::object());
  EXPECT_EQ(registry("GET", "/v2/").status, 200);
}

}  // namespace
}  // namespace ecr::api::test
