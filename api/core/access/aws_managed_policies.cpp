#include "api/core/access/aws_managed_policies.h"

#include <algorithm>

#include "schemas/model/digest.h"

namespace ecr::api {
namespace {

constexpr std::string_view kManagedPolicyArnPrefix = "arn:aws:iam::aws:policy";

// Names, paths, dates, descriptions and documents are AWS's (AWS Managed Policy Reference Guide);
// the documents of ReadOnlyAccess and PowerUserAccess have only what concerns the services that are
// here.
constexpr AwsManagedPolicy kPolicies[] = {
    {"AWSECRPullThroughCache_ServiceRolePolicy", "/aws-service-role/", "2021-11-26T21:52:00Z",
     "Allows access to AWS services and resources used or managed by the ECR pull through cache",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"ECR","Effect":"Allow","Action":[
"ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:InitiateLayerUpload",
"ecr:UploadLayerPart","ecr:CompleteLayerUpload","ecr:PutImage"],"Resource":"*"},
{"Sid":"SecretsManager","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],
"Resource":"arn:aws:secretsmanager:*:*:secret:ecr-pullthroughcache/*",
"Condition":{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}}]})"},
    {"AdministratorAccess", "/", "2015-02-06T18:39:46Z",
     "Provides full access to AWS services and resources.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    {"AmazonEC2ContainerRegistryFullAccess", "/", "2015-12-21T17:06:48Z",
     "Provides administrative access to Amazon ECR resources",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
"Action":["ecr:*","cloudtrail:LookupEvents"],"Resource":"*"},
{"Effect":"Allow","Action":["iam:CreateServiceLinkedRole"],"Resource":"*",
"Condition":{"StringEquals":{"iam:AWSServiceName":["replication.ecr.amazonaws.com"]}}}]})"},
    {"AmazonEC2ContainerRegistryPowerUser", "/", "2015-12-21T17:05:33Z",
     "Provides full access to Amazon EC2 Container Registry repositories, but does not allow "
     "repository deletion or policy changes.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer",
"ecr:GetRepositoryPolicy","ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages",
"ecr:BatchGetImage","ecr:GetLifecyclePolicy","ecr:GetLifecyclePolicyPreview",
"ecr:ListTagsForResource","ecr:DescribeImageScanFindings","ecr:InitiateLayerUpload",
"ecr:UploadLayerPart","ecr:CompleteLayerUpload","ecr:PutImage"],"Resource":"*"}]})"},
    {"AmazonEC2ContainerRegistryPullOnly", "/", "2024-10-10T17:16:00Z",
     "Provides permissions to pull images from Amazon ECR",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"ecr:GetAuthorizationToken","ecr:BatchImportUpstreamImage","ecr:BatchGetImage",
"ecr:GetDownloadUrlForLayer"],"Resource":"*"}]})"},
    {"AmazonEC2ContainerRegistryReadOnly", "/", "2015-12-21T17:04:15Z",
     "Provides read-only access to Amazon EC2 Container Registry repositories.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer",
"ecr:GetRepositoryPolicy","ecr:DescribeRepositories","ecr:ListImages","ecr:DescribeImages",
"ecr:BatchGetImage","ecr:GetLifecyclePolicy","ecr:GetLifecyclePolicyPreview",
"ecr:ListTagsForResource","ecr:DescribeImageScanFindings"],"Resource":"*"}]})"},
    {"AmazonECSTaskExecutionRolePolicy", "/service-role/", "2017-11-16T18:48:22Z",
     "Provides access to other AWS service resources that are required to run Amazon ECS tasks",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"ecr:GetAuthorizationToken","ecr:BatchCheckLayerAvailability","ecr:GetDownloadUrlForLayer",
"ecr:BatchGetImage","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]})"},
    {"ECRReplicationServiceRolePolicy", "/aws-service-role/", "2020-12-04T22:11:00Z",
     "Allows access to AWS services and resources used or managed by the ECR replication feature",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
"Action":["ecr:CreateRepository","ecr:ReplicateImage"],"Resource":"*"}]})"},
    {"ECRTemplateServiceRolePolicy", "/aws-service-role/", "2024-06-19T23:11:00Z",
     "Allows actions to be performed when using AWS ECR repository creation templates",
     R"({"Version":"2012-10-17","Statement":[{"Sid":"CreateRepositoryWithTemplate",
"Effect":"Allow","Action":["ecr:CreateRepository"],"Resource":"*"}]})"},
    {"IAMFullAccess", "/", "2015-02-06T18:40:38Z",
     "Provides full access to IAM via the AWS Management Console.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*",
"organizations:DescribeAccount","organizations:DescribeOrganization",
"organizations:DescribeOrganizationalUnit","organizations:DescribePolicy",
"organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget",
"organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],
"Resource":"*"}]})"},
    {"IAMReadOnlyAccess", "/", "2015-02-06T18:40:39Z",
     "Provides read only access to IAM via the AWS Management Console.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"iam:GenerateCredentialReport","iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*",
"iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]})"},
    {"IAMUserChangePassword", "/", "2016-11-15T00:25:16Z",
     "Provides the ability for an IAM user to change their own password.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:ChangePassword"],
"Resource":["arn:aws:iam::*:user/${aws:username}"]},
{"Effect":"Allow","Action":["iam:GetAccountPasswordPolicy"],"Resource":"*"}]})"},
    {"PowerUserAccess", "/", "2015-02-06T18:39:47Z",
     "Provides full access to AWS services and resources, but does not allow management of Users "
     "and groups.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",
"NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
{"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole",
"iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]})"},
    {"ReadOnlyAccess", "/", "2015-02-06T18:39:48Z",
     "Provides read-only access to AWS services and resources.",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[
"ecr:BatchCheck*","ecr:BatchGet*","ecr:Describe*","ecr:Get*","ecr:List*",
"ecr-public:BatchCheckLayerAvailability","ecr-public:Describe*","ecr-public:Get*",
"ecr-public:List*","iam:Generate*","iam:Get*","iam:List*","iam:Simulate*",
"organizations:Describe*","organizations:List*","sts:GetAccessKeyInfo","sts:GetCallerIdentity",
"sts:GetSessionToken"],"Resource":"*"}]})"},
};

// The unique ids that AWS gives to its own policies, as far as they are published.
struct KnownId {
  std::string_view name;
  std::string_view id;
};
constexpr KnownId kIds[] = {
    {"AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK"},
    {"AmazonEC2ContainerRegistryFullAccess", "ANPAIESRL7KD7IIVF6V4W"},
    {"AmazonEC2ContainerRegistryPowerUser", "ANPAJDNE5PIHROIBGGDDW"},
    {"AmazonEC2ContainerRegistryReadOnly", "ANPAIFYZPA37OOHVIH7KQ"},
    {"IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ"},
    {"IAMReadOnlyAccess", "ANPAJKSO7NDY4T57MWDSQ"},
    {"PowerUserAccess", "ANPAJYRXTHIB4FOVS3ZXS"},
    {"ReadOnlyAccess", "ANPAILL3HVNFSB6DCOWYQ"},
};

}  // namespace

std::string AwsManagedPolicy::arn() const {
  std::string arn(kManagedPolicyArnPrefix);
  arn += path;
  arn += name;
  return arn;
}

std::string AwsManagedPolicy::unique_id() const {
  for (const KnownId& known : kIds) {
    if (known.name == name) return std::string(known.id);
  }
  // The others get an id from their ARN: it must be the same in every account and after each start.
  constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const model::Sha256 hash = model::sha256(arn());
  std::string id = "ANPA";
  for (std::size_t i = 0; i < 17; ++i) id += kBase32[hash[i] % kBase32.size()];
  return id;
}

std::span<const AwsManagedPolicy> aws_managed_policies() { return kPolicies; }

const AwsManagedPolicy* find_aws_managed_policy(std::string_view arn) {
  if (!arn.starts_with(kManagedPolicyArnPrefix)) return nullptr;
  const auto* const found =
      std::find_if(std::begin(kPolicies), std::end(kPolicies),
                   [&](const AwsManagedPolicy& policy) { return policy.arn() == arn; });
  return found == std::end(kPolicies) ? nullptr : found;
}

}  // namespace ecr::api
