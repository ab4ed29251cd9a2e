// CreateRepository, DescribeRepositories, DeleteRepository.
#include "storage/rows/repositories.h"

#include <nlohmann/json.hpp>

#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/encryption.h"
#include "api/images/tag_mutability.h"
#include "api/images/tag_rules.h"
#include "storage/rows/images.h"
#include "storage/rows/tags.h"
#include "storage/rows/uploads.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

storage::Tags tags_of(const Call& call) {
  const auto found = call.input.find("tags");
  return found == call.input.end() ? storage::Tags() : parse_tags(*found);
}

// AWS checks ecr:TagResource besides ecr:CreateRepository where tags are sent; RequestTag and
// TagKeys are present for both, and the tags count as the new resource's own.
std::vector<Target> creation_targets(const Call& call) {
  const std::string account = registry_id(call);
  Target create =
      make_repository_target(call.services, call.txn, "ecr:CreateRepository", account, call.region,
                             string_member(call.input, "repositoryName"), nullptr);
  const storage::Tags tags = tags_of(call);
  if (tags.empty()) return {create};
  create.request_tags = tags;
  create.resource_tags = tags;
  Target tag = create;
  tag.action = "ecr:TagResource";
  return {create, tag};
}

Json create_repository(Call& call) {
  storage::Repository repository;
  repository.account = registry_id(call);
  repository.region = call.region;
  repository.name = string_member(call.input, "repositoryName");
  repository.created_at = call.now;
  set_mutability(call.input, repository);
  set_encryption(call.input.value("encryptionConfiguration", Json::object()), repository);
  repository.scan_on_push =
      call.input.value("imageScanningConfiguration", Json::object()).value("scanOnPush", false);
  const storage::Tags tags = tags_of(call);
  check_tag_count(tags.size());
  const auto id = storage::insert_repository(call.txn, repository);
  if (!id) throw ApiError::repository_already_exists(repository.account, repository.name);
  for (const auto& [key, value] : tags) storage::put_repository_tag(call.txn, *id, key, value);
  return {{"repository", to_json(call, repository)}};
}

// Each named repository; all of them by one wildcard ARN.
std::vector<Target> described_targets(const Call& call) {
  const std::string account = registry_id(call);
  const auto names = call.input.find("repositoryNames");
  if (names == call.input.end()) {
    return {make_repository_target(call.services, call.txn, call.action, account, call.region, "*",
                                   nullptr)};
  }
  std::vector<Target> targets;
  for (const Json& name : *names) {
    const auto& text = name.get_ref<const std::string&>();
    const auto found = storage::find_repository(call.txn, account, call.region, text);
    targets.push_back(make_repository_target(call.services, call.txn, call.action, account,
                                             call.region, text, found ? &*found : nullptr));
  }
  return targets;
}

Json describe_named_repositories(Call& call, const Json& names) {
  for (const char* other : {"nextToken", "maxResults"}) {
    if (call.input.contains(other)) {
      throw ApiError::invalid_parameter(other, "Member must be null when repositoryNames is used");
    }
  }
  Json list = Json::array();
  for (const Json& name : names) {
    list.push_back(to_json(call, require_repository(call, name.get<std::string>())));
  }
  return {{"repositories", list}};
}

Json describe_repositories(Call& call) {
  if (const auto names = call.input.find("repositoryNames"); names != call.input.end()) {
    return describe_named_repositories(call, *names);
  }
  const std::string account = registry_id(call);
  const std::string listing = "DescribeRepositories\n" + account;
  const Page page = read_page(call, listing);
  const std::string after = page.after.empty() ? std::string() : page.after.front();
  auto found = storage::list_repositories(call.txn, account, call.region, after, page.limit + 1);
  Json output = {{"repositories", Json::array()}};
  if (static_cast<std::int64_t>(found.size()) > page.limit) {
    found.pop_back();
    output["nextToken"] = next_token(call, listing, {found.back().name});
  }
  for (const auto& repository : found) output["repositories"].push_back(to_json(call, repository));
  return output;
}

Json delete_repository(Call& call) {
  const storage::Repository repository = require_repository(call);
  if (!call.input.value("force", false) && storage::has_images(call.txn, repository.id)) {
    throw ApiError::repository_not_empty(repository.account, repository.name);
  }
  auto uploads = storage::repository_uploads(call.txn, repository.id);
  storage::delete_repository(call.txn, repository.id);
  call.after_commit.push_back([&store = call.services.store, uploads = std::move(uploads)] {
    for (const std::string& id : uploads) store.uploads().discard(id);
    store.remove_orphan_blobs();
  });
  return {{"repository", to_json(call, repository)}};
}

constexpr Operation kRepositoryOperations[] = {
    {"CreateRepository", "ecr:CreateRepository", Access::kWrite, creation_targets,
     create_repository},
    {"DescribeRepositories", "ecr:DescribeRepositories", Access::kRead, described_targets,
     describe_repositories},
    {"DeleteRepository", "ecr:DeleteRepository", Access::kWrite, repository_target,
     delete_repository},
};

}  // namespace

std::vector<const Operation*> repository_operations() { return pointers(kRepositoryOperations); }

}  // namespace ecr::api::ecr
