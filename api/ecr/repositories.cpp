// CreateRepository, DescribeRepositories, DeleteRepository; PutImageTagMutability,
// PutImageScanningConfiguration.
#include <nlohmann/json.hpp>

#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/repository_settings.h"
#include "storage/rows/images.h"
#include "storage/rows/tags.h"
#include "storage/rows/uploads.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

storage::Tags tags_of(const ApiRequest& request) {
  const auto found = request.input.find("tags");
  return found == request.input.end() ? storage::Tags() : parse_tags(*found);
}

// AWS checks ecr:TagResource in addition to ecr:CreateRepository where tags are sent (a notice of
// AWS, cited in k8s-image-swapper issue 416). RequestTag and TagKeys are present for both actions,
// and the tags count as the new resource's own: AWS documents aws:ResourceTag as present "in
// requests that create a resource with an attached tag".
std::vector<Target> creation_targets(const ApiRequest& request) {
  Target create =
      make_repository_target(request, "ecr:CreateRepository", registry_of(request),
                             repository_name(request.input.at("repositoryName")), nullptr);
  const storage::Tags tags = tags_of(request);
  if (tags.empty()) return {create};
  create.request_tags = tags;
  create.resource_tags = tags;
  Target tag = create;
  tag.action = "ecr:TagResource";
  return {create, tag};
}

// A name of another account (registryId) is authorized as a resource of that account. The checks
// that the model does not express come in the order of the code: mutability with its filters,
// encryption, tags, and last whether the name is taken. ECR's own order is not documented.
Json create_repository(ApiRequest& request) {
  storage::Repository repository(registry_of(request),
                                 repository_name(request.input.at("repositoryName")));
  repository.created_at = request.now;
  set_mutability(request.input, repository);
  set_encryption(request.input.value("encryptionConfiguration", Json::object()),
                 repository.registry, repository);
  repository.scan_on_push =
      request.input.value("imageScanningConfiguration", Json::object()).value("scanOnPush", false);
  const storage::Tags tags = tags_of(request);
  check_tag_count(tags.size());
  const auto id = storage::insert_repository(request.txn, repository);
  if (!id) throw ApiError::repository_already_exists(repository.registry.account, repository.name);
  for (const auto& [key, value] : tags) storage::put_repository_tag(request.txn, *id, key, value);
  return {{"repository", to_json(request, repository)}};
}

// DescribeRepositories is authorized on each repository that it names; without names on one ARN
// with a wildcard, "repository/*" (inferred: a policy for a name prefix does not allow to list
// all).
using DescribedRepositories = std::vector<NamedRepository>;
Resolved<DescribedRepositories> described_targets(const ApiRequest& request) {
  const auto names = request.input.find("repositoryNames");
  if (names == request.input.end()) {
    return {{make_repositories_target(request, request.action, registry_of(request), "*")}, {}};
  }
  Resolved<DescribedRepositories> resolved;
  for (const Json& name : *names) {
    const auto& named = resolved.subject.emplace_back(
        find_repository(request, registry_of(request), repository_name(name)));
    resolved.targets.push_back(target_of(request, named));
  }
  return resolved;
}

// The first name that does not exist is the error of the whole call. ECR gives no partial answer.
Json describe_named_repositories(const ApiRequest& request, const DescribedRepositories& named) {
  refuse_paging(request, "repositoryNames");
  Json list = Json::array();
  for (const NamedRepository& repository : named) {
    if (!repository.row) repository.missing();
    list.push_back(to_json(request, *repository.row));
  }
  return {{"repositories", list}};
}

Json describe_repositories(ApiRequest& request, const DescribedRepositories& named) {
  if (request.input.contains("repositoryNames")) return describe_named_repositories(request, named);
  const model::RegistryId registry = registry_of(request);
  const std::string listing = "DescribeRepositories\n" + registry.account;
  const Page page = requested_page(request, listing);
  auto found = storage::list_repositories(request.txn, registry, page.after(), page.query_limit());
  Json output = {{"repositories", Json::array()}};
  const auto token = page.cut(found, [](const auto& repository) { return repository.name.text(); });
  if (token) output["nextToken"] = *token;
  for (const auto& repository : found)
    output["repositories"].push_back(to_json(request, repository));
  return output;
}

// The answers of the two operations have only what identifies the repository and the setting.
Json setting_json(const storage::Repository& repository) {
  return {{"registryId", repository.registry.account}, {"repositoryName", repository.name.text()}};
}

// Exclusion filters are replaced together with the mutability that they belong to: without filters
// in the input there are none afterwards (test ExclusionFiltersGoWithTheirSettingAndNoOther).
Json put_mutability(ApiRequest& request, storage::Repository& repository) {
  set_mutability(request.input, repository);
  storage::set_repository_settings(request.txn, repository.id, repository);
  Json output = setting_json(repository);
  add_mutability(repository, output);
  return output;
}

// AWS has deprecated this in favour of the registry's configuration; it is still accepted and
// shown.
Json put_scanning(ApiRequest& request, storage::Repository& repository) {
  repository.scan_on_push =
      request.input.at("imageScanningConfiguration").value("scanOnPush", false);
  storage::set_repository_settings(request.txn, repository.id, repository);
  Json output = setting_json(repository);
  output["imageScanningConfiguration"]["scanOnPush"] = repository.scan_on_push;
  return output;
}

// `force` deletes the images with their repository. Blobs that no repository has any more are
// collected after the commit: a file goes only after its row is gone.
Json delete_repository(ApiRequest& request, const storage::Repository& repository) {
  if (!request.input.value("force", false) && storage::has_images(request.txn, repository.id)) {
    throw ApiError::repository_not_empty(repository.registry.account, repository.name);
  }
  auto uploads = storage::repository_uploads(request.txn, repository.id);
  storage::delete_repository(request.txn, repository.id);
  request.txn.on_commit([&store = request.core.store, uploads = std::move(uploads)] {
    for (const std::string& id : uploads) store.uploads().discard(id);
    store.remove_orphan_blobs();
  });
  return {{"repository", to_json(request, repository)}};
}

constexpr Operation kRepositoryOperations[] = {
    {"CreateRepository", "ecr:CreateRepository", Access::kWrite,
     on<creation_targets, create_repository>},
    {"DescribeRepositories", "ecr:DescribeRepositories", Access::kRead,
     on<described_targets, describe_repositories>},
    {"DeleteRepository", "ecr:DeleteRepository", Access::kWrite,
     on<repository_target, delete_repository>},
    {"PutImageTagMutability", "ecr:PutImageTagMutability", Access::kWrite,
     on<repository_target, put_mutability>},
    {"PutImageScanningConfiguration", "ecr:PutImageScanningConfiguration", Access::kWrite,
     on<repository_target, put_scanning>},
};

}  // namespace

std::vector<const Operation*> repository_operations() { return pointers(kRepositoryOperations); }

}  // namespace ecr::api::ecr
