// What ECR prints: describe-repositories, and the policies, tags and images of each repository.
// Source: Amazon ECR API Reference.
#include <nlohmann/json.hpp>

#include "api/admin/account_import/importing.h"
#include "schemas/base/text.h"
#include "schemas/model/arn.h"

namespace ecr::api::admin::account_import {
namespace {

using base::OrderedJson;

std::string registry_of(const Importing& importing, const ExportNode& node) {
  if (!node.has("registryId")) return account_of_file(importing, node.file());
  const std::string account = node.text("registryId");
  if (!model::is_account_id(account)) node.member("registryId").fail("is no account id");
  return account;
}

// The repository in the document; one that describe-repositories did not print is made.
OrderedJson& repository_in(Importing& importing, const RepositoryKey& key) {
  const auto& [account, region, name] = key;
  OrderedJson& list = list_in(importing, account, "repositories");
  const auto [place, is_new] = importing.repositories.emplace(key, list.size());
  if (is_new) list.push_back({{"name", name}, {"region", region}});
  return list[place->second];
}

// These outputs name no Region. Where the path does not, it is that of the only repository with
// this name.
std::string region_of_repository(const Importing& importing, const ExportNode& node,
                                 const std::string& account, const std::string& name) {
  std::vector<std::string> regions;
  for (const auto& [key, place] : importing.repositories) {
    if (std::get<0>(key) == account && std::get<2>(key) == name) {
      regions.push_back(std::get<1>(key));
    }
  }
  if (const auto region = region_of_file(importing, node.file())) return *region;
  if (regions.size() == 1) return regions.front();
  node.fail(
      "says of no Region: put it into a folder with the Region as its name, or name the Region");
}

OrderedJson& repository_of(Importing& importing, const ExportNode& document) {
  const std::string account = registry_of(importing, document);
  const std::string name = document.text("repositoryName");
  return repository_in(importing,
                       {account, region_of_repository(importing, document, account, name), name});
}

void convert_repository(Importing& importing, const ExportNode& node) {
  node.check_members("repositories",
                     {"repositoryArn", "registryId", "repositoryName", "repositoryUri", "createdAt",
                      "imageTagMutability", "imageTagMutabilityExclusionFilters",
                      "imageScanningConfiguration", "encryptionConfiguration"});
  const auto arn = model::Arn::parse(node.text("repositoryArn"));
  if (!arn || !model::is_account_id(arn->account) || !model::is_region(arn->region)) {
    node.member("repositoryArn").fail("is not the ARN of a repository");
  }
  OrderedJson& repository =
      repository_in(importing, {arn->account, arn->region, node.text("repositoryName")});
  for (const char* name : {"imageTagMutability", "imageTagMutabilityExclusionFilters",
                           "imageScanningConfiguration", "encryptionConfiguration"}) {
    if (node.has(name)) repository[name] = node.member(name).json();
  }
}

// The tags of a repository do not say whose they are: the path ends in its name.
const RepositoryKey* repository_of_path(const Importing& importing, const std::string& file) {
  const std::string folder = "/" + file.substr(0, std::max<std::size_t>(file.rfind('/'), 1));
  const auto region = region_of_file(importing, file);
  const RepositoryKey* best = nullptr;
  for (const auto& [key, place] : importing.repositories) {
    const auto& [account, its_region, name] = key;
    if (region && *region != its_region) continue;
    if (!folder.ends_with("/" + name) || account_of_file(importing, file) != account) continue;
    if (best == nullptr || name.size() > std::get<2>(*best).size()) best = &key;
  }
  return best;
}

}  // namespace

void convert_repositories(Importing& importing, const ExportNode& document) {
  document.check_members("describe-repositories", {"repositories", "nextToken", "NextToken"});
  document.each("repositories",
                [&](const ExportNode& repository) { convert_repository(importing, repository); });
}

void convert_repository_policy(Importing& importing, const ExportNode& document) {
  document.check_members("get-repository-policy", {"registryId", "repositoryName", "policyText"});
  repository_of(importing, document)["policy"] = policy_document(document.member("policyText"));
  importing.with_repository_policy.insert(registry_of(importing, document));
}

void convert_lifecycle_policy(Importing& importing, const ExportNode& document) {
  document.check_members("get-lifecycle-policy", {"registryId", "repositoryName",
                                                  "lifecyclePolicyText", "lastEvaluatedAt"});
  repository_of(importing, document)["lifecyclePolicy"] =
      policy_document(document.member("lifecyclePolicyText"));
}

void convert_registry_policy(Importing& importing, const ExportNode& document) {
  document.check_members("get-registry-policy", {"registryId", "policyText"});
  const auto region = region_of_file(importing, document.file());
  if (!region) {
    document.fail(
        "says of no Region: put it into a folder with the Region as its name, or name the Region");
  }
  const std::string id = registry_of(importing, document);
  importing.with_registry_policy.insert(id);
  OrderedJson& account = account_in(importing, id);
  account["registryPolicies"][*region] = policy_document(document.member("policyText"));
}

void convert_repository_tags(Importing& importing, const ExportNode& document) {
  document.check_members("list-tags-for-resource", {"tags", "resourceArn"});
  const RepositoryKey* key = repository_of_path(importing, document.file());
  RepositoryKey named;
  if (document.has("resourceArn")) {
    const auto arn = model::Arn::parse(document.text("resourceArn"));
    constexpr std::string_view kRepository = "repository/";
    if (!arn || !arn->resource.starts_with(kRepository)) {
      document.member("resourceArn").fail("is not the ARN of a repository");
    }
    named = {arn->account, arn->region, arn->resource.substr(kRepository.size())};
    key = &named;
  }
  if (key == nullptr) {
    document.fail(
        "says of no repository: put it into a folder with the repository's name, or add a member "
        "resourceArn to it");
  }
  importing.with_tags.insert(*key);
  OrderedJson tags = tags_object(document, "tags");
  if (!tags.empty()) repository_in(importing, *key)["tags"] = std::move(tags);
}

// An image needs its layers, which no output has.
void convert_images(Importing& importing, const ExportNode& document) {
  document.check_members("describe-images", {"imageDetails", "nextToken", "NextToken"});
  document.each("imageDetails", [&](const ExportNode& image) {
    importing.notes.add(base::format("left out an image of {}: no output has its layers",
                                     image.text_or("repositoryName", "a repository")));
  });
}

void convert_account_setting(Importing& importing, const ExportNode& document) {
  document.check_members("get-account-setting", {"name", "value"});
  const auto region = region_of_file(importing, document.file());
  if (!region) document.fail("says of no Region");
  OrderedJson& account = account_in(importing, account_of_file(importing, document.file()));
  account["accountSettings"][*region][document.text("name")] = document.text("value");
}

void convert_registry(Importing& importing, const ExportNode& document) {
  document.check_members("describe-registry", {"registryId", "replicationConfiguration"});
  const ExportNode replication = document.member("replicationConfiguration");
  replication.each("rules", [&](const ExportNode&) {
    importing.notes.add(
        "left out a rule of replication, which a seed has no place for: "
        "put-replication-configuration "
        "sets it");
  });
}

}  // namespace ecr::api::admin::account_import
