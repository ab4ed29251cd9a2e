// Repositories with their settings and images, and the settings of registries. They are made by the
// handlers of ECR's own operations, so that a seed obeys the same rules as a client.
#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "api/admin/seed/oci_layout.h"
#include "api/admin/seed/seed_document.h"
#include "api/core/access/operation.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/core/wire/error.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "schemas/model/repository_name.h"
#include "schemas/model/validator.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using base::Json;

Caller seed_caller(const model::RegistryId& registry) {
  const std::string& account = registry.account;
  Caller caller;
  caller.partition = registry.partition();
  caller.principal.kind = auth::iam::PrincipalKind::kRoot;
  caller.principal.arn = root_arn(caller.partition, account);
  caller.principal.account = account;
  caller.account = account;
  caller.user_id = account;
  return caller;
}

// The validator's first violation, reported with the path in the seed where the member has the same
// name in both.
void check_input(const Json& input, const std::string& operation, const SeedNode& node) {
  const auto* model = model::ServiceModel::ecr().find(operation);
  const auto violations = model::validate(input, *model->input);
  if (violations.empty()) return;
  const auto& first = violations.front();
  const bool wrong_type = first.kind == model::Violation::Kind::kWrongType;
  const std::string reason =
      wrong_type ? "must be of type " + first.expected : model::constraint_text(first);
  const std::string member = first.path.substr(0, first.path.find('.'));
  if (node.has(member) && member == first.path) node.member(member).fail(reason);
  node.fail(first.path + ": " + reason);
}

// Calls the handler of an operation as the account's root user. Nothing is authorized: a seed comes
// from the operator of the server.
void call_ecr(SeedContext& context, const model::RegistryId& registry, const std::string& operation,
              const Json& input, const SeedNode& node) {
  static const ServiceApi api = ecr::make_api();
  const Operation* const found = api.find(operation);
  if (found == nullptr) node.fail("needs " + operation + ", which is not supported yet");
  check_input(input, operation, node);
  const HttpRequest request;
  const Caller caller = seed_caller(registry);
  LogNote note;  // a seed has no line in the access log
  ApiRequest asked{{context.services, context.txn, request, caller, registry, context.now, note},
                   context.services,
                   input,
                   found->action,
                   {},
                   {}};
  try {
    std::any subject;
    Json output;
    found->code.resolve(asked, subject);
    found->code.handle(asked, subject, output);
  } catch (const ApiError& error) {
    node.fail(error.message());
  }
}

// A repository without "region" is in the server's default region.
std::string region_of(const SeedContext& context, const SeedNode& node) {
  std::string region = node.text("region", context.services.settings.region);
  if (!model::is_region(region)) node.member("region").fail("is not a region");
  return region;
}

// The input of CreateRepository: the seed's members have the same names, and "scanOnPush" is a
// short form of imageScanningConfiguration.
Json creation_input(const SeedNode& node) {
  Json input = {{"repositoryName", node.text("name")}};
  for (const char* name : {"imageTagMutability", "imageTagMutabilityExclusionFilters",
                           "encryptionConfiguration", "imageScanningConfiguration"}) {
    if (node.has(name)) input[name] = node.member(name).json();
  }
  if (node.has("scanOnPush")) {
    input["imageScanningConfiguration"] = {{"scanOnPush", node.flag("scanOnPush", false)}};
  }
  return input;
}

// A repository that exists keeps its images and takes the settings of the seed. As in ECR, the
// encryption of a repository cannot be changed.
void update_settings(SeedContext& context, const SeedNode& node, const Json& input,
                     const storage::Repository& row) {
  storage::Repository wanted = row;
  wanted.tag_mutability =
      storage::value_of<storage::TagMutability>(base::text_member(input, "imageTagMutability"));
  wanted.mutability_exclusions.clear();
  for (const Json& filter : input.value("imageTagMutabilityExclusionFilters", Json::array())) {
    wanted.mutability_exclusions.push_back(filter.at("filter").get<std::string>());
  }
  if (storage::has_exclusions(wanted.tag_mutability) == wanted.mutability_exclusions.empty()) {
    node.fail(
        "imageTagMutabilityExclusionFilters are needed with ..._WITH_EXCLUSION, and allowed only "
        "there");
  }
  wanted.scan_on_push =
      input.value("imageScanningConfiguration", Json::object()).value("scanOnPush", false);
  const Json encryption = input.value("encryptionConfiguration", Json::object());
  if (base::text_member(encryption, "encryptionType", "AES256") !=
          storage::word_of(row.encryption_type) ||
      encryption.value("kmsKey", row.kms_key) != row.kms_key) {
    node.fail("the encryption of a repository that exists cannot be changed");
  }
  if (wanted.tag_mutability != row.tag_mutability || wanted.scan_on_push != row.scan_on_push ||
      wanted.mutability_exclusions != row.mutability_exclusions) {
    storage::set_repository_settings(context.txn, row.id, wanted);
  }
}

void replace_repository_tags(SeedContext& context, const SeedNode& node, std::int64_t repository) {
  for (const auto& [key, value] : storage::repository_tags(context.txn, repository)) {
    storage::remove_repository_tag(context.txn, repository, key);
  }
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_repository_tag(context.txn, repository, key, value);
  }
}

// The images are added by the function that a push uses, with its checks.
void put_images(SeedContext& context, const SeedNode& node, const storage::Repository& repository) {
  node.each("images", [&](const SeedNode& image) {
    const auto found = context.layouts.find(image.path());
    try {
      put_layout(context.txn, context.services.store, repository, found->second, context.now);
    } catch (const ApiError& error) {
      image.fail(error.message());
    }
  });
}

// Checked before the import, so that a bad tag fails before large files are read.
std::vector<std::string> image_tags(const SeedNode& node) {
  std::vector<std::string> tags;
  node.each("tags", [&](const SeedNode& tag) {
    if (!tag.json().is_string() || !model::is_tag(tag.json().get<std::string>())) {
      tag.fail("is not a tag");
    }
    tags.push_back(tag.json().get<std::string>());
  });
  return tags;
}

// Errors of the layout are reported with the path of the image in the document.
void import_image(const Services& services, const SeedNode& node, const std::string& directory,
                  SeedBudget& budget, LayoutsByPath& layouts) {
  const bool plain = node.json().is_string();
  if (!plain) node.check_members({"layout", "tags"});
  const std::filesystem::path given = plain ? node.json().get<std::string>() : node.text("layout");
  if (given.is_relative() && directory.empty()) {
    node.fail(
        "must be an absolute path: this seed is not a file, so that no path can be relative to it");
  }
  const std::vector<std::string> tags = plain ? std::vector<std::string>() : image_tags(node);
  try {
    const LayoutFiles files(directory, given.string());
    layouts.emplace(node.path(), import_layout(services, files, tags, budget));
  } catch (const std::exception& error) {  // from the layout, or from storage
    node.fail(error.what());
  }
}

}  // namespace

void import_images(const Services& services, const SeedNode& root, const std::string& directory,
                   LayoutsByPath& layouts) {
  SeedBudget budget;
  root.each_pair("accounts", [&](const std::string&, const SeedNode& account) {
    account.each("repositories", [&](const SeedNode& repository) {
      repository.each("images", [&](const SeedNode& image) {
        import_image(services, image, directory, budget, layouts);
      });
    });
  });
}

void apply_repository(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.check_members({"name", "region", "tags", "imageTagMutability",
                      "imageTagMutabilityExclusionFilters", "encryptionConfiguration",
                      "imageScanningConfiguration", "scanOnPush", "policy", "lifecyclePolicy",
                      "images"});
  const model::RegistryId registry{account, region_of(context, node)};
  const auto name = model::RepositoryName::parse(node.text("name"));
  if (!name) node.member("name").fail("is not a repository name");
  const Json input = creation_input(node);
  check_input(input, "CreateRepository", node);
  auto row = storage::find_repository(context.txn, registry, *name);
  if (row) {
    update_settings(context, node, input, *row);
  } else {
    call_ecr(context, registry, "CreateRepository", input, node);
  }
  row = storage::find_repository(context.txn, registry, *name);
  replace_repository_tags(context, node, row->id);
  std::optional<std::string> policy;
  if (node.has("policy"))
    policy = policy_text(context, node.member("policy"), PolicyType::kRepository);
  storage::set_repository_policy(context.txn, row->id, policy);
  if (policy) {
    // Principals are stored by their unique ids, and may stand later in the document.
    context.before_commit.push_back([&txn = context.txn, id = row->id, policy = *policy] {
      storage::set_repository_policy(txn, id, stored_principals(txn, policy));
    });
  }
  put_images(context, node, *row);
  if (!node.has("lifecyclePolicy")) return;
  const SeedNode lifecycle = node.member("lifecyclePolicy");
  const std::string text = lifecycle.json().is_string() ? lifecycle.json().get<std::string>()
                                                        : base::dump(lifecycle.json());
  call_ecr(context, registry, "PutLifecyclePolicy",
           {{"repositoryName", name->text()}, {"lifecyclePolicyText", text}}, lifecycle);
}

void apply_registries(SeedContext& context, const SeedNode& node, const std::string& account) {
  node.each_pair("registryPolicies", [&](const std::string& region, const SeedNode& policy) {
    if (!model::is_region(region)) policy.fail("is not a region");
    const std::string text = policy_text(context, policy, PolicyType::kRegistry);
    context.before_commit.push_back(
        [&txn = context.txn, registry = model::RegistryId{account, region}, text] {
          storage::set_registry_policy(txn, registry, stored_principals(txn, text));
        });
  });
  node.each_pair("accountSettings", [&](const std::string& region, const SeedNode& settings) {
    if (!model::is_region(region)) settings.fail("is not a region");
    for (const auto& [name, value] : settings.json().items()) {
      const SeedNode setting = settings.member(name);
      if (!value.is_string()) setting.fail("must be a string");
      call_ecr(context, {account, region}, "PutAccountSetting", {{"name", name}, {"value", value}},
               setting);
    }
  });
}

}  // namespace ecr::api::admin
