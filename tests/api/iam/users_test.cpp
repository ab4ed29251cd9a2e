// Users, access keys, groups, inline policies, tags and boundaries through the IAM API.
#include <gmock/gmock.h>

#include "api/core/unique_id.h"
#include "schemas/base/encoding.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class IamUsers : public IamTest {};

const std::string kUserArn = "arn:aws:iam::111122223333:user/";

TEST_F(IamUsers, CreateReadRenameAndDelete) {
  const Json made = iam("CreateUser", {{"UserName", "Jane"},
                                       {"Path", "/team/a/"},
                                       {"Tags.member.1.Key", "team"},
                                       {"Tags.member.1.Value", "a"}})["User"];
  EXPECT_EQ(made["Arn"], kUserArn + "team/a/Jane");
  EXPECT_EQ(made["Path"], "/team/a/");
  EXPECT_EQ(made["CreateDate"], "2023-11-14T22:13:20Z");
  EXPECT_TRUE(made["UserId"].get<std::string>().starts_with("AIDA"));
  EXPECT_EQ(account_in_id(made["UserId"].get<std::string>()), "111122223333");
  EXPECT_EQ(iam("GetUser", {{"UserName", "Jane"}})["User"], made);
  EXPECT_EQ(made["Tags"], (Json{{{"Key", "team"}, {"Value", "a"}}}));
  EXPECT_EQ(iam_fail("CreateUser", {{"UserName", "jANE"}}, 409),
            IamError("EntityAlreadyExists", "User with name jANE already exists."));
  iam("UpdateUser", {{"UserName", "Jane"}, {"NewUserName", "Joan"}, {"NewPath", "/"}});
  EXPECT_EQ(iam_fail("GetUser", {{"UserName", "Jane"}}, 404),
            IamError("NoSuchEntity", "The user with name Jane cannot be found."));
  const Json renamed = iam("GetUser", {{"UserName", "Joan"}})["User"];
  EXPECT_EQ(renamed["Arn"], kUserArn + "Joan");
  EXPECT_EQ(renamed["UserId"], made["UserId"]);
  iam("DeleteUser", {{"UserName", "Joan"}});
  EXPECT_THAT(iam("ListUsers")["Users"], IsEmpty());
}

TEST_F(IamUsers, NamesAndPathsThatMisleadAreRefused) {
  for (const char* name : {"a/b", "a:b", "a b", "", "a*"}) {
    EXPECT_EQ(iam_fail("CreateUser", {{"UserName", name}}, 400).first, "ValidationError") << name;
  }
  for (const char* path : {"x", "/x", "x/", "/../", "/a/../b/", "/a//b/", "/./", "//"}) {
    EXPECT_EQ(iam_fail("CreateUser", {{"UserName", "a"}, {"Path", path}}, 400).first,
              "ValidationError")
        << path;
  }
  EXPECT_EQ(iam_fail("CreateUser", {}, 400).second,
            "1 validation error detected: Value at 'userName' failed to satisfy constraint: "
            "Member must not be null");
}

TEST_F(IamUsers, PagesAreMarkedAndPathsFilter) {
  for (const char* name : {"c", "B", "a", "d"}) {
    iam("CreateUser", {{"UserName", name}, {"Path", *name == 'd' ? "/x/" : "/"}});
  }
  const Json first = iam("ListUsers", {{"MaxItems", "3"}});
  EXPECT_THAT(names(first["Users"], "UserName"), ElementsAre("a", "B", "c"));
  EXPECT_EQ(first["IsTruncated"], true);
  const std::string marker = first["Marker"].get<std::string>();
  const Json second = iam("ListUsers", {{"MaxItems", "3"}, {"Marker", marker}});
  EXPECT_THAT(names(second["Users"], "UserName"), ElementsAre("d"));
  EXPECT_EQ(second["IsTruncated"], false);
  EXPECT_FALSE(second.contains("Marker"));
  EXPECT_THAT(names(iam("ListUsers", {{"PathPrefix", "/x"}})["Users"], "UserName"),
              ElementsAre("d"));
  EXPECT_EQ(iam_fail("ListGroups", {{"Marker", marker}}, 400).first, "ValidationError");
  EXPECT_EQ(iam_fail("ListUsers", {{"MaxItems", "0"}}, 400).first, "ValidationError");
}

TEST_F(IamUsers, WithoutANameItIsTheCaller) {
  // Not as the model has it: the root user's id is the account, shorter than ids of users.
  const std::string root = body_of(send_query("iam", "GetUser", {}));
  EXPECT_EQ(xml_text(root, "Arn"), "arn:aws:iam::111122223333:root");
  EXPECT_EQ(xml_text(root, "UserId"), "111122223333");
  become("jane", policy("Allow", "iam:*", kUserArn + "${aws:username}"));
  EXPECT_EQ(iam("GetUser")["User"]["UserName"], "jane");
  EXPECT_EQ(iam("ListAccessKeys")["AccessKeyMetadata"].size(), 1U);
  EXPECT_EQ(iam("CreateAccessKey")["AccessKey"]["UserName"], "jane");
  EXPECT_EQ(iam_fail("GetUser", {{"UserName", "joe"}}, 403).second,
            denied("jane", "iam:GetUser", "user joe"));
  EXPECT_EQ(iam_fail("CreateUser", {{"UserName", "joe"}}, 403).second,
            denied("jane", "iam:CreateUser", kUserArn + "joe"));
}

TEST_F(IamUsers, KeysTakeEffectAndEndAtOnce) {
  iam("CreateUser", {{"UserName", "jane"}});
  const Json first = iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"];
  EXPECT_EQ(first["Status"], "Active");
  EXPECT_TRUE(first["AccessKeyId"].get<std::string>().starts_with("AKIA"));
  EXPECT_EQ(first["SecretAccessKey"].get<std::string>().size(), 40U);
  const Json second = iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"];
  EXPECT_EQ(iam_fail("CreateAccessKey", {{"UserName", "jane"}}, 409),
            IamError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
  const std::string id = first["AccessKeyId"].get<std::string>();
  use(keys_of(first));
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], kUserArn + "jane");
  use(kRoot);
  const Json last = iam("GetAccessKeyLastUsed", {{"AccessKeyId", id}});
  EXPECT_EQ(last["UserName"], "jane");
  EXPECT_EQ(last["AccessKeyLastUsed"]["ServiceName"], "sts");
  EXPECT_EQ(last["AccessKeyLastUsed"]["Region"], "us-east-1");
  EXPECT_EQ(last["AccessKeyLastUsed"]["LastUsedDate"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(iam("GetAccessKeyLastUsed",
                {{"AccessKeyId", second["AccessKeyId"].get<std::string>()}})["AccessKeyLastUsed"],
            (Json{{"ServiceName", "N/A"}, {"Region", "N/A"}}));
  iam("UpdateAccessKey", {{"UserName", "jane"}, {"AccessKeyId", id}, {"Status", "Inactive"}});
  use(keys_of(first));
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
  use(kRoot);
  iam("UpdateAccessKey", {{"UserName", "jane"}, {"AccessKeyId", id}, {"Status", "Active"}});
  EXPECT_EQ(iam_fail("DeleteUser", {{"UserName", "jane"}}, 409),
            IamError("DeleteConflict", "Cannot delete entity, must delete access keys first."));
  iam("DeleteAccessKey", {{"UserName", "jane"}, {"AccessKeyId", id}});
  EXPECT_EQ(iam_fail("DeleteAccessKey", {{"UserName", "jane"}, {"AccessKeyId", id}}, 404),
            IamError("NoSuchEntity", "The Access Key with id " + id + " cannot be found."));
  use(keys_of(first));
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
}

TEST_F(IamUsers, KeysOfAnotherUserAreUnknown) {
  iam("CreateUser", {{"UserName", "jane"}});
  iam("CreateUser", {{"UserName", "joe"}});
  const std::string id =
      iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]["AccessKeyId"].get<std::string>();
  EXPECT_EQ(iam_fail("DeleteAccessKey", {{"UserName", "joe"}, {"AccessKeyId", id}}, 404).first,
            "NoSuchEntity");
  use(Keys{"999988887777", "test"});
  // The sentence is recorded from IAM: of a key that does not exist, and so of another account's.
  EXPECT_EQ(iam_fail("GetAccessKeyLastUsed", {{"AccessKeyId", id}}, 403),
            IamError("AccessDenied",
                     "User: arn:aws:iam::999988887777:root is not authorized to perform "
                     "iam:GetAccessKeyLastUsed on resource: access key " +
                         id));
}

TEST_F(IamUsers, GroupsGiveAndTake) {
  become("jane", policy("Allow", "iam:ListGroupsForUser", "*"));
  EXPECT_EQ(iam_fail("ListUsers", {}, 403).second,
            denied("jane", "iam:ListUsers", "arn:aws:iam::111122223333:user/"));
  const Keys jane = keys;
  use(kRoot);
  const Json group = iam("CreateGroup", {{"GroupName", "devs"}})["Group"];
  EXPECT_TRUE(group["GroupId"].get<std::string>().starts_with("AGPA"));
  iam("PutGroupPolicy", {{"GroupName", "devs"},
                         {"PolicyName", "list"},
                         {"PolicyDocument", policy("Allow", "iam:ListUsers", "*").dump()}});
  iam("AddUserToGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  iam("AddUserToGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  const Json shown = iam("GetGroup", {{"GroupName", "devs"}});
  EXPECT_THAT(names(shown["Users"], "UserName"), ElementsAre("jane"));
  EXPECT_EQ(shown["Group"], group);
  use(jane);
  EXPECT_EQ(iam("ListUsers")["Users"].size(), 1U);
  EXPECT_EQ(iam("ListGroupsForUser", {{"UserName", "jane"}})["Groups"], Json::array({group}));
  use(kRoot);
  EXPECT_EQ(iam_fail("DeleteGroup", {{"GroupName", "devs"}}, 409).first, "DeleteConflict");
  iam("RemoveUserFromGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  EXPECT_EQ(iam_fail("DeleteGroup", {{"GroupName", "devs"}}, 409).second,
            "Cannot delete entity, must delete policies first.");
  iam("UpdateGroup", {{"GroupName", "devs"}, {"NewGroupName", "ops"}});
  iam("DeleteGroupPolicy", {{"GroupName", "ops"}, {"PolicyName", "list"}});
  iam("DeleteGroup", {{"GroupName", "ops"}});
  EXPECT_THAT(iam("ListGroups")["Groups"], IsEmpty());
}

TEST_F(IamUsers, RemovingAUserWhoIsNoMemberIsNoError) {
  iam("CreateUser", {{"UserName", "jane"}});
  iam("CreateGroup", {{"GroupName", "devs"}});
  iam("RemoveUserFromGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  EXPECT_EQ(
      iam_fail("RemoveUserFromGroup", {{"GroupName", "none"}, {"UserName", "jane"}}, 404).second,
      "The group with name none cannot be found.");
  EXPECT_EQ(
      iam_fail("RemoveUserFromGroup", {{"GroupName", "none"}, {"UserName", "joe"}}, 404).second,
      "The user with name joe cannot be found.");
}

// Recorded from IAM, whose model has another word.
TEST_F(IamUsers, ABoundaryIsOfTypePolicy) {
  const std::string arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
  const Json expected = {{"PermissionsBoundaryType", "Policy"}, {"PermissionsBoundaryArn", arn}};
  const Json made = iam("CreateUser", {{"UserName", "jane"}, {"PermissionsBoundary", arn}})["User"];
  EXPECT_EQ(made["PermissionsBoundary"], expected);
  EXPECT_EQ(iam("GetUser", {{"UserName", "jane"}})["User"], made);
  EXPECT_EQ(iam_fail("CreateUser",
                     {{"UserName", "joe"},
                      {"PermissionsBoundary", "arn:aws:iam::111122223333:user/jane"}},
                     400),
            IamError("InvalidInput", "ARN arn:aws:iam::111122223333:user/jane is not valid."));
}

TEST_F(IamUsers, InlinePoliciesComeBackEncoded) {
  iam("CreateUser", {{"UserName", "jane"}});
  const std::string document = policy("Allow", "ecr:*", "*").dump(1);
  const Parameters name = {{"UserName", "jane"}, {"PolicyName", "p"}};
  iam("PutUserPolicy", {{"UserName", "jane"}, {"PolicyName", "p"}, {"PolicyDocument", document}});
  const std::string shown = iam("GetUserPolicy", name)["PolicyDocument"].get<std::string>();
  EXPECT_THAT(shown, HasSubstr("%7B%0A"));
  EXPECT_EQ(base::percent_decode(shown), document);
  EXPECT_EQ(iam("ListUserPolicies", {{"UserName", "jane"}})["PolicyNames"], Json::array({"p"}));
  iam("DeleteUserPolicy", name);
  EXPECT_EQ(iam_fail("GetUserPolicy", name, 404),
            IamError("NoSuchEntity", "The user policy with name p cannot be found."));
}

TEST_F(IamUsers, PoliciesAreCheckedWhenTheyAreStored) {
  iam("CreateUser", {{"UserName", "jane"}});
  const auto put = [&](const std::string& document, int status) {
    return iam_fail("PutUserPolicy",
                    {{"UserName", "jane"}, {"PolicyName", "p"}, {"PolicyDocument", document}},
                    status);
  };
  EXPECT_EQ(put("{", 400), IamError("MalformedPolicyDocument", "Syntax errors in policy."));
  EXPECT_EQ(put(policy("Allow", "ecr", "*").dump(), 400).first, "MalformedPolicyDocument");
  Json resources = Json::array();
  for (int i = 0; i < 60; ++i) {
    resources.push_back("arn:aws:ecr:us-east-1:111122223333:repository/" + std::to_string(i));
  }
  EXPECT_EQ(put(policy("Allow", "ecr:*", resources).dump(), 409),
            IamError("LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user jane"));
}

TEST_F(IamUsers, TagsAreReplacedWithoutRegardToCase) {
  iam("CreateUser", {{"UserName", "jane"}});
  const auto tag = [](const char* key, const char* value) {
    return Parameters{
        {"UserName", "jane"}, {"Tags.member.1.Key", key}, {"Tags.member.1.Value", value}};
  };
  iam("TagUser", tag("team", "a"));
  iam("TagUser", tag("Team", "b"));
  iam("TagUser", tag("env", "dev"));
  const Json first = iam("ListUserTags", {{"UserName", "jane"}, {"MaxItems", "1"}});
  EXPECT_EQ(first["Tags"], (Json{{{"Key", "Team"}, {"Value", "b"}}}));
  EXPECT_EQ(first["IsTruncated"], true);
  iam("UntagUser", {{"UserName", "jane"}, {"TagKeys.member.1", "TEAM"}});
  EXPECT_THAT(names(iam("ListUserTags", {{"UserName", "jane"}})["Tags"], "Key"),
              ElementsAre("env"));
  EXPECT_EQ(iam_fail("TagUser", tag("aws:x", "y"), 400).first, "InvalidInput");
  Parameters many = {{"UserName", "jane"}};
  for (int i = 1; i <= 50; ++i) {
    const std::string member = "Tags.member." + std::to_string(i);
    many.emplace_back(member + ".Key", "k" + std::to_string(i));
    many.emplace_back(member + ".Value", "v");
  }
  EXPECT_EQ(iam_fail("TagUser", many, 409).first, "LimitExceeded");
}

TEST_F(IamUsers, ConditionsSeeTagsOfRequestAndUser) {
  Json may = policy("Allow", {"iam:CreateUser", "iam:TagUser"}, "*");
  may["Statement"][0]["Condition"] = {{"StringEquals", {{"aws:RequestTag/team", "a"}}}};
  may["Statement"].push_back({{"Effect", "Allow"},
                              {"Action", "iam:DeleteUser"},
                              {"Resource", "*"},
                              {"Condition", {{"StringEquals", {{"iam:ResourceTag/team", "a"}}}}}});
  become("jane", may);
  const auto create = [](const char* name, const char* team) {
    return Parameters{
        {"UserName", name}, {"Tags.member.1.Key", "team"}, {"Tags.member.1.Value", team}};
  };
  iam("CreateUser", create("x", "a"));
  EXPECT_EQ(iam_fail("CreateUser", create("y", "b"), 403).first, "AccessDenied");
  EXPECT_EQ(iam_fail("CreateUser", {{"UserName", "y"}}, 403).first, "AccessDenied");
  EXPECT_EQ(iam_fail("DeleteUser", {{"UserName", "jane"}}, 403).first, "AccessDenied");
  iam("DeleteUser", {{"UserName", "x"}});
}

TEST_F(IamUsers, CreatingWithTagsNeedsTheTagPermission) {
  become("jane", policy("Allow", "iam:CreateUser", "*"));
  iam("CreateUser", {{"UserName", "x"}});
  EXPECT_EQ(
      iam_fail("CreateUser",
               {{"UserName", "y"}, {"Tags.member.1.Key", "k"}, {"Tags.member.1.Value", "v"}}, 403)
          .second,
      denied("jane", "iam:TagUser", kUserArn + "y"));
}

TEST_F(IamUsers, RenamingNeedsThePermissionOnBothNames) {
  iam("CreateUser", {{"UserName", "a"}});
  become("jane", policy("Allow", "iam:UpdateUser", kUserArn + "a"));
  iam("UpdateUser", {{"UserName", "a"}, {"NewPath", "/"}});
  EXPECT_EQ(iam_fail("UpdateUser", {{"UserName", "a"}, {"NewUserName", "b"}}, 403).second,
            denied("jane", "iam:UpdateUser", kUserArn + "b"));
}

// Another spelling of a name is no user: the permission on the user of the other spelling is not
// asked for, which would say that there is one.
TEST_F(IamUsers, AnotherSpellingIsRenamedLikeAUserThatIsNotThere) {
  iam("CreateUser", {{"UserName", "a"}});
  become("jane", policy("Allow", "iam:UpdateUser", kUserArn + "A"));
  EXPECT_EQ(iam_fail("UpdateUser", {{"UserName", "A"}, {"NewPath", "/"}}, 404),
            IamError("NoSuchEntity", "The user with name A cannot be found."));
}

TEST_F(IamUsers, ABoundaryLimitsAndIsAConditionKey) {
  const std::string arn = "arn:aws:iam::111122223333:policy/limit";
  seed({{"accounts",
         {{"111122223333",
           {{"managedPolicies",
             {{{"name", "limit"}, {"document", policy("Allow", "iam:GetUser", "*")}}}}}}}}});
  Json may = policy("Allow", "iam:CreateUser", "*");
  may["Statement"][0]["Condition"] = {{"StringEquals", {{"iam:PermissionsBoundary", arn}}}};
  become("jane", may);
  EXPECT_EQ(iam_fail("CreateUser", {{"UserName", "x"}}, 403).first, "AccessDenied");
  const Json made = iam("CreateUser", {{"UserName", "x"}, {"PermissionsBoundary", arn}})["User"];
  EXPECT_EQ(made["PermissionsBoundary"]["PermissionsBoundaryArn"], arn);
  use(kRoot);
  iam("PutUserPermissionsBoundary", {{"UserName", "jane"}, {"PermissionsBoundary", arn}});
  const Keys jane = keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]);
  use(jane);
  EXPECT_THAT(iam_fail("CreateUser", {{"UserName", "y"}, {"PermissionsBoundary", arn}}, 403).second,
              HasSubstr("because no permissions boundary allows the iam:CreateUser action"));
  use(kRoot);
  EXPECT_EQ(iam_fail("PutUserPermissionsBoundary",
                     {{"UserName", "jane"}, {"PermissionsBoundary", arn + "x"}}, 404)
                .first,
            "NoSuchEntity");
  iam("DeleteUserPermissionsBoundary", {{"UserName", "jane"}});
  EXPECT_EQ(iam_fail("DeleteUserPermissionsBoundary", {{"UserName", "jane"}}, 404).first,
            "NoSuchEntity");
  use(jane);
  iam("CreateUser", {{"UserName", "y"}, {"PermissionsBoundary", arn}});
}

TEST_F(IamUsers, AccountsAreSeparate) {
  iam("CreateUser", {{"UserName", "jane"}});
  use(Keys{"999988887777", "test"});
  EXPECT_THAT(iam("ListUsers")["Users"], IsEmpty());
  EXPECT_EQ(iam_fail("GetUser", {{"UserName", "jane"}}, 404).first, "NoSuchEntity");
}

TEST_F(IamUsers, ARefusalDoesNotTellWhoseTheKeyIs) {
  iam("CreateUser", {{"UserName", "secretive"}});
  const std::string id =
      iam("CreateAccessKey", {{"UserName", "secretive"}})["AccessKey"]["AccessKeyId"]
          .get<std::string>();
  become("jane", policy("Allow", "iam:GetAccessKeyLastUsed", kUserArn + "jane"));
  const auto refusal = [&](const std::string& key) {
    std::string text = iam_fail("GetAccessKeyLastUsed", {{"AccessKeyId", key}}, 403).second;
    EXPECT_EQ(text.find("secretive"), std::string::npos) << text;
    return text.replace(text.find(key), key.size(), "KEY");
  };
  EXPECT_EQ(refusal(id), refusal("AKIAQQQQQQQQQQQQQQQQ"));  // nor whether there is one
  EXPECT_EQ(iam("GetAccessKeyLastUsed", {{"AccessKeyId", keys.access_key}})["UserName"], "jane");
}

}  // namespace
}  // namespace ecr::api::test
