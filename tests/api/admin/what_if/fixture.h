// A small company for the questions of what_if: account 111122223333 with users, a group and
// roles, account 222233334444 beside it, and a repository with a policy.
#pragma once

#include <string>
#include <vector>

#include "tests/api/fixture.h"

namespace ecr::api::test {

inline constexpr const char* kAppArn = "arn:aws:ecr:us-east-1:111122223333:repository/app";
inline constexpr const char* kOpsArn = "arn:aws:ecr:us-east-1:111122223333:repository/ops";

class WhatIfTest : public ApiTest {
 protected:
  WhatIfTest();

  HttpResponse ask(const std::string& method, const std::string& path, const Json& body = {});
  // The answer, which must be 200.
  Json answer(const std::string& method, const std::string& path, const Json& body = {});
  // The message of an answer that must be 400.
  std::string refusal(const std::string& method, const std::string& path, const Json& body = {});
  // Calls as that seeded user.
  void become(const std::string& user);

  static std::string arn_of(const std::string& kind_and_name) {
    return "arn:aws:iam::111122223333:" + kind_and_name;
  }
  static Json change(const std::string& kind, const std::string& target, const Json& document) {
    return {{"kind", kind}, {"target", target}, {"document", document}};
  }
  static Json inline_change(const std::string& target, const std::string& name,
                            const Json& document) {
    Json json = change("inline", target, document);
    json["name"] = name;
    return json;
  }
  // The decision of one cell.
  std::string cell(const std::string& principal, const std::string& action,
                   const std::string& resource, const std::vector<Json>& changes = {},
                   const Json& context = Json::object());
};

}  // namespace ecr::api::test
