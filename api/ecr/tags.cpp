// TagResource, UntagResource, ListTagsForResource. Repositories are the only resources of ECR that
// have tags.
#include <nlohmann/json.hpp>

#include "api/core/access/target.h"
#include "api/core/wire/error.h"
#include "api/core/wire/tag_list.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/repository_settings.h"
#include "schemas/model/arn.h"
#include "schemas/model/repository_name.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;
constexpr std::string_view kRepositoryPrefix = "repository/";

// Throws InvalidParameterException unless the ARN is that of a repository of this region (test
// AnArnMustNameARepositoryOfTheRegion). The text is from another emulator's tests. The ARN may be
// of another account: that account's policies decide.
NamedRepository named_resource(const ApiRequest& request) {
  const auto arn = model::Arn::parse(text_member(request.input, "resourceArn"));
  if (!arn || arn->service != "ecr" || arn->region != request.registry.region ||
      !model::is_account_id(arn->account) || !arn->resource.starts_with(kRepositoryPrefix)) {
    throw ApiError::invalid_parameter("resourceArn", "Invalid ARN");
  }
  auto name = model::RepositoryName::parse(
      std::string_view(arn->resource).substr(kRepositoryPrefix.size()));
  if (!name) throw ApiError::invalid_parameter("resourceArn", "Invalid ARN");
  return find_repository(request, {arn->account, arn->region}, std::move(*name));
}

Resolved<NamedRepository> listing_targets(const ApiRequest& request) {
  NamedRepository repository = named_resource(request);
  std::vector<Target> targets = {target_of(request, repository)};
  return {std::move(targets), std::move(repository)};
}

// Conditions see the tags of the request: aws:RequestTag and aws:TagKeys here, aws:TagKeys alone
// for UntagResource (Service Authorization Reference).
Resolved<NamedRepository> tagging_targets(const ApiRequest& request) {
  auto resolved = listing_targets(request);
  resolved.targets.front().request_tags = parse_tags(request.input.at("tags"));
  return resolved;
}

Resolved<NamedRepository> untagging_targets(const ApiRequest& request) {
  auto resolved = listing_targets(request);
  resolved.targets.front().request_tag_keys =
      request.input.at("tagKeys").get<std::vector<std::string>>();
  return resolved;
}

// A key that is there gets the new value. The limit of 50 counts the tags afterwards, and so is
// checked after they are written: the error rolls the transaction back.
Json tag_resource(ApiRequest& request, const storage::Repository& repository) {
  for (const auto& [key, value] : parse_tags(request.input.at("tags"))) {
    storage::put_repository_tag(request.txn, repository.id, key, value);
  }
  check_tag_count(storage::repository_tags(request.txn, repository.id).size());
  return Json::object();
}

// A key that is not there is no error.
Json untag_resource(ApiRequest& request, const storage::Repository& repository) {
  for (const Json& key : request.input.at("tagKeys")) {
    storage::remove_repository_tag(request.txn, repository.id, key.get<std::string>());
  }
  return Json::object();
}

Json list_tags(ApiRequest& request, const storage::Repository& repository) {
  return {{"tags", tags_json(storage::repository_tags(request.txn, repository.id))}};
}

constexpr Operation kTagOperations[] = {
    {"TagResource", "ecr:TagResource", Access::kWrite, on<tagging_targets, tag_resource>},
    {"UntagResource", "ecr:UntagResource", Access::kWrite, on<untagging_targets, untag_resource>},
    {"ListTagsForResource", "ecr:ListTagsForResource", Access::kRead,
     on<listing_targets, list_tags>},
};

}  // namespace

std::vector<const Operation*> tag_operations() { return pointers(kTagOperations); }

}  // namespace ecr::api::ecr
