#include "auth/sigv4/verify_json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/sigv4/sign.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

using base::Json;

// A valid line, to be changed by the test.
Json line() {
  SigningInput input;
  input.method = "POST";
  input.query = "a=1";
  input.headers = {{"Host", "example.com"}};
  input.body = "x=1";
  input.access_key_id = "AKIDEXAMPLE";
  input.secret_access_key = "secret";
  input.service = "sts";
  input.time = base::parse_basic("20150830T123600Z").value();
  std::string raw = "POST /?a=1 HTTP/1.1\r\nHost: example.com\r\n";
  for (const auto& [name, value] : sign_headers(input))
    raw.append(name).append(":").append(value).append("\r\n");
  raw += "Content-Length: 3\r\n\r\nx=1\n";
  return {{"now", "2015-08-30T12:36:00Z"},
          {"region", "us-east-1"},
          {"service", "sts"},
          {"normalize", true},
          {"credentials", {{"access_key_id", "AKIDEXAMPLE"}, {"secret_access_key", "secret"}}},
          {"raw_request", raw}};
}

std::string answer(const Json& json, bool expected_ok) {
  bool ok = !expected_ok;
  std::string text = verify_sigv4_line(base::dump(json), ok);
  EXPECT_EQ(ok, expected_ok) << text;
  return text;
}

TEST(SigV4VerifyLine, ValidRequest) {
  EXPECT_EQ(answer(line(), true), R"({"valid":true})");
  Json basic = line();
  basic["now"] = "20150830T123600Z";
  basic.erase("region");
  basic["normalize"] = nullptr;
  EXPECT_EQ(answer(basic, true), R"({"valid":true})");
}

TEST(SigV4VerifyLine, InvalidRequestNamesTheError) {
  Json json = line();
  json["service"] = "ecr";
  EXPECT_EQ(answer(json, true), R"({"valid":false,"error":"InvalidSignatureException","message":)"
                                R"("Credential should be scoped to correct service: 'ecr'."})");
  json = line();
  json["raw_request"] = "GET / HTTP/1.1\nHost: a";
  EXPECT_EQ(answer(json, true),
            R"({"valid":false,"error":"MissingAuthenticationTokenException","message":)"
            R"("Missing Authentication Token"})");
}

TEST(SigV4VerifyLine, MalformedLineIsAnError) {
  bool ok = true;
  for (const char* text : {"", "{", "[]", "1", "{}", "\xff"}) {
    const std::string out = verify_sigv4_line(text, ok);
    EXPECT_FALSE(ok) << text;
    EXPECT_TRUE(base::parse_json(out)->contains("error")) << out;
  }
  for (const char* name : {"now", "service", "credentials", "raw_request"}) {
    Json json = line();
    json.erase(name);
    EXPECT_EQ(answer(json, false), std::string(R"({"error":")") + name + " is required\"}");
    json[name] = 7;
    answer(json, false);
  }
  Json json = line();
  json["credentials"].erase("secret_access_key");
  EXPECT_EQ(answer(json, false), R"({"error":"credentials.secret_access_key is required"})");
  json = line();
  json["now"] = "yesterday";
  EXPECT_EQ(answer(json, false), R"({"error":"now must be an ISO 8601 time"})");
  json = line();
  json["normalize"] = "yes";
  EXPECT_EQ(answer(json, false), R"({"error":"normalize must be true or false"})");
}

TEST(SigV4VerifyLine, MalformedRequestIsAnError) {
  for (const char* raw :
       {"", "GET", "GET /", "GET / FTP/1", "GET  HTTP/1.1", " / HTTP/1.1", "GET a HTTP/1.1",
        "GET / HTTP/1.1\nno colon", "GET / HTTP/1.1\n: v", "GET / HTTP/1.1\n folded"}) {
    Json json = line();
    json["raw_request"] = raw;
    EXPECT_NE(answer(json, false).find("raw_request: "), std::string::npos) << raw;
  }
}

}  // namespace
}  // namespace ecr::auth
