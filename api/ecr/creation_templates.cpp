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

Target repositories_target(const Call& call, std::string_view action) {
  return make_repository_target(call.services, call.txn, action, call.caller.account, call.region,
                                covered_names(key_of(call.input)), nullptr);
}

// The creator of a template needs the permissions for all that the template will do (ECR User
// Guide, "IAM permissions for creating repository creation templates"; test
// TheCreatorOfATemplateNeedsItsPermissions). Which resource ECR checks for them is not documented;
// here it is the pattern of the repositories that the template covers.
std::vector<Target> template_targets(const Call& call) {
  std::vector<Target> targets = registry_target(call);
  targets.push_back(repositories_target(call, "ecr:CreateRepository"));
  if (!text_member(call.input, "lifecyclePolicy").empty()) {
    targets.push_back(repositories_target(call, "ecr:PutLifecyclePolicy"));
  }
  if (!text_member(call.input, "repositoryPolicy").empty()) {
    targets.push_back(repositories_target(call, "ecr:SetRepositoryPolicy"));
  }
  const std::string role = text_member(call.input, "customRoleArn");
  if (!role.empty()) {
    targets.push_back(pass_role_target(call.txn, call.caller.account, role, "ecr.amazonaws.com"));
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
void check_repository_policy(const Call& call, Json& body) {
  const std::string text = text_member(call.input, "repositoryPolicy");
  if (text.empty()) return;
  check_resource_policy(call, text, auth::iam::PolicyType::kRepository);
  body["repositoryPolicy"] = stored_principals(call.txn, text);
}

// Checks everything that would make the creation of a repository fail later (test
// BadInputsAreRefused). Resource tags and a KMS key need customRoleArn (ECR API Reference); the
// wording of that error is not published.
void check(const Call& call, Json& body) {
  storage::Repository trial;
  trial.account = call.caller.account;
  trial.region = call.region;
  set_mutability(body, trial);
  set_encryption(body.value("encryptionConfiguration", Json::object()), trial);
  const auto tags = parse_tags(body.value("resourceTags", Json::array()));
  check_tag_count(tags.size());
  check_repository_policy(call, body);
  check_lifecycle_policy(body);
  const bool needs_role = !tags.empty() || trial.encryption_type != "AES256";
  if (needs_role && text_member(body, "customRoleArn").empty()) {
    throw ApiError::invalid_parameter(
        "customRoleArn",
        "Member must not be null where resource tags or a KMS key are to be applied");
  }
}

Json template_json(const Call& call, const CreationTemplate& row) {
  Json json = Json::parse(row.body);
  if (const std::string policy = text_member(json, "repositoryPolicy"); !policy.empty()) {
    json["repositoryPolicy"] = shown_principals(call.txn, policy);
  }
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

Json output_of(const Call& call, const CreationTemplate& row) {
  return {{"registryId", call.caller.account},
          {"repositoryCreationTemplate", template_json(call, row)}};
}

// The wording of this error, and of the one for a template that exists already, is not published.
CreationTemplate require_template(const Call& call) {
  auto found = storage::find_creation_template(call.txn, call.caller.account, call.region,
                                               key_of(call.input));
  if (!found) {
    throw ApiError(ErrorCode::kTemplateNotFound,
                   base::format("The repository creation template with prefix '{}' does not exist "
                                "in the registry with id '{}'",
                                text_member(call.input, "prefix"), call.caller.account));
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
Json create_template(Call& call) {
  Json body = {{"imageTagMutability", "MUTABLE"},
               {"encryptionConfiguration", {{"encryptionType", "AES256"}}}};
  merge(call.input, body);
  check(call, body);
  const CreationTemplate row{key_of(call.input), base::dump(body), call.now, call.now};
  if (!storage::insert_creation_template(call.txn, call.caller.account, call.region, row)) {
    throw ApiError(ErrorCode::kTemplateAlreadyExists,
                   base::format("The repository creation template with prefix '{}' already exists "
                                "in the registry with id '{}'",
                                text_member(call.input, "prefix"), call.caller.account));
  }
  return output_of(call, row);
}

Json update_template(Call& call) {
  CreationTemplate row = require_template(call);
  Json body = Json::parse(row.body);
  Json changes = call.input;
  changes.erase("prefix");  // it names the template, perhaps without the slash that was created
  merge(changes, body);
  check(call, body);
  row.body = base::dump(body);
  row.updated_at = call.now;
  storage::update_creation_template(call.txn, call.caller.account, call.region, row);
  return output_of(call, row);
}

Json delete_template(Call& call) {
  const CreationTemplate row = require_template(call);
  storage::delete_creation_template(call.txn, call.caller.account, call.region, row.prefix);
  return output_of(call, row);
}

// Prefixes without a template are left out of the answer: the model has no error for them.
Json describe_named_templates(Call& call, const Json& prefixes) {
  refuse_paging(call, "prefixes");
  Json list = Json::array();
  for (const Json& prefix : prefixes) {
    const auto found = storage::find_creation_template(call.txn, call.caller.account, call.region,
                                                       key_of({{"prefix", prefix}}));
    if (found) list.push_back(template_json(call, *found));
  }
  return list;
}

Json describe_templates(Call& call) {
  Json output = {{"registryId", call.caller.account}};
  if (const auto prefixes = call.input.find("prefixes"); prefixes != call.input.end()) {
    output["repositoryCreationTemplates"] = describe_named_templates(call, *prefixes);
    return output;
  }
  constexpr std::string_view kListing = "DescribeRepositoryCreationTemplates";
  const Page page = requested_page(call, kListing);
  auto found = storage::list_creation_templates(call.txn, call.caller.account, call.region,
                                                page.after(), page.query_limit());
  const auto token = page.cut(found, [](const CreationTemplate& row) { return row.prefix; });
  if (token) output["nextToken"] = *token;
  output["repositoryCreationTemplates"] = Json::array();
  for (const auto& row : found) {
    output["repositoryCreationTemplates"].push_back(template_json(call, row));
  }
  return output;
}

constexpr Operation kCreationTemplateOperations[] = {
    {"CreateRepositoryCreationTemplate", "ecr:CreateRepositoryCreationTemplate", Access::kWrite,
     template_targets, create_template},
    {"UpdateRepositoryCreationTemplate", "ecr:UpdateRepositoryCreationTemplate", Access::kWrite,
     template_targets, update_template},
    {"DeleteRepositoryCreationTemplate", "ecr:DeleteRepositoryCreationTemplate", Access::kWrite,
     registry_target, delete_template},
    {"DescribeRepositoryCreationTemplates", "ecr:DescribeRepositoryCreationTemplates",
     Access::kRead, registry_target, describe_templates},
};

}  // namespace

std::vector<const Operation*> creation_template_operations() {
  return pointers(kCreationTemplateOperations);
}

}  // namespace ecr::api::ecr
