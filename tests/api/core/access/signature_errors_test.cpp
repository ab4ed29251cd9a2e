// The answer that a client gets for a bad signature: ECR's types, always 400, and those of the
// Query services.
#include "auth/sigv4/sign.h"
#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kBadToken = "The security token included in the request is invalid.";
constexpr const char* kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your "
    "AWS Secret Access Key and signing method. Consult the service documentation for details.";

class SignatureErrors : public ApiTest {
 protected:
  // How the request differs from a good one.
  struct Call {
    Keys keys{"test", "test"};
    std::string session_token = {};
    int seconds_off = 0;
    const char* authorization = nullptr;  // instead of the right one; "": none
  };
  struct Answer {
    int status;
    std::string type;
    std::string message;
    bool operator==(const Answer&) const = default;
  };

  Answer ecr(const Call& call) {
    const HttpResponse response = control.handle(
        request(call, "ecr", "{}",
                {{"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"}}));
    const Json body = Json::parse(body_of(response));
    return {response.status, body.value("__type", ""), body.value("message", "")};
  }
  Answer sts(const Call& call) {
    const HttpResponse response = control.handle(
        request(call, "sts", "Action=GetCallerIdentity&Version=2011-06-15",
                {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}));
    const std::string xml = body_of(response);
    return {response.status, element(xml, "Code"), element(xml, "Message")};
  }

  // A role session that has ended.
  void seed_expired_session() {
    const Json session = {{"accessKeyId", "ASIASEEDEDSESSION001"},
                          {"secretAccessKey", "seeded-secret"},
                          {"sessionToken", "token"},
                          {"role", "ci"},
                          {"name", "build"},
                          {"expires", "2023-11-14T22:13:20Z"}};
    const Json account = {{"roles", Json::array({{{"name", "ci"}}})},
                          {"sessions", Json::array({session})}};
    const Json seed = {{"accounts", {{"111122223333", account}}}};
    const auto response =
        admin.handle(make_request("POST", "/_ecr-local/seed", {{"Host", host}}, seed.dump()));
    ASSERT_EQ(response.status, 200) << body_of(response);
  }

 private:
  HttpRequest request(const Call& call, const std::string& service, const std::string& body,
                      std::vector<std::pair<std::string, std::string>> headers) {
    headers.emplace_back("Host", host);
    auth::SigningInput input;
    input.headers = headers;
    input.body = body;
    input.access_key_id = call.keys.access_key;
    input.secret_access_key = call.keys.secret;
    input.session_token = call.session_token;
    input.service = service;
    input.time = clock.now() + std::chrono::seconds(call.seconds_off);
    for (auto& header : auth::sign_headers(input)) {
      const bool replaced = call.authorization != nullptr && header.first == "Authorization";
      if (replaced) header.second = call.authorization;
      if (!replaced || !header.second.empty()) headers.push_back(header);
    }
    return make_request("POST", "/", headers, body);
  }
  static std::string element(const std::string& xml, const std::string& name) {
    const std::size_t from = xml.find("<" + name + ">");
    if (from == std::string::npos) return {};
    const std::size_t begin = from + name.size() + 2;
    std::string text = xml.substr(begin, xml.find("</", begin) - begin);
    constexpr std::string_view kQuote = "&apos;";
    for (std::size_t at; (at = text.find(kQuote)) != std::string::npos;) {
      text.replace(at, kQuote.size(), "'");
    }
    return text;
  }
};

TEST_F(SignatureErrors, TypesStatusesAndMessagesOfBothProtocols) {
  seed_expired_session();
  const std::string missing = "Missing Authentication Token";
  const std::string incomplete =
      "Authorization header requires 'Signature' parameter. Authorization header requires "
      "'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256";
  const std::string late =
      "Signature expired: 20231114T215819Z is now earlier than 20231114T215820Z "
      "(20231114T221320Z - 15 min.)";
  const std::string early =
      "Signature not yet current: 20231114T222821Z is still later than 20231114T222820Z "
      "(20231114T221320Z + 15 min.)";
  const std::string expired = "The security token included in the request is expired";
  const struct {
    Call call;
    const char* ecr_type;
    std::string ecr_message;
    int sts_status;
    const char* sts_code;
    std::string sts_message;
  } cases[] = {
      {{.keys = {"test", "wrong"}},
       "InvalidSignatureException",
       kMismatch,
       403,
       "SignatureDoesNotMatch",
       kMismatch},
      {{.keys = {"AKIANOBODYKNOWSTHIS1", "x"}},
       "UnrecognizedClientException",
       kBadToken,
       403,
       "InvalidClientTokenId",
       kBadToken},
      {{.session_token = "nobody's"},
       "UnrecognizedClientException",
       kBadToken,
       403,
       "InvalidClientTokenId",
       kBadToken},
      {{.keys = {"ASIASEEDEDSESSION001", "seeded-secret"}, .session_token = "token"},
       "ExpiredTokenException",
       expired,
       403,
       "ExpiredToken",
       expired},
      {{.seconds_off = -901},
       "InvalidSignatureException",
       late,
       403,
       "SignatureDoesNotMatch",
       late},
      {{.seconds_off = 901},
       "InvalidSignatureException",
       early,
       403,
       "SignatureDoesNotMatch",
       early},
      {{.authorization = "AWS4-HMAC-SHA256 Credential=a/b/c/d/e"},
       "IncompleteSignatureException",
       incomplete,
       400,
       "IncompleteSignature",
       incomplete},
      {{.authorization = ""},
       "MissingAuthenticationTokenException",
       missing,
       403,
       "MissingAuthenticationToken",
       "Request is missing Authentication Token"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(ecr(c.call), (Answer{400, c.ecr_type, c.ecr_message})) << c.ecr_type;
    EXPECT_EQ(sts(c.call), (Answer{c.sts_status, c.sts_code, c.sts_message})) << c.sts_code;
  }
}

}  // namespace
}  // namespace ecr::api::test
