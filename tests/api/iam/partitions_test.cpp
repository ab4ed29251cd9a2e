// AWS's partitions beside "aws": everything that has an ARN is in that of its Region, and works
// there as it does in "aws". And the one Region of each that global services are in.
#include <gmock/gmock.h>

#include "schemas/base/text.h"
#include "storage/rows/events.h"
#include "tests/api/iam/fixture.h"

namespace ecr::api::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Place {
  const char* region;
  const char* partition;
  const char* global_region;
};
constexpr Place kPlaces[] = {{"us-east-1", "aws", "us-east-1"},
                             {"us-gov-east-1", "aws-us-gov", "us-gov-west-1"},
                             {"cn-northwest-1", "aws-cn", "cn-north-1"}};

class IamPartitions : public IamTest {
 protected:
  // An account of its own in each partition, as at AWS.
  void go_to(const Place& place) {
    region = place.region;
    account = base::format("11112222{:04}", &place - kPlaces);
    use(Keys{account, "test"});
    iam_prefix = base::format("arn:{}:iam::{}:", place.partition, account);
    sts_prefix = base::format("arn:{}:sts::{}:", place.partition, account);
  }
  std::string trust(const std::string& principal) {
    return Json{{"Version", "2012-10-17"},
                {"Statement",
                 {{{"Effect", "Allow"},
                   {"Action", "sts:AssumeRole"},
                   {"Principal", {{"AWS", principal}}}}}}}
        .dump();
  }
  Keys key_of(const std::string& user) {
    return keys_of(iam("CreateAccessKey", {{"UserName", user}})["AccessKey"]);
  }
  Json last_record() {
    events.flush();
    auto txn = store->database().begin(storage::sql::Access::kRead);
    return Json::parse(
        storage::events_after(txn, storage::EventKind::kRecord, 0, 1000).back().body);
  }

  std::string account;
  std::string iam_prefix;
  std::string sts_prefix;
};

TEST_F(IamPartitions, WhatIamMakesIsInThePartitionOfTheRegion) {
  for (const Place& place : kPlaces) {
    go_to(place);
    const auto arn = [](const Json& made) { return made["Arn"].get<std::string>(); };
    EXPECT_EQ(arn(iam("CreateUser", {{"UserName", "u"}})["User"]), iam_prefix + "user/u");
    EXPECT_EQ(arn(iam("GetUser", {{"UserName", "u"}})["User"]), iam_prefix + "user/u");
    EXPECT_EQ(arn(iam("CreateGroup", {{"GroupName", "g"}})["Group"]), iam_prefix + "group/g");
    const Json role =
        iam("CreateRole",
            {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust(iam_prefix + "user/u")}});
    EXPECT_EQ(arn(role["Role"]), iam_prefix + "role/r");
    EXPECT_THAT(role["Role"]["AssumeRolePolicyDocument"].get<std::string>(), HasSubstr("user%2Fu"));
    EXPECT_EQ(arn(iam("CreateInstanceProfile", {{"InstanceProfileName", "p"}})["InstanceProfile"]),
              iam_prefix + "instance-profile/p");
    const std::string document = policy("Allow", "ecr:*", "*").dump();
    EXPECT_EQ(
        arn(iam("CreatePolicy", {{"PolicyName", "m"}, {"PolicyDocument", document}})["Policy"]),
        iam_prefix + "policy/m");
    iam("AttachUserPolicy", {{"UserName", "u"}, {"PolicyArn", iam_prefix + "policy/m"}});
    EXPECT_EQ(iam("CreateOpenIDConnectProvider",
                  {{"Url", "https://idp.example"},
                   {"ThumbprintList.member.1", std::string(40, 'a')}})["OpenIDConnectProviderArn"],
              iam_prefix + "oidc-provider/idp.example");
    EXPECT_EQ(iam("CreateSAMLProvider",
                  {{"Name", "s"},
                   {"SAMLMetadataDocument", "<EntityDescriptor>" + std::string(1000, ' ') +
                                                "</EntityDescriptor>"}})["SAMLProviderArn"],
              iam_prefix + "saml-provider/s");
    const Json device = iam("CreateVirtualMFADevice", {{"VirtualMFADeviceName", "d"}});
    EXPECT_EQ(device["VirtualMFADevice"]["SerialNumber"], iam_prefix + "mfa/d");
    EXPECT_THAT(arn(iam("CreateServiceLinkedRole",
                        {{"AWSServiceName", "replication.ecr.amazonaws.com"}})["Role"]),
                StartsWith(iam_prefix + "role/aws-service-role/"));
    const std::string aws_policy = base::format("arn:{}:iam::aws:policy/", place.partition);
    EXPECT_THAT(arn(iam("ListPolicies", {{"Scope", "AWS"}, {"MaxItems", "1"}})["Policies"][0]),
                StartsWith(aws_policy));
    iam("AttachUserPolicy",
        {{"UserName", "u"}, {"PolicyArn", aws_policy + "AmazonEC2ContainerRegistryReadOnly"}});
    EXPECT_EQ(iam_fail("GetPolicy",
                       {{"PolicyArn", base::format("arn:aws-none:iam::{}:policy/m", account)}}, 400)
                  .first,
              "ValidationError");
  }
}

TEST_F(IamPartitions, PrincipalsAreInThatOfWhatTheyAre) {
  for (const Place& place : kPlaces) {
    go_to(place);
    EXPECT_EQ(sts("GetCallerIdentity")["Arn"], iam_prefix + "root");
    iam("CreateUser", {{"UserName", "u"}});
    iam("PutUserPolicy", {{"UserName", "u"},
                          {"PolicyName", "all"},
                          {"PolicyDocument", policy("Allow", "*", "*").dump()}});
    iam("CreateRole",
        {{"RoleName", "r"}, {"AssumeRolePolicyDocument", trust(iam_prefix + "user/u")}});
    use(key_of("u"));
    EXPECT_EQ(sts("GetCallerIdentity")["Arn"], iam_prefix + "user/u");
    const Json federated = sts("GetFederationToken", {{"Name", "fed"}});
    EXPECT_EQ(federated["FederatedUser"]["Arn"], sts_prefix + "federated-user/fed");
    const Json session =
        sts("AssumeRole", {{"RoleArn", iam_prefix + "role/r"}, {"RoleSessionName", "session"}});
    EXPECT_EQ(session["AssumedRoleUser"]["Arn"], sts_prefix + "assumed-role/r/session");
    use(session["Credentials"]);
    EXPECT_EQ(sts("GetCallerIdentity")["Arn"], sts_prefix + "assumed-role/r/session");
    use(federated["Credentials"]);
    EXPECT_EQ(sts("GetCallerIdentity")["Arn"], sts_prefix + "federated-user/fed");
  }
}

TEST_F(IamPartitions, RepositoryPoliciesNameThemAndRecordsAndTheRegistryDoToo) {
  for (const Place& place : kPlaces) {
    go_to(place);
    call("CreateRepository", {{"repositoryName", "app"}});
    iam("CreateUser", {{"UserName", "u"}});
    iam("PutUserPolicy",
        {{"UserName", "u"},
         {"PolicyName", "login"},
         {"PolicyDocument", policy("Allow", "ecr:GetAuthorizationToken", "*").dump()}});
    push_image("app", "v1", "content");
    EXPECT_EQ(last_record()["userIdentity"]["arn"], iam_prefix + "root");
    use(key_of("u"));
    EXPECT_EQ(registry("GET", "/v2/app/manifests/v1").status, 403);
    use(Keys{account, "test"});
    Json document = policy("Allow", Json{"ecr:BatchGetImage", "ecr:ListImages"}, "*");
    document["Statement"][0].erase("Resource");
    document["Statement"][0]["Principal"]["AWS"] = iam_prefix + "user/u";
    call("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", document.dump()}});
    document["Statement"][0]["Principal"]["AWS"] = iam_prefix + "user/none";
    EXPECT_EQ(
        fail("SetRepositoryPolicy", {{"repositoryName", "app"}, {"policyText", document.dump()}})
            .first,
        "InvalidParameterException");
    use(key_of("u"));
    EXPECT_EQ(registry("GET", "/v2/app/manifests/v1").status, 200);
    call("ListImages", {{"repositoryName", "app"}});
    EXPECT_EQ(last_record()["userIdentity"]["arn"], iam_prefix + "user/u");
    EXPECT_EQ(last_record()["awsRegion"], place.region);
  }
}

// The same access key is of one root user in each partition; the registry plane remembers callers.
TEST_F(IamPartitions, RootIsOfThePartitionThatIsSignedFor) {
  for (int round = 0; round < 2; ++round) {
    for (const Place& place : kPlaces) {
      region = place.region;
      use(kRoot);
      EXPECT_EQ(registry("GET", "/v2/").note.principal,
                base::format("arn:{}:iam::111122223333:root", place.partition));
    }
  }
}

TEST_F(IamPartitions, ASeedIsInThatOfTheDefaultRegion) {
  const Json document = Json::parse(R"({"accounts": {"111122220000": {
      "managedPolicies": [{"name": "p", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}}],
      "users": [{"name": "u", "attachedPolicies": ["p"]}],
      "oidcProviders": [{"url": "https://idp.example"}],
      "instanceProfiles": [{"name": "i", "tags": {"a": "b"}}],
      "serviceLinkedRoles": ["replication.ecr.amazonaws.com"]}}})");
  for (const Place& place : kPlaces) {
    settings.region = place.region;
    seed(document);
    go_to(place);
    use(Keys{"111122220000", "test"});
    const std::string prefix = base::format("arn:{}:iam::111122220000:", place.partition);
    EXPECT_EQ(iam("GetUser", {{"UserName", "u"}})["User"]["Arn"], prefix + "user/u");
    EXPECT_EQ(
        iam("ListAttachedUserPolicies", {{"UserName", "u"}})["AttachedPolicies"][0]["PolicyArn"],
        prefix + "policy/p");
    iam("GetOpenIDConnectProvider",
        {{"OpenIDConnectProviderArn", prefix + "oidc-provider/idp.example"}});
    const Json profile = iam("GetInstanceProfile", {{"InstanceProfileName", "i"}});
    EXPECT_EQ(profile["InstanceProfile"]["Arn"], prefix + "instance-profile/i");
    EXPECT_EQ(profile["InstanceProfile"]["Tags"].size(), 1u);
  }
}

TEST_F(IamPartitions, AUserStaysInItsPartition) {
  go_to(kPlaces[0]);
  iam("CreateUser", {{"UserName", "u"}});
  const Keys key = key_of("u");
  region = kPlaces[1].region;
  EXPECT_EQ(iam("GetUser", {{"UserName", "u"}})["User"]["Arn"], iam_prefix + "user/u");
  use(key);
  EXPECT_EQ(sts("GetCallerIdentity")["Arn"], iam_prefix + "user/u");
}

TEST_F(IamPartitions, RefusalsNameArnsOfThePartition) {
  for (const Place& place : kPlaces) {
    go_to(place);
    iam("CreateUser", {{"UserName", "u"}});
    use(key_of("u"));
    const Parameters nobody[] = {{{"UserName", "x"}},
                                 {{"RoleName", "x"}},
                                 {{"GroupName", "x"}},
                                 {{"InstanceProfileName", "x"}},
                                 {},
                                 {}};
    const char* const actions[] = {"CreateUser",  "DeleteRole",
                                   "CreateGroup", "CreateInstanceProfile",
                                   "ListUsers",   "ListRoles"};
    for (std::size_t i = 0; i < std::size(actions); ++i) {
      const std::string answer = body_of(send_query("iam", actions[i], nobody[i]));
      EXPECT_THAT(answer, HasSubstr(iam_prefix + "user/u")) << actions[i];
      if (region == "us-east-1") continue;
      EXPECT_THAT(answer, Not(HasSubstr("arn:aws:"))) << actions[i];
    }
  }
}

TEST_F(IamPartitions, GlobalServicesAreInOneRegion) {
  for (const Place& place : kPlaces) {
    go_to(place);
    Json document = policy("Allow", "*", "*");
    document["Statement"][0]["Condition"]["StringEquals"]["aws:RequestedRegion"] =
        place.global_region;
    iam("CreateUser", {{"UserName", "u"}});
    iam("PutUserPolicy",
        {{"UserName", "u"}, {"PolicyName", "p"}, {"PolicyDocument", document.dump()}});
    const Json key = iam("CreateAccessKey", {{"UserName", "u"}})["AccessKey"];
    use(keys_of(key));
    iam("ListUsers");
    EXPECT_EQ(last_record()["awsRegion"], place.global_region);
    use(Keys{account, "test"});
    const Json last =
        iam("GetAccessKeyLastUsed", {{"AccessKeyId", key["AccessKeyId"].get<std::string>()}});
    EXPECT_EQ(last["AccessKeyLastUsed"]["Region"], place.global_region);
    // STS and ECR are services of every Region.
    use(keys_of(key));
    const bool here = std::string(place.region) == place.global_region;
    EXPECT_EQ(send("DescribeRepositories", Json::object()).status, here ? 200 : 400);
    EXPECT_EQ(last_record()["awsRegion"], place.region);
    sts("GetCallerIdentity");
    EXPECT_EQ(last_record()["awsRegion"], place.region);
  }
}

}  // namespace
}  // namespace ecr::api::test
