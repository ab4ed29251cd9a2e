// Users and roles in policies are kept by their ids.
#include <gmock/gmock.h>

#include "auth/iam/policy/document_text.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::HasSubstr;

TEST(PrincipalText, OnlyAwsPrincipalsAreReplacedAndTheRestStaysAsItWas) {
  const std::string before = R"({ "Version":"2012-10-17", "Id": "a",
 "Statement" : [ {"Effect":"Allow","Principal":{"AWS":["a", "b\u002d","c"],"Service":"a"},
   "Condition":{"StringEquals":{"AWS":"a","Principal":"a"}}, "Action":"a:b"},
  {"NotPrincipal":{"AWS":"a"},"x":[1,true,null,{"AWS":"a"}]}, {"Principal":"*"} ] } )";
  std::string after = before;
  const auto replace = [&](const std::string& from, const std::string& to) {
    after.replace(after.find(from), from.size(), to);
  };
  replace(R"(["a", "b\u002d","c"])", R"(["A", "B\"","c"])");
  replace(R"("NotPrincipal":{"AWS":"a"})", R"("NotPrincipal":{"AWS":"A"})");
  EXPECT_EQ(auth::iam::replace_principals(before,
                                          [](const std::string& text) {
                                            return text == "a"    ? std::optional<std::string>("A")
                                                   : text == "b-" ? std::optional("B\"")
                                                                  : std::nullopt;
                                          }),
            after);
}

class StoredPrincipals : public IamTest {
 protected:
  std::string jane() {
    return iam("CreateUser", {{"UserName", "jane"}})["User"]["UserId"].get<std::string>();
  }
  std::string policy_text() {
    return call("GetRepositoryPolicy", {{"repositoryName", "app"}})["policyText"]
        .get<std::string>();
  }
  int list_images() {
    return control.handle(signed_request("ListImages", R"({"repositoryName":"app"})")).status;
  }
};

TEST_F(StoredPrincipals, AUserMadeAnewIsAnother) {
  const std::string id = jane();
  call("CreateRepository", {{"repositoryName", "app"}});
  const std::string arn = "arn:aws:iam::111122223333:user/jane";
  const std::string document =
      R"({"Version":"2012-10-17", "Statement":[{"Sid":"x", "Effect":"Allow","Principal":{"AWS":")" +
      arn + R"("},"Action":"ecr:ListImages"}]})";
  const Json set = call("SetRepositoryPolicy",
                        {{"repositoryName", "app"}, {"policyText", document}})["policyText"];
  EXPECT_EQ(Json::parse(set.get<std::string>()), Json::parse(document));
  EXPECT_EQ(policy_text(), set);
  const Json key = iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"];
  use(keys_of(key));
  EXPECT_EQ(list_images(), 200);
  use(kRoot);
  // The same user under another name.
  iam("UpdateUser", {{"UserName", "jane"}, {"NewUserName", "joan"}});
  EXPECT_THAT(policy_text(), HasSubstr("\"arn:aws:iam::111122223333:user/joan\""));
  use(keys_of(key));
  EXPECT_EQ(list_images(), 200);
  use(kRoot);
  iam("UpdateUser", {{"UserName", "joan"}, {"NewUserName", "jane"}});
  iam("DeleteAccessKey",
      {{"UserName", "jane"}, {"AccessKeyId", key["AccessKeyId"].get<std::string>()}});
  iam("DeleteUser", {{"UserName", "jane"}});
  EXPECT_THAT(policy_text(), HasSubstr("\"AWS\" : \"" + id + "\""));
  jane();
  EXPECT_THAT(policy_text(), HasSubstr(id));
  use(keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]));
  EXPECT_EQ(list_images(), 400);
}

TEST_F(StoredPrincipals, SeededPoliciesToo) {
  seed({{"accounts",
         {{"111122223333",
           {{"users", {{{"name", "jane"}}}},
            {"repositories",
             {{{"name", "app"},
               {"policy",
                {{"Version", "2012-10-17"},
                 {"Statement",
                  {{{"Effect", "Allow"},
                    {"Principal", {{"AWS", "arn:aws:iam::111122223333:user/jane"}}},
                    {"Action", "ecr:ListImages"}}}}}}}}}}}}}});
  EXPECT_THAT(policy_text(), HasSubstr("user/jane"));
  iam("DeleteUser", {{"UserName", "jane"}});
  EXPECT_THAT(policy_text(), HasSubstr("AIDA"));
}

}  // namespace
}  // namespace ecr::api::test
