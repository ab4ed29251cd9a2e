// GET /_ecr-local/identities.
#include "tests/api/admin/what_if/fixture.h"

namespace ecr::api::test {
namespace {

class IdentitiesTest : public WhatIfTest {
 protected:
  Json account(const std::string& id) {
    return answer("GET", "identities?account=" + id)["accounts"][0];
  }
};

std::vector<std::string> names_in(const Json& list) {
  std::vector<std::string> names;
  for (const Json& one : list) names.push_back(one["name"].get<std::string>());
  return names;
}

using NameList = std::vector<std::string>;

TEST_F(IdentitiesTest, EveryAccountHasItsIdentitiesAndPolicies) {
  const Json json = answer("GET", "identities");
  NameList accounts;
  for (const Json& one : json["accounts"]) accounts.push_back(one["id"].get<std::string>());
  EXPECT_EQ(accounts, (NameList{"000000000000", "111122223333", "222233334444"}));
  EXPECT_EQ(json["truncated"], false);
  const Json& company = json["accounts"][1];
  EXPECT_EQ(names_in(company["users"]), (NameList{"jane", "lena", "mark"}));
  EXPECT_EQ(names_in(company["groups"]), (NameList{"devs"}));
  EXPECT_EQ(names_in(company["roles"]), (NameList{"ci"}));
  EXPECT_EQ(names_in(company["managedPolicies"]), (NameList{"limit", "reader"}));
  EXPECT_EQ(company["next"], Json::object());
  const Json& jane = company["users"][0];
  EXPECT_EQ(jane["arn"], arn_of("user/jane"));
  EXPECT_EQ(jane["groups"], Json({"devs"}));
  EXPECT_EQ(jane["policies"][0]["name"], "pull");
  EXPECT_EQ(jane["policies"][0]["document"]["Version"], "2012-10-17");
  EXPECT_TRUE(jane["boundary"].is_null());
  EXPECT_EQ(company["users"][1]["boundary"], arn_of("policy/limit"));
  const Json& ci = company["roles"][0];
  EXPECT_EQ(ci["attachedPolicies"], Json({arn_of("policy/reader")}));
  EXPECT_EQ(ci["tags"], Json({{"team", "a"}}));
  EXPECT_EQ(ci["trustPolicy"]["Statement"][0]["Principal"]["AWS"], arn_of("user/jane"));
  // No secret is in it.
  EXPECT_EQ(json.dump().find("secret"), std::string::npos);
}

TEST_F(IdentitiesTest, AListIsReadPageByPage) {
  Json json = answer("GET", "identities?account=111122223333&limit=2")["accounts"][0];
  EXPECT_EQ(names_in(json["users"]), (NameList{"jane", "lena"}));
  EXPECT_EQ(json["next"], Json({{"users", "lena"}}));
  json =
      answer("GET", "identities?account=111122223333&kind=users&after=lena&limit=2")["accounts"][0];
  EXPECT_EQ(names_in(json["users"]), (NameList{"mark"}));
  EXPECT_EQ(json["next"], Json::object());
  EXPECT_FALSE(json.contains("roles"));
}

TEST_F(IdentitiesTest, AnAccountShowsWhatLimitsIt) {
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
  const Json json = account("111122223333");
  EXPECT_EQ(json["organization"]["id"], "o-example");
  EXPECT_EQ(names_in(json["scps"]), (NameList{"FullAWSAccess", "FullAWSAccess", "no pushes"}));
  EXPECT_EQ(json["scps"][2]["level"], "111122223333");
  EXPECT_EQ(json["scps"][2]["id"], "p-nopush");
  answer("PUT", "policies",
         change("registry", "arn:aws:ecr:us-east-1:111122223333:registry",
                {{"Version", "2012-10-17"},
                 {"Statement",
                  {{{"Effect", "Allow"},
                    {"Principal", {{"AWS", arn_of("user/mark")}}},
                    {"Action", "ecr:ListImages"},
                    {"Resource", "*"}}}}}));
  const Json registries = account("111122223333")["registryPolicies"];
  ASSERT_EQ(registries.size(), 1u);
  EXPECT_EQ(registries[0]["region"], "us-east-1");
  EXPECT_EQ(registries[0]["document"]["Statement"][0]["Principal"]["AWS"], arn_of("user/mark"));
}

TEST_F(IdentitiesTest, WhatCannotBeUsedIsNamed) {
  const auto refused = [&](const std::string& query) {
    return refusal("GET", "identities?" + query);
  };
  EXPECT_EQ(refused("account=1"), "account: must be 12 digits");
  EXPECT_EQ(refused("kind=users"), "account: is missing: it goes with kind");
  EXPECT_EQ(refused("after=x"), "kind: is missing: it goes with after");
  EXPECT_EQ(refused("account=111122223333&kind=keys"),
            "kind: must be one of users, groups, roles, managedPolicies");
  EXPECT_EQ(refused("limit=1001"), "limit: must be a number from 1 to 1000");
  EXPECT_EQ(refused("x=1"), "x: is not known here");
}

}  // namespace
}  // namespace ecr::api::test
