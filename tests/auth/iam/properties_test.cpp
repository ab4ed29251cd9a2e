// Properties of every decision, on random cases.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "auth/iam/evaluate_json.h"
#include "tests/auth/iam/random_case.h"

namespace ecr::auth::iam::test {
namespace {

using Json = nlohmann::json;
constexpr std::uint64_t kCases = 1'500;
constexpr std::uint64_t kFirst = 1'000'000'000;  // not those of the differential test

Json decide(const Json& line) {
  bool ok = false;
  const Json out = Json::parse(evaluate_line(line.dump(), true, ok));
  EXPECT_TRUE(ok) << out.dump();
  return out;
}

bool allowed(const Json& line) { return decide(line)["decision"] == "Allowed"; }

bool always_allowed(const Json& line) {
  return line["request"]["action"] == "sts:GetCallerIdentity" &&
         !line["request"]["principal"].is_null();
}

bool some_statement(const Json& decision, const char* effect) {
  return std::any_of(decision["trace"].begin(), decision["trace"].end(), [&](const Json& entry) {
    return entry["effect"] == effect && entry["outcome"] == "Matched";
  });
}

TEST(IamProperty, ExplicitDenyTrumpsAllow) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Json line = random_case(kFirst + i);
    if (always_allowed(line)) continue;
    const Json decision = decide(line);
    EXPECT_EQ(decision["decision"] == "ExplicitlyDenied", some_statement(decision, "Deny"));
  }
}

TEST(IamProperty, AllowedOnlyIfSomeStatementAllows) {
  std::size_t count = 0;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Json line = random_case(kFirst + i);
    const Json decision = decide(line);
    if (decision["decision"] != "Allowed" || always_allowed(line)) continue;
    EXPECT_TRUE(some_statement(decision, "Allow"));
    EXPECT_EQ(decision["statement"]["Effect"], "Allow");
    ++count;
  }
  EXPECT_GT(count, kCases / 20);  // the cases are worth something
}

// All arrays of documents and statements back to front. Levels too: each of them is asked.
void reverse(Json& policies) {
  for (auto& [kind, value] : policies.items()) {
    if (value.is_array()) std::reverse(value.begin(), value.end());
    const auto statements = [](Json& document) {
      if (document["Statement"].is_array()) {
        std::reverse(document["Statement"].begin(), document["Statement"].end());
      }
    };
    if (value.is_object()) statements(value);
    if (!value.is_array()) continue;
    for (Json& item : value) {
      if (item.is_object()) statements(item);
      if (!item.is_array()) continue;
      std::reverse(item.begin(), item.end());
      for (Json& document : item) statements(document);
    }
  }
}

TEST(IamProperty, StatementOrderDoesNotMatter) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    Json line = random_case(kFirst + i);
    const Json before = decide(line);
    reverse(line["policies"]);
    const Json after = decide(line);
    EXPECT_EQ(before["decision"], after["decision"]);
    EXPECT_EQ(before["decided_by"], after["decided_by"]);
  }
}

TEST(IamProperty, AddingADenyNeverAllows) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    Json line = random_case(kFirst + i);
    if (allowed(line)) continue;
    // Some statement of another case, as a Deny.
    const Json other = random_case(kFirst + i + 1)["policies"]["identity"];
    Json statement =
        other.empty() ? Json{{"Action", "*"}, {"Resource", "*"}} : other[0]["Statement"];
    if (statement.is_array()) statement = statement[0];
    statement["Effect"] = "Deny";
    const Json document = {{"Version", "2012-10-17"}, {"Statement", statement}};
    for (const char* kind : {"identity", "boundaries", "session"}) {
      // A first boundary or session policy is a limit besides: it cannot allow either.
      Json more = line;
      more["policies"][kind].push_back(document);
      EXPECT_FALSE(allowed(more)) << kind << more.dump();
    }
  }
}

TEST(IamProperty, AddingABoundaryNeverAllows) {
  const Json everything =
      Json::parse(R"({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})");
  for (std::uint64_t i = 0; i < kCases; ++i) {
    Json line = random_case(kFirst + i);
    if (allowed(line)) continue;
    line["policies"]["boundaries"].push_back(everything);
    EXPECT_FALSE(allowed(line)) << line.dump();
  }
}

TEST(IamProperty, AnOrganizationNeverAllows) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    Json line = random_case(kFirst + i);
    if (!allowed(line)) continue;
    line["policies"].erase("scps");
    line["policies"].erase("rcps");
    EXPECT_TRUE(allowed(line)) << line.dump();
  }
}

}  // namespace
}  // namespace ecr::auth::iam::test
