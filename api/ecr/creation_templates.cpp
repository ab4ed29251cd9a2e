// CreateRepositoryCreationTemplate, UpdateRepositoryCreationTemplate,
// DeleteRepositoryCreationTemplate, DescribeRepositoryCreationTemplates. What templates do is
// api/images/creation/.
#include <nlohmann/json.hpp>

#include "api/core/access/principal_check.h"
#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/encryption.h"
#include "api/images/lifecycle/policy.h"
#include "api/images/tag_mutability.h"
#include "api/images/tag_rules.h"
#include "schemas/base/json.h"
#include "schemas/base/text.h"
#include "storage/rows/registry_settings.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::CreationTemplate;
using storage::sql::Access;

// What a template has, by the names that the API gives it.
constexpr const char* kMembers[] = {
    "prefix",           "description",        "encryptionConfiguration",
    "resourceTags",     "imageTagMutability", "imageTagMutabilityExclusionFilters",
    "repositoryPolicy", "lifecyclePolicy",    "appliedFor",
    "customRoleArn"};

// "team" and "team/" are one prefix (ECR API Reference: there is always an assumed slash).
std::string key_of(const Json& input) {
  std::string prefix = string_member(input, "prefix");
  if (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

// The repositories that a template is about, as one ARN.
std::string covered_names(const std::string& key) { return key == "ROOT" ? "*" : key + "/*"; }

Target repositories_target(const Call& call, std::string_view action) {
  return make_repository_target(call.services, call.txn, action, call.caller.account, call.region,
                                covered_names(key_of(call.input)), nullptr);
}

Target role_target(const Call& call, const std::string& role) {
  Target target;
  target.action = "iam:PassRole";
  target.resource = role;
  target.account = call.caller.account;
  target.context.emplace_back("iam:PassedToService", "ecr.amazonaws.com");
  return target;
}

// Who makes a template makes repositories: he needs what that would need (ECR User Guide, "IAM
// permissions for creating repository creation templates").
std::vector<Target> template_targets(const Call& call) {
  std::vector<Target> targets = registry_target(call);
  targets.push_back(repositories_target(call, "ecr:CreateRepository"));
  if (!string_member(call.input, "lifecyclePolicy").empty()) {
    targets.push_back(repositories_target(call, "ecr:PutLifecyclePolicy"));
  }
  if (!string_member(call.input, "repositoryPolicy").empty()) {
    targets.push_back(repositories_target(call, "ecr:SetRepositoryPolicy"));
  }
  const std::string role = string_member(call.input, "customRoleArn");
  if (!role.empty()) targets.push_back(role_target(call, role));
  return targets;
}

void check_repository_policy(const Call& call, const std::string& text) {
  if (text.empty()) return;
  const auto parsed = auth::iam::Policy::parse(text, auth::iam::PolicyType::kRepository);
  if (!parsed) {
    throw ApiError::invalid_parameter("PolicyText", "Invalid repository policy provided");
  }
  if (unknown_principal(call.txn, **parsed, text)) {
    throw ApiError::invalid_parameter("PolicyText", "Principal not found");
  }
}

// Compacts it, as PutLifecyclePolicy does.
void check_lifecycle_policy(Json& body) {
  const std::string text = string_member(body, "lifecyclePolicy");
  if (text.empty()) return;
  auto policy = lifecycle::parse_policy(text);
  if (!policy) {
    throw ApiError::invalid_parameter("LifecyclePolicyText",
                                      "Lifecycle policy validation failure: " + policy.error());
  }
  body["lifecyclePolicy"] = std::move(policy->text);
}

// Everything that would make the creation of a repository fail later. The wording of what is about
// the role is not published.
void check(const Call& call, Json& body) {
  storage::Repository trial;
  trial.account = call.caller.account;
  trial.region = call.region;
  set_mutability(body, trial);
  set_encryption(body.value("encryptionConfiguration", Json::object()), trial);
  const auto tags = parse_tags(body.value("resourceTags", Json::array()));
  check_tag_count(tags.size());
  check_repository_policy(call, string_member(body, "repositoryPolicy"));
  check_lifecycle_policy(body);
  const bool needs_role = !tags.empty() || trial.encryption_type != "AES256";
  if (needs_role && string_member(body, "customRoleArn").empty()) {
    throw ApiError::invalid_parameter(
        "customRoleArn",
        "Member must not be null where resource tags or a KMS key are to be applied");
  }
}

Json template_json(const CreationTemplate& row) {
  Json json = Json::parse(row.body);
  json["createdAt"] = base::to_epoch_seconds(row.created_at);
  json["updatedAt"] = base::to_epoch_seconds(row.updated_at);
  return json;
}

Json output_of(const Call& call, const CreationTemplate& row) {
  return {{"registryId", call.caller.account}, {"repositoryCreationTemplate", template_json(row)}};
}

// The wording of this and the next error is not published.
CreationTemplate require_template(const Call& call) {
  auto found = storage::find_creation_template(call.txn, call.caller.account, call.region,
                                               key_of(call.input));
  if (!found) {
    throw ApiError(ErrorCode::kTemplateNotFound,
                   base::format("The repository creation template with prefix '{}' does not exist "
                                "in the registry with id '{}'",
                                string_member(call.input, "prefix"), call.caller.account));
  }
  return std::move(*found);
}

// What the input has replaces what is there; a text that is empty takes it away.
void merge(const Json& input, Json& body) {
  for (const char* name : kMembers) {
    if (!input.contains(name)) continue;
    body[name] = input.at(name);
    if (body[name].is_string() && body[name].get_ref<const std::string&>().empty()) {
      body.erase(name);
    }
  }
  // Filters go with the mutability that they were given for.
  if (input.contains("imageTagMutability") &&
      !input.contains("imageTagMutabilityExclusionFilters")) {
    body.erase("imageTagMutabilityExclusionFilters");
  }
}

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
                                string_member(call.input, "prefix"), call.caller.account));
  }
  return output_of(call, row);
}

Json update_template(Call& call) {
  CreationTemplate row = require_template(call);
  Json body = Json::parse(row.body);
  Json changes = call.input;
  changes.erase("prefix");  // it names the template: with or without its slash
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

// Prefixes without a template are left out: the model has no error for them.
Json describe_named_templates(Call& call, const Json& prefixes) {
  for (const char* other : {"nextToken", "maxResults"}) {
    if (call.input.contains(other)) {
      throw ApiError::invalid_parameter(other, "Member must be null when prefixes is used");
    }
  }
  Json list = Json::array();
  for (const Json& prefix : prefixes) {
    const auto found = storage::find_creation_template(call.txn, call.caller.account, call.region,
                                                       key_of({{"prefix", prefix}}));
    if (found) list.push_back(template_json(*found));
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
  const Page page = read_page(call, kListing);
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  auto found = storage::list_creation_templates(call.txn, call.caller.account, call.region, after,
                                                page.limit + 1);
  if (static_cast<std::int64_t>(found.size()) > page.limit) {
    found.pop_back();
    output["nextToken"] = next_token(call, kListing, {found.back().prefix});
  }
  output["repositoryCreationTemplates"] = Json::array();
  for (const auto& row : found) output["repositoryCreationTemplates"].push_back(template_json(row));
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
