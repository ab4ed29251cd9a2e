// Callers that are found in the head of a request, before its body is there.
#include "auth/sigv4/sign.h"
#include "schemas/base/encoding.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

class IdentifyTest : public ApiTest {
 protected:
  // The head of a call, signed for `body`, which announces `hash`.
  HttpRequest head_of(const std::string& body, const std::string& hash) {
    std::vector<std::pair<std::string, std::string>> headers = {
        {"Host", host},
        {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"}};
    if (!hash.empty()) headers.emplace_back("X-Amz-Content-Sha256", hash);
    auth::SigningInput input;
    input.method = "POST";
    input.path = "/";
    input.headers = headers;
    input.body = body;
    input.access_key_id = keys.access_key;
    input.secret_access_key = keys.secret;
    input.region = region;
    input.service = "ecr";
    input.time = clock.now();
    for (auto& header : auth::sign_headers(input)) headers.push_back(header);
    return make_request("POST", "/", headers, "");
  }
};

TEST_F(IdentifyTest, ACallerIsKnownByTheHashOfItsBody) {
  const std::string hash = base::to_hex(model::sha256("{}"));
  EXPECT_TRUE(std::get<bool>(control.identify(head_of("{}", hash))));
  // Without a hash only the body can tell.
  EXPECT_FALSE(std::get<bool>(control.identify(head_of("{}", ""))));
  EXPECT_FALSE(std::get<bool>(control.identify(head_of("{}", "UNSIGNED-PAYLOAD"))));
  // The announced hash is not the one that was signed.
  const std::string other = base::to_hex(model::sha256("[]"));
  EXPECT_EQ(std::get<HttpResponse>(control.identify(head_of("{}", other))).status, 400);
  keys.secret = "wrong";
  EXPECT_EQ(std::get<HttpResponse>(control.identify(head_of("{}", hash))).status, 400);
  keys = {"test", "test"};
  host = "evil.test";
  EXPECT_EQ(std::get<HttpResponse>(control.identify(head_of("{}", hash))).status, 400);
}

TEST_F(IdentifyTest, ACallerOfTheRegistryIsKnownByItsToken) {
  const std::string path = "/v2/app/manifests/latest";
  const auto head = [&](const std::string& authorization) {
    return make_request("PUT", path, {{"Host", host}, {"Authorization", authorization}}, "");
  };
  EXPECT_TRUE(std::get<bool>(registry_plane.identify(head("Basic " + token()))));
  const auto refused = registry_plane.identify(head("Basic " + base::base64_encode("AWS:x")));
  EXPECT_EQ(std::get<HttpResponse>(refused).status, 401);
}

}  // namespace
}  // namespace ecr::api::test
