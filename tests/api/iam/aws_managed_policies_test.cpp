// AWS's own managed policies: that all of them are there, and what the IAM API does with them.
#include "api/core/access/aws_managed_policies.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>

#include "api/admin/seed/seed.h"
#include "api/core/access/policy_memo.h"
#include "auth/iam/policy/policy.h"
#include "schemas/base/encoding.h"
#include "schemas/base/json.h"
#include "schemas/base/xz.h"
#include "schemas/model/embedded.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kAwsPolicies = "arn:aws:iam::aws:policy/";

TEST(AwsManagedPolicyData, IsSortedAndFound) {
  EXPECT_EQ(aws_managed_policies().size(), 1594U);
  std::string before;
  for (const auto& one : aws_managed_policies()) {
    EXPECT_LT(before, one.name);
    EXPECT_EQ(find_aws_managed_policy(one.arn("aws")), &one);
    EXPECT_EQ(find_aws_managed_policy(one.arn("aws-us-gov")), &one);
    EXPECT_EQ(find_aws_managed_policy(one.arn("aws-cn")), &one);
    EXPECT_EQ(one.unique_id().size(), 21U);
    EXPECT_LE(one.created, one.updated) << one.name;
    EXPECT_GE(one.version, 1) << one.name;
    before = one.name;
  }
  for (const char* arn :
       {"Nonsense", "arn:aws:iam::aws:policy/Nonsense", "arn:aws:iam::aws:policy/",
        "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::aws:policy/service-role/AdministratorAccess",
        "arn:awsome:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::111122223333:policy/AdministratorAccess"}) {
    EXPECT_EQ(find_aws_managed_policy(arn), nullptr) << arn;
  }
}

// Every document is accepted as it would have to be when it is stored: a request by a principal
// with a policy that does not parse fails. The blocks are read one after the other here, because to
// unpack one anew for each document takes the test too long.
TEST(AwsManagedPolicyData, DocumentsAreSound) {
  std::string_view file = model::embedded::aws_managed_policies();
  base::unpack_xz(file);  // the table
  std::size_t index = 0;
  while (!file.empty()) {
    std::istringstream block(base::unpack_xz(file));
    for (std::string document; std::getline(block, document); ++index) {
      const AwsManagedPolicy& policy = aws_managed_policies()[index];
      EXPECT_TRUE(auth::iam::Policy::parse(document, auth::iam::PolicyType::kIdentity))
          << policy.name;
      if (index % 50 == 0) {
        EXPECT_EQ(policy.document(), document) << policy.name;
      }
    }
  }
  EXPECT_EQ(index, aws_managed_policies().size());
}

TEST(AwsManagedPolicyData, IsUnpackedAndParsedOnce) {
  PolicyMemo memo;
  const auto& policy = *find_aws_managed_policy(kAwsPolicies + "ReadOnlyAccess");
  EXPECT_EQ(memo.get(policy), memo.get(policy));
  EXPECT_EQ(memo.get(policy)->statement_count(), 3U);
}

class AwsManagedPolicies : public IamTest {
 protected:
  std::vector<std::string> arns(const Parameters& parameters) {
    return names(iam("ListPolicies", parameters)["Policies"], "Arn");
  }
  // What the simulator decides about the user.
  std::string decision(const std::string& user, const std::string& action) {
    return iam("SimulatePrincipalPolicy",
               {{"PolicySourceArn", "arn:aws:iam::111122223333:user/" + user},
                {"ActionNames.member.1", action}})["EvaluationResults"][0]["EvalDecision"]
        .get<std::string>();
  }
  void attach(const std::string& user, const std::string& arn) {
    iam("AttachUserPolicy", {{"UserName", user}, {"PolicyArn", arn}});
  }
};

TEST_F(AwsManagedPolicies, CanBeReadAndAttachedButNotChanged) {
  const std::string arn = kAwsPolicies + "AmazonEC2ContainerRegistryReadOnly";
  EXPECT_EQ(iam("GetPolicy", {{"PolicyArn", arn}})["Policy"]["PolicyId"], "ANPAIFYZPA37OOHVIH7KQ");
  iam("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v3"}});
  const auto refused = [&](const char* operation) {
    return iam_fail(operation,
                    {{"PolicyArn", arn},
                     {"VersionId", "v1"},
                     {"PolicyDocument", policy("Allow", "*", "*").dump()},
                     {"TagKeys.member.1", "k"},
                     {"Tags.member.1.Key", "k"},
                     {"Tags.member.1.Value", "v"}},
                    403);
  };
  // Recorded from IAM.
  const std::pair<const char*, const char*> sentences[] = {
      {"DeletePolicy", "Cannot delete policies outside your own account."},
      {"DeletePolicyVersion",
       "Cannot delete policy versions for policies outside your own account."},
      {"SetDefaultPolicyVersion", "Cannot update policies outside your own account."}};
  for (const auto& [operation, sentence] : sentences) {
    EXPECT_EQ(refused(operation), IamError("AccessDenied", sentence));
  }
  for (const char* operation : {"CreatePolicyVersion", "TagPolicy", "UntagPolicy"}) {
    EXPECT_EQ(refused(operation).first, "AccessDenied") << operation;
  }
  become("jane", policy("Allow", "iam:GetUser", "*"));
  const Keys jane = keys;
  use(kRoot);
  iam("AttachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", arn}});
  call("CreateRepository", {{"repositoryName", "app"}});
  use(jane);
  call("ListImages", {{"repositoryName", "app"}});
  EXPECT_EQ(fail("DeleteRepository", {{"repositoryName", "app"}}).first, "AccessDeniedException");
}

// One that a seed adds, because it is newer than the program, is AWS's like the others.
TEST_F(AwsManagedPolicies, OneOfASeedIsLikeTheOthers) {
  const std::string arn = kAwsPolicies + "service-role/NewerThanThis";
  admin::apply_seed(
      services,
      Json{{"accounts",
            {{"111122223333",
              {{"managedPolicies",
                {{{"arn", arn}, {"document", policy("Allow", "ecr:ListImages", "*")}}}}}}}}}
          .dump());
  const Json shown = iam("GetPolicy", {{"PolicyArn", arn}})["Policy"];
  EXPECT_EQ(shown["PolicyName"], "NewerThanThis");
  EXPECT_EQ(shown["Path"], "/service-role/");
  iam("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}});
  for (const char* operation : {"DeletePolicy", "CreatePolicyVersion", "TagPolicy"}) {
    EXPECT_EQ(iam_fail(operation,
                       {{"PolicyArn", arn},
                        {"PolicyDocument", policy("Allow", "*", "*").dump()},
                        {"Tags.member.1.Key", "k"},
                        {"Tags.member.1.Value", "v"}},
                       403)
                  .first,
              "AccessDenied");
  }
  EXPECT_THAT(arns({{"Scope", "Local"}}), IsEmpty());
  EXPECT_THAT(arns({{"Scope", "AWS"}, {"OnlyAttached", "true"}}), IsEmpty());
  iam("CreateUser", {{"UserName", "jane"}});
  attach("jane", arn);
  EXPECT_EQ(decision("jane", "ecr:ListImages"), "allowed");
  EXPECT_EQ(decision("jane", "ecr:PutImage"), "implicitDeny");
  EXPECT_THAT(arns({{"Scope", "AWS"}, {"OnlyAttached", "true"}}), ElementsAre(arn));
  EXPECT_THAT(names(iam("GetAccountAuthorizationDetails",
                        {{"Filter.member.1", "AWSManagedPolicy"}})["Policies"],
                    "Arn"),
              ElementsAre(arn));
}

TEST_F(AwsManagedPolicies, HaveTheVersionThatAwsHas) {
  const std::string arn = kAwsPolicies + "ReadOnlyAccess";
  const Json policy = iam("GetPolicy", {{"PolicyArn", arn}})["Policy"];
  EXPECT_EQ(policy["DefaultVersionId"], "v188");
  EXPECT_EQ(policy["CreateDate"], "2015-02-06T18:39:48Z");
  EXPECT_EQ(policy["UpdateDate"], "2026-07-21T18:42:30Z");
  EXPECT_EQ(policy["Path"], "/");
  EXPECT_THAT(names(iam("ListPolicyVersions", {{"PolicyArn", arn}})["Versions"], "VersionId"),
              ElementsAre("v188"));
  const Json version =
      iam("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v188"}})["PolicyVersion"];
  EXPECT_EQ(version["IsDefaultVersion"], true);
  const auto document =
      base::parse_json(*base::percent_decode(version["Document"].get<std::string>()));
  EXPECT_GT((*document)["Statement"][0]["Action"].size(), 1500U);
  EXPECT_EQ(iam_fail("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}}, 404).first,
            "NoSuchEntity");
}

TEST_F(AwsManagedPolicies, AreListedInPages) {
  std::vector<std::string> all;
  std::string marker;
  for (int pages = 0; pages < 10; ++pages) {
    Parameters parameters = {{"Scope", "AWS"}, {"MaxItems", "700"}};
    if (!marker.empty()) parameters.emplace_back("Marker", marker);
    const Json page = iam("ListPolicies", parameters);
    const auto some = names(page["Policies"], "Arn");
    all.insert(all.end(), some.begin(), some.end());
    if (page["IsTruncated"] == false) break;
    marker = page["Marker"].get<std::string>();
  }
  EXPECT_EQ(all.size(), aws_managed_policies().size());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(arns({{"PathPrefix", "/root-task/"}}).size(), 5U);
  EXPECT_THAT(arns({{"Scope", "Local"}}), IsEmpty());
}

TEST_F(AwsManagedPolicies, AreListedWhereTheyAreUsed) {
  const std::string lambda = kAwsPolicies + "service-role/AWSLambdaBasicExecutionRole";
  const std::string bound = kAwsPolicies + "PowerUserAccess";
  iam("CreateUser", {{"UserName", "jane"}, {"PermissionsBoundary", bound}});
  EXPECT_THAT(arns({{"OnlyAttached", "true"}, {"PolicyUsageFilter", "PermissionsPolicy"}}),
              IsEmpty());
  attach("jane", lambda);
  EXPECT_THAT(arns({{"OnlyAttached", "true"}}), ElementsAre(lambda, bound));
  EXPECT_THAT(arns({{"PolicyUsageFilter", "PermissionsBoundary"}}), ElementsAre(bound));
  EXPECT_THAT(arns({{"PolicyUsageFilter", "PermissionsPolicy"}, {"Scope", "AWS"}}),
              ElementsAre(lambda));
  EXPECT_THAT(arns({{"OnlyAttached", "true"}, {"PathPrefix", "/service-role/"}}),
              ElementsAre(lambda));
  const Json details =
      iam("GetAccountAuthorizationDetails", {{"Filter.member.1", "AWSManagedPolicy"}});
  EXPECT_THAT(names(details["Policies"], "Arn"), ElementsAre(lambda, bound));
  EXPECT_EQ(details["Policies"][0]["PolicyVersionList"].size(), 1U);
}

TEST_F(AwsManagedPolicies, AreInEveryPartition) {
  iam("CreateUser", {{"UserName", "jane"}});
  for (const std::string partition : {"aws-us-gov", "aws-cn"}) {
    const std::string arn = "arn:" + partition + ":iam::aws:policy/AWSDenyAll";
    EXPECT_EQ(iam("GetPolicy", {{"PolicyArn", arn}})["Policy"]["Arn"], arn);
    attach("jane", arn);
    EXPECT_EQ(decision("jane", "ecr:PutImage"), "explicitDeny");
    EXPECT_THAT(arns({{"OnlyAttached", "true"}}), ElementsAre(arn));
    iam("DetachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", arn}});
    EXPECT_EQ(decision("jane", "ecr:PutImage"), "implicitDeny");
  }
  const std::string awsome = "arn:awsome:iam::aws:policy/AWSDenyAll";
  EXPECT_EQ(iam_fail("GetPolicy", {{"PolicyArn", awsome}}, 400).first, "ValidationError");
  const std::string own = "arn:aws-us-gov:iam::111122223333:policy/AWSDenyAll";
  EXPECT_EQ(iam_fail("GetPolicy", {{"PolicyArn", own}}, 404).first, "NoSuchEntity");
}

// Services that are not here are decided about like any other: the simulator may be asked of them.
TEST_F(AwsManagedPolicies, AreDecidedByWhateverTheyName) {
  struct Case {
    const char* policy;
    const char* action;
    const char* decision;
  };
  constexpr Case kCases[] = {
      {"service-role/AWSLambdaBasicExecutionRole", "logs:PutLogEvents", "allowed"},
      {"service-role/AWSLambdaBasicExecutionRole", "logs:DeleteLogGroup", "implicitDeny"},
      {"AmazonEKSWorkerNodePolicy", "ec2:DescribeInstances", "allowed"},
      {"AmazonEKSWorkerNodePolicy", "ecr:BatchGetImage", "implicitDeny"},
      {"AWSDenyAll", "sts:AssumeRole", "explicitDeny"},
      {"ReadOnlyAccess", "ecr:DescribeImages", "allowed"},
      {"ReadOnlyAccess", "ecr:PutImage", "implicitDeny"},
      {"ReadOnlyAccess", "s3:GetObject", "allowed"},
      {"PowerUserAccess", "ecr:PutImage", "allowed"},
      {"PowerUserAccess", "iam:CreateUser", "implicitDeny"},
      {"PowerUserAccess", "iam:ListRoles", "allowed"},
  };
  iam("CreateUser", {{"UserName", "jane"}});
  for (const Case& c : kCases) {
    attach("jane", kAwsPolicies + c.policy);
    EXPECT_EQ(decision("jane", c.action), c.decision) << c.policy << " " << c.action;
    iam("DetachUserPolicy", {{"UserName", "jane"}, {"PolicyArn", kAwsPolicies + c.policy}});
  }
}

TEST_F(AwsManagedPolicies, ReadOnlyAccessReadsAndDoesNotWrite) {
  become("jane", policy("Allow", "iam:GetUser", "*"));
  const Keys jane = keys;
  use(kRoot);
  attach("jane", kAwsPolicies + "ReadOnlyAccess");
  call("CreateRepository", {{"repositoryName", "app"}});
  use(jane);
  call("DescribeImages", {{"repositoryName", "app"}});
  iam("ListUsers");
  EXPECT_EQ(fail("DeleteRepository", {{"repositoryName", "app"}}).first, "AccessDeniedException");
  use(kRoot);
  const Json list =
      iam("ListPoliciesGrantingServiceAccess", {{"Arn", "arn:aws:iam::111122223333:user/jane"},
                                                {"ServiceNamespaces.member.1", "ec2"},
                                                {"ServiceNamespaces.member.2", "nonsense"}});
  const Json& granting = list["PoliciesGrantingServiceAccess"];
  EXPECT_THAT(names(granting[0]["Policies"], "PolicyName"), ElementsAre("ReadOnlyAccess"));
  EXPECT_THAT(granting[1]["Policies"], IsEmpty());
}

}  // namespace
}  // namespace ecr::api::test
