// Managed policies, their versions and attachments through the IAM API.
#include <gmock/gmock.h>

#include "schemas/base/encoding.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kPolicyArn = "arn:aws:iam::111122223333:policy/p";
const std::string kAws = "arn:aws:iam::aws:policy/";

class IamPolicies : public IamTest {
 protected:
  std::string document(const char* action) { return policy("Allow", action, "*").dump(); }
  Json create(const char* name = "p", const char* action = "ecr:*", Parameters more = {}) {
    more.emplace_back("PolicyName", name);
    more.emplace_back("PolicyDocument", document(action));
    return iam("CreatePolicy", more)["Policy"];
  }
};

TEST_F(IamPolicies, CreateTagListAndDelete) {
  const Json made = create("p", "ecr:*",
                           {{"Path", "/team/"},
                            {"Description", "d"},
                            {"Tags.member.1.Key", "k"},
                            {"Tags.member.1.Value", "v"}});
  const std::string arn = "arn:aws:iam::111122223333:policy/team/p";
  EXPECT_EQ(made["Arn"], arn);
  EXPECT_TRUE(made["PolicyId"].get<std::string>().starts_with("ANPA"));
  EXPECT_EQ(made["DefaultVersionId"], "v1");
  EXPECT_EQ(made["AttachmentCount"], 0);
  // Only GetPolicy shows the description (recorded from IAM).
  EXPECT_FALSE(made.contains("Description"));
  Json described = made;
  described["Description"] = "d";
  EXPECT_EQ(iam("GetPolicy", {{"PolicyArn", arn}})["Policy"], described);
  EXPECT_EQ(
      iam_fail("CreatePolicy", {{"PolicyName", "P"}, {"PolicyDocument", document("ecr:*")}}, 409),
      IamError("EntityAlreadyExists",
               "A policy called P already exists. Duplicate names are not allowed."));
  iam("TagPolicy", {{"PolicyArn", arn}, {"Tags.member.1.Key", "x"}, {"Tags.member.1.Value", "y"}});
  EXPECT_EQ(iam("ListPolicyTags", {{"PolicyArn", arn}})["Tags"].size(), 2U);
  iam("UntagPolicy", {{"PolicyArn", arn}, {"TagKeys.member.1", "x"}});
  iam("DeletePolicy", {{"PolicyArn", arn}});
  EXPECT_EQ(iam_fail("GetPolicy", {{"PolicyArn", arn}}, 404),
            IamError("NoSuchEntity", "Policy " + arn + " was not found."));
  // Its tags are gone with it.
  create("p", "ecr:*", {{"Path", "/team/"}});
  EXPECT_THAT(iam("ListPolicyTags", {{"PolicyArn", arn}})["Tags"], IsEmpty());
  EXPECT_EQ(iam_fail("GetPolicy", {{"PolicyArn", "arn:aws:s3:::a-bucket-of-mine"}}, 400).first,
            "ValidationError");
}

// All recorded from IAM; users and roles have other rules (users_test.cpp).
TEST_F(IamPolicies, TagKeysDifferInCase) {
  const Json made = create("p", "ecr:*",
                           {{"Tags.member.1.Key", "a"},
                            {"Tags.member.1.Value", "lower"},
                            {"Tags.member.2.Key", "A"},
                            {"Tags.member.2.Value", "upper"}});
  const Json lower = {{"Key", "a"}, {"Value", "lower"}};
  const Json upper = {{"Key", "A"}, {"Value", "upper"}};
  EXPECT_EQ(made["Tags"], Json::array({lower, upper})) << "in the order of the request";
  const Parameters of = {{"PolicyArn", kPolicyArn}};
  EXPECT_EQ(iam("ListPolicyTags", of)["Tags"], Json::array({upper, lower}));
  iam("UntagPolicy", {{"PolicyArn", kPolicyArn}, {"TagKeys.member.1", "a"}});
  EXPECT_EQ(iam("GetPolicy", of)["Policy"]["Tags"], Json::array({upper}));
  iam("UntagPolicy", {{"PolicyArn", kPolicyArn}, {"TagKeys.member.1", "A"}});
  EXPECT_EQ(iam("GetPolicy", of)["Policy"]["Tags"], Json::array());
  EXPECT_EQ(iam_fail("TagPolicy",
                     {{"PolicyArn", kPolicyArn},
                      {"Tags.member.1.Key", "k"},
                      {"Tags.member.1.Value", "v"},
                      {"Tags.member.2.Key", "k"},
                      {"Tags.member.2.Value", "w"}},
                     400),
            IamError("InvalidInput", "Duplicate tag keys found."));
  Parameters many = of;
  for (int i = 1; i <= 50; ++i) {
    const std::string tag = "Tags.member." + std::to_string(i);
    many.emplace_back(tag + ".Key", "k" + std::to_string(i));
    many.emplace_back(tag + ".Value", "v");
  }
  iam("TagPolicy", many);
  EXPECT_EQ(
      iam_fail(
          "TagPolicy",
          {{"PolicyArn", kPolicyArn}, {"Tags.member.1.Key", "more"}, {"Tags.member.1.Value", "v"}},
          409),
      IamError("LimitExceeded", "The number of tags has reached the maximum limit."));
}

TEST_F(IamPolicies, WhatIsMissingIsNamedByTheOperation) {
  const std::string missing = " does not exist or is not attachable.";
  for (const char* operation : {"GetPolicyVersion", "SetDefaultPolicyVersion"}) {
    EXPECT_EQ(iam_fail(operation, {{"PolicyArn", kPolicyArn}, {"VersionId", "v1"}}, 404),
              IamError("NoSuchEntity", "Policy " + kPolicyArn + " version v1" + missing));
  }
  EXPECT_EQ(iam_fail("ListEntitiesForPolicy", {{"PolicyArn", kPolicyArn}}, 404),
            IamError("NoSuchEntity", "Policy " + kPolicyArn + missing));
  for (const char* operation : {"DeletePolicy", "UntagPolicy"}) {
    EXPECT_EQ(
        iam_fail(operation, {{"PolicyArn", kPolicyArn}, {"TagKeys.member.1", "k"}}, 404).second,
        "Policy " + kPolicyArn + " was not found.");
  }
}

TEST_F(IamPolicies, FiveVersionsOneOfWhichIsInForce) {
  create("p", "iam:GetUser");
  become("jane", policy("Allow", "iam:ListUserPolicies", "*"));
  const Keys jane = keys;
  use(kRoot);
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  const Parameters second = {{"PolicyArn", kPolicyArn},
                             {"PolicyDocument", document("iam:ListUsers")}};
  EXPECT_EQ(iam("CreatePolicyVersion", second)["PolicyVersion"]["VersionId"], "v2");
  use(jane);
  iam("GetUser");
  EXPECT_EQ(iam_fail("ListUsers", {}, 403).first, "AccessDenied");
  use(kRoot);
  iam("SetDefaultPolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v2"}});
  use(jane);
  iam("ListUsers");
  EXPECT_EQ(iam_fail("GetUser", {}, 403).first, "AccessDenied");
  use(kRoot);
  for (int i = 0; i < 3; ++i) iam("CreatePolicyVersion", second);
  EXPECT_EQ(iam_fail("CreatePolicyVersion", second, 409).first, "LimitExceeded");
  EXPECT_THAT(
      names(iam("ListPolicyVersions", {{"PolicyArn", kPolicyArn}})["Versions"], "VersionId"),
      ElementsAre("v5", "v4", "v3", "v2", "v1"));
  const Json one =
      iam("GetPolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v1"}})["PolicyVersion"];
  EXPECT_EQ(base::percent_decode(one["Document"].get<std::string>()), document("iam:GetUser"));
  EXPECT_EQ(one["IsDefaultVersion"], false);
  EXPECT_EQ(iam_fail("DeletePolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v2"}}, 409),
            IamError("DeleteConflict", "Cannot delete the default version of a policy."));
  iam("DetachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  EXPECT_EQ(iam_fail("DeletePolicy", {{"PolicyArn", kPolicyArn}}, 409).first, "DeleteConflict");
  for (const char* version : {"v1", "v3", "v4", "v5"}) {
    iam("DeletePolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", version}});
  }
  EXPECT_EQ(
      iam("CreatePolicyVersion", {{"PolicyArn", kPolicyArn},
                                  {"PolicyDocument", document("iam:*")},
                                  {"SetAsDefault", "true"}})["PolicyVersion"]["IsDefaultVersion"],
      true);
  EXPECT_EQ(
      iam_fail("GetPolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v5"}}, 404).first,
      "NoSuchEntity");
  iam("DeletePolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v2"}});
  iam("DeletePolicy", {{"PolicyArn", kPolicyArn}});
}

TEST_F(IamPolicies, AttachmentsFromBothSides) {
  create();
  iam("CreateUser", {{"UserName", "jane"}, {"PermissionsBoundary", kPolicyArn}});
  iam("CreateGroup", {{"GroupName", "devs"}});
  iam("CreateRole", {{"RoleName", "ci"},
                     {"AssumeRolePolicyDocument",
                      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                         "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]})"}});
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kAws + "ReadOnlyAccess"}});
  iam("AttachGroupPolicy", {{"GroupName", "devs"}, {"PolicyArn", kPolicyArn}});
  iam("AttachRolePolicy", {{"RoleName", "ci"}, {"PolicyArn", kPolicyArn}});
  EXPECT_EQ(names(iam("ListAttachedUserPolicies", {{"UserName", "jane"}})["AttachedPolicies"],
                  "PolicyArn"),
            (std::vector<std::string>{kPolicyArn, kAws + "ReadOnlyAccess"}));
  const Json all = iam("ListEntitiesForPolicy", {{"PolicyArn", kPolicyArn}});
  EXPECT_THAT(names(all["PolicyUsers"], "UserName"), ElementsAre("jane"));
  EXPECT_THAT(names(all["PolicyGroups"], "GroupName"), ElementsAre("devs"));
  EXPECT_THAT(names(all["PolicyRoles"], "RoleName"), ElementsAre("ci"));
  const Json some = iam("ListEntitiesForPolicy", {{"PolicyArn", kPolicyArn}, {"MaxItems", "2"}});
  EXPECT_EQ(some["IsTruncated"], true);
  EXPECT_THAT(some["PolicyUsers"], IsEmpty());
  EXPECT_THAT(iam("ListEntitiesForPolicy",
                  {{"PolicyArn", kPolicyArn}, {"EntityFilter", "Role"}})["PolicyUsers"],
              IsEmpty());
  const Json boundary =
      iam("ListEntitiesForPolicy",
          {{"PolicyArn", kPolicyArn}, {"PolicyUsageFilter", "PermissionsBoundary"}});
  EXPECT_THAT(names(boundary["PolicyUsers"], "UserName"), ElementsAre("jane"));
  EXPECT_THAT(boundary["PolicyGroups"], IsEmpty());
  const Json shown = iam("GetPolicy", {{"PolicyArn", kPolicyArn}})["Policy"];
  EXPECT_EQ(shown["AttachmentCount"], 3);
  EXPECT_EQ(shown["PermissionsBoundaryUsageCount"], 1);
  EXPECT_EQ(iam_fail("DeletePolicy", {{"PolicyArn", kPolicyArn}}, 409),
            IamError("DeleteConflict", "Cannot delete a policy attached to entities."));
  EXPECT_EQ(iam_fail("DeleteUser", {{"UserName", "jane"}}, 409).second,
            "Cannot delete entity, must detach all policies first.");
  iam("DetachGroupPolicy", {{"GroupName", "devs"}, {"PolicyArn", kPolicyArn}});
  EXPECT_EQ(iam_fail("DetachGroupPolicy", {{"GroupName", "devs"}, {"PolicyArn", kPolicyArn}}, 404),
            IamError("NoSuchEntity", "Policy " + kPolicyArn + " was not found."));
}

TEST_F(IamPolicies, RefusesWhatCannotBeAttached) {
  iam("CreateUser", {{"UserName", "jane"}});
  const auto attach = [&](const std::string& arn, int status) {
    return iam_fail("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", arn}}, status);
  };
  EXPECT_EQ(
      attach(kPolicyArn, 404),
      IamError("NoSuchEntity", "Policy " + kPolicyArn + " does not exist or is not attachable."));
  EXPECT_EQ(
      attach(kAws + "aws-service-role/ECRReplicationServiceRolePolicy", 400),
      IamError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role."));
  EXPECT_EQ(attach("arn:aws:iam::111122223333:user/jane", 400).first, "ValidationError");
  use(Keys{"999988887777", "test"});
  create();
  use(kRoot);
  EXPECT_EQ(attach("arn:aws:iam::999988887777:policy/p", 404).first, "NoSuchEntity");
  for (int i = 0; i < 10; ++i) {
    const std::string name = "n" + std::to_string(i);
    create(name.c_str());
    iam("AttachUserPolicy",
        {{"UserName", "jane"}, {"PolicyArn", "arn:aws:iam::111122223333:policy/" + name}});
  }
  create();
  EXPECT_EQ(attach(kPolicyArn, 409),
            IamError("LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10"));
}

TEST_F(IamPolicies, Listings) {
  create();
  create("q", "ecr:*", {{"Path", "/x/"}});
  const auto arns = [&](const Parameters& parameters) {
    return names(iam("ListPolicies", parameters)["Policies"], "Arn");
  };
  EXPECT_THAT(arns({{"Scope", "Local"}}),
              ElementsAre(kPolicyArn, "arn:aws:iam::111122223333:policy/x/q"));
  EXPECT_THAT(arns({{"PathPrefix", "/x/"}}), ElementsAre("arn:aws:iam::111122223333:policy/x/q"));
  EXPECT_EQ(arns({}).size(), 100U);
  EXPECT_THAT(arns({{"OnlyAttached", "true"}}), IsEmpty());
  iam("CreateUser", {{"UserName", "jane"}});
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  EXPECT_THAT(arns({{"OnlyAttached", "true"}}), ElementsAre(kPolicyArn));
  EXPECT_THAT(arns({{"PolicyUsageFilter", "PermissionsBoundary"}}), IsEmpty());
}

TEST_F(IamPolicies, ListsThePoliciesThatGrantAService) {
  create("p", "ecr:*");
  iam("CreateUser", {{"UserName", "jane"}});
  iam("CreateGroup", {{"GroupName", "devs"}});
  iam("AddUserToGroup", {{"GroupName", "devs"}, {"UserName", "jane"}});
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kPolicyArn}});
  iam("PutGroupPolicy",
      {{"GroupName", "devs"}, {"PolicyName", "in"}, {"PolicyDocument", document("*")}});
  const Json list = iam("ListPoliciesGrantingServiceAccess",
                        {{"Arn", "arn:aws:iam::111122223333:user/jane"},
                         {"ServiceNamespaces.member.1", "ecr"},
                         {"ServiceNamespaces.member.2", "sts"}})["PoliciesGrantingServiceAccess"];
  EXPECT_THAT(names(list[0]["Policies"], "PolicyName"), ElementsAre("p", "in"));
  EXPECT_THAT(names(list[1]["Policies"], "EntityName"), ElementsAre("devs"));
  EXPECT_EQ(iam_fail("ListPoliciesGrantingServiceAccess",
                     {{"Arn", "arn:aws:iam::111122223333:user/joe"},
                      {"ServiceNamespaces.member.1", "ecr"}},
                     404)
                .first,
            "NoSuchEntity");
}

TEST_F(IamPolicies, PolicyArnIsAConditionKeyOfAttaching) {
  Json may = policy("Allow", "iam:AttachUserPolicy", "*");
  may["Statement"][0]["Condition"] = {{"ArnEquals", {{"iam:PolicyARN", kAws + "ReadOnlyAccess"}}}};
  become("jane", may);
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kAws + "ReadOnlyAccess"}});
  EXPECT_EQ(iam_fail("AttachUserPolicy",
                     {{"UserName", "jane"}, {"PolicyArn", kAws + "AdministratorAccess"}}, 403)
                .second,
            denied("jane", "iam:AttachUserPolicy", "user jane"));
}

}  // namespace
}  // namespace ecr::api::test
