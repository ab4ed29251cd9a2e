// For the tests of verify_sigv4: a request, signed by auth/sigv4_sign.h (which agrees with
// botocore: botocore_test.cpp), to be changed and verified.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "auth/sigv4/sign.h"
#include "auth/sigv4/sigv4.h"

namespace ecr::auth::testing_sigv4 {

using Kind = SignatureErrorKind;
using base::TimePoint;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr const char* kKeyId = "AKIDEXAMPLE";
inline constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
inline constexpr const char* kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";
inline constexpr const char* kBadToken = "The security token included in the request is invalid.";

inline TimePoint time(const char* text) { return base::parse_basic(text).value(); }

// A request, how it is signed, and what it meets.
struct Scenario {
  SigningInput input;
  std::vector<std::pair<std::string, std::string>> headers;  // what is sent
  std::string query, body;
  TimePoint now = time("20260101T000000Z");
  std::optional<std::string> region = "us-east-1";
  SigningCredential credential{kSecret, "", std::nullopt};
  bool token_may_be_unsigned = false;

  Scenario() {
    input.headers = {{"Host", "localhost:4599"},
                     {"X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"},
                     {"Content-Type", "application/x-amz-json-1.1"}};
    input.body = "{}";
    input.access_key_id = kKeyId;
    input.secret_access_key = kSecret;
    input.time = now;
  }
  Scenario& sign() {
    headers = input.headers;
    for (auto& header : sign_headers(input)) headers.push_back(std::move(header));
    query = input.query;
    body = input.body;
    return *this;
  }
  Scenario& presign(seconds expires) {
    headers = input.headers;
    query = presign_query(input, expires);
    body = input.body;
    return *this;
  }
  std::string& header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return headers.emplace_back(name, "").second;
  }
  void erase(std::string_view name) {
    std::erase_if(headers, [name](const auto& header) { return header.first == name; });
  }
  Scenario& replace(const std::string& from, const std::string& to) {
    for (std::string* text : {&header("Authorization"), &query}) {
      if (const std::size_t at = text->find(from); at != std::string::npos) {
        text->replace(at, from.size(), to);
      }
    }
    if (header("Authorization").empty()) erase("Authorization");
    return *this;
  }

  tl::expected<VerifiedSignature, SignatureError> verify() const {
    const std::vector<HeaderView> views(headers.begin(), headers.end());
    SigV4Options options;
    options.now = now;
    options.service = "ecr";
    if (region) options.region = *region;
    options.token_may_be_unsigned = token_may_be_unsigned;
    return verify_sigv4({input.method, input.path, query, views, body}, options,
                        [this](std::string_view id) -> std::optional<SigningCredential> {
                          if (id != kKeyId) return std::nullopt;
                          return credential;
                        });
  }
  void expect(Kind kind, const std::string& message) const {
    const auto result = verify();
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, kind) << result.error().message;
    EXPECT_EQ(result.error().message, message);
  }
  void expect_mismatch() const { expect(Kind::kInvalidSignature, kMismatch); }
  void expect_valid() const {
    const auto result = verify();
    EXPECT_TRUE(result.has_value()) << result.error().message;
  }
};

}  // namespace ecr::auth::testing_sigv4
