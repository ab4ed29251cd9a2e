// CreateRepositoryCreationTemplate, UpdateRepositoryCreationTemplate,
// DeleteRepositoryCreationTemplate, DescribeRepositoryCreationTemplates. What templates do is
// api/images/creation/.
#include <nlohmann/json.hpp>

#include "api/core/access/stored_principals.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/lifecycle/policy.h"
#include "api/images/repository_settings.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::CreationTemplate;
using storage::sql::Access;

// The members of a template, by the names that the API gives them. A row keeps them as JSON.
constexpr const char* kMembers[] = {
    "prefix",           "description",        "encryptionConfiguration",
    "resourceTags",     "imageTagMutability", "imageTagMutabilityExclusionFilters",
    "repositoryPolicy", "lifecyclePolicy",    "appliedFor",
    "customRoleArn"};

// "team" and "team/" are one prefix (ECR API Reference: there is always an assumed slash). "ROOT"
// stands for every repository that no other template covers.
std::string key_of(const Json& input) {
  std::string prefix = text_member(input, "prefix");
  if (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

// The names of the repositories that a template covers, as one pattern of an ARN.
std::string covered_names(const std::string& key) { return key == "ROOT" ? "*" : key + "/*"; }

Target repositories_target(const ApiRequest& request, std::string_view action) {
  return make_repositories_target(request, action, request.registry,
                                  covered_names(key_of(request.input)));
}

// The creator of a template needs the permissions for all that the template will do (ECR User
// Guide, "IAM permissions for creating repository creation templates"; test
// TheCreatorOfATemplateNeedsItsPermissions). Which resource ECR checks for them is not documented;
// here it is the pattern of the repositories that the template covers.
std::vector<Target> template_targets(const ApiRequest& request) {
  std::vector<Target> targets = registry_target(request);
  targets.push_back(repositories_target(request, "ecr:CreateRepository"));
  if (!text_member(request.input, "lifecyclePolicy").empty()) {
    targets.push_back(repositories_target(request, "ecr:PutLifecyclePolicy"));
  }
  if (!text_member(request.input, "repositoryPolicy").empty()) {
    targets.push_back(repositories_target(request, "ecr:SetRepositoryPolicy"));
  }
  const std::string role = text_member(request.input, "customRoleArn");
  if (!role.empty()) {
    targets.push_back(
        pass_role_target(request.txn, request.caller.account, role, "ecr.amazonaws.com"));
  }
  return targets;
}

// The text is compacted, as PutLifecyclePolicy does it.
void check_lifecycle_policy(Json& body) {
  const std::string text = text_member(body, "lifecyclePolicy");
  if (text.empty()) return;
  auto policy = lifecycle::parse_policy(text);
  if (!policy) {
    throw ApiError::invalid_parameter("LifecyclePolicyText",
                                      "Lifecycle policy validation failure: " + policy.error());
  }
  body["lifecyclePolicy"] = std::move(policy->text);
}

// The policy is checked and its principals are stored by unique id as SetRepositoryPolicy does it:
// a user who is deleted and made anew is another one for the repositories of the template too (test
// ARecreatedPrincipalIsNotTheOneOfTheTemplate). A policy that the call does not send was checked
// when it was put; its principals may be gone since.
void check_repository_policy(const ApiRequest& request, Json& body) {
  const std::string text = text_member(request.input, "repositoryPolicy");
  if (text.empty()) return;
  check_resource_policy(request, text, auth::iam::PolicyType::kRepository);
  body["repositoryPolicy"] = stored_principals(request.txn, text);
}

// Checks everything that would make the creation of a repository fail later (test
// BadInputsAreRefused). Resource tags and a KMS key need customRoleArn (ECR API Reference); the
// wording of that error is not published.
void check(const ApiRequest& request, Json& body) {
  storage::RepositorySettings trial;
  set_mutability(body, trial);
  set_encryption(body.value("encryptionConfiguration", Json::object()), request.registry, trial);
  const auto tags = parse_tags(body.value("resourceTags", Json::array()));
  check_tag_count(tags.size());
  check_repository_policy(request, body);
  check_lifecycle_policy(body);
  const bool needs_role =
      !tags.empty() || trial.encryption_type != storage::EncryptionType::kAes256;
  if (needs_role && text_member(body, "customRoleArn").empty()) {
    throw ApiError::invalid_parameter(
        "customRoleArn",
        "Member must not be null where resource tags or a KMS key are to be applied");
  }
}

Json template_json(const ApiRequest& request, const CreationTemplate& row) {
  Json json = Json::parse(row.body);
  if (const std::string policy = text_member(json, "repositoryPolicy"); !policy.empty()) {
    json["repositoryPolicy"] = shown_principals(request.txn, policy);
  }
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

Json output_of(const ApiRequest& request, const CreationTemplate& row) {
  return {{"registryId", request.caller.account},
          {"repositoryCreationTemplate", template_json(request, row)}};
}

// The wording of this error, and of the one for a template that exists already, is not published.
CreationTemplate require_template(const ApiRequest& request) {
  auto found =
      storage::find_creation_template(request.txn, request.registry, key_of(request.input));
  if (!found) {
    throw ApiError(ErrorCode::kTemplateNotFound,
                   base::format("The repository creation template with prefix '{}' does not exist "
                                "in the registry with id '{}'",
                                text_member(request.input, "prefix"), request.caller.account));
  }
  return std::move(*found);
}

// A member of the input replaces the template's; an empty text removes it. A member that the input
// does not have stays as it is.
void merge(const Json& input, Json& body) {
  for (const char* name : kMembers) {
    if (!input.contains(name)) continue;
    body[name] = input.at(name);
    if (body[name].is_string() && body[name].get_ref<const std::string&>().empty()) {
      body.erase(name);
    }
  }
  // Exclusion filters belong to the mutability that they were given with.
  if (input.contains("imageTagMutability") &&
      !input.contains("imageTagMutabilityExclusionFilters")) {
    body.erase("imageTagMutabilityExclusionFilters");
  }
}

// Defaults of ECR: tags are mutable, encryption is AES256.
Json create_template(ApiRequest& request) {
  Json body = {{"imageTagMutability", "MUTABLE"},
               {"encryptionConfiguration", {{"encryptionType", "AES256"}}}};
  merge(request.input, body);
  check(request, body);
  const CreationTemplate row{key_of(request.input), base::dump(body), request.now, request.now};
  if (!storage::insert_creation_template(request.txn, request.registry, row)) {
    throw ApiError(ErrorCode::kTemplateAlreadyExists,
                   base::format("The repository creation template with prefix '{}' already exists "
                                "in the registry with id '{}'",
                                text_member(request.input, "prefix"), request.caller.account));
  }
  return output_of(request, row);
}

Json update_template(ApiRequest& request) {
  CreationTemplate row = require_template(request);
  Json body = Json::parse(row.body);
  Json changes = request.input;
  changes.erase("prefix");  // it names the template, perhaps without the slash that was created
  merge(changes, body);
  check(request, body);
  row.body = base::dump(body);
  row.updated_at = request.now;
  storage::update_creation_template(request.txn, request.registry, row);
  return output_of(request, row);
}

Json delete_template(ApiRequest& request) {
  const CreationTemplate row = require_template(request);
  storage::delete_creation_template(request.txn, request.registry, row.prefix);
  return output_of(request, row);
}

// Prefixes without a template are left out of the answer: the model has no error for them.
Json describe_named_templates(ApiRequest& request, const Json& prefixes) {
  refuse_paging(request, "prefixes");
  Json list = Json::array();
  for (const Json& prefix : prefixes) {
    const auto found = storage::find_creation_template(request.txn, request.registry,
                                                       key_of({{"prefix", prefix}}));
    if (found) list.push_back(template_json(request, *found));
  }
  return list;
}

Json describe_templates(ApiRequest& request) {
  Json output = {{"registryId", request.caller.account}};
  if (const auto prefixes = request.input.find("prefixes"); prefixes != request.input.end()) {
    output["repositoryCreationTemplates"] = describe_named_templates(request, *prefixes);
    return output;
  }
  constexpr std::string_view kListing = "DescribeRepositoryCreationTemplates";
  const Page page = requested_page(request, kListing);
  auto found = storage::list_creation_templates(request.txn, request.registry, page.after(),
                                                page.query_limit());
  const auto token = page.cut(found, [](const CreationTemplate& row) { return row.prefix; });
  if (token) output["nextToken"] = *token;
  output["repositoryCreationTemplates"] = Json::array();
  for (const auto& row : found) {
    output["repositoryCreationTemplates"].push_back(template_json(request, row));
  }
  return output;
}

constexpr Operation kCreationTemplateOperations[] = {
    {"CreateRepositoryCreationTemplate", "ecr:CreateRepositoryCreationTemplate", Access::kWrite,
     on<template_targets, create_template>},
    {"UpdateRepositoryCreationTemplate", "ecr:UpdateRepositoryCreationTemplate", Access::kWrite,
     on<template_targets, update_template>},
    {"DeleteRepositoryCreationTemplate", "ecr:DeleteRepositoryCreationTemplate", Access::kWrite,
     on<registry_target, delete_template>},
    {"DescribeRepositoryCreationTemplates", "ecr:DescribeRepositoryCreationTemplates",
     Access::kRead, on<registry_target, describe_templates>},
};

}  // namespace

std::vector<const Operation*> creation_template_operations() {
  return pointers(kCreationTemplateOperations);
}

}  // namespace ecr::api::ecr
