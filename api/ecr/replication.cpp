// PutReplicationConfiguration, DescribeRegistry, DescribeImageReplicationStatus.
#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "api/images/replication/configuration.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

// Wording not published.
void check_destinations(const Call& call, const Json& configuration) {
  for (const Json& rule : configuration.at("rules")) {
    for (const Json& destination : rule.at("destinations")) {
      if (destination.at("registryId") == call.caller.account &&
          destination.at("region") == call.region) {
        throw ApiError::invalid_parameter(
            "replicationConfiguration",
            "The destination cannot be the registry and region that is replicated");
      }
    }
  }
}

Json put_replication_configuration(Call& call) {
  const Json& configuration = call.input.at("replicationConfiguration");
  check_destinations(call, configuration);
  replication::set_configuration(call.txn, call.caller.account, call.region, configuration);
  return {{"replicationConfiguration", configuration}};
}

Json describe_registry(Call& call) {
  return {{"registryId", call.caller.account},
          {"replicationConfiguration",
           replication::configuration(call.txn, call.caller.account, call.region)}};
}

Json replication_status_json(const storage::ImageReplication& replication) {
  Json json = {{"region", replication.region},
               {"registryId", replication.account},
               {"status", replication.status}};
  if (!replication.failure_code.empty()) json["failureCode"] = replication.failure_code;
  return json;
}

Json describe_replication_status(Call& call) {
  const storage::Repository repository = require_repository(call);
  const ImageIdentifier id = image_identifier(call.input.at("imageId"));
  if (id.digest.empty() && id.tag.empty()) {
    throw ApiError::invalid_parameter("imageId", "both tag and digest cannot be null");
  }
  const auto digest = resolve_image(call.txn, repository.id, id);
  if (!digest) {
    throw ApiError::image_not_found(repository.account, repository.name, id.digest, id.tag);
  }
  Json statuses = Json::array();
  for (const auto& replication : storage::image_replications(call.txn, repository.id, *digest)) {
    statuses.push_back(replication_status_json(replication));
  }
  return {{"repositoryName", repository.name},
          {"imageId", image_id_json(*digest, id.tag)},
          {"replicationStatuses", std::move(statuses)}};
}

constexpr Operation kReplicationOperations[] = {
    {"PutReplicationConfiguration", "ecr:PutReplicationConfiguration", Access::kWrite,
     registry_target, put_replication_configuration},
    {"DescribeRegistry", "ecr:DescribeRegistry", Access::kRead, registry_target, describe_registry},
    {"DescribeImageReplicationStatus", "ecr:DescribeImageReplicationStatus", Access::kRead,
     repository_target, describe_replication_status},
};

}  // namespace

std::vector<const Operation*> replication_operations() { return pointers(kReplicationOperations); }

}  // namespace ecr::api::ecr
