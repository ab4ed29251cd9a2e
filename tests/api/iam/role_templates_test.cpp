// Role templates through the IAM API: GetRoleTemplateVersion, AcquireRole, and what a role says of
// the template that it was made from.
#include <gmock/gmock.h>

#include "schemas/base/encoding.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kTemplate = "arn:aws:iam::aws:role-template/lambda.amazonaws.com/Reader:2";
const std::string kReadOnly = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly";
const std::string kReaderArn = "arn:aws:iam::111122223333:role/made/reader-app";

Json trust_of_lambda() {
  return {{"Version", "2012-10-17"},
          {"Statement",
           {{{"Effect", "Allow"},
             {"Principal", {{"Service", "lambda.amazonaws.com"}}},
             {"Action", "sts:AssumeRole"},
             {"Condition", {{"StringEquals", {{"aws:SourceAccount", "@{Account}"}}}}}}}}};
}

Json reading(const Json& resource) { return policy("Allow", "ecr:BatchGetImage", resource); }

Json full_version() {
  return {{"minorVersion", 3},
          {"roleName", "reader-@{Name}"},
          {"rolePath", "/made/"},
          {"roleDescription", "reads for @{Name}"},
          {"trustPolicy", trust_of_lambda()},
          {"policies", {{"read", reading("@{Repositories}")}}},
          {"attachedPolicies", {kReadOnly}},
          {"boundary", kReadOnly},
          {"tags", {{"app", "@{Name}"}, {"@{TagKey}", "x"}}},
          {"maxSessionDuration", 7200},
          {"parameters",
           {{{"name", "Name"},
             {"type", "String"},
             {"subType", "RoleName"},
             {"description", "whose"},
             {"required", true},
             {"immutable", true}},
            {{"name", "Account"}, {"type", "Number"}, {"default", "111122223333"}},
            {{"name", "Repositories"}, {"type", "ArnList"}, {"required", true}},
            {{"name", "TagKey"}, {"type", "String"}, {"default", "team"}},
            {{"name", "Unused"}, {"type", "NumberList"}}}}};
}

Json small_version(int number, const char* name) {
  return {{"minorVersion", number},
          {"roleName", name},
          {"trustPolicy",
           {{"Version", "2012-10-17"},
            {"Statement",
             {{{"Effect", "Allow"},
               {"Principal", {{"Service", "lambda.amazonaws.com"}}},
               {"Action", "sts:AssumeRole"}}}}}}};
}

class IamRoleTemplates : public IamTest {
 protected:
  IamRoleTemplates() { seed_template({{"versions", {small_version(1, "plain"), full_version()}}}); }

  // Gives the template these members beside those that it always has.
  void seed_template(Json members) {
    members.update({{"service", "lambda.amazonaws.com"}, {"name", "Reader"}, {"majorVersion", 2}});
    if (!members.contains("description")) members["description"] = "for reading";
    seed({{"roleTemplates", {members}}});
  }
  static Parameters values(
      const std::vector<std::pair<std::string, std::vector<std::string>>>& of) {
    Parameters parameters = {{"TemplateArn", kTemplate}};
    for (std::size_t i = 0; i < of.size(); ++i) {
      const std::string entry = "ReplacementValues.entry." + std::to_string(i + 1);
      parameters.emplace_back(entry + ".key", of[i].first);
      for (std::size_t n = 0; n < of[i].second.size(); ++n) {
        parameters.emplace_back(entry + ".value.Values.member." + std::to_string(n + 1),
                                of[i].second[n]);
      }
    }
    return parameters;
  }
  static Parameters reader(const std::string& name = "app") {
    return values({{"Name", {name}},
                   {"Repositories",
                    {"arn:aws:ecr:us-east-1:111122223333:repository/a",
                     "arn:aws:ecr:us-east-1:111122223333:repository/b"}}});
  }
  static Parameters plain() { return {{"TemplateArn", kTemplate}, {"TemplateMinorVersion", "1"}}; }
  Json acquire(const Parameters& parameters) { return iam("AcquireRole", parameters)["Role"]; }
  static Json decoded(const Json& document) {
    return Json::parse(base::percent_decode(document.get<std::string>()).value());
  }
  bool role_exists(const std::string& name) {
    return send_query("iam", "GetRole", {{"RoleName", name}}).status == 200;
  }
};

TEST_F(IamRoleTemplates, AVersionIsShownWithAllItsMembers) {
  const Json shown =
      iam("GetRoleTemplateVersion", {{"TemplateArn", kTemplate}})["RoleTemplateVersion"];
  Json rest = shown;
  for (const char* document : {"AssumeRolePolicyDocumentTemplate", "InlinePolicyTemplates"}) {
    rest.erase(document);
  }
  EXPECT_FALSE(rest["TemplateVersionId"].get<std::string>().empty());  // its form is inferred
  rest.erase("TemplateVersionId");
  EXPECT_EQ(decoded(shown["AssumeRolePolicyDocumentTemplate"]), trust_of_lambda());
  ASSERT_EQ(shown["InlinePolicyTemplates"].size(), 1U);
  EXPECT_EQ(shown["InlinePolicyTemplates"][0]["PolicyName"], "read");
  EXPECT_EQ(decoded(shown["InlinePolicyTemplates"][0]["PolicyDocument"]),
            reading("@{Repositories}"));
  const Json no = {{"IsRequired", false}, {"Immutable", false}};
  const auto with = [](Json json, const Json& more) {
    json.update(more);
    return json;
  };
  EXPECT_EQ(
      rest,
      (Json{{"TemplateArn", kTemplate},
            {"TemplateName", "Reader"},
            {"Description", "for reading"},
            {"MajorVersion", 2},
            {"DefaultMinorVersion", 3},
            {"ManagedByType", "Service"},
            {"ManagedByValue", "lambda.amazonaws.com"},
            {"Enabled", true},
            {"MinorVersion", 3},
            {"RoleNamePattern", "reader-@{Name}"},
            {"RolePathPattern", "/made/"},
            {"RoleDescriptionPattern", "reads for @{Name}"},
            {"ManagedPolicyArns", {kReadOnly}},
            {"PermissionBoundaryArn", kReadOnly},
            {"ParametersDefinition",
             {{{"Name", "Name"},
               {"Type", "String"},
               {"SubType", "RoleName"},
               {"Description", "whose"},
               {"IsRequired", true},
               {"Immutable", true}},
              with(no, {{"Name", "Account"}, {"Type", "Number"}, {"DefaultValue", "111122223333"}}),
              {{"Name", "Repositories"},
               {"Type", "ArnList"},
               {"IsRequired", true},
               {"Immutable", false}},
              with(no, {{"Name", "TagKey"}, {"Type", "String"}, {"DefaultValue", "team"}}),
              with(no, {{"Name", "Unused"}, {"Type", "NumberList"}})}},
            {"RoleTagsTemplate",
             {{{"Key", "@{TagKey}"}, {"Value", "x"}}, {{"Key", "app"}, {"Value", "@{Name}"}}}},
            {"MaxSessionDuration", 7200},
            {"VersionEnabled", true},
            {"CreateTimestamp", "2023-11-14T22:13:20Z"},
            {"UpdateTimestamp", "2023-11-14T22:13:20Z"}}));
}

TEST_F(IamRoleTemplates, TheDefaultVersionIsWhatTheSeedSays) {
  const auto shown = [this](Parameters parameters = {}) {
    parameters.emplace_back("TemplateArn", kTemplate);
    return iam("GetRoleTemplateVersion", parameters)["RoleTemplateVersion"];
  };
  EXPECT_EQ(shown()["MinorVersion"], 3);
  EXPECT_EQ(shown({{"MinorVersion", "1"}})["RoleNamePattern"], "plain");
  clock.time += std::chrono::hours(1);
  seed_template({{"defaultMinorVersion", 1},
                 {"enabled", false},
                 {"versions", {small_version(1, "plain"), small_version(4, "new")}}});
  EXPECT_EQ(shown()["MinorVersion"], 1);
  EXPECT_EQ(shown()["Enabled"], false);
  // Only what changed has a new time; a version that the seed does not have any more is gone.
  EXPECT_EQ(shown()["UpdateTimestamp"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(shown({{"MinorVersion", "4"}})["CreateTimestamp"], "2023-11-14T23:13:20Z");
  EXPECT_EQ(
      iam_fail("GetRoleTemplateVersion", {{"TemplateArn", kTemplate}, {"MinorVersion", "3"}}, 404)
          .first,
      "NoSuchEntity");
}

TEST_F(IamRoleTemplates, UnknownTemplatesAndVersions) {
  for (const char* operation : {"GetRoleTemplateVersion", "AcquireRole"}) {
    EXPECT_EQ(iam_fail(operation, {{"TemplateArn", kTemplate + "0"}}, 404).first, "NoSuchEntity");
    EXPECT_EQ(iam_fail(operation, {{"TemplateArn", kReadOnly}}, 400).first, "ValidationError");
    EXPECT_EQ(iam_fail(operation, {}, 400).first, "ValidationError");
  }
  EXPECT_EQ(
      iam_fail("GetRoleTemplateVersion", {{"TemplateArn", kTemplate}, {"MinorVersion", "-1"}}, 404)
          .first,
      "NoSuchEntity");
  EXPECT_EQ(
      iam_fail("AcquireRole", {{"TemplateArn", kTemplate}, {"TemplateMinorVersion", "2"}}, 404)
          .first,
      "NoSuchEntity");
}

TEST_F(IamRoleTemplates, ARoleHasAllThatItsTemplateSays) {
  const Json made = acquire(reader());
  EXPECT_EQ(made["Arn"], kReaderArn);
  EXPECT_EQ(made["SourceRoleTemplate"],
            (Json{{"TemplateArn", kTemplate}, {"TemplateMinorVersion", 3}}));
  EXPECT_EQ(made, iam("GetRole", {{"RoleName", "reader-app"}})["Role"]);
  EXPECT_EQ(made["Description"], "reads for app");
  EXPECT_EQ(made["MaxSessionDuration"], 7200);
  EXPECT_EQ(made["PermissionsBoundary"]["PermissionsBoundaryArn"], kReadOnly);
  EXPECT_EQ(made["Tags"],
            (Json{{{"Key", "app"}, {"Value", "app"}}, {{"Key", "team"}, {"Value", "x"}}}));
  Json trust = trust_of_lambda();
  trust["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"] = "111122223333";
  EXPECT_EQ(decoded(made["AssumeRolePolicyDocument"]), trust);
  const Json inline_policy =
      iam("GetRolePolicy", {{"RoleName", "reader-app"}, {"PolicyName", "read"}});
  EXPECT_EQ(decoded(inline_policy["PolicyDocument"]),
            reading({"arn:aws:ecr:us-east-1:111122223333:repository/a",
                     "arn:aws:ecr:us-east-1:111122223333:repository/b"}));
  EXPECT_EQ(iam("ListAttachedRolePolicies",
                {{"RoleName", "reader-app"}})["AttachedPolicies"][0]["PolicyArn"],
            kReadOnly);
}

TEST_F(IamRoleTemplates, AllButTheNameAndTheTrustPolicyMayBeAbsent) {
  const Json made = acquire(plain());
  EXPECT_EQ(made["Path"], "/");
  EXPECT_EQ(made["MaxSessionDuration"], 3600);
  for (const char* absent : {"Description", "PermissionsBoundary", "Tags"}) {
    EXPECT_FALSE(made.contains(absent)) << absent;
  }
  EXPECT_EQ(made["SourceRoleTemplate"]["TemplateMinorVersion"], 1);
}

TEST_F(IamRoleTemplates, TheTemplateIsShownByGetRoleAlone) {
  acquire(plain());
  EXPECT_FALSE(iam("ListRoles")["Roles"][0].contains("SourceRoleTemplate"));
  // Checked by the model, whose RoleDetail has no such member.
  EXPECT_EQ(iam("GetAccountAuthorizationDetails")["RoleDetailList"].size(), 1U);
  // A role that was deleted and created by hand is not the template's.
  const Json document = small_version(1, "")["trustPolicy"];
  iam("DeleteRole", {{"RoleName", "plain"}});
  iam("CreateRole", {{"RoleName", "plain"}, {"AssumeRolePolicyDocument", document.dump()}});
  EXPECT_FALSE(iam("GetRole", {{"RoleName", "plain"}})["Role"].contains("SourceRoleTemplate"));
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 409).first, "NameConflict");
}

TEST_F(IamRoleTemplates, ARoleThatMatchesIsReturned) {
  const Json made = acquire(reader());
  iam("UpdateRole", {{"RoleName", "reader-app"}, {"Description", "changed"}});
  const Json again = acquire(reader());
  EXPECT_EQ(again["RoleId"], made["RoleId"]);
  EXPECT_EQ(again["Description"], "changed");
  // A default and the same value that is given make the same role.
  Parameters given = reader();
  given.emplace_back("ReplacementValues.entry.3.key", "TagKey");
  given.emplace_back("ReplacementValues.entry.3.value.Values.member.1", "team");
  EXPECT_EQ(acquire(given)["RoleId"], made["RoleId"]);
  // Other values, another version, another template: another role of that name.
  given.back().second = "other";
  EXPECT_EQ(iam_fail("AcquireRole", given, 409).first, "NameConflict");
  seed_template({{"versions", {small_version(1, "reader-app"), full_version()}}});
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 409).first, "NameConflict");
  EXPECT_NE(acquire(reader("other"))["RoleId"], made["RoleId"]);
  // IAM's names are unique without regard to case.
  EXPECT_EQ(iam_fail("AcquireRole", reader("APP"), 409).first, "NameConflict");
}

TEST_F(IamRoleTemplates, ASeededRoleIsNotTheTemplates) {
  acquire(plain());
  seed({{"accounts", {{"111122223333", {{"roles", {{{"name", "plain"}}}}}}}}});
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 409).first, "NameConflict");
}

TEST_F(IamRoleTemplates, DisabledTemplatesMakeNoRoles) {
  acquire(plain());
  Json second = small_version(2, "second");
  second["enabled"] = false;
  const auto disabled = [this](const char* version) {
    return iam_fail("AcquireRole", {{"TemplateArn", kTemplate}, {"TemplateMinorVersion", version}},
                    400)
        .first;
  };
  seed_template({{"versions", {small_version(1, "plain"), second}}});
  EXPECT_EQ(disabled("2"), "RoleTemplateDisabled");
  EXPECT_EQ(iam("GetRoleTemplateVersion",
                {{"TemplateArn", kTemplate}})["RoleTemplateVersion"]["VersionEnabled"],
            false);
  second["enabled"] = true;
  seed_template({{"enabled", false}, {"versions", {small_version(1, "plain"), second}}});
  EXPECT_EQ(disabled("2"), "RoleTemplateDisabled");
  EXPECT_FALSE(role_exists("second"));
  EXPECT_EQ(acquire(plain())["RoleName"], "plain");  // it makes none: the role is there
}

// The second text is what the message must name: the parameter, or the member of the role.
TEST_F(IamRoleTemplates, ValuesThatDoNotFitAreInvalidInput) {
  const std::vector<std::string> arns = {"arn:aws:ecr:us-east-1:111122223333:repository/a"};
  const auto more = [&](const std::string& parameter, const std::vector<std::string>& list) {
    return values({{"Name", {"app"}}, {"Repositories", arns}, {parameter, list}});
  };
  const std::pair<Parameters, const char*> kCases[] = {
      {values({}), "Name"},
      {values({{"Name", {"app"}}}), "Repositories"},
      {values({{"Name", {"a", "b"}}, {"Repositories", arns}}), "Name"},
      {values({{"Name", {"app"}}, {"Repositories", {"a"}}}), "Repositories"},
      {more("Nmae", {"x"}), "Nmae"},
      {more("Account", {"12a"}), "Account"},
      {more("Unused", {"1", "x"}), "Unused"},
      {values({{"Name", {"a b"}}, {"Repositories", arns}}), "Name"},
      {values({{"Name", {std::string(60, 'a')}}, {"Repositories", arns}}), "Name"},
      {more("TagKey", {""}), "tags"},
      {more("TagKey", {"aws:x"}), "aws:"},
      {more("TagKey", {"APP"}), "Tag"},
      {values({{"Name", {std::string(300'000, 'a')}}, {"Repositories", arns}}), "bytes"},
  };
  for (const auto& [parameters, named] : kCases) {
    const auto [code, message] = iam_fail("AcquireRole", parameters, 400);
    EXPECT_EQ(code, "InvalidInput") << named;
    EXPECT_THAT(message, HasSubstr(named));
  }
  EXPECT_THAT(iam("ListRoles")["Roles"], IsEmpty());
}

TEST_F(IamRoleTemplates, TheModelLimitsValues) {
  std::vector<std::pair<std::string, std::vector<std::string>>> many;
  for (int i = 0; i < 31; ++i) many.push_back({"p" + std::to_string(i), {"x"}});
  EXPECT_EQ(iam_fail("AcquireRole", values(many), 400).first, "ValidationError");
  EXPECT_EQ(
      iam_fail("AcquireRole", values({{"Name", std::vector<std::string>(21, "x")}}), 400).first,
      "ValidationError");
}

// Whatever is wrong last, the role is not there: all of it is one transaction.
TEST_F(IamRoleTemplates, NothingIsHalfMade) {
  const auto refused = [this](const char* member, const Json& value, int status) {
    Json version = small_version(1, "half");
    version["policies"] = {{"good", reading("*")}};
    version[member] = value;
    seed_template({{"versions", {version}}});
    const auto code = iam_fail("AcquireRole", plain(), status).first;
    EXPECT_FALSE(role_exists("half")) << member;
    return code;
  };
  const Json missing = Json::array({"arn:aws:iam::111122223333:policy/missing"});
  EXPECT_EQ(refused("attachedPolicies", missing, 404), "NoSuchEntity");
  EXPECT_EQ(refused("boundary", missing[0], 404), "NoSuchEntity");
  Json many = Json::array();
  for (int i = 0; i < 11; ++i) {
    const std::string name = "p" + std::to_string(i);
    iam("CreatePolicy", {{"PolicyName", name}, {"PolicyDocument", reading("*").dump()}});
    many.push_back("arn:aws:iam::111122223333:policy/" + name);
  }
  EXPECT_EQ(refused("attachedPolicies", many, 409), "LimitExceeded");
  EXPECT_EQ(refused("policies",
                    {{"large", reading("arn:aws:ecr:us-east-1:111122223333:repository/" +
                                       std::string(10'300, 'a'))}},
                    409),
            "LimitExceeded");
  // Valid only as long as the placeholder is not filled.
  Json version = small_version(1, "half");
  version["parameters"] = {{{"name", "What"}, {"type", "String"}, {"default", "no-arn"}}};
  version["policies"] = {{"bad", reading("@{What}")}};
  seed_template({{"versions", {version}}});
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 400).first, "MalformedPolicyDocument");
  version["policies"] = Json::object();
  version["rolePath"] = "/aws-service-role/@{What}/";
  seed_template({{"versions", {version}}});
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 400).first, "ValidationError");
  EXPECT_FALSE(role_exists("half"));
}

Json may(const std::vector<std::string>& actions, const Json& condition = nullptr) {
  Json document = policy("Allow", actions, "*");
  if (!condition.is_null()) document["Statement"][0]["Condition"] = condition;
  return document;
}

// IAM User Guide, "Manage access to role manager".
TEST_F(IamRoleTemplates, AcquiringNeedsThePermissionsForWhatItDoes) {
  const std::vector<std::string> all = {"iam:CreateRole", "iam:TagRole",
                                        "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
                                        "iam:AttachRolePolicy"};
  int user = 0;
  for (const std::string& without : all) {
    std::vector<std::string> rest = {"iam:AcquireRole", "iam:GetRole"};
    for (const auto& action : all) {
      if (action != without) rest.push_back(action);
    }
    become("without-" + std::to_string(user++), may(rest));
    const auto [code, message] = iam_fail("AcquireRole", reader(), 403);
    EXPECT_EQ(code, "AccessDenied");
    EXPECT_THAT(message, HasSubstr("perform: " + without + " "));
  }
  become("maker", may(all));
  EXPECT_EQ(acquire(reader())["Arn"], kReaderArn);
  // Now it is there: reading it is enough, and needed.
  EXPECT_THAT(iam_fail("AcquireRole", reader(), 403).second, HasSubstr("iam:GetRole"));
  become("reader", may({"iam:GetRole"}));
  EXPECT_EQ(acquire(reader())["Arn"], kReaderArn);
}

TEST_F(IamRoleTemplates, PoliciesCanNameTheTemplate) {
  const auto only = [](const std::string& arn) {
    return may(
        {"iam:CreateRole", "iam:TagRole", "iam:PutRole*", "iam:AttachRolePolicy", "iam:GetRole"},
        {{"ArnLike", {{"iam:RoleTemplateARN", arn}}}});
  };
  become("other", only("arn:aws:iam::aws:role-template/ecs.amazonaws.com/*"));
  EXPECT_EQ(iam_fail("AcquireRole", reader(), 403).first, "AccessDenied");
  become("right", only("arn:aws:iam::aws:role-template/lambda.amazonaws.com/*"));
  EXPECT_EQ(acquire(reader())["Arn"], kReaderArn);
  EXPECT_EQ(acquire(reader())["Arn"], kReaderArn);
  // The key is there when a role is made of a template alone.
  EXPECT_EQ(iam_fail("CreateRole",
                     {{"RoleName", "x"},
                      {"AssumeRolePolicyDocument", small_version(1, "")["trustPolicy"].dump()}},
                     403)
                .first,
            "AccessDenied");
}

TEST_F(IamRoleTemplates, PoliciesCanNameWhatTheTemplateGives) {
  Json document = policy("Allow", {"iam:CreateRole", "iam:TagRole", "iam:PutRole*"},
                         "arn:aws:iam::111122223333:role/made/*");
  document["Statement"][0]["Condition"] = {{"ArnEquals", {{"iam:PermissionsBoundary", kReadOnly}}}};
  document["Statement"].push_back({{"Effect", "Allow"},
                                   {"Action", "iam:AttachRolePolicy"},
                                   {"Resource", "*"},
                                   {"Condition", {{"ArnEquals", {{"iam:PolicyARN", kReadOnly}}}}}});
  become("limited", document);
  EXPECT_EQ(iam_fail("AcquireRole", plain(), 403).second,
            denied("limited", "iam:CreateRole", "arn:aws:iam::111122223333:role/plain"));
  EXPECT_EQ(acquire(reader())["Arn"], kReaderArn);
}

// A caller without permission does not learn what is there.
TEST_F(IamRoleTemplates, WithoutPermissionNothingIsSaid) {
  acquire(plain());
  become("nobody", may({"ecr:*"}));
  for (const auto& parameters :
       {plain(), reader(), values({}), Parameters{{"TemplateArn", kTemplate + "0"}}}) {
    EXPECT_EQ(iam_fail("AcquireRole", parameters, 403).first, "AccessDenied");
  }
  EXPECT_EQ(iam_fail("GetRoleTemplateVersion", {{"TemplateArn", kTemplate}}, 403).second,
            denied("nobody", "iam:GetRoleTemplateVersion", kTemplate));
  become("looker", policy("Allow", "iam:GetRoleTemplateVersion",
                          "arn:aws:iam::aws:role-template/lambda.amazonaws.com/*"));
  EXPECT_EQ(iam("GetRoleTemplateVersion",
                {{"TemplateArn", kTemplate}})["RoleTemplateVersion"]["TemplateName"],
            "Reader");
}

}  // namespace
}  // namespace ecr::api::test
