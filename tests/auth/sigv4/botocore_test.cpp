// Requests signed by botocore (make_vectors.py) verify; changed ones do not.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/sigv4/verify_json.h"
#include "schemas/base/json.h"

namespace ecr::auth {
namespace {

using base::Json;

std::vector<Json> vectors() {
  std::ifstream file(std::string(ECR_TEST_DATA) + "/sigv4/data/vectors.jsonl");
  std::vector<Json> out;
  for (std::string line; std::getline(file, line);) out.push_back(*base::parse_json(line));
  return out;
}

Json verify(const Json& line) {
  bool ok = false;
  const std::string answer = verify_sigv4_line(base::dump(line), ok);
  EXPECT_TRUE(ok) << answer;
  return *base::parse_json(answer);
}

TEST(SigV4Botocore, EverySignedRequestIsValid) {
  const auto lines = vectors();
  ASSERT_GE(lines.size(), 340u);
  for (const Json& line : lines) {
    EXPECT_EQ(verify(line), (Json{{"valid", true}})) << line.at("name") << line.at("raw_request");
  }
}

// Each returns false where it does not apply.
struct Mutation {
  const char* name;
  bool (*apply)(Json& line, std::string& raw);
  const char* error;
};

bool replace(std::string& text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return at != std::string::npos;
}

constexpr const char* kMismatch = "InvalidSignatureException";

const Mutation kMutations[] = {
    {"another secret",
     [](Json& line, std::string&) {
       line["credentials"]["secret_access_key"] = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEy";
       return true;
     },
     kMismatch},
    {"another key id",
     [](Json& line, std::string&) {
       line["credentials"]["access_key_id"] = "AKIDEXAMPLF";
       return true;
     },
     "UnrecognizedClientException"},
    {"another session token",
     [](Json& line, std::string&) {
       const bool session = !line["credentials"]["token"].is_null();
       line["credentials"]["token"] = "other";
       return session;
     },
     "UnrecognizedClientException"},
    {"a changed signature",
     [](Json&, std::string& raw) {
       const std::size_t at = raw.find("Signature=") + 10;
       raw[at] = raw[at] == 'a' ? 'b' : 'a';
       return true;
     },
     kMismatch},
    {"a longer signature",
     [](Json&, std::string& raw) { return replace(raw, "Signature=", "Signature=0"); }, kMismatch},
    {"another method",
     [](Json&, std::string& raw) {
       raw = "PATCH" + raw.substr(raw.find(' '));
       return true;
     },
     kMismatch},
    {"a longer body",
     [](Json&, std::string& raw) {
       raw += " ";
       return true;
     },
     kMismatch},
    {"another path",
     [](Json&, std::string& raw) {
       raw.insert(std::min(raw.find('?'), raw.find(" HTTP/1.1")), "zz");
       return true;
     },
     kMismatch},
    {"one more query parameter",
     [](Json&, std::string& raw) {
       const std::size_t query = raw.find('?');
       if (query == std::string::npos || query > raw.find('\n')) return false;
       raw.insert(query + 1, "zz=1&");
       return true;
     },
     kMismatch},
    {"another host",
     [](Json&, std::string& raw) {
       for (const char* host : {"ost:", "OST:"}) {
         const std::size_t at = raw.find(host);
         if (at != std::string::npos) raw.insert(at + 4, "x");
         if (at != std::string::npos) return true;
       }
       return false;
     },
     kMismatch},
    {"one more x-amz- header",
     [](Json&, std::string& raw) {
       raw.insert(raw.find('\n') + 1, "X-Amz-Extra: 1\n");
       return true;
     },
     kMismatch},
    {"one more x-amz-date header",
     [](Json&, std::string& raw) {
       raw.insert(raw.find('\n') + 1, "X-AMZ-DATE: 20150830T123600Z\n");
       const std::string lower = raw.substr(raw.find('\n', raw.find('\n') + 1) + 1);
       return lower.find("\nX-Amz-Date:") != std::string::npos;
     },
     "IncompleteSignatureException"},
    {"another service",
     [](Json& line, std::string&) {
       line["service"] = "s4";
       return true;
     },
     kMismatch},
    {"another region",
     [](Json& line, std::string&) {
       line["region"] = "us-east-9";
       return true;
     },
     kMismatch},
    {"months later",
     [](Json& line, std::string&) {
       line["now"] = "2029-01-01T00:00:00Z";
       return true;
     },
     kMismatch},
    {"a year before",
     [](Json& line, std::string&) {
       line["now"] = "2014-01-01T00:00:00Z";
       return true;
     },
     kMismatch},
};

TEST(SigV4Botocore, EveryChangeIsRejected) {
  const auto lines = vectors();
  for (const Mutation& mutation : kMutations) {
    int applied = 0;
    for (Json line : lines) {
      std::string raw = line.at("raw_request").get<std::string>();
      if (!mutation.apply(line, raw)) continue;
      line["raw_request"] = raw;
      ++applied;
      const Json answer = verify(line);
      EXPECT_EQ(answer.value("error", ""), mutation.error)
          << mutation.name << ": " << line.at("name") << answer;
    }
    EXPECT_GE(applied, 20) << mutation.name;
  }
}

}  // namespace
}  // namespace ecr::auth
