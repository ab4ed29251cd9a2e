// verify_sigv4: of several faults the first one is told, in AWS's order of checks.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/auth/sigv4/scenario.h"

namespace ecr::auth {
namespace {

using namespace testing_sigv4;

// A request with a fault for every check; each step of the test mends one.
struct Faulty {
  bool both_forms = true;
  std::string algorithm = "AWS3-HMAC-SHA256";
  std::string credential = "AKIDOTHER/20200101/nowhere/sts";
  std::string signed_headers = "content-type;x-amz-date";
  std::string rest = ", oops";  // of the Authorization header
  std::string date = "yesterday";
  std::string token = "another";
  bool expired = true;

  tl::expected<VerifiedSignature, SignatureError> verify() const {
    Scenario s;
    s.credential.session_token = "session";
    if (expired) s.credential.expires = s.now;
    s.headers = s.input.headers;
    s.headers.emplace_back("X-Amz-Date", date);
    s.headers.emplace_back("X-Amz-Security-Token", token);
    s.headers.emplace_back("Authorization", algorithm + " Credential=" + credential +
                                                ", SignedHeaders=" + signed_headers + rest);
    if (both_forms) s.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256";
    s.body = "{}";
    return s.verify();
  }
};

TEST(SigV4, TheFirstFaultInTheOrderOfChecksIsTold) {
  Faulty faulty;
  const struct {
    void (*mend)(Faulty&);  // what the step before complained of
    Kind kind;
    const char* message;  // how it begins
  } steps[] = {
      {[](Faulty&) {}, Kind::kIncompleteSignature, "Only one authentication mechanism is allowed"},
      {[](Faulty& f) { f.both_forms = false; }, Kind::kIncompleteSignature,
       "Unsupported AWS 'algorithm': 'AWS3-HMAC-SHA256'."},
      {[](Faulty& f) { f.algorithm = "AWS4-HMAC-SHA256"; }, Kind::kIncompleteSignature,
       "'oops' not a valid key=value pair"},
      {[](Faulty& f) { f.rest = ""; }, Kind::kIncompleteSignature,
       "Authorization header requires 'Signature' parameter."},
      {[](Faulty& f) { f.rest = ", Signature=00"; }, Kind::kInvalidSignature,
       "'Host' or ':authority' must be a 'SignedHeader'"},
      {[](Faulty& f) {
         f.signed_headers = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
       },
       Kind::kIncompleteSignature, "Date must be in ISO-8601 'basic format'. Got 'yesterday'."},
      {[](Faulty& f) { f.date = "20251231T000000Z"; }, Kind::kInvalidSignature,
       "Signature expired: 20251231T000000Z is now earlier than "},
      {[](Faulty& f) { f.date = "20260102T000000Z"; }, Kind::kInvalidSignature,
       "Signature not yet current: 20260102T000000Z is still later than "},
      {[](Faulty& f) { f.date = "20260101T000000Z"; }, Kind::kIncompleteSignature,
       "Credential must have exactly 5 slash-delimited elements"},
      {[](Faulty& f) { f.credential += "/aws5_request"; }, Kind::kInvalidSignature,
       "Credential should be scoped to a valid region, not 'nowhere'. Credential should be "
       "scoped to correct service: 'ecr'. "},
      {[](Faulty& f) { f.credential = "AKIDOTHER/20260101/us-east-1/ecr/aws4_request"; },
       Kind::kUnrecognizedClient, kBadToken},
      {[](Faulty& f) { f.credential = "AKIDEXAMPLE/20260101/us-east-1/ecr/aws4_request"; },
       Kind::kUnrecognizedClient, kBadToken},  // of another key
      {[](Faulty& f) { f.token = "session"; }, Kind::kExpiredToken,
       "The security token included in the request is expired"},
      {[](Faulty& f) { f.expired = false; }, Kind::kInvalidSignature, kMismatch},
  };
  for (const auto& step : steps) {
    step.mend(faulty);
    const auto result = faulty.verify();
    ASSERT_FALSE(result.has_value()) << step.message;
    EXPECT_EQ(result.error().kind, step.kind) << result.error().message;
    EXPECT_TRUE(result.error().message.starts_with(step.message)) << result.error().message;
  }
}

}  // namespace
}  // namespace ecr::auth
