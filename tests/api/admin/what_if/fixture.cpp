#include "tests/api/admin/what_if/fixture.h"

#include "schemas/base/text.h"

namespace ecr::api::test {
namespace {

std::string key_of(const std::string& user) { return "AKIAWHATIFUSER" + user + "00"; }

Json user_with_key(const std::string& name, const Json& policies) {
  return {{"name", name},
          {"accessKeys", {{{"accessKeyId", key_of(name)}, {"secretAccessKey", "secret"}}}},
          {"policies", policies}};
}

Json company() {
  const Json pull = policy("Allow", {"ecr:BatchGetImage", "ecr:ListImages"}, "*");
  Json lena = user_with_key("lena", {{"push", policy("Allow", "ecr:*", "*")}});
  lena["boundary"] = "limit";
  Json jane = user_with_key("jane", {{"pull", pull}});
  jane["groups"] = {"devs"};
  Json repository_policy = {{"Version", "2008-10-17"},
                            {"Statement",
                             {{{"Sid", "Other"},
                               {"Effect", "Allow"},
                               {"Principal", {{"AWS", "222233334444"}}},
                               {"Action", "ecr:BatchGetImage"}}}}};
  const Json trust = {{"Version", "2012-10-17"},
                      {"Statement",
                       {{{"Effect", "Allow"},
                         {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
                         {"Action", "sts:AssumeRole"}}}}};
  const Json account = {
      {"managedPolicies",
       {{{"name", "limit"}, {"document", policy("Allow", "ecr:ListImages", "*")}},
        {{"name", "reader"}, {"document", policy("Allow", "ecr:DescribeImages", kOpsArn)}}}},
      {"groups",
       {{{"name", "devs"},
         {"policies", {{"describe", policy("Allow", "ecr:DescribeRepositories", "*")}}}}}},
      {"roles",
       {{{"name", "ci"},
         {"trustPolicy", trust},
         {"policies", {{"push", policy("Allow", "ecr:PutImage", kAppArn)}}},
         {"attachedPolicies", {"reader"}},
         {"tags", {{"team", "a"}}}}}},
      {"users", {jane, lena, user_with_key("mark", Json::object())}},
      {"repositories",
       {{{"name", "app"}, {"tags", {{"team", "a"}}}, {"policy", repository_policy}},
        {{"name", "ops"}}}}};
  const Json other = {
      {"users", {{{"name", "olga"}, {"policies", {{"all", policy("Allow", "ecr:*", "*")}}}}}}};
  return {{"accounts", {{"111122223333", account}, {"222233334444", other}}}};
}

}  // namespace

WhatIfTest::WhatIfTest() {
  const auto response = ask("POST", "seed", company());
  EXPECT_EQ(response.status, 200) << body_of(response);
}

HttpResponse WhatIfTest::ask(const std::string& method, const std::string& path, const Json& body) {
  return admin.handle(make_request(method, "/_ecr-local/" + path, {{"Host", host}},
                                   body.is_null() ? "" : body.dump()));
}

Json WhatIfTest::answer(const std::string& method, const std::string& path, const Json& body) {
  const HttpResponse response = ask(method, path, body);
  EXPECT_EQ(response.status, 200) << body_of(response);
  return response.status == 200 ? Json::parse(body_of(response)) : Json();
}

std::string WhatIfTest::refusal(const std::string& method, const std::string& path,
                                const Json& body) {
  const HttpResponse response = ask(method, path, body);
  EXPECT_EQ(response.status, 400) << body_of(response);
  return Json::parse(body_of(response)).value("message", "");
}

void WhatIfTest::become(const std::string& user) { keys = {key_of(user), "secret"}; }

std::string WhatIfTest::cell(const std::string& principal, const std::string& action,
                             const std::string& resource, const std::vector<Json>& changes,
                             const Json& context) {
  const Json rows = answer("POST", "decisions/matrix",
                           {{"principals", {principal}},
                            {"actions", {action}},
                            {"resource", resource},
                            {"context", context},
                            {"changes", changes}});
  return rows["rows"][0]["cells"][0]["decision"].get<std::string>();
}

}  // namespace ecr::api::test
