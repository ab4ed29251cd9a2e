// PutReplicationConfiguration, DescribeRegistry, DescribeImageReplicationStatus. The replication
// itself is a job of api/images/replication/.
#include "api/images/push/replication.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

// Replication to the registry and Region of the source is refused. The sentence was recorded from
// ECR.
void check_destinations(const ApiRequest& request, const Json& configuration) {
  for (const Json& rule : configuration.at("rules")) {
    for (const Json& destination : rule.at("destinations")) {
      if (destination.at("registryId") == request.registry.account &&
          destination.at("region") == request.registry.region) {
        throw ApiError::invalid_parameter(
            "replicationConfiguration",
            "Replication destination cannot be the same as the source registry");
      }
    }
  }
}

// The configuration is replaced as a whole; an empty list of rules ends replication. It counts for
// images that are pushed or restored from now on (ECR User Guide, "Private image replication").
Json put_replication_configuration(ApiRequest& request) {
  const Json& configuration = request.input.at("replicationConfiguration");
  check_destinations(request, configuration);
  replication::set_configuration(request.txn, request.registry, configuration);
  return {{"replicationConfiguration", configuration}};
}

// A registry without a configuration has one with an empty list of rules (captured from AWS; test
// ARegistryWithoutReplicationSaysSo).
Json describe_registry(ApiRequest& request) {
  return {{"registryId", request.caller.account},
          {"replicationConfiguration", replication::configuration(request.txn, request.registry)}};
}

// status is IN_PROGRESS, COMPLETE or FAILED; failureCode is there for FAILED alone.
Json replication_status_json(const storage::ImageReplication& replication) {
  Json json = {{"region", replication.destination.region},
               {"registryId", replication.destination.account},
               {"status", storage::word_of(replication.status)}};
  if (!replication.failure_code.empty()) json["failureCode"] = replication.failure_code;
  return json;
}

// One status for each destination that the image was or is replicated to; an image that was pushed
// before there was a rule has none.
Json describe_replication_status(ApiRequest& request, const storage::Repository& repository) {
  const storage::Image image = require_image(request, repository);
  Json statuses = Json::array();
  for (const auto& replication :
       storage::image_replications(request.txn, repository.id, image.digest)) {
    statuses.push_back(replication_status_json(replication));
  }
  return {{"repositoryName", repository.name.text()},
          {"imageId", answered_image_id(request, image)},
          {"replicationStatuses", std::move(statuses)}};
}

constexpr Operation kReplicationOperations[] = {
    {"PutReplicationConfiguration", "ecr:PutReplicationConfiguration", Access::kWrite,
     on<registry_target, put_replication_configuration>},
    {"DescribeRegistry", "ecr:DescribeRegistry", Access::kRead,
     on<registry_target, describe_registry>},
    {"DescribeImageReplicationStatus", "ecr:DescribeImageReplicationStatus", Access::kRead,
     on<repository_target, describe_replication_status>},
};

}  // namespace

std::vector<const Operation*> replication_operations() { return pointers(kReplicationOperations); }

}  // namespace ecr::api::ecr
