#include "api/admin/service_pull/pulling_services.h"

#include <algorithm>
#include <iterator>

namespace ecr::api::admin::service_pull {
namespace {

// Lambda Developer Guide, "Create a Lambda function using a container image", "Amazon ECR
// permissions": lambda.amazonaws.com with both actions.
constexpr std::string_view kLambdaActions[] = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
// ECR User Guide, "Using Amazon ECR images with Amazon ECS": these two and
// ecr:GetAuthorizationToken.
constexpr std::string_view kEcsActions[] = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
// CodeBuild User Guide, "Amazon ECR sample", and ECR User Guide, "Private repository policy
// examples" (the example for CodeBuild, with aws:SourceArn and aws:SourceAccount).
constexpr std::string_view kCodeBuildActions[] = {
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};
// SageMaker Developer Guide, "How to use SageMaker execution roles": the permissions for containers
// in ECR. That a repository policy needs no more for a role of another account is inferred.
constexpr std::string_view kSageMakerActions[] = {
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"};

// Lambda: that its requests carry aws:SourceArn is in the policy for other accounts of the Compute
// Blog ("Introducing cross-account Amazon ECR access for AWS Lambda"); aws:SourceAccount beside it
// is inferred from "The confused deputy problem" of the IAM User Guide. So are both keys of the
// requests by which ECS and SageMaker assume a role; those of ECS are in its Developer Guide
// ("Amazon ECS task IAM role").
constexpr PullingService kServices[] = {
    {.name = "lambda",
     .title = "AWS Lambda",
     .principal = "lambda.amazonaws.com",
     .actions = kLambdaActions,
     .asks_as_itself = true,
     .source_service = "lambda",
     .source_resource = "function:example"},
    {.name = "ecs",
     .title = "Amazon ECS",
     .principal = "ecs-tasks.amazonaws.com",
     .actions = kEcsActions,
     .source_service = "ecs",
     .source_resource = "task/example"},
    {.name = "codebuild",
     .title = "AWS CodeBuild",
     .principal = "codebuild.amazonaws.com",
     .actions = kCodeBuildActions,
     .asks_as_itself = true,
     .source_service = "codebuild",
     .source_resource = "project/example"},
    {.name = "sagemaker",
     .title = "Amazon SageMaker AI",
     .principal = "sagemaker.amazonaws.com",
     .actions = kSageMakerActions,
     .source_service = "sagemaker",
     .source_resource = "model/example"},
};

}  // namespace

std::span<const PullingService> pulling_services() { return kServices; }

std::vector<std::string> pulling_service_names() {
  std::vector<std::string> names;
  for (const PullingService& service : kServices) names.emplace_back(service.name);
  return names;
}

const PullingService& pulling_service(std::string_view name) {
  return *std::find_if(std::begin(kServices), std::end(kServices),
                       [name](const PullingService& service) { return service.name == name; });
}

}  // namespace ecr::api::admin::service_pull
