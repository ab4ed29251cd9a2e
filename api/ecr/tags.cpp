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

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;
constexpr std::string_view kRepositoryPrefix = "repository/";

struct RepositoryRef {
  std::string account;
  std::string name;
};

// Throws InvalidParameterException unless the ARN is that of a repository of this region (test
// AnArnMustNameARepositoryOfTheRegion). The text is from another emulator's tests.
RepositoryRef resource_of(const ApiRequest& request) {
  const auto arn = model::Arn::parse(text_member(request.input, "resourceArn"));
  if (!arn || arn->service != "ecr" || arn->region != request.registry.region ||
      !model::is_account_id(arn->account) || !arn->resource.starts_with(kRepositoryPrefix)) {
    throw ApiError::invalid_parameter("resourceArn", "Invalid ARN");
  }
  RepositoryRef ref{arn->account, arn->resource.substr(kRepositoryPrefix.size())};
  if (!model::is_repository_name(ref.name)) {
    throw ApiError::invalid_parameter("resourceArn", "Invalid ARN");
  }
  return ref;
}

// The ARN may be of another account: that account's policies decide. A repository that does not
// exist is authorized by its ARN.
Target target_of(const ApiRequest& request) {
  const RepositoryRef ref = resource_of(request);
  const auto found = storage::find_repository(request.txn, ref.account, request.registry.region, ref.name);
  return make_repository_target(request.core, request.txn, request.action, ref.account, request.registry.region,
                                ref.name, found ? &*found : nullptr);
}

std::vector<Target> listing_targets(const ApiRequest& request) { return {target_of(request)}; }

// Conditions see the tags of the request: aws:RequestTag and aws:TagKeys here, aws:TagKeys alone
// for UntagResource (Service Authorization Reference).
std::vector<Target> tagging_targets(const ApiRequest& request) {
  Target target = target_of(request);
  target.request_tags = parse_tags(request.input.at("tags"));
  return {target};
}

std::vector<Target> untagging_targets(const ApiRequest& request) {
  Target target = target_of(request);
  target.request_tag_keys = request.input.at("tagKeys").get<std::vector<std::string>>();
  return {target};
}

storage::Repository require_resource(ApiRequest& request) {
  const RepositoryRef ref = resource_of(request);
  auto found = storage::find_repository(request.txn, ref.account, request.registry.region, ref.name);
  if (!found) throw ApiError::repository_not_found(ref.account, ref.name);
  return std::move(*found);
}

// A key that is there gets the new value. The limit of 50 counts the tags afterwards, and so is
// checked after they are written: the error rolls the transaction back.
Json tag_resource(ApiRequest& request) {
  const storage::Repository repository = require_resource(request);
  for (const auto& [key, value] : parse_tags(request.input.at("tags"))) {
    storage::put_repository_tag(request.txn, repository.id, key, value);
  }
  check_tag_count(storage::repository_tags(request.txn, repository.id).size());
  return Json::object();
}

// A key that is not there is no error.
Json untag_resource(ApiRequest& request) {
  const storage::Repository repository = require_resource(request);
  for (const Json& key : request.input.at("tagKeys")) {
    storage::remove_repository_tag(request.txn, repository.id, key.get<std::string>());
  }
  return Json::object();
}

Json list_tags(ApiRequest& request) {
  return {{"tags", tags_json(storage::repository_tags(request.txn, require_resource(request).id))}};
}

constexpr Operation kTagOperations[] = {
    {"TagResource", "ecr:TagResource", Access::kWrite, tagging_targets, tag_resource},
    {"UntagResource", "ecr:UntagResource", Access::kWrite, untagging_targets, untag_resource},
    {"ListTagsForResource", "ecr:ListTagsForResource", Access::kRead, listing_targets, list_tags},
};

}  // namespace

std::vector<const Operation*> tag_operations() { return pointers(kTagOperations); }

}  // namespace ecr::api::ecr
