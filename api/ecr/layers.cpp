// BatchCheckLayerAvailability, GetDownloadUrlForLayer.
#include <nlohmann/json.hpp>

#include "api/core/access/operation.h"
#include "api/core/wire/error.h"
#include "api/ecr/common.h"
#include "api/ecr/ecr_api.h"
#include "api/images/layer_url.h"
#include "api/pull_through/image_import.h"
#include "api/pull_through/import_jobs.h"
#include "api/pull_through/upstreams.h"
#include "schemas/base/text.h"
#include "schemas/model/digest.h"
#include "storage/collector.h"
#include "storage/rows/blobs.h"
#include "storage/rows/repositories.h"

namespace ecr::api::ecr {
namespace {

using storage::sql::Access;

Json failure(const std::string& digest, const char* code, const char* reason) {
  return {{"layerDigest", digest}, {"failureCode", code}, {"failureReason", reason}};
}

// claim_blob keeps the collector away from a layer that is answered as available: a client that is
// told so does not send it, and the manifest that names it comes later. A layer whose every image
// is archived is ARCHIVED (ECR API Reference, "Layer").
Json availability(ApiRequest& request, const storage::Repository& repository,
                  const model::Digest& digest) {
  Json layer = {{"layerDigest", digest.text()}, {"layerAvailability", "UNAVAILABLE"}};
  const auto size = storage::claim_blob(request.core.store, request.txn, repository.id, digest,
                                        request.now, request.core.settings.gc_grace);
  if (!size) return layer;
  const bool archived = storage::blob_is_archived(request.txn, repository.id, digest);
  layer["layerAvailability"] = archived ? "ARCHIVED" : "AVAILABLE";
  layer["layerSize"] = *size;
  // Known once a manifest names the layer.
  if (auto type = storage::blob_media_type(request.txn, repository.id, digest)) {
    layer["mediaType"] = std::move(*type);
  }
  return layer;
}

// Each digest gets an entry of its own, in one of the two lists, in the order of the input. A layer
// that is not there is UNAVAILABLE, not a failure: docker asks before it pushes (test
// AvailabilityAnswersEachDigestByItself). The wording of the reasons is not published.
Json check_availability(ApiRequest& request, const storage::Repository& repository) {
  Json output = {{"layers", Json::array()}, {"failures", Json::array()}};
  for (const Json& json : request.input.at("layerDigests")) {
    const auto& digest = json.get_ref<const std::string&>();
    if (digest.empty()) {
      output["failures"].push_back(failure(digest, "MissingLayerDigest",
                                           "Invalid request parameters: layer digest cannot be "
                                           "empty"));
    } else if (const auto parsed = model::Digest::parse(digest); !parsed) {
      output["failures"].push_back(failure(digest, "InvalidLayerDigest",
                                           "Invalid request parameters: layer digest should "
                                           "satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"));
    } else {
      output["layers"].push_back(availability(request, repository, *parsed));
    }
  }
  return output;
}

// A layer that a pull-through cache is still downloading is there once the download is over. The
// wait happens outside of the transaction; the operation then runs anew, with request.outside set.
void await_upstream(const ApiRequest& request, const storage::Repository& repository,
                    const model::Digest& digest) {
  if (request.services.upstreams == nullptr || request.outside.has_value() ||
      storage::find_blob(request.txn, repository.id, digest) ||
      !storage::has_imports(request.txn, repository.id)) {
    return;
  }
  const auto order = pull_through::wanted_blob(request.txn, repository.id, digest);
  if (!order) return;
  throw OutsideWork{[&services = request.services, order = *order]() -> std::any {
    try {
      services.upstreams->download(services, order)->wait_stored();
    } catch (const pull_through::UpstreamError& error) {
      throw ApiError(
          ErrorCode::kUnableToGetUpstreamLayer,
          base::format("{}: {}", pull_through::failure_code(error.failure()), error.what()));
    }
    return true;
  }};
}

// ECR's URL leads to S3 and needs no credentials for an hour; ours leads to this server and does
// the same. A digest that is none is answered as a layer that is not there.
Json download_url(ApiRequest& request, const storage::Repository& repository) {
  const std::string text = text_member(request.input, "layerDigest");
  const auto digest = model::Digest::parse(text);
  if (digest) await_upstream(request, repository, *digest);
  // Membership decides: a layer that only another repository has is not there (test
  // ALayerOfAnotherRepositoryHasNoUrl).
  // ECR has another error for a layer that no image has yet (LayerInaccessibleException); when it
  // gives that one is not documented, so it is not used here.
  if (!digest || !storage::find_blob(request.txn, repository.id, *digest)) {
    throw ApiError(ErrorCode::kLayerNotFound,
                   base::format("The layer with digest '{}' does not exist in the repository with "
                                "name '{}' in the registry with id '{}'",
                                text, repository.name.text(), repository.registry.account));
  }
  return {{"downloadUrl", layer_url(request.core, request.http, repository, *digest, request.now)},
          {"layerDigest", digest->text()}};
}

constexpr Operation kLayerOperations[] = {
    {"BatchCheckLayerAvailability", "ecr:BatchCheckLayerAvailability", Access::kRead,
     on<repository_target, check_availability>},
    {"GetDownloadUrlForLayer", "ecr:GetDownloadUrlForLayer", Access::kRead,
     on<repository_target, download_url>},
};

}  // namespace

std::vector<const Operation*> layer_operations() { return pointers(kLayerOperations); }

}  // namespace ecr::api::ecr
