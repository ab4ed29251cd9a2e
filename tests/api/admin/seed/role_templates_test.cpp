// Role templates in a seed: what is refused, and where.
#include <gmock/gmock.h>

#include "tests/api/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SeedRoleTemplates : public ApiTest {
 protected:
  HttpResponse apply(const Json& role_template) {
    const Json document = {{"roleTemplates", {role_template}}};
    return admin.handle(
        make_request("POST", "/_ecr-local/seed", {{"Host", host}}, document.dump()));
  }
  // The text of the error of a template with these members in place of good ones.
  std::string refused(const Json& members, const Json& of_version = Json::object()) {
    Json version = good_version();
    version.update(of_version);
    Json role_template = {
        {"service", "lambda.amazonaws.com"}, {"name", "t"}, {"versions", {version}}};
    role_template.update(members);
    const HttpResponse response = apply(role_template);
    EXPECT_EQ(response.status, 400) << role_template;
    return Json::parse(body_of(response)).value("message", "");
  }
  static Json good_version() {
    return {{"roleName", "r-@{P}"},
            {"trustPolicy", trust("lambda.amazonaws.com")},
            {"parameters",
             {{{"name", "P"}, {"type", "String"}}, {{"name", "L"}, {"type", "ArnList"}}}}};
  }
  static Json trust(const char* service) {
    return {{"Version", "2012-10-17"},
            {"Statement",
             {{{"Effect", "Allow"},
               {"Principal", {{"Service", service}}},
               {"Action", "sts:AssumeRole"}}}}};
  }
};

TEST_F(SeedRoleTemplates, AreCounted) {
  const Json role_template = {
      {"service", "lambda.amazonaws.com"}, {"name", "t"}, {"versions", {good_version()}}};
  for (int i = 0; i < 2; ++i) {
    const HttpResponse response = apply(role_template);
    EXPECT_EQ(response.status, 200) << body_of(response);
    EXPECT_EQ(Json::parse(body_of(response))["applied"], (Json{{"roleTemplates", 1}}));
  }
}

TEST_F(SeedRoleTemplates, ErrorsOfATemplateNameThePlace) {
  const std::pair<Json, const char*> kCases[] = {
      {{{"nmae", "x"}}, "roleTemplates[0]: unknown key nmae, did you mean name?"},
      {{{"service", "a b"}}, "roleTemplates[0].service: does not match"},
      {{{"name", "a/b"}}, "roleTemplates[0].name: does not match"},
      {{{"majorVersion", -1}}, "roleTemplates[0].majorVersion: must be a number"},
      {{{"description", std::string(513, 'a')}}, "roleTemplates[0]: description: "},
      {{{"versions", Json::array()}}, "roleTemplates[0].versions: must have a version"},
      {{{"versions", {good_version(), good_version()}}},
       "roleTemplates[0].versions[1]: minorVersion 1 is given more than once"},
      {{{"defaultMinorVersion", 2}}, "roleTemplates[0].defaultMinorVersion: is not one of"},
      {{{"enabled", "yes"}}, "roleTemplates[0].enabled: must be true or false"},
  };
  for (const auto& [members, text] : kCases) EXPECT_THAT(refused(members), StartsWith(text));
}

TEST_F(SeedRoleTemplates, ErrorsOfAVersionNameThePlace) {
  const auto parameter = [](Json members) {
    members.update(
        {{"name", members.value("name", "P")}, {"type", members.value("type", "Number")}});
    return Json{{"parameters", {std::move(members)}}};
  };
  const Json list_in_text = policy("Allow", "ecr:*", "arn:aws:ecr:*:*:@{L}");
  const std::pair<Json, const char*> kCases[] = {
      {{{"rolename", "x"}}, ": unknown key rolename, did you mean roleName?"},
      {{{"roleName", nullptr}}, ".roleName: is missing"},
      {{{"trustPolicy", nullptr}}, ".trustPolicy: is missing"},
      {{{"roleName", "@{Q}"}}, ".roleName: @{Q} is not one of the version's parameters"},
      {{{"rolePath", "/@{P/"}}, ".rolePath: has a placeholder that is not of the form @{Name}"},
      {{{"roleDescription", "@{L}"}}, ".roleDescription: @{L} is a list"},
      {{{"trustPolicy", "x"}}, ".trustPolicy: must be a policy, or its text"},
      {{{"trustPolicy", {{"Version", "2012-10-17"}}}}, ".trustPolicy: "},
      {{{"trustPolicy", trust("@{Q}")}}, ".trustPolicy: @{Q} is not one of"},
      {{{"policies", {{"p", list_in_text}}}}, ".policies.p: @{L} is a list"},
      {{{"policies", {{"a b", policy("Allow", "ecr:*", "*")}}}},
       ": inlinePolicyTemplates.1.member"},
      {{{"attachedPolicies", {"ReadOnlyAccess"}}},
       ".attachedPolicies[0]: must be the ARN of a managed policy"},
      {{{"boundary", "arn:aws:iam::aws:role/x"}}, ".boundary: must be the ARN of a managed policy"},
      {{{"tags", {{"@{Q}", "x"}}}}, ".tags.@{Q}: @{Q} is not one of"},
      {{{"tags", {{"k", "a|b"}}}}, ": roleTagsTemplate"},
      {{{"maxSessionDuration", 60}}, ".maxSessionDuration: must be a number from 3600"},
      {parameter({{"type", "Integer"}}), ".parameters[0].type: must be one of String, "},
      {parameter({{"default", "x"}}), ".parameters[0].default: is not of that type"},
      {parameter({{"type", "NumberList"}, {"default", "1,x"}}),
       ".parameters[0].default: is not of that type"},
      {parameter({{"name", "a}"}}), ".parameters[0].name: must not have"},
      {parameter({{"description", std::string(1001, 'a')}}), ": parametersDefinition.1.member"},
      {{{"parameters", {{{"name", "P"}, {"type", "String"}}, {{"name", "P"}, {"type", "Arn"}}}}},
       ".parameters[1].name: is given more than once"},
  };
  for (const auto& [members, text] : kCases) {
    EXPECT_THAT(refused(Json::object(), members),
                StartsWith(std::string("roleTemplates[0].versions[0]") + text));
  }
}

}  // namespace
}  // namespace ecr::api::test
