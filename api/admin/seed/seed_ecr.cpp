// Repositories with their settings and images, and the settings of registries. Whatever ECR has an
// operation for is done by that operation's own code.
#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "api/admin/seed/oci_layout.h"
#include "api/admin/seed/seeding.h"
#include "api/core/access/operation.h"
#include "api/core/access/principal_policies.h"
#include "api/core/access/stored_principals.h"
#include "api/core/wire/error.h"
#include "api/ecr/ecr_api.h"
#include "schemas/base/json.h"
#include "schemas/model/arn.h"
#include "schemas/model/validator.h"
#include "storage/rows/registry_settings.h"

namespace ecr::api::admin {
namespace {

using auth::iam::PolicyType;
using base::Json;

Caller root_of(const std::string& account) {
  Caller caller;
  caller.principal.kind = auth::iam::PrincipalKind::kRoot;
  caller.principal.arn = "arn:aws:iam::" + account + ":root";
  caller.principal.account = account;
  caller.account = account;
  caller.user_id = account;
  return caller;
}

void check_input(const Json& input, const std::string& operation, const SeedNode& place) {
  const auto* model = model::ServiceModel::ecr().find(operation);
  const auto violations = model::validate(input, *model->input);
  if (violations.empty()) return;
  const auto& first = violations.front();
  const bool wrong_type = first.kind == model::Violation::Kind::kWrongType;
  const std::string why =
      wrong_type ? "must be of type " + first.expected : model::constraint_text(first);
  const std::string member = first.path.substr(0, first.path.find('.'));
  if (place.has(member) && member == first.path) place.member(member).fail(why);
  place.fail(first.path + ": " + why);
}

// As the account's root user, who may do everything: a seed is the operator's.
void call_ecr(Seeding& seeding, const std::string& account, const std::string& region,
              const std::string& operation, const Json& input, const SeedNode& place) {
  static const ServiceApi api = ecr::make_api();
  const Operation* const found = api.find(operation);
  if (found == nullptr) place.fail("needs " + operation + ", which is not there yet");
  check_input(input, operation, place);
  const HttpRequest request;
  const Caller caller = root_of(account);
  Call call{seeding.services, seeding.txn, request,    caller, region,
            seeding.now,      input,       std::any(), {}};
  try {
    found->handle(call);
  } catch (const ApiError& error) {
    place.fail(error.message());
  }
  for (auto& action : call.after_commit) seeding.after_commit.push_back(std::move(action));
}

std::string region_of(const Seeding& seeding, const SeedNode& node) {
  std::string region = node.text("region", seeding.services.settings.region);
  if (!model::is_region(region)) node.member("region").fail("is not a region");
  return region;
}

// The members that CreateRepository knows by the same names.
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

// A repository that exists keeps its images; its settings become those of the seed.
void settle(Seeding& seeding, const SeedNode& node, const Json& input,
            const storage::Repository& row) {
  storage::Repository wanted = row;
  wanted.tag_mutability = input.value("imageTagMutability", std::string("MUTABLE"));
  wanted.mutability_exclusions.clear();
  for (const Json& filter : input.value("imageTagMutabilityExclusionFilters", Json::array())) {
    wanted.mutability_exclusions.push_back(filter.at("filter").get<std::string>());
  }
  if (wanted.tag_mutability.ends_with("_WITH_EXCLUSION") == wanted.mutability_exclusions.empty()) {
    node.fail("imageTagMutabilityExclusionFilters go with ..._WITH_EXCLUSION, and only with it");
  }
  wanted.scan_on_push =
      input.value("imageScanningConfiguration", Json::object()).value("scanOnPush", false);
  const Json encryption = input.value("encryptionConfiguration", Json::object());
  if (encryption.value("encryptionType", std::string("AES256")) != row.encryption_type ||
      encryption.value("kmsKey", row.kms_key) != row.kms_key) {
    node.fail("the encryption of a repository that exists cannot be changed");
  }
  if (wanted.tag_mutability != row.tag_mutability || wanted.scan_on_push != row.scan_on_push ||
      wanted.mutability_exclusions != row.mutability_exclusions) {
    storage::set_repository_settings(seeding.txn, row.id, wanted);
  }
}

void apply_tags(Seeding& seeding, const SeedNode& node, std::int64_t repository) {
  for (const auto& [key, value] : storage::repository_tags(seeding.txn, repository)) {
    storage::remove_repository_tag(seeding.txn, repository, key);
  }
  for (const auto& [key, value] : seed_tags(node)) {
    storage::put_repository_tag(seeding.txn, repository, key, value);
  }
}

void put_images(Seeding& seeding, const SeedNode& node, const storage::Repository& repository) {
  node.each("images", [&](const SeedNode& image) {
    const auto found = seeding.layouts.find(image.place());
    try {
      put_layout(seeding.txn, seeding.services.store, repository, found->second, seeding.now);
    } catch (const ApiError& error) {
      image.fail(error.message());
    }
  });
}

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

void import_image(const Services& services, const SeedNode& node, const std::string& directory,
                  LayoutsByPlace& layouts) {
  const bool plain = node.json().is_string();
  if (!plain) node.only({"layout", "tags"});
  const std::filesystem::path given = plain ? node.json().get<std::string>() : node.text("layout");
  if (given.is_relative() && directory.empty()) {
    node.fail("must be an absolute path: there is no seed file that it could be relative to");
  }
  const std::filesystem::path path = std::filesystem::path(directory) / given;
  const std::vector<std::string> tags = plain ? std::vector<std::string>() : image_tags(node);
  try {
    layouts.emplace(node.place(), import_layout(services, path.string(), tags));
  } catch (const std::exception& error) {  // of the layout, or of storage
    node.fail(error.what());
  }
}

}  // namespace

void import_images(const Services& services, const SeedNode& root, const std::string& directory,
                   LayoutsByPlace& layouts) {
  root.each_pair("accounts", [&](const std::string&, const SeedNode& account) {
    account.each("repositories", [&](const SeedNode& repository) {
      repository.each("images", [&](const SeedNode& image) {
        import_image(services, image, directory, layouts);
      });
    });
  });
}

void apply_repository(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.only({"name", "region", "tags", "imageTagMutability", "imageTagMutabilityExclusionFilters",
             "encryptionConfiguration", "imageScanningConfiguration", "scanOnPush", "policy",
             "lifecyclePolicy", "images"});
  const std::string region = region_of(seeding, node);
  if (!model::is_repository_name(node.text("name"))) {
    node.member("name").fail("is not a repository name");
  }
  const Json input = creation_input(node);
  check_input(input, "CreateRepository", node);
  const std::string name = node.text("name");
  auto row = storage::find_repository(seeding.txn, account, region, name);
  if (row) {
    settle(seeding, node, input, *row);
  } else {
    call_ecr(seeding, account, region, "CreateRepository", input, node);
  }
  row = storage::find_repository(seeding.txn, account, region, name);
  apply_tags(seeding, node, row->id);
  std::optional<std::string> policy;
  if (node.has("policy")) policy = policy_text(node.member("policy"), PolicyType::kRepository);
  storage::set_repository_policy(seeding.txn, row->id, policy);
  if (policy) {
    seeding.at_end.push_back([&txn = seeding.txn, id = row->id, policy = *policy] {
      storage::set_repository_policy(txn, id, stored_principals(txn, policy));
    });
  }
  put_images(seeding, node, *row);
  if (!node.has("lifecyclePolicy")) return;
  const SeedNode lifecycle = node.member("lifecyclePolicy");
  const std::string text = lifecycle.json().is_string() ? lifecycle.json().get<std::string>()
                                                        : base::dump(lifecycle.json());
  call_ecr(seeding, account, region, "PutLifecyclePolicy",
           {{"repositoryName", name}, {"lifecyclePolicyText", text}}, lifecycle);
}

void apply_registries(Seeding& seeding, const SeedNode& node, const std::string& account) {
  node.each_pair("registryPolicies", [&](const std::string& region, const SeedNode& policy) {
    if (!model::is_region(region)) policy.fail("is not a region");
    const std::string text = policy_text(policy, PolicyType::kRegistry);
    seeding.at_end.push_back([&txn = seeding.txn, account, region, text] {
      storage::set_registry_policy(txn, account, region, stored_principals(txn, text));
    });
  });
  node.each_pair("accountSettings", [&](const std::string& region, const SeedNode& settings) {
    if (!model::is_region(region)) settings.fail("is not a region");
    for (const auto& [name, value] : settings.json().items()) {
      const SeedNode setting = settings.member(name);
      if (!value.is_string()) setting.fail("must be a string");
      call_ecr(seeding, account, region, "PutAccountSetting", {{"name", name}, {"value", value}},
               setting);
    }
  });
}

}  // namespace ecr::api::admin
