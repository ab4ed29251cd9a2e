// Roles, service-linked roles and instance profiles through the IAM API.
#include <sstream>

#include <gmock/gmock.h>

#include "api/core/access/aws_managed_policies.h"
#include "api/core/access/iam_entities.h"
#include "schemas/base/encoding.h"
#include "schemas/base/text.h"
#include "schemas/model/embedded.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kRoleArn = "arn:aws:iam::111122223333:role/";

Json trust(const Json& principal) {
  return {{"Version", "2012-10-17"},
          {"Statement",
           {{{"Effect", "Allow"}, {"Principal", principal}, {"Action", "sts:AssumeRole"}}}}};
}

class IamRoles : public IamTest {
 protected:
  Json create(const std::string& name, const Json& trust_policy, Parameters more = {}) {
    more.emplace_back("RoleName", name);
    more.emplace_back("AssumeRolePolicyDocument", trust_policy.dump());
    return iam("CreateRole", more)["Role"];
  }
  IamError create_fail(const std::string& document, int status, Parameters more = {}) {
    more.emplace_back("RoleName", "r");
    more.emplace_back("AssumeRolePolicyDocument", document);
    return iam_fail("CreateRole", more, status);
  }
  Json shown_trust(const std::string& role) {
    const Json json = iam("GetRole", {{"RoleName", role}})["Role"];
    return Json::parse(
        base::percent_decode(json["AssumeRolePolicyDocument"].get<std::string>()).value());
  }
  Parameters assume(const std::string& role) {
    return {{"RoleArn", kRoleArn + role}, {"RoleSessionName", "session"}};
  }
};

TEST_F(IamRoles, CreateUpdateAndDelete) {
  const Json made = create("ci", trust({{"Service", "ec2.amazonaws.com"}}),
                           {{"Path", "/build/"},
                            {"Description", "builds"},
                            {"MaxSessionDuration", "7200"},
                            {"Tags.member.1.Key", "team"},
                            {"Tags.member.1.Value", "a"}});
  EXPECT_EQ(made["Arn"], kRoleArn + "build/ci");
  EXPECT_TRUE(made["RoleId"].get<std::string>().starts_with("AROA"));
  EXPECT_EQ(shown_trust("ci"), trust({{"Service", "ec2.amazonaws.com"}}));
  iam("UpdateRole", {{"RoleName", "ci"}, {"Description", "more"}, {"MaxSessionDuration", "3600"}});
  const Json described =
      iam("UpdateRoleDescription", {{"RoleName", "ci"}, {"Description", "x"}})["Role"];
  EXPECT_EQ(described["Description"], "x");
  EXPECT_FALSE(described.contains("MaxSessionDuration"));
  EXPECT_EQ(iam("GetRole", {{"RoleName", "ci"}})["Role"]["MaxSessionDuration"], 3600);
  EXPECT_THAT(names(iam("ListRoles", {{"PathPrefix", "/build/"}})["Roles"], "RoleName"),
              ElementsAre("ci"));
  iam("PutRolePolicy", {{"RoleName", "ci"},
                        {"PolicyName", "p"},
                        {"PolicyDocument", policy("Allow", "ecr:*", "*").dump()}});
  EXPECT_EQ(iam_fail("DeleteRole", {{"RoleName", "ci"}}, 409),
            IamError("DeleteConflict", "Cannot delete entity, must delete policies first."));
  iam("DeleteRolePolicy", {{"RoleName", "ci"}, {"PolicyName", "p"}});
  iam("DeleteRole", {{"RoleName", "ci"}});
  EXPECT_EQ(iam_fail("GetRole", {{"RoleName", "ci"}}, 404).second,
            "The role with name ci cannot be found.");
}

// Recorded from IAM in more than thirty answers.
TEST_F(IamRoles, CreateRoleAnswersLessThanGetRole) {
  Json made = create("ci", trust({{"Service", "ec2.amazonaws.com"}}),
                     {{"Description", "builds"},
                      {"MaxSessionDuration", "7200"},
                      {"Tags.member.1.Key", "team"},
                      {"Tags.member.1.Value", "a"}});
  EXPECT_TRUE(made.contains("Tags"));
  for (const char* absent : {"Description", "MaxSessionDuration", "RoleLastUsed"}) {
    EXPECT_FALSE(made.contains(absent)) << absent;
  }
  made["Description"] = "builds";
  made["MaxSessionDuration"] = 7200;
  made["RoleLastUsed"] = Json::object();
  EXPECT_EQ(iam("GetRole", {{"RoleName", "ci"}})["Role"], made);
  iam("CreateInstanceProfile", {{"InstanceProfileName", "p"}});
  iam("AddRoleToInstanceProfile", {{"InstanceProfileName", "p"}, {"RoleName", "ci"}});
  const Json profile = iam("GetInstanceProfile", {{"InstanceProfileName", "p"}})["InstanceProfile"];
  EXPECT_EQ(profile["Tags"], Json::array());
  EXPECT_FALSE(profile["Roles"][0].contains("MaxSessionDuration"));
  EXPECT_FALSE(profile["Roles"][0].contains("Description"));
}

TEST_F(IamRoles, TrustPoliciesAreChecked) {
  iam("CreateUser", {{"UserName", "jane"}});
  const std::string ghost = "arn:aws:iam::111122223333:user/ghost";
  EXPECT_EQ(create_fail("{", 400),
            IamError("MalformedPolicyDocument", "This policy contains invalid Json"));
  Json with_resource = trust({{"AWS", "*"}});
  with_resource["Statement"][0]["Resource"] = "*";
  EXPECT_EQ(create_fail(with_resource.dump(), 400),
            IamError("MalformedPolicyDocument", "Has prohibited field Resource"));
  EXPECT_EQ(create_fail(trust({{"AWS", ghost}}).dump(), 400),
            IamError("MalformedPolicyDocument",
                     "Invalid principal in policy: \"AWS\":\"" + ghost + "\""));
  EXPECT_EQ(create_fail(trust({{"Service", std::string(2100, 'a') + ".com"}}).dump(), 409).second,
            "Cannot exceed quota for ACLSizePerRole: 2048");
  EXPECT_EQ(
      create_fail(trust({{"AWS", "*"}}).dump(), 400, {{"Path", "/aws-service-role/x/"}}).first,
      "ValidationError");
  create("r", trust({{"AWS", "*"}}));
  EXPECT_EQ(create_fail(trust({{"AWS", "*"}}).dump(), 409),
            IamError("EntityAlreadyExists", "Role with name r already exists."));
}

TEST_F(IamRoles, TrustIsInTheEntityNotInItsName) {
  const std::string jane = "arn:aws:iam::111122223333:user/jane";
  const std::string id =
      iam("CreateUser", {{"UserName", "jane"}})["User"]["UserId"].get<std::string>();
  create("ci", trust({{"AWS", jane}}));
  EXPECT_EQ(shown_trust("ci"), trust({{"AWS", jane}}));
  const Json key = iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"];
  use(keys_of(key));
  sts("AssumeRole", assume("ci"));
  use(kRoot);
  iam("DeleteAccessKey",
      {{"UserName", "jane"}, {"AccessKeyId", key["AccessKeyId"].get<std::string>()}});
  iam("DeleteUser", {{"UserName", "jane"}});
  EXPECT_EQ(shown_trust("ci"), trust({{"AWS", id}}));
  iam("CreateUser", {{"UserName", "jane"}});
  use(keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]));
  EXPECT_EQ(sts_fail("AssumeRole", assume("ci"), 403).first, "AccessDenied");
  use(kRoot);
  EXPECT_EQ(iam_fail("UpdateAssumeRolePolicy",
                     {{"RoleName", "ci"}, {"PolicyDocument", trust({{"AWS", id}}).dump()}}, 400)
                .first,
            "MalformedPolicyDocument");
  iam("UpdateAssumeRolePolicy",
      {{"RoleName", "ci"}, {"PolicyDocument", trust({{"AWS", jane}}).dump()}});
  use(keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]));
  sts("AssumeRole", assume("ci"));
}

TEST_F(IamRoles, DeletingARoleEndsItsSessionsAndUseIsRecorded) {
  iam("CreateUser", {{"UserName", "jane"}});
  create("ci", trust({{"AWS", "arn:aws:iam::111122223333:user/jane"}}));
  EXPECT_EQ(iam("GetRole", {{"RoleName", "ci"}})["Role"]["RoleLastUsed"], Json::object());
  use(keys_of(iam("CreateAccessKey", {{"UserName", "jane"}})["AccessKey"]));
  use(sts("AssumeRole", assume("ci"))["Credentials"]);
  sts("GetCallerIdentity");
  const Keys session = keys;
  const std::string token = session_token;
  use(kRoot);
  EXPECT_EQ(iam("GetRole", {{"RoleName", "ci"}})["Role"]["RoleLastUsed"]["Region"], "us-east-1");
  iam("DeleteRole", {{"RoleName", "ci"}});
  create("ci", trust({{"AWS", "arn:aws:iam::111122223333:user/jane"}}));
  keys = session;
  session_token = token;
  EXPECT_EQ(sts_fail("GetCallerIdentity", {}, 403).first, "InvalidClientTokenId");
}

TEST_F(IamRoles, ServiceLinkedRolesBelongToTheService) {
  const Json made =
      iam("CreateServiceLinkedRole", {{"AWSServiceName", "replication.ecr.amazonaws.com"}})["Role"];
  const std::string name = "AWSServiceRoleForECRReplication";
  EXPECT_EQ(made["Arn"], kRoleArn + "aws-service-role/replication.ecr.amazonaws.com/" + name);
  EXPECT_EQ(shown_trust(name)["Statement"][0]["Principal"],
            (Json{{"Service", "replication.ecr.amazonaws.com"}}));
  EXPECT_EQ(names(iam("ListAttachedRolePolicies", {{"RoleName", name}})["AttachedPolicies"],
                  "PolicyName"),
            std::vector<std::string>{"ECRReplicationServiceRolePolicy"});
  EXPECT_EQ(iam_fail("CreateServiceLinkedRole",
                     {{"AWSServiceName", "replication.ecr.amazonaws.com"}}, 400),
            IamError("InvalidInput", "Service role name " + name +
                                         " has been taken in this account, please try a different "
                                         "suffix."));
  const IamError protected_role("UnmodifiableEntity",
                                "Cannot perform the operation on the protected role '" + name +
                                    "' - this role is only modifiable by AWS");
  EXPECT_EQ(iam_fail("DeleteRole", {{"RoleName", name}}, 400), protected_role);
  EXPECT_EQ(iam_fail("UpdateAssumeRolePolicy",
                     {{"RoleName", name}, {"PolicyDocument", trust({{"AWS", "*"}}).dump()}}, 400),
            protected_role);
  EXPECT_EQ(
      iam_fail("AttachRolePolicy",
               {{"RoleName", name}, {"PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess"}},
               400),
      protected_role);
  iam("UpdateRoleDescription", {{"RoleName", name}, {"Description", "mine"}});
  const std::string task =
      iam("DeleteServiceLinkedRole", {{"RoleName", name}})["DeletionTaskId"].get<std::string>();
  EXPECT_EQ(iam("GetServiceLinkedRoleDeletionStatus", {{"DeletionTaskId", task}})["Status"],
            "SUCCEEDED");
  EXPECT_EQ(
      iam_fail("GetServiceLinkedRoleDeletionStatus", {{"DeletionTaskId", task + "x"}}, 404).first,
      "NoSuchEntity");
  EXPECT_THAT(iam("ListRoles")["Roles"], IsEmpty());
  for (const char* service : {"pullthroughcache.ecr.amazonaws.com", "ecr.amazonaws.com"}) {
    iam("CreateServiceLinkedRole", {{"AWSServiceName", service}});
  }
  EXPECT_EQ(
      iam_fail("CreateServiceLinkedRole", {{"AWSServiceName", "x.amazonaws.com"}}, 403),
      IamError("AccessDenied", "Cannot find Service Linked Role template for x.amazonaws.com"));
}

TEST_F(IamRoles, ServiceLinkedRolesOfServicesThatAreNotHere) {
  const Json made =
      iam("CreateServiceLinkedRole", {{"AWSServiceName", "ecs.amazonaws.com"}})["Role"];
  EXPECT_EQ(made["Arn"], kRoleArn + "aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
  EXPECT_EQ(names(iam("ListAttachedRolePolicies",
                      {{"RoleName", "AWSServiceRoleForECS"}})["AttachedPolicies"],
                  "PolicyName"),
            std::vector<std::string>{"AmazonECSServiceRolePolicy"});
  EXPECT_EQ(iam_fail("CreateServiceLinkedRole",
                     {{"AWSServiceName", "ecs.amazonaws.com"}, {"CustomSuffix", "x"}}, 400),
            IamError("InvalidInput", "Custom suffix is not allowed for ecs.amazonaws.com"));
  // Service names have case.
  EXPECT_EQ(
      iam_fail("CreateServiceLinkedRole", {{"AWSServiceName", "ECS.amazonaws.com"}}, 403).first,
      "AccessDenied");
  const auto scaling = [&](const char* suffix) {
    Parameters parameters = {{"AWSServiceName", "autoscaling.amazonaws.com"}};
    if (*suffix != 0) parameters.emplace_back("CustomSuffix", suffix);
    return parameters;
  };
  EXPECT_EQ(iam("CreateServiceLinkedRole", scaling(""))["Role"]["RoleName"],
            "AWSServiceRoleForAutoScaling");
  EXPECT_EQ(iam("CreateServiceLinkedRole", scaling("mine"))["Role"]["RoleName"],
            "AWSServiceRoleForAutoScaling_mine");
  EXPECT_EQ(iam_fail("CreateServiceLinkedRole", scaling("mine"), 400).second,
            "Service role name AWSServiceRoleForAutoScaling_mine has been taken in this account, "
            "please try a different suffix.");
  EXPECT_EQ(iam_fail("CreateServiceLinkedRole", scaling(std::string(40, 'x').c_str()), 400).first,
            "ValidationError");
}

TEST(ServiceLinkedRoles, HavePoliciesThatExist) {
  std::size_t roles = 0;
  std::string before;
  std::istringstream table{std::string(model::embedded::service_linked_roles())};
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    const std::string service = line.substr(0, line.find('\t'));
    EXPECT_LT(before, service);
    before = service;
    const auto role = find_service_linked_role(service);
    ASSERT_TRUE(role) << line;
    EXPECT_EQ(role->service, service);
    EXPECT_TRUE(role->name.starts_with("AWSServiceRoleFor")) << line;
    EXPECT_LE(role->name.size(), 64U) << line;
    EXPECT_NE(find_aws_managed_policy(
                  base::format("arn:aws:iam::aws:policy/aws-service-role/{}", role->policy)),
              nullptr)
        << line;
    ++roles;
  }
  EXPECT_GT(roles, 300U);
  EXPECT_FALSE(find_service_linked_role(""));
  EXPECT_FALSE(find_service_linked_role("# Service-linked roles"));
}

TEST_F(IamRoles, TheServiceNameIsAConditionKey) {
  become("jane", Json::parse(R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Action":"iam:CreateServiceLinkedRole","Resource":"*",
    "Condition":{"StringEquals":{"iam:AWSServiceName":"replication.ecr.amazonaws.com"}}}]})"));
  iam("CreateServiceLinkedRole", {{"AWSServiceName", "replication.ecr.amazonaws.com"}});
  EXPECT_EQ(
      iam_fail("CreateServiceLinkedRole", {{"AWSServiceName", "ecr.amazonaws.com"}}, 403).first,
      "AccessDenied");
}

TEST_F(IamRoles, InstanceProfiles) {
  create("ci", trust({{"Service", "ec2.amazonaws.com"}}));
  create("cd", trust({{"Service", "ec2.amazonaws.com"}}));
  const Json made = iam("CreateInstanceProfile", {{"InstanceProfileName", "Build"},
                                                  {"Path", "/x/"},
                                                  {"Tags.member.1.Key", "k"},
                                                  {"Tags.member.1.Value", "v"}})["InstanceProfile"];
  EXPECT_EQ(made["Arn"], "arn:aws:iam::111122223333:instance-profile/x/Build");
  EXPECT_TRUE(made["InstanceProfileId"].get<std::string>().starts_with("AIPA"));
  EXPECT_EQ(iam_fail("CreateInstanceProfile", {{"InstanceProfileName", "build"}}, 409),
            IamError("EntityAlreadyExists", "Instance Profile build already exists."));
  const Parameters ci = {{"InstanceProfileName", "Build"}, {"RoleName", "ci"}};
  iam("AddRoleToInstanceProfile", ci);
  EXPECT_EQ(
      iam_fail("AddRoleToInstanceProfile", {{"InstanceProfileName", "Build"}, {"RoleName", "cd"}},
               409),
      IamError("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
  EXPECT_EQ(iam("GetInstanceProfile",
                {{"InstanceProfileName", "Build"}})["InstanceProfile"]["Roles"][0]["RoleName"],
            "ci");
  EXPECT_EQ(iam("ListInstanceProfilesForRole", {{"RoleName", "ci"}})["InstanceProfiles"].size(),
            1U);
  EXPECT_EQ(iam("ListInstanceProfiles")["InstanceProfiles"].size(), 1U);
  EXPECT_EQ(iam_fail("DeleteRole", {{"RoleName", "ci"}}, 409).second,
            "Cannot delete entity, must remove roles from instance profile first.");
  EXPECT_EQ(iam_fail("DeleteInstanceProfile", {{"InstanceProfileName", "Build"}}, 409).first,
            "DeleteConflict");
  iam("TagInstanceProfile",
      {{"InstanceProfileName", "Build"}, {"Tags.member.1.Key", "K"}, {"Tags.member.1.Value", "w"}});
  EXPECT_EQ(iam("ListInstanceProfileTags", {{"InstanceProfileName", "Build"}})["Tags"],
            (Json{{{"Key", "K"}, {"Value", "w"}}, {{"Key", "k"}, {"Value", "v"}}}));
  iam("UntagInstanceProfile", {{"InstanceProfileName", "Build"}, {"TagKeys.member.1", "K"}});
  iam("RemoveRoleFromInstanceProfile", ci);
  EXPECT_EQ(iam_fail("RemoveRoleFromInstanceProfile", ci, 404),
            IamError("NoSuchEntity", "Role ci in Instance Profile Build cannot be found."));
  iam("DeleteInstanceProfile", {{"InstanceProfileName", "Build"}});
  EXPECT_EQ(iam_fail("GetInstanceProfile", {{"InstanceProfileName", "Build"}}, 404),
            IamError("NoSuchEntity", "Instance Profile Build cannot be found."));
}

TEST_F(IamRoles, AddingARoleToAProfileNeedsPassRole) {
  create("admin", trust({{"Service", "ec2.amazonaws.com"}}));
  iam("CreateInstanceProfile", {{"InstanceProfileName", "p"}});
  Json may = policy("Allow", "iam:AddRoleToInstanceProfile", "*");
  become("jane", may);
  const Parameters add = {{"InstanceProfileName", "p"}, {"RoleName", "admin"}};
  EXPECT_EQ(iam_fail("AddRoleToInstanceProfile", add, 403).second,
            denied("jane", "iam:PassRole", kRoleArn + "admin"));
  may["Statement"].push_back(
      {{"Effect", "Allow"},
       {"Action", "iam:PassRole"},
       {"Resource", "*"},
       {"Condition", {{"StringEquals", {{"iam:PassedToService", "ecr.amazonaws.com"}}}}}});
  const auto allow = [&] {
    const Keys jane = keys;
    use(kRoot);
    iam("PutUserPolicy",
        {{"UserName", "jane"}, {"PolicyName", "may"}, {"PolicyDocument", may.dump()}});
    use(jane);
  };
  allow();
  EXPECT_EQ(iam_fail("AddRoleToInstanceProfile", add, 403).first, "AccessDenied");
  may["Statement"][1]["Condition"]["StringEquals"]["iam:PassedToService"] = "ec2.amazonaws.com";
  allow();
  iam("AddRoleToInstanceProfile", add);
}

}  // namespace
}  // namespace ecr::api::test
