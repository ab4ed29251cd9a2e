// POST /_ecr-local/decisions/matrix: principals × actions, with changed policies.
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

constexpr const char* kMatrixPath = "decisions/matrix";

TEST_F(WhatIfTest, AMatrixHasACellForEachPrincipalAndAction) {
  const Json rows =
      answer("POST", kMatrixPath,
             {{"principals", {arn_of("user/jane"), arn_of("role/ci"), arn_of("root")}},
              {"actions", {"ecr:ListImages", "ecr:PutImage"}},
              {"resource", kAppArn}})["rows"];
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0]["principal"], arn_of("user/jane"));
  EXPECT_EQ(rows[0]["cells"][0]["decision"], "Allowed");
  EXPECT_EQ(rows[0]["cells"][0]["decidedBy"], "identity");
  EXPECT_EQ(rows[0]["cells"][0]["statement"],
            Json({{"source", "inline policy pull of user jane"}, {"index", 0}}));
  EXPECT_EQ(rows[0]["cells"][0]["conditions"], Json::array());
  EXPECT_EQ(rows[0]["cells"][1]["decision"], "ImplicitlyDenied");
  EXPECT_TRUE(rows[0]["cells"][1]["statement"].is_null());
  EXPECT_EQ(rows[1]["cells"][0]["decision"], "ImplicitlyDenied");
  EXPECT_EQ(rows[1]["cells"][1]["decision"], "Allowed");
  EXPECT_EQ(rows[2]["cells"][1]["decision"], "Allowed");
}

TEST_F(WhatIfTest, AMatrixThatTakesTooLongLeavesCellsUndecided) {
  clock.step = std::chrono::milliseconds(700);
  const Json json =
      answer("POST", kMatrixPath,
             {{"principals", {arn_of("user/jane"), arn_of("role/ci"), arn_of("root")}},
              {"actions", {"ecr:ListImages", "ecr:PutImage"}},
              {"resource", kAppArn}});
  EXPECT_EQ(json["truncated"], true);
  ASSERT_EQ(json["rows"].size(), 3u);
  EXPECT_EQ(json["rows"][0]["cells"][0]["decision"], "Allowed");
  EXPECT_TRUE(json["rows"][2]["cells"][1]["decision"].is_null());
}

// Each kind of policy that a change can name changes the decision that it is about, and nothing
// that is stored.
TEST_F(WhatIfTest, EveryKindOfChangeCounts) {
  const Json all = policy("Allow", "ecr:*", "*");
  const std::string mark = arn_of("user/mark");
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn), "ImplicitlyDenied");
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn, {change("identity", mark, all)}), "Allowed");
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn, {inline_change(mark, "new", all)}), "Allowed");
  const std::string jane = arn_of("user/jane");
  EXPECT_EQ(cell(jane, "ecr:ListImages", kAppArn, {inline_change(jane, "pull", nullptr)}),
            "ImplicitlyDenied");
  EXPECT_EQ(cell(jane, "ecr:PutImage", kAppArn, {inline_change(arn_of("group/devs"), "more", all)}),
            "Allowed");
  const std::string ci = arn_of("role/ci");
  EXPECT_EQ(cell(ci, "ecr:DescribeImages", kOpsArn), "Allowed");
  EXPECT_EQ(cell(ci, "ecr:DescribeImages", kOpsArn,
                 {change("managed", arn_of("policy/reader"), policy("Deny", "*", "*"))}),
            "ExplicitlyDenied");
  EXPECT_EQ(cell(ci, "ecr:DescribeImages", kOpsArn,
                 {change("managed", arn_of("policy/reader"), nullptr)}),
            "ImplicitlyDenied");
  const std::string lena = arn_of("user/lena");
  EXPECT_EQ(cell(lena, "ecr:PutImage", kAppArn), "ImplicitlyDenied");
  EXPECT_EQ(cell(lena, "ecr:PutImage", kAppArn, {change("boundary", lena, nullptr)}), "Allowed");
  EXPECT_EQ(cell(lena, "ecr:PutImage", kAppArn, {change("boundary", lena, all)}), "Allowed");
  EXPECT_EQ(cell(lena, "ecr:PutImage", kAppArn, {change("managed", arn_of("policy/limit"), all)}),
            "Allowed");
  const Json lets_mark = {
      {"Version", "2012-10-17"},
      {"Statement",
       {{{"Effect", "Allow"}, {"Principal", {{"AWS", mark}}}, {"Action", "ecr:PutImage"}}}}};
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn, {change("repository", kAppArn, lets_mark)}),
            "Allowed");
  Json in_registry = lets_mark;
  in_registry["Statement"][0]["Resource"] = kAppArn;
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn,
                 {change("registry", "arn:aws:ecr:us-east-1:111122223333:registry", in_registry)}),
            "Allowed");
  Json trust = lets_mark;
  trust["Statement"][0]["Action"] = "sts:AssumeRole";
  EXPECT_EQ(cell(mark, "sts:AssumeRole", ci), "ImplicitlyDenied");
  EXPECT_EQ(cell(mark, "sts:AssumeRole", ci, {change("trust", ci, trust)}), "Allowed");
  EXPECT_EQ(cell(jane, "sts:AssumeRole", ci), "Allowed");
  EXPECT_EQ(cell(jane, "sts:AssumeRole", ci, {change("trust", ci, trust)}), "ImplicitlyDenied");
  // Nothing of that is stored.
  EXPECT_EQ(cell(mark, "ecr:PutImage", kAppArn), "ImplicitlyDenied");
  EXPECT_EQ(answer("GET", std::string("policies?target=") + mark)["policies"], Json::array());
}

TEST_F(WhatIfTest, PoliciesOfAnOrganizationCount) {
  const Json organization = {
      {"id", "o-example"},
      {"managementAccount", "999999999999"},
      {"policies",
       {{{"id", "p-nopush"},
         {"type", "SERVICE_CONTROL_POLICY"},
         {"name", "no pushes"},
         {"document", policy("Deny", "ecr:PutImage", "*")}}}},
      {"root", {{"policies", Json::array()}}},
      {"accounts", {{"111122223333", {{"parent", "root"}, {"policies", {"p-nopush"}}}}}}};
  answer("POST", "seed", {{"organization", organization}});
  const std::string ci = arn_of("role/ci");
  EXPECT_EQ(cell(ci, "ecr:PutImage", kAppArn), "ExplicitlyDenied");
  EXPECT_EQ(cell(ci, "ecr:PutImage", kAppArn,
                 {change("scp", "p-nopush", policy("Deny", "ecr:DeleteRepository", "*"))}),
            "Allowed");
  EXPECT_EQ(cell(ci, "ecr:PutImage", kAppArn,
                 {change("scp",
                         "arn:aws:organizations::999999999999:policy/o-example/"
                         "service_control_policy/p-nopush",
                         nullptr)}),
            "Allowed");
  EXPECT_EQ(refusal("POST", kMatrixPath,
                    {{"principals", {ci}},
                     {"actions", {"ecr:PutImage"}},
                     {"resource", kAppArn},
                     {"changes", {change("rcp", "p-nopush", nullptr)}}}),
            "changes[0].target: there is no policy of this kind with this ARN or id");
}

// A cell says which keys of the request may change its decision; keys that are given are known.
TEST_F(WhatIfTest, ACellNamesTheKeysThatDecide) {
  Json document = policy("Allow", "ecr:PutImage", "*");
  document["Statement"][0]["Condition"] = {{"IpAddress", {{"aws:SourceIp", "10.0.0.0/8"}}},
                                           {"StringEquals", {{"aws:ResourceTag/team", "a"}}}};
  const std::string mark = arn_of("user/mark");
  const Json changes = Json::array({change("identity", mark, document)});
  Json body = {{"principals", {mark}},
               {"actions", {"ecr:PutImage"}},
               {"resource", kAppArn},
               {"changes", changes}};
  Json found = answer("POST", kMatrixPath, body)["rows"][0]["cells"][0];
  EXPECT_EQ(found["decision"], "ImplicitlyDenied");
  EXPECT_EQ(found["conditions"], Json({"aws:SourceIp"}));
  body["context"] = {{"aws:SourceIp", "10.1.2.3"}};
  found = answer("POST", kMatrixPath, body)["rows"][0]["cells"][0];
  EXPECT_EQ(found["decision"], "Allowed");
  EXPECT_EQ(found["conditions"], Json::array());
  body["context"] = {{"aws:SourceIp", "11.1.2.3"}};
  found = answer("POST", kMatrixPath, body)["rows"][0]["cells"][0];
  EXPECT_EQ(found["decision"], "ImplicitlyDenied");
  EXPECT_EQ(found["conditions"], Json::array());
  // The other repository has no such tag, which no request changes.
  body["resource"] = kOpsArn;
  body["context"] = Json::object();
  found = answer("POST", kMatrixPath, body)["rows"][0]["cells"][0];
  EXPECT_EQ(found["conditions"], Json::array());
}

TEST_F(WhatIfTest, WhatAMatrixCannotUseIsNamed) {
  const std::string jane = arn_of("user/jane");
  const Json good = {{"principals", {jane}}, {"actions", {"ecr:PutImage"}}, {"resource", kAppArn}};
  const auto with = [&](const std::string& member, const Json& value) {
    Json body = good;
    body[member] = value;
    return refusal("POST", kMatrixPath, body);
  };
  EXPECT_EQ(with("principals", Json::array()), "principals: must not be empty");
  EXPECT_EQ(with("principals", Json(std::vector<std::string>(101, jane))),
            "principals: must have at most 100 elements");
  EXPECT_EQ(with("actions", Json(std::vector<std::string>(51, "ecr:PutImage"))),
            "actions: must have at most 50 elements");
  EXPECT_EQ(
      with("principals", {"jane"}),
      "principals[0]: must be the ARN of a user, role, session or root user that is here, such "
      "as arn:aws:iam::000000000000:root, or the name of a service, such as "
      "ecs-tasks.amazonaws.com; it is \"jane\"");
  EXPECT_EQ(with("principals", {7}), "principals[0]: must be a string that is not empty");
  EXPECT_EQ(with("actions", {"ecr:*"}),
            "actions[0]: must be one action, such as ecr:PutImage; it is \"ecr:*\"");
  EXPECT_EQ(with("resource", "app").substr(0, 30), "resource: must be an ARN, such");
  EXPECT_EQ(with("context", {{"aws:SourceIp", 7}}),
            "context.aws:SourceIp: must be a string, or a list of strings");
  EXPECT_EQ(with("change", Json::array()), "change: is not known here, did you mean changes?");
  const auto changed = [&](const Json& one) { return with("changes", Json::array({one})); };
  EXPECT_EQ(changed({{"kind", "x"}}).substr(0, 35), "changes[0].kind: must be one of: id");
  EXPECT_EQ(changed({{"kind", "inline"}}), "changes[0].target: is missing");
  EXPECT_EQ(changed({{"kind", "trust"}, {"target", jane}}),
            "changes[0].document: is missing (null removes)");
  EXPECT_EQ(changed(change("trust", jane, nullptr)), "changes[0].target: is not the ARN of a role");
  EXPECT_EQ(changed(change("inline", jane, policy("Allow", "*", "*"))),
            "changes[0].name: is missing: of the inline policy");
  EXPECT_EQ(changed(inline_change(arn_of("user/nobody"), "x", nullptr)),
            "changes[0].target: there is no user, group or role with this ARN");
  EXPECT_EQ(changed(change("managed", "arn:aws:iam::aws:policy/ReadOnlyAccess", nullptr)),
            "changes[0].target: AWS's own policies cannot be changed");
  EXPECT_EQ(changed(change("repository", kAppArn, policy("Allow", "*", "*"))).substr(0, 20),
            "changes[0].document:");
  EXPECT_EQ(changed(change("identity", jane, "{")).substr(0, 20), "changes[0].document:");
  EXPECT_EQ(changed(change("identity", jane, std::string((1u << 20) + 1, ' '))),
            "changes[0].document: must have at most 1048576 bytes");
  EXPECT_EQ(with("changes", Json(std::vector<Json>(101, change("identity", jane, "{}")))),
            "changes: must have at most 100 elements");
  EXPECT_EQ(refusal("POST", kMatrixPath, Json::array()), "body: must be a JSON object");
}

}  // namespace
}  // namespace ecr::api::test
