// PutSigningConfiguration, GetSigningConfiguration, DeleteSigningConfiguration,
// DescribeImageSigningStatus: managed signing of pushed images with AWS Signer's profiles. The
// signing itself is a job of api/images/signing/.
#include "api/images/push/signing.h"

#include <nlohmann/json.hpp>

#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/ecr/image_json.h"
#include "schemas/base/text.h"
#include "storage/rows/image_processing.h"
#include "storage/rows/images.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

// repositoryFilters is left out of a rule that has none.
Json signing_configuration_json(const std::vector<signing::Rule>& rules) {
  Json list = Json::array();
  for (const signing::Rule& rule : rules) {
    Json json = {{"signingProfileArn", rule.profile}};
    for (const std::string& filter : rule.filters) {
      json["repositoryFilters"].push_back({{"filter", filter}, {"filterType", "WILDCARD_MATCH"}});
    }
    list.push_back(std::move(json));
  }
  return {{"rules", std::move(list)}};
}

// A registry without a configuration is an error, unlike one without replication rules. ECR's
// wording of it is not published.
std::vector<signing::Rule> require_configuration(const ApiRequest& request) {
  auto rules = signing::configuration_of(request.txn, request.registry);
  if (!rules) {
    throw ApiError(ErrorCode::kSigningConfigurationNotFound,
                   base::format("Signing configuration does not exist in the registry with id '{}'",
                                request.caller.account));
  }
  return std::move(*rules);
}

// The configuration is replaced as a whole. It counts for images that are pushed from now on (test
// NothingIsSignedWithoutARule). A rule without filters covers every repository.
Json put_signing_configuration(ApiRequest& request) {
  std::vector<signing::Rule> rules;
  for (const Json& json : request.input.at("signingConfiguration").at("rules")) {
    signing::Rule& rule = rules.emplace_back();
    rule.profile = json.at("signingProfileArn").get<std::string>();
    for (const Json& filter : json.value("repositoryFilters", Json::array())) {
      rule.filters.push_back(filter.at("filter").get<std::string>());
    }
  }
  signing::set_configuration(request.txn, request.registry, rules);
  return {{"signingConfiguration", signing_configuration_json(rules)}};
}

Json get_signing_configuration(ApiRequest& request) {
  return {{"registryId", request.caller.account},
          {"signingConfiguration", signing_configuration_json(require_configuration(request))}};
}

// The answer is the configuration that was deleted.
Json delete_signing_configuration(ApiRequest& request) {
  Json output = get_signing_configuration(request);
  signing::set_configuration(request.txn, request.registry, std::nullopt);
  return output;
}

// One status for each profile whose rule covered the image when it was pushed. The signature is
// stored as a referrer of the image (test APushIsSignedAndTheSignatureIsAReferrer).
Json describe_signing_status(ApiRequest& request, const storage::Repository& repository) {
  const storage::Image image = require_image(request, repository);
  Json statuses = Json::array();
  for (const auto& signing : storage::image_signings(request.txn, repository.id, image.digest)) {
    Json status = {{"signingProfileArn", signing.profile},
                   {"status", storage::word_of(signing.status)}};
    // AWS publishes no list of failure codes.
    if (!signing.failure_code.empty()) {
      status["failureCode"] = signing.failure_code;
      status["failureReason"] = signing.failure_reason;
    }
    statuses.push_back(std::move(status));
  }
  return {{"registryId", repository.registry.account},
          {"repositoryName", repository.name.text()},
          {"imageId", answered_image_id(request, image)},
          {"signingStatuses", std::move(statuses)}};
}

constexpr Operation kSigningOperations[] = {
    {"PutSigningConfiguration", "ecr:PutSigningConfiguration", Access::kWrite,
     on<registry_target, put_signing_configuration>},
    {"GetSigningConfiguration", "ecr:GetSigningConfiguration", Access::kRead,
     on<registry_target, get_signing_configuration>},
    {"DeleteSigningConfiguration", "ecr:DeleteSigningConfiguration", Access::kWrite,
     on<registry_target, delete_signing_configuration>},
    {"DescribeImageSigningStatus", "ecr:DescribeImageSigningStatus", Access::kRead,
     on<repository_target, describe_signing_status>},
};

}  // namespace

std::vector<const Operation*> signing_operations() { return pointers(kSigningOperations); }

}  // namespace ecr::api::ecr
