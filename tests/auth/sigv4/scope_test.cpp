// verify_sigv4: dates, credential scope, key, token, body and signature.
#include <string>

#include <gtest/gtest.h>

#include "tests/auth/sigv4/scenario.h"

namespace ecr::auth {
namespace {

using namespace testing_sigv4;

// --- dates

TEST(SigV4, DateMustBeBasic) {
  for (const char* date : {"2026-01-01T00:00:00Z", "20260101", "20261301T000000Z", "now",
                           "Thu, 01 Jan 2026 00:00:00 GMT", ""}) {
    Scenario s;
    s.sign().header("X-Amz-Date") = date;
    s.expect(Kind::kIncompleteSignature,
             std::string("Date must be in ISO-8601 'basic format'. Got '") + date +
                 "'. See http://en.wikipedia.org/wiki/ISO_8601");
  }
}

TEST(SigV4, SkewIsFifteenMinutesInclusive) {
  Scenario s;
  s.sign();
  s.now = time("20260101T001500Z") + std::chrono::milliseconds(999);
  s.expect_valid();
  s.now = time("20251231T234500Z");
  s.expect_valid();
  s.now = time("20260101T001501Z");
  s.expect(Kind::kInvalidSignature,
           "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z "
           "(20260101T001501Z - 15 min.)");
  s.now = time("20260101T003000Z");
  s.expect(Kind::kInvalidSignature,
           "Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z "
           "(20260101T003000Z - 15 min.)");
  s.now = time("20251231T234459Z");
  s.expect(Kind::kInvalidSignature,
           "Signature not yet current: 20260101T000000Z is still later than 20251231T235959Z "
           "(20251231T234459Z + 15 min.)");
}

TEST(SigV4, FarFutureIsNotYetCurrent) {
  Scenario s;
  s.input.time = time("99991231T235959Z");
  s.sign().expect(Kind::kInvalidSignature,
                  "Signature not yet current: 99991231T235959Z is still later than "
                  "20260101T001500Z (20260101T000000Z + 15 min.)");
}

TEST(SigV4, PresignedLivesAsLongAsItSays) {
  Scenario s;
  s.presign(seconds(3600));
  s.now = s.input.time + minutes(60);
  s.expect_valid();
  s.now += seconds(1);
  s.expect(Kind::kInvalidSignature,
           "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z "
           "(20260101T010001Z - 60 min.)");
  Scenario brief;
  brief.presign(seconds(5));
  brief.now += seconds(6);
  brief.expect(Kind::kInvalidSignature,
               "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z "
               "(20260101T000006Z - 5 sec.)");
}

TEST(SigV4, PresignedExpiresIsBounded) {
  for (const auto& [text, sentence] :
       {std::pair{"-1", "X-Amz-Expires must be non-negative"},
        std::pair{"-99999999999999999999", "X-Amz-Expires must be non-negative"},
        std::pair{"0", "X-Amz-Expires must be at least 1 second"},
        std::pair{"604801",
                  "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                  "X-Amz-Expires must be less than 604800 seconds"},
        std::pair{"99999999999999999999",
                  "X-Amz-Expires must be less than a week (in seconds); that is, the given "
                  "X-Amz-Expires must be less than 604800 seconds"},
        std::pair{"6e1", "X-Amz-Expires should be a number"},
        std::pair{"%2060", "X-Amz-Expires should be a number"},
        std::pair{"", "X-Amz-Expires should be a number"}}) {
    Scenario s;
    s.presign(seconds(60)).replace("X-Amz-Expires=60", std::string("X-Amz-Expires=") + text);
    s.expect(Kind::kIncompleteSignature, sentence);
  }
  Scenario changed;
  changed.presign(seconds(60)).replace("X-Amz-Expires=60", "X-Amz-Expires=604800");
  changed.expect_mismatch();
}

// --- scope

TEST(SigV4, CredentialNeedsFiveParts) {
  for (const char* credential : {"AKIDEXAMPLE", "AKIDEXAMPLE/20260101/us-east-1/ecr",
                                 "AKID/EXAMPLE/20260101/us-east-1/ecr/aws4_request", ""}) {
    Scenario s;
    s.sign().replace("AKIDEXAMPLE/20260101/us-east-1/ecr/aws4_request", credential);
    s.expect(Kind::kIncompleteSignature,
             std::string("Credential must have exactly 5 slash-delimited elements, e.g. "
                         "keyid/date/region/service/term, got '") +
                 credential + "'");
  }
}

TEST(SigV4, AllScopeFaultsAreReportedTogether) {
  Scenario s;
  s.sign().replace("/20260101/us-east-1/ecr/aws4_request", "/20260102/eu-west-1/iam/aws5_request");
  s.expect(Kind::kInvalidSignature,
           "Credential should be scoped to a valid region, not 'eu-west-1'. Credential should be "
           "scoped to correct service: 'ecr'. Credential should be scoped with a valid terminator: "
           "'aws4_request', not 'aws5_request'. Date in Credential scope does not match YYYYMMDD "
           "from ISO-8601 version of date from HTTP: '20260102' != '20260101', from "
           "'20260101T000000Z'.");
}

TEST(SigV4, WithoutARegionAnyWellFormedOneIsRight) {
  for (const char* region :
       {"us-east-1", "eu-central-2", "us-gov-west-1", "us-isob-east-1", "ap-southeast-12"}) {
    Scenario s;
    s.input.region = region;
    s.region.reset();
    s.sign().expect_valid();
  }
  for (const char* region : {"", "us", "us-east", "us--east-1", "-1", "US-EAST-1", "us-east-1a",
                             "us_east-1", "1-1", "us-east-1 "}) {
    Scenario s;
    s.input.region = region;
    s.region.reset();
    s.sign().expect(
        Kind::kInvalidSignature,
        std::string("Credential should be scoped to a valid region, not '") + region + "'.");
  }
}

// --- key, token, body, signature

TEST(SigV4, UnknownKey) {
  Scenario s;
  s.input.access_key_id = "AKIDOTHER";
  s.sign().expect(Kind::kUnrecognizedClient, kBadToken);
}

TEST(SigV4, SessionTokenMustBeTheKeys) {
  Scenario without;
  without.credential.session_token = "session";
  without.sign().expect(Kind::kUnrecognizedClient, kBadToken);
  Scenario wrong;
  wrong.credential.session_token = "session";
  wrong.input.session_token = "sessioN";
  wrong.sign().expect(Kind::kUnrecognizedClient, kBadToken);
  wrong.presign(seconds(60)).expect(Kind::kUnrecognizedClient, kBadToken);
  Scenario needless;
  needless.input.session_token = "session";
  needless.sign().expect(Kind::kUnrecognizedClient, kBadToken);
}

TEST(SigV4, ExpiredSession) {
  Scenario s;
  s.credential.session_token = s.input.session_token = "session";
  s.credential.expires = s.now + seconds(1);
  s.sign().expect_valid();
  s.credential.expires = s.now;
  s.expect(Kind::kExpiredToken, "The security token included in the request is expired");
}

TEST(SigV4, ChangedBody) {
  Scenario header;
  header.sign().body = "{ }";
  header.expect_mismatch();
  Scenario query;
  query.presign(seconds(60)).body = "{ }";
  query.expect_mismatch();
}

TEST(SigV4, PayloadHashHeaderMustBeTheBodys) {
  Scenario right;
  right.input.headers.emplace_back(
      "X-Amz-Content-Sha256", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  right.sign().expect_valid();
  for (const char* hash : {"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                           "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "",
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}) {
    Scenario s;
    s.input.headers.emplace_back("X-Amz-Content-Sha256", hash);
    s.sign().expect_mismatch();
    Scenario p;
    p.input.query = std::string("X-Amz-Content-Sha256=") + hash;
    p.presign(seconds(60)).expect_mismatch();
  }
}

TEST(SigV4, MessagesHoldNoSecretAndNoCalculatedSignature) {
  Scenario s;
  s.sign();
  const std::string good = s.header("Authorization").substr(s.header("Authorization").size() - 64);
  s.replace(good, std::string(64, '0'));
  const auto result = s.verify();
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message.find(good), std::string::npos);
  EXPECT_EQ(result.error().message.find(kSecret), std::string::npos);
  s.expect_mismatch();
}

TEST(SigV4, ManyHeadersCostNoMoreThanTheirSize) {
  Scenario s;
  for (int i = 0; i < 20000; ++i) s.input.headers.emplace_back("h" + std::to_string(i), "v");
  s.sign().expect_valid();
}

TEST(SigV4, NamesOnTheWire) {
  EXPECT_EQ(json_type_of(Kind::kInvalidSignature), "InvalidSignatureException");
  EXPECT_EQ(json_type_of(Kind::kUnrecognizedClient), "UnrecognizedClientException");
  EXPECT_EQ(json_type_of(Kind::kExpiredToken), "ExpiredTokenException");
  EXPECT_EQ(json_type_of(Kind::kMissingAuthenticationToken), "MissingAuthenticationTokenException");
  EXPECT_EQ(json_type_of(Kind::kIncompleteSignature), "IncompleteSignatureException");
  EXPECT_EQ(query_type_of(Kind::kInvalidSignature), "SignatureDoesNotMatch");
  EXPECT_EQ(query_type_of(Kind::kUnrecognizedClient), "InvalidClientTokenId");
  EXPECT_EQ(query_type_of(Kind::kExpiredToken), "ExpiredToken");
  EXPECT_EQ(query_type_of(Kind::kMissingAuthenticationToken), "MissingAuthenticationToken");
  EXPECT_EQ(query_type_of(Kind::kIncompleteSignature), "IncompleteSignature");
}

}  // namespace
}  // namespace ecr::auth
