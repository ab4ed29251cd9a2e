// verify_sigv4: the form of the authentication, its parts, and what must be signed.
#include <string>

#include <gtest/gtest.h>

#include "tests/auth/sigv4/scenario.h"

namespace ecr::auth {
namespace {

using namespace testing_sigv4;

TEST(SigV4, SignedRequestIsValid) {
  const auto result = Scenario().sign().verify();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->access_key_id, kKeyId);
  EXPECT_EQ(result->region, "us-east-1");
  EXPECT_EQ(result->signed_at, time("20260101T000000Z"));
  EXPECT_FALSE(result->presigned);
}

TEST(SigV4, PresignedRequestIsValid) {
  Scenario s;
  s.input.session_token = s.credential.session_token = "a/token+=";
  s.input.query = "b=1&a=%2F";
  const auto result = s.presign(seconds(60)).verify();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_TRUE(result->presigned);
}

// --- one form of authentication, and not two

TEST(SigV4, NoCredentialsAtAll) {
  Scenario s;
  s.headers = s.input.headers;
  s.expect(Kind::kMissingAuthenticationToken, "Missing Authentication Token");
  s.header("Authorization") = " ";
  s.expect(Kind::kMissingAuthenticationToken, "Missing Authentication Token");
  s.erase("Authorization");
  s.query = "X-Amz-Credential=AKIDEXAMPLE&X-Amz-Signature=00";
  s.expect(Kind::kMissingAuthenticationToken, "Missing Authentication Token");
}

TEST(SigV4, HeaderAndQueryTogetherAreRefused) {
  const std::string message =
      "Only one authentication mechanism is allowed: the Authorization header or the "
      "X-Amz-Algorithm query parameter, not both.";
  Scenario both;
  both.presign(seconds(60));
  for (const auto& header : sign_headers(both.input)) both.headers.push_back(header);
  both.expect(Kind::kIncompleteSignature, message);
  for (const char* query : {"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Credential=AKIDEXAMPLE",
                            "a=1&X-Amz-Signature=0", "X%2DAmz%2dSignature=0"}) {
    Scenario s;
    s.input.query = query;  // even when the header's signature covers it
    s.sign().expect(Kind::kIncompleteSignature, message);
  }
}

TEST(SigV4, RepeatedHeadersAndParametersAreRefused) {
  for (const char* name : {"Authorization", "X-Amz-Date", "X-Amz-Security-Token", "Host", "Date",
                           "X-Amz-Content-Sha256"}) {
    Scenario s;
    s.sign().headers.emplace_back(name, s.header(name));
    s.headers.emplace_back(name, "another");
    const auto result = s.verify();
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().kind, Kind::kIncompleteSignature) << name;
  }
  for (const char* extra : {"&X-Amz-Credential=x", "&x-amz-credential=x", "&X-Amz-Signature=x",
                            "&X%2DAmz-Date=x", "&X-Amz-Foo=1&X-Amz-Foo=1"}) {
    Scenario s;
    s.presign(seconds(60)).query += extra;
    const auto result = s.verify();
    ASSERT_FALSE(result.has_value()) << extra;
    EXPECT_EQ(result.error().kind, Kind::kIncompleteSignature) << extra;
  }
  Scenario s;
  s.sign().header("Authorization") += ", Credential=x";
  s.expect(Kind::kIncompleteSignature,
           "Authorization header must not repeat the 'Credential' parameter.");
}

// --- algorithm, key=value, missing parts

TEST(SigV4, UnsupportedAlgorithm) {
  for (const auto& [header, algorithm] :
       {std::pair{"Basic QVdTOngK", "Basic"},
        std::pair{"AWS4-HMAC-SHA512 Credential=x", "AWS4-HMAC-SHA512"},
        std::pair{"Bearer", "Bearer"}}) {
    Scenario s;
    s.sign().header("Authorization") = header;
    s.expect(Kind::kIncompleteSignature,
             std::string("Unsupported AWS 'algorithm': '") + algorithm + "'.");
  }
  Scenario s;
  s.presign(seconds(60)).replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
  s.expect(Kind::kIncompleteSignature, "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.");
}

TEST(SigV4, PartWithoutEqualSign) {
  Scenario s;
  s.sign().header("Authorization") = "AWS4-HMAC-SHA256 Credential=x, abc";
  s.expect(Kind::kIncompleteSignature,
           "'abc' not a valid key=value pair (missing equal-sign) in Authorization header: "
           "'AWS4-HMAC-SHA256 Credential=x, abc'");
}

TEST(SigV4, AllMissingPartsAreReportedTogether) {
  Scenario s;
  s.sign().erase("X-Amz-Date");
  s.header("Authorization") = "AWS4-HMAC-SHA256";
  s.expect(Kind::kIncompleteSignature,
           "Authorization header requires 'Credential' parameter. Authorization header requires "
           "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. "
           "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
           "Authorization=AWS4-HMAC-SHA256");
  s.header("X-Amz-Date") = "20260101T000000Z";
  s.header("Authorization") = "AWS4-HMAC-SHA256 Credential=a,SignedHeaders=b";
  s.expect(Kind::kIncompleteSignature,
           "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256");
}

TEST(SigV4, AllMissingQueryParametersAreReportedTogether) {
  Scenario s;
  s.headers = s.input.headers;
  s.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host";
  s.expect(Kind::kIncompleteSignature,
           "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string "
           "parameters must include 'X-Amz-Signature'. AWS query-string parameters must include "
           "'X-Amz-Date'. Re-examine the query-string parameters.");
}

TEST(SigV4, SeparatorsAreTolerated) {
  Scenario s;
  s.sign().replace(", SignedHeaders", ",SignedHeaders").replace(", Signature", " ,\t Signature");
  s.header("Authorization") = "  " + s.header("Authorization") + " , ";
  s.expect_valid();
}

// --- signed headers

TEST(SigV4, HostMustBeSigned) {
  Scenario s;
  s.sign().replace("content-type;host;", "content-type;");
  s.expect(Kind::kInvalidSignature,
           "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(SigV4, EveryAmzHeaderMustBeSigned) {
  for (const char* name :
       {"X-Amz-Target", "x-amz-Unheard-Of", "X-AMZ-CONTENT-SHA256", "X-Amz-Security-Token"}) {
    Scenario s;
    std::erase_if(s.input.headers, [&](const auto& header) { return header.first == name; });
    s.sign().headers.emplace_back(name, "value");
    const auto result = s.verify();
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().kind, Kind::kInvalidSignature);
    EXPECT_NE(result.error().message.find("' must be a 'SignedHeader' in the AWS Authorization."),
              std::string::npos)
        << result.error().message;
  }
  Scenario date;
  date.sign().replace("host;x-amz-date;", "host;");
  date.expect(Kind::kInvalidSignature,
              "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization.");
  Scenario presigned;
  presigned.presign(seconds(60)).headers.emplace_back("X-Amz-Foo", "1");
  presigned.expect(Kind::kInvalidSignature,
                   "'x-amz-foo' must be a 'SignedHeader' in the AWS Authorization.");
}

TEST(SigV4, OtherUnsignedHeadersAreFine) {
  Scenario s;
  s.sign().headers.emplace_back("X-Amzn-Trace-Id", "Root=1");
  s.headers.emplace_back("User-Agent", "aws-cli/2.0");
  s.expect_valid();
}

TEST(SigV4, SignedHeadersListMustBeCanonical) {
  for (const auto& [from, to] : {std::pair{"content-type;host;", "host;content-type;"},
                                 std::pair{"content-type;host;", "content-type;host;host;"},
                                 std::pair{"content-type;host;", "Content-Type;host;"},
                                 std::pair{"content-type;host;", "content-type;expect;host;"},
                                 std::pair{"content-type;host;", ";content-type;host;"}}) {
    Scenario s;
    s.sign().replace(from, to);
    s.expect_mismatch();
  }
}

TEST(SigV4, TokenAddedAfterSigningOnlyWhereAllowed) {
  Scenario s;
  s.credential.session_token = "session";
  s.sign().headers.emplace_back("X-Amz-Security-Token", "session");
  s.expect(Kind::kInvalidSignature,
           "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.");
  s.token_may_be_unsigned = true;
  s.expect_valid();
  s.header("X-Amz-Security-Token") = "another";
  s.expect(Kind::kUnrecognizedClient, kBadToken);
}

}  // namespace
}  // namespace ecr::auth
